//! How a stranger's text is shown to a developer: bounded, and escaped.

use std::fmt;

/// Most characters that are shown.
const MOST: usize = 64;

/// A text between backquotes, without control characters and with nothing that a terminal obeys.
pub(super) struct Shown<'t>(pub(super) &'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`")?;
        for character in self.0.chars().take(MOST) {
            match character {
                ' '..='~' if character != '`' => write!(f, "{character}")?,
                _ => write!(f, "{}", character.escape_unicode())?,
            }
        }
        f.write_str(if self.0.chars().nth(MOST).is_some() { "...`" } else { "`" })
    }
}

#[cfg(test)]
mod tests {
    use super::Shown;

    #[test]
    fn a_strangers_text_is_bounded_and_escaped() {
        assert_eq!(Shown("my-project").to_string(), "`my-project`");
        assert_eq!(Shown("a\x1b[31m\n`é").to_string(), r"`a\u{1b}[31m\u{a}\u{60}\u{e9}`");
        assert_eq!(Shown(&"a".repeat(64)).to_string().len(), 66);
        assert_eq!(Shown(&"a".repeat(65)).to_string(), format!("`{}...`", "a".repeat(64)));
    }
}

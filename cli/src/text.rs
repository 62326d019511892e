//! Text of strangers on a terminal: what a terminal would obey, or what nobody can see, is escaped.

use std::fmt::{self, Write as _};

/// How much of one text is shown, in characters.
const MOST: usize = 1024;

/// Shows a text from outside: every character that is not printable as `\u{..}`, and no more than
/// a screen holds.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'t>(pub(crate) &'t str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.0.chars();
        for character in characters.by_ref().take(MOST) {
            match character {
                '"' | '\'' | '\\' => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        match characters.count() {
            0 => Ok(()),
            more => write!(f, "… ({more} characters more)"),
        }
    }
}

/// Escapes what a terminal might obey in JSON, where it can only stand inside a text.
pub(crate) fn json_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for character in json.chars() {
        if character.is_ascii() && character != '\x7f' || is_printable(character) {
            line.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a text cannot fail.
                let _ = write!(line, "\\u{unit:04x}");
            }
        }
    }
    line
}

/// Says whether a character shows as itself: no control, no mark of direction, no private use.
fn is_printable(character: char) -> bool {
    character.escape_debug().eq([character])
}

/// Puts a count before a noun: `1 key`, `3 keys`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        let hostile = "\x1b]0;title\x07 \u{9b}31m \u{202e}gpj \r\n \0 \u{7f} \u{feff}";
        let shown = Shown(hostile).to_string();
        assert_eq!(shown, r"\u{1b}]0;title\u{7} \u{9b}31m \u{202e}gpj \r\n \0 \u{7f} \u{feff}");
        assert_eq!(Shown("Grüße, 世界 \"x\" 'y' 1+1").to_string(), "Grüße, 世界 \"x\" 'y' 1+1");
        assert_eq!(Shown(r"C:\n").to_string(), r"C:\n");
    }

    #[test]
    fn a_long_text_is_cut() {
        let shown = Shown(&"a".repeat(MOST + 7)).to_string();
        assert_eq!(shown, format!("{}… (7 characters more)", "a".repeat(MOST)));
        assert_eq!(Shown(&"a".repeat(MOST)).to_string().len(), MOST);
    }

    #[test]
    fn json_stays_the_same_json() {
        let value =
            serde_json::json!({"a": "\u{9b}31m \u{202e} \u{7f} \u{1b} ü \u{e0001} \u{10ffff}"});
        let line = json_line(&value.to_string());
        assert_eq!(line, r#"{"a":"\u009b31m \u202e \u007f \u001b ü \udb40\udc01 \udbff\udfff"}"#);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), value);
    }

    proptest! {
        #[test]
        fn nothing_that_is_shown_can_command_a_terminal(text: String) {
            let shown = Shown(&text).to_string();
            prop_assert!(shown.chars().all(is_printable_or_quote), "{:?}", shown);
            let json = serde_json::Value::from(text);
            let line = json_line(&json.to_string());
            prop_assert!(line.chars().all(is_printable_or_quote), "{:?}", line);
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&line).unwrap(), json);
        }
    }

    fn is_printable_or_quote(character: char) -> bool {
        "\"'\\".contains(character) || is_printable(character)
    }
}

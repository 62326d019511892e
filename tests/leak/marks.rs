//! Marked texts, and the search for them in every spelling.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use sha2::{Digest as _, Sha256};

/// How many characters of a spelling give a mark away.
const WINDOW: usize = 8;

/// How many bytes of one that is written as a list do.
const LISTED: usize = 6;

/// A text of 32 letters that occurs nowhere else, made of its name.
pub(crate) fn mark(name: &str) -> String {
    Sha256::digest(name).iter().map(|byte| char::from(b'a' + byte % 26)).collect()
}

/// What to look for: pieces of spellings by how they start, each with what it is a piece of.
#[derive(Clone, Default)]
pub(crate) struct Marks(HashMap<[u8; WINDOW], BTreeMap<String, String>>);

impl Marks {
    /// Looks for the marks of these names.
    pub(crate) fn named<const N: usize>(names: [&str; N]) -> Self {
        names.iter().fold(Self::default(), |marks, name| marks.and(name, mark(name)))
    }

    /// Looks for these bytes as well.
    pub(crate) fn and(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        for piece in pieces(bytes.as_ref()) {
            if let Some(start) = piece.as_bytes().first_chunk() {
                self.0.entry(*start).or_default().insert(piece, name.to_owned());
            }
        }
        self
    }

    /// Looks for what others look for, too.
    pub(crate) fn and_all(mut self, others: Self) -> Self {
        for (start, pieces) in others.0 {
            self.0.entry(start).or_default().extend(pieces);
        }
        self
    }

    /// Names what is found in a text.
    pub(crate) fn found_in(&self, text: &str) -> BTreeSet<String> {
        // Lists of bytes may be spread over lines.
        let squeezed: String = text.split_whitespace().collect();
        let mut found = BTreeSet::new();
        for text in [text.as_bytes(), squeezed.as_bytes()] {
            for (at, start) in text.windows(WINDOW).enumerate() {
                let pieces = self.0.get(start).into_iter().flatten();
                let here = pieces.filter(|(piece, _)| text[at..].starts_with(piece.as_bytes()));
                found.extend(here.map(|(piece, name)| format!("{name}, as {piece}")));
            }
        }
        found
    }

    /// Panics when any of them is in a text.
    pub(crate) fn must_not_be_in(&self, what: &str, text: &str) {
        let found = self.found_in(text);
        assert!(found.is_empty(), "{what} shows {found:#?}:\n{text}");
    }
}

/// The pieces of every way in which bytes may be written.
fn pieces(bytes: &[u8]) -> Vec<String> {
    let mut spellings = vec![
        bytes.escape_ascii().to_string(),
        list(bytes, "", |byte| format!("{byte:02x}")),
        list(bytes, "", |byte| format!("{byte:02X}")),
    ];
    for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
        spellings.extend((0..3).map(|before| inside_base64(&engine, bytes, before)));
    }
    let windows = spellings.iter().flat_map(|spelling| spelling.as_bytes().windows(WINDOW));
    let text = |window: &[u8]| String::from_utf8(window.to_owned()).unwrap();
    windows.map(text).chain(lists(bytes)).collect()
}

/// Lists of bytes as `{:?}` and `{:x?}` write them, without spaces.
fn lists(bytes: &[u8]) -> impl Iterator<Item = String> {
    let windows = bytes.windows(LISTED);
    windows.flat_map(|window| {
        [list(window, ",", u8::to_string), list(window, ",", |byte| format!("{byte:x}"))]
    })
}

fn list(bytes: &[u8], between: &str, write: fn(&u8) -> String) -> String {
    bytes.iter().map(write).collect::<Vec<_>>().join(between)
}

/// What is sure to be there when base64 encodes these bytes behind so many others.
fn inside_base64(engine: &impl base64::Engine, bytes: &[u8], before: usize) -> String {
    let text = engine.encode([vec![0; before], bytes.to_vec()].concat());
    let (start, end) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
    text.get(start..end).unwrap_or_default().to_owned()
}

#[test]
fn a_mark_is_found_in_every_spelling() {
    let secret = mark("secret");
    let marks = Marks::named(["secret"]);
    let bytes = secret.as_bytes();
    let shown = [
        format!("in {secret} plain"),
        format!("cut: {}", &secret[5..13]),
        format!("{bytes:?}"),
        format!("{bytes:#?}"),
        format!("{bytes:x?}"),
        format!("{:?}", bytes::Bytes::from(secret.clone())),
        list(bytes, "", |byte| format!("{byte:02X}")),
        BASE64_STANDARD.encode(bytes),
        BASE64_URL_SAFE.encode(format!(r#"{{"a":"{secret}"}}"#)),
        BASE64_STANDARD.encode(format!(r#"{{"ab":"{secret}"}}"#)),
        serde_json::json!({ "a": [secret] }).to_string(),
    ];
    for text in shown {
        assert!(!marks.found_in(&text).is_empty(), "{text}");
    }
    assert!(marks.found_in(&mark("another")).is_empty());
}

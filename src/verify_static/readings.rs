//! The other keys that the text of a secret could stand for.
//!
//! Before 2026-05-04 some secrets were raw text, which reads as base64 too (observed): then no
//! signature matches, and only a second look at the text can tell. For that look the keyed states
//! are made while the text is there, since a [`Secret`](super::Secret) does not hold it.

use base64::Engine as _;
use zeroize::Zeroizing;

use super::secret::PREFIX;
use super::signature::MacKey;
use crate::base64::STANDARD as BASE64;

/// Says how a secret would have to be read for this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The characters behind `whsec_` are the key.
    Text,
    /// All characters are the key, `whsec_` included.
    WholeText,
    /// What the characters behind `whsec_` decode to is the key.
    Decoded,
}

/// The other readings of a text that was decoded.
pub(super) fn of_text(text: &str) -> Box<[(Reading, MacKey)]> {
    let bare = text.strip_prefix(PREFIX).unwrap_or(text);
    texts_of(bare).into_iter().filter_map(keyed).collect()
}

/// The other readings of bytes that were taken as they are, where these are a text.
pub(super) fn of_raw_bytes(key: &[u8]) -> Box<[(Reading, MacKey)]> {
    let Ok(text) = std::str::from_utf8(key) else { return Box::default() };
    let text = text.trim();
    let bare = text.strip_prefix(PREFIX).unwrap_or(text);
    let decoded = BASE64.decode(bare).map(Zeroizing::new).ok();
    let decoded = decoded.filter(|decoded| !decoded.is_empty());
    let texts = texts_of(bare).into_iter().filter(|(_, text)| text.as_slice() != key);
    decoded
        .map(|decoded| (Reading::Decoded, decoded))
        .into_iter()
        .chain(texts)
        .filter_map(keyed)
        .collect()
}

fn texts_of(bare: &str) -> [(Reading, Zeroizing<Vec<u8>>); 2] {
    let whole = [PREFIX, bare].concat().into_bytes();
    [
        (Reading::Text, Zeroizing::new(bare.as_bytes().to_vec())),
        (Reading::WholeText, Zeroizing::new(whole)),
    ]
}

fn keyed((reading, key): (Reading, Zeroizing<Vec<u8>>)) -> Option<(Reading, MacKey)> {
    Some((reading, MacKey::new(&key).ok()?))
}

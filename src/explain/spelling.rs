//! Signatures in spellings that the protocol does not know, as the signers of tests make them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use ctutils::CtEq as _;

use crate::base64::STANDARD;
use crate::limits::MAX_SIGNATURE_ENTRIES;
use crate::signature_header::SignatureHeader;

/// How a signature is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spelling {
    /// As it must be.
    Canonical,
    Hex,
    HexInBase64,
    NotAnEntry,
    Unpadded,
    UrlSafe,
}

impl Spelling {
    /// Ends the sentence "the signature is right, but".
    pub(super) fn fault(self) -> Option<&'static str> {
        Some(match self {
            Self::Canonical => return None,
            Self::Hex => "it is written in hex",
            Self::HexInBase64 => "it is the base64 of its hex digits, not of its bytes",
            Self::NotAnEntry => {
                "it is not an entry of its own, with its version and a comma before it"
            }
            Self::Unpadded => "the padding (`=`) of its base64 is missing",
            Self::UrlSafe => "it is written in URL-safe base64 (`-` and `_`)",
        })
    }
}

/// The signatures of a header, in whatever spelling.
pub(super) struct Signatures<const N: usize>(Vec<([u8; N], Spelling)>);

impl<const N: usize> Signatures<N> {
    /// Reads all that can be a signature of this many bytes; `version` is that of the entries, with
    /// the comma.
    pub(super) fn read(header: &[u8], version: &'static [u8]) -> Self {
        let mut found = Vec::new();
        if let Ok(SignatureHeader::List(list)) = SignatureHeader::parse(header) {
            let _ = list.for_each_of(version, |entry| {
                found.extend(decode(entry));
            });
        }
        let separators = [b' ', b',', b';', b'"'];
        let pieces = header.split(|byte| separators.contains(byte));
        // A version and a comma make two pieces of an entry.
        let most = MAX_SIGNATURE_ENTRIES.saturating_mul(2);
        for (signature, spelling) in
            pieces.filter(|piece| !piece.is_empty()).take(most).filter_map(piece)
        {
            if !found.iter().any(|(known, _)| *known == signature) {
                let odd =
                    if spelling == Spelling::Canonical { Spelling::NotAnEntry } else { spelling };
                found.push((signature, odd));
            }
        }
        Self(found)
    }

    /// How many are written as they must be, so that a verifier looks at them.
    #[cfg(feature = "dynamic")]
    pub(super) fn canonical(&self) -> usize {
        self.0.iter().filter(|(_, spelling)| *spelling == Spelling::Canonical).count()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells whether one is written in another spelling than it must be.
    pub(super) fn has_odd(&self) -> bool {
        self.0.iter().any(|(_, spelling)| *spelling != Spelling::Canonical)
    }

    /// The spelling of the one that is this.
    pub(super) fn spelling_of(&self, signature: &[u8; N]) -> Option<Spelling> {
        self.first(|found| bool::from(found.as_slice().ct_eq(signature.as_slice())))
    }

    /// The spelling of the first that is right.
    pub(super) fn first(&self, mut is_right: impl FnMut(&[u8; N]) -> bool) -> Option<Spelling> {
        self.0.iter().find(|(found, _)| is_right(found)).map(|(_, spelling)| *spelling)
    }
}

/// Reads a piece of a header as a signature, without the name of a version or of a hash before it.
fn piece<const N: usize>(piece: &[u8]) -> Option<([u8; N], Spelling)> {
    let names: [&[u8]; 6] = [b"v1=", b"v1:", b"v1a=", b"v1a:", b"sha256=", b"sha256:"];
    let bare = names.iter().find_map(|name| piece.strip_prefix(*name)).unwrap_or(piece);
    decode(bare)
}

fn decode<const N: usize>(text: &[u8]) -> Option<([u8; N], Spelling)> {
    if let Some(bytes) = from_hex(text) {
        return Some((bytes, Spelling::Hex));
    }
    let engines = [
        (STANDARD, Spelling::Canonical),
        (STANDARD_NO_PAD, Spelling::Unpadded),
        (URL_SAFE, Spelling::UrlSafe),
        (URL_SAFE_NO_PAD, Spelling::UrlSafe),
    ];
    for (engine, spelling) in engines {
        let Ok(bytes) = engine.decode(text) else { continue };
        if let Ok(bytes) = <[u8; N]>::try_from(bytes.as_slice()) {
            return Some((bytes, spelling));
        }
        if let Some(bytes) = from_hex(&bytes) {
            return Some((bytes, Spelling::HexInBase64));
        }
    }
    None
}

fn from_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != N.checked_mul(2)? {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; N];
    let (pairs, _) = text.as_chunks::<2>();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: [u8; 32] = [0xfb; 32];

    fn hex() -> String {
        "fb".repeat(32)
    }

    fn spelling(header: &str) -> Option<Spelling> {
        Signatures::read(header.as_bytes(), b"v1,").spelling_of(&SIGNATURE)
    }

    #[test]
    fn every_spelling_is_recognised() {
        let standard = STANDARD.encode(SIGNATURE);
        let url_safe = URL_SAFE.encode(SIGNATURE);
        assert_ne!(standard, url_safe);
        for (header, expected) in [
            (format!("v1,{standard}"), Spelling::Canonical),
            (format!("v1a,x v1,{standard}"), Spelling::Canonical),
            (standard.clone(), Spelling::NotAnEntry),
            (format!("v1,x,v1,{standard}"), Spelling::NotAnEntry),
            (format!("v1={standard}"), Spelling::NotAnEntry),
            (format!("\"v1,{standard}\""), Spelling::NotAnEntry),
            (format!("v1,{}", standard.trim_end_matches('=')), Spelling::Unpadded),
            (format!("v1,{url_safe}"), Spelling::UrlSafe),
            (format!("v1,{}", url_safe.trim_end_matches('=')), Spelling::UrlSafe),
            (format!("v1,{}", hex()), Spelling::Hex),
            (format!("sha256={}", hex().to_uppercase()), Spelling::Hex),
            (format!("v1,{}", STANDARD.encode(hex())), Spelling::HexInBase64),
        ] {
            assert_eq!(spelling(&header), Some(expected), "{header}");
        }
    }

    #[test]
    fn what_is_no_signature_of_that_length_is_none() {
        for header in ["", "v1,", "v1,AAAA", &"fb".repeat(31), &"fg".repeat(32), "a.b.c"] {
            assert_eq!(spelling(header), None, "{header}");
        }
    }

    #[test]
    fn no_more_is_read_than_a_header_may_hold() {
        let many = vec![hex(); 1000].join(" ");
        let others = "v1,AAAA ".repeat(1000);
        assert!(
            Signatures::<32>::read(many.as_bytes(), b"v1,").0.len() <= MAX_SIGNATURE_ENTRIES * 2
        );
        assert!(Signatures::<32>::read(others.as_bytes(), b"v1,").0.is_empty());
    }
}

//! The observed form: `v1a`, Ed25519 (RFC 8032) over `{webhook-id}.{webhook-timestamp}.{body}`.

use base64::Engine as _;

use super::keys::KeySet;
use crate::base64::STANDARD;
use crate::error::{Error, HeaderProblem};
use crate::headers::{Headers, WebhookHeader};
use crate::limits::MAX_V1A_ENTRIES;
use crate::signature_header::SignatureList;

/// The version of these signatures in a list, and the comma behind it.
pub(super) const PREFIX: &[u8] = b"v1a,";

/// Characters of 64 bytes in padded base64.
const ENCODED_LEN: usize = 88;

/// The well-formed `v1a` signatures of a header.
pub(super) struct Candidates(Vec<[u8; 64]>);

impl Candidates {
    /// Decodes the `v1a` entries. Malformed ones are skipped but counted, since each would cost a
    /// verification per key.
    pub(super) fn parse(list: SignatureList<'_>) -> Result<Self, Error> {
        let mut signatures = Vec::new();
        let mut entries = 0_usize;
        list.for_each_of(PREFIX, |entry| {
            entries = entries.saturating_add(1);
            if entries <= MAX_V1A_ENTRIES {
                signatures.extend(decode(entry));
            }
        })?;
        if entries > MAX_V1A_ENTRIES {
            let limit = MAX_V1A_ENTRIES;
            return Err(WebhookHeader::Signature.malformed(HeaderProblem::TooManyEntries { limit }));
        }
        if signatures.is_empty() {
            return Err(WebhookHeader::Signature.malformed(HeaderProblem::NoWellFormedEntry));
        }
        Ok(Self(signatures))
    }

    /// Tells whether one of them was made by one of the keys: every usable key is tried, because
    /// the live service gives them no `kid`.
    pub(super) fn match_any(&self, keys: &KeySet, headers: &Headers<'_>, body: &[u8]) -> bool {
        let message = [headers.id, b".", headers.timestamp, b".", body].concat();
        let signed_by = |signature: &[u8; 64]| {
            keys.ed25519().iter().any(|key| key.verifies(&message, signature))
        };
        self.0.iter().any(signed_by)
    }
}

/// Exactly 64 bytes in their one spelling.
fn decode(entry: &[u8]) -> Option<[u8; 64]> {
    if entry.len() != ENCODED_LEN {
        return None;
    }
    // The engine wants room for 66 bytes: 88 characters could stand for as many.
    let mut decoded = [0; 66];
    match STANDARD.decode_slice(entry, &mut decoded) {
        Ok(64) => decoded.first_chunk().copied(),
        _ => None,
    }
}

//! What is explained: a request as it was captured, and the time it is judged at.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::headers::{HeaderLookup, Headers, Lookup};
use crate::limits::{MAX_EXPLAINED_BODY_BYTES, MAX_ID_BYTES, MAX_SIGNATURE_LIST_BYTES};

/// Longest timestamp that is looked at, in bytes: any spelling of a date is shorter.
const MAX_ODD_TIMESTAMP_BYTES: usize = 64;

#[derive(Clone, Copy)]
pub(super) struct Request<'r> {
    pub(super) headers: &'r dyn HeaderLookup,
    pub(super) body: &'r [u8],
    pub(super) now: SystemTime,
}

impl<'r> Request<'r> {
    /// Tells whether the body is small enough to look into it.
    pub(super) fn is_small(&self) -> bool {
        self.body.len() <= MAX_EXPLAINED_BODY_BYTES
    }

    /// The same request at the time that its timestamp tells.
    pub(super) fn when_sent(self) -> Option<Self> {
        let sent_at = u64::try_from(Headers::read(&self.headers).ok()?.sent_at).ok()?;
        Some(Self { now: UNIX_EPOCH.checked_add(Duration::from_secs(sent_at))?, ..self })
    }

    /// The values of the three headers, well formed or not, where each is there once.
    pub(super) fn fields(&self) -> Option<Fields<'r>> {
        let found = self.headers.lookup();
        let value = |found, most| match found {
            Lookup::One(value) if value.len() <= most => Some(value),
            _ => None,
        };
        Some(Fields {
            id: value(found.id, MAX_ID_BYTES)?,
            timestamp: value(found.timestamp, MAX_ODD_TIMESTAMP_BYTES)?,
            signature: value(found.signature, MAX_SIGNATURE_LIST_BYTES)?,
            body: self.body,
        })
    }

    /// The first value of another header.
    pub(super) fn header(&self, wanted: &str) -> Option<&'r str> {
        let mut first = None;
        self.headers.each(&mut |name, value| {
            if name.eq_ignore_ascii_case(wanted) && first.is_none() {
                first = std::str::from_utf8(value).ok();
            }
        });
        first
    }
}

/// What is signed, and the signature.
#[derive(Clone, Copy)]
pub(super) struct Fields<'r> {
    pub(super) id: &'r [u8],
    pub(super) timestamp: &'r [u8],
    pub(super) signature: &'r [u8],
    pub(super) body: &'r [u8],
}

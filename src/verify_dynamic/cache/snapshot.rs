//! Keys on their way from one process to another.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::plan::Millis;
use crate::verify_dynamic::keys::{KeySet, KeySetProblem};

/// Holds a key document with where it came from and when: plain data, to be written to a file.
///
/// # Security
/// Whoever can write it can forge deliveries: it is trusted input.
///
/// # Examples
/// ```
/// use gemini_webhooks::{CachedKeys, KeySnapshot};
///
/// fn save(keys: &CachedKeys, path: &std::path::Path) -> std::io::Result<()> {
///     match keys.snapshot() {
///         Some(snapshot) => std::fs::write(path, serde_json::to_vec(&snapshot)?),
///         None => Ok(()),
///     }
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeySnapshot {
    url: String,
    /// Milliseconds since 1970.
    fetched_at: Millis,
    document: String,
}

impl KeySnapshot {
    /// A document that was read as a key set is a text.
    pub(super) fn new(url: &str, fetched_at: Millis, document: &[u8]) -> Option<Self> {
        let document = std::str::from_utf8(document).ok()?;
        Some(Self { url: url.to_owned(), fetched_at, document: document.to_owned() })
    }

    /// Applies every rule that a fetched document is under, and those for its age.
    pub(super) fn read(
        &self,
        url: &str,
        oldest: Millis,
        now: Millis,
    ) -> Result<(KeySet, Millis), SnapshotProblem> {
        if self.url != url {
            return Err(SnapshotProblem::OtherUrl);
        }
        if self.fetched_at > now {
            return Err(SnapshotProblem::FromTheFuture);
        }
        if self.fetched_at <= oldest {
            return Err(SnapshotProblem::TooOld);
        }
        let keys =
            KeySet::from_json(self.document.as_bytes()).map_err(SnapshotProblem::Document)?;
        if keys.is_empty() {
            Err(SnapshotProblem::NoUsableKey)
        } else {
            Ok((keys, self.fetched_at))
        }
    }

    pub(super) fn document(&self) -> Bytes {
        Bytes::copy_from_slice(self.document.as_bytes())
    }
}

impl fmt::Debug for KeySnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL can hold credentials. A new field breaks this line, so that somebody decides
        // whether it may be shown.
        let Self { url: _, fetched_at, document } = self;
        f.debug_struct("KeySnapshot")
            .field("fetched_at", fetched_at)
            .field("document_bytes", &document.len())
            .finish_non_exhaustive()
    }
}

/// Says why a snapshot was not taken.
///
/// # Examples
/// ```
/// use gemini_webhooks::SnapshotProblem;
///
/// assert!(SnapshotProblem::OtherUrl.to_string().contains("another URL"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotProblem {
    /// The document cannot be read.
    #[error("its document: {0}")]
    Document(KeySetProblem),
    /// Its time is ahead of our clock.
    #[error("its time is ahead of our clock")]
    FromTheFuture,
    /// No key in it is usable.
    #[error("no key in it is usable")]
    NoUsableKey,
    /// It was fetched from another URL than this cache fetches from.
    #[error("it is from another URL")]
    OtherUrl,
    /// It is older than a set may be, stale time included.
    #[error("it is too old")]
    TooOld,
}

//! The secrets of a verifier, and what a rotation does to them.

use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use super::secret::Secret;
use super::signature::Candidates;
use crate::delivery::SecretMatch;
use crate::error::{ConfigError, Error};
use crate::headers::Headers;
use crate::limits::MAX_SECRETS;

/// How long the service keeps the previous secrets where they are not revoked at once (observed).
const GRACE: Duration = Duration::from_secs(24 * 3600);

/// Says when the secrets from before a rotation end: the two choices that the service offers.
///
/// # Examples
/// ```
/// use gemini_webhooks::Revocation;
///
/// assert_eq!(Revocation::default(), Revocation::After24Hours);
/// assert_eq!(Revocation::Immediate.as_str(), "revoke_previous_secrets_immediately");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// In 24 hours: time to bring the new secret to every receiver. The service's own default.
    #[default]
    After24Hours,
    /// At once, for a secret that others know: what is signed with it is refused from now on.
    Immediate,
}

impl Revocation {
    /// Returns the name that the API has for it (observed; Google's page writes it in capitals).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::After24Hours => "revoke_previous_secrets_after_h24",
            Self::Immediate => "revoke_previous_secrets_immediately",
        }
    }

    /// When a secret ends whose rotation was `now`.
    fn end(self, now: SystemTime) -> SystemTime {
        match self {
            Self::After24Hours => now.checked_add(GRACE).unwrap_or(now),
            Self::Immediate => now,
        }
    }
}

/// The secrets of a verifier with what was learned of them: one snapshot, replaced whole.
pub(super) struct SecretRing {
    pub(super) secrets: Box<[Secret]>,
    /// Index of the secret that matched last, tried first: in the steady state of a rotation the
    /// cost is that of one secret.
    last_match: AtomicUsize,
}

impl SecretRing {
    pub(super) fn new(secrets: impl IntoIterator<Item = Secret>) -> Result<Self, ConfigError> {
        let secrets: Box<[_]> = secrets.into_iter().take(MAX_SECRETS.saturating_add(1)).collect();
        match secrets.len() {
            0 => Err(ConfigError::NoSecret),
            1..=MAX_SECRETS => Ok(Self { secrets, last_match: AtomicUsize::new(0) }),
            _ => Err(ConfigError::TooManySecrets),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.secrets.len()
    }

    /// The ring after a rotation: the new secret first, and those before it that have not ended.
    pub(super) fn with(
        &self,
        new: &Secret,
        previous: Revocation,
        now: SystemTime,
    ) -> Result<Self, ConfigError> {
        let end = previous.end(now);
        let before = self.secrets.iter().map(|secret| secret.ending_by(end));
        let before = before.filter(|secret| !secret.is_retired(now));
        Self::new(iter::once(new.copy()).chain(before))
    }

    /// Finds the secret that made one of the candidates.
    #[inline]
    pub(super) fn find(
        &self,
        headers: &Headers<'_>,
        body: &[u8],
        candidates: &Candidates<'_>,
        now: SystemTime,
    ) -> Result<SecretMatch, Error> {
        // A stale hint costs time, never correctness: `Relaxed` is enough.
        let hint = self.last_match.load(Ordering::Relaxed);
        let hinted_first = self.secrets.iter().enumerate().skip(hint).take(1);
        let others = self.secrets.iter().enumerate().filter(|(index, _)| *index != hint);
        let mut active = false;
        for (index, secret) in hinted_first.chain(others) {
            if secret.is_retired(now) {
                continue;
            }
            active = true;
            let signature = secret.key.sign(headers.id, headers.timestamp, body);
            if candidates.contain(&signature) {
                if index != hint {
                    self.last_match.store(index, Ordering::Relaxed);
                }
                return Ok(SecretMatch::new(index.saturating_add(1), secret.label.clone()));
            }
        }
        Err(if active { Error::SignatureMismatch } else { Error::NoActiveSecret })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock as _;
    use crate::testing::{ManualClock, StaticSigner};

    #[test]
    fn the_secret_that_matched_last_is_tried_first() {
        let secret = |n| Secret::from_raw_bytes([n; 32]).unwrap();
        let now = ManualClock::at(1_800_000_000).now();
        let ring = SecretRing::new([secret(1), secret(2), secret(3)]).unwrap();
        for (signed_by, position) in [(3, 3), (3, 3), (2, 2), (1, 1), (3, 3)] {
            let request = StaticSigner::new(&secret(signed_by)).sign("msg_1", now, "{}");
            let headers = Headers::read(&request.headers).unwrap();
            let candidates = Candidates::parse(&headers).unwrap();
            let matched = ring.find(&headers, &request.body, &candidates, now).unwrap();
            assert_eq!(matched.position(), position);
            assert_eq!(ring.last_match.load(Ordering::Relaxed) + 1, position);
        }
    }
}

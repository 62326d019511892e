//! Where a verifier gets its keys from: what it asks, and who answers.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::Guard;

use super::plan::Current;
use super::policy::millis_of;
use crate::error::Error;
use crate::verify_dynamic::keys::KeySet;

/// Asks for keys.
///
/// # Examples
/// What a source of yours may ask a set that never changes:
/// ```
/// use gemini_webhooks::{KeySet, Wanted};
///
/// fn has(keys: &KeySet, wanted: Wanted<'_>) -> bool {
///     match wanted {
///         Wanted::Kid(kid) => keys.kids().any(|known| known == kid),
///         Wanted::Ed25519 => keys.ed25519_count() > 0,
///         // There is none beyond the one at hand.
///         _ => false,
///     }
/// }
///
/// let keys = KeySet::from_json(br#"{"keys":[]}"#)?;
/// assert!(!has(&keys, Wanted::Kid("key-1")));
/// # Ok::<(), gemini_webhooks::KeySetProblem>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Wanted<'w> {
    /// A set with an RSA key of this `kid`.
    Kid(&'w str),
    /// A set with Ed25519 keys.
    Ed25519,
    /// A set that the endpoint itself was asked for after this one, in which no Ed25519 key matched.
    Ed25519Beyond(&'w Arc<KeySet>),
}

impl Wanted<'_> {
    pub(super) fn is_in(self, keys: &Arc<KeySet>) -> bool {
        match self {
            Self::Kid(kid) => keys.rs256(kid).is_some(),
            Self::Ed25519 => keys.ed25519_count() > 0,
            Self::Ed25519Beyond(old) => !Arc::ptr_eq(old, keys) && keys.ed25519_count() > 0,
        }
    }

    /// Tells whether it is in the set at hand, so that no look is needed.
    pub(super) fn is_met_by(self, current: &Current) -> bool {
        let is_newest = !matches!(self, Self::Ed25519Beyond(_)) || current.forced;
        is_newest && self.is_in(&current.keys)
    }

    /// The error once a look was taken and the key is not there.
    pub(super) fn missing(self) -> Error {
        match self {
            Self::Kid(_) => Error::UnknownKey,
            Self::Ed25519 | Self::Ed25519Beyond(_) => Error::SignatureMismatch,
        }
    }
}

/// Lends a [`KeySet`] for one verification; made from an `Arc<KeySet>` by `into()`.
///
/// [`CachedKeys`](super::CachedKeys) lend theirs without counting: a count that all threads write to
/// costs more than the rest of the look-up.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use gemini_webhooks::{KeySet, LentKeys};
///
/// let keys = LentKeys::from(Arc::new(KeySet::from_json(br#"{"keys":[]}"#)?));
/// assert!(keys.is_empty());
/// # Ok::<(), gemini_webhooks::KeySetProblem>(())
/// ```
pub struct LentKeys(Lent);

enum Lent {
    Counted(Arc<KeySet>),
    Cached(Guard<Arc<Current>>),
}

impl LentKeys {
    pub(super) fn cached(current: Guard<Arc<Current>>) -> Self {
        Self(Lent::Cached(current))
    }

    /// Keeps them for longer than one verification, over a wait for instance.
    #[must_use]
    pub fn into_arc(self) -> Arc<KeySet> {
        match self.0 {
            Lent::Counted(keys) => keys,
            Lent::Cached(current) => Arc::clone(&current.keys),
        }
    }

    /// How long ago they were asked for, where the source tells.
    pub(in crate::verify_dynamic) fn age(&self, now: SystemTime) -> Option<Duration> {
        match &self.0 {
            Lent::Counted(_) => None,
            Lent::Cached(current) => {
                let age = millis_of(now).saturating_sub(current.asked_at);
                u64::try_from(age).ok().map(Duration::from_millis)
            }
        }
    }
}

impl From<Arc<KeySet>> for LentKeys {
    fn from(keys: Arc<KeySet>) -> Self {
        Self(Lent::Counted(keys))
    }
}

impl Deref for LentKeys {
    type Target = KeySet;

    #[inline]
    fn deref(&self) -> &KeySet {
        match &self.0 {
            Lent::Counted(keys) => keys,
            Lent::Cached(current) => &current.keys,
        }
    }
}

impl fmt::Debug for LentKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The answer of a [`KeySource`] that takes its time.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Error, KeysFuture};
///
/// /// The answer of a source that may not look now.
/// fn not_now<'k>() -> KeysFuture<'k> {
///     Box::pin(async { Err(Error::KeysUnreachable) })
/// }
/// ```
pub type KeysFuture<'k> = Pin<Box<dyn Future<Output = Result<LentKeys, Error>> + Send + 'k>>;

/// Gives a verifier its keys: [`CachedKeys`](super::CachedKeys), a fixed [`KeySet`], or a source
/// of yours.
///
/// # Security
/// Whoever answers here can forge deliveries. A set without the wanted key must be answered with
/// [`Error::UnknownKey`] only after a fresh look, and with [`Error::KeysUnreachable`] before.
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// use gemini_webhooks::{DynamicVerifier, KeySet};
///
/// let fixed = Arc::new(KeySet::from_json(br#"{"keys":[]}"#)?);
/// let verifier =
///     DynamicVerifier::builder().audience("my-project-client-id").keys(fixed).build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait KeySource: fmt::Debug + Send + Sync + 'static {
    /// Returns keys that are in hand and good at this time, without waiting.
    fn at_hand(&self, wanted: Wanted<'_>, now: SystemTime) -> Option<LentKeys>;

    /// Returns keys after a look, if one is allowed.
    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k>;

    /// Returns the keys that may be used at this time, whatever is wanted of them: for a diagnosis,
    /// which tells what is among them. Verification never asks for it; `None` if not implemented.
    fn held(&self, now: SystemTime) -> Option<LentKeys> {
        let _ = now;
        None
    }
}

/// A fixed set answers at once, and there is nothing to look for.
impl KeySource for Arc<KeySet> {
    fn at_hand(&self, wanted: Wanted<'_>, _: SystemTime) -> Option<LentKeys> {
        wanted.is_in(self).then(|| Self::clone(self).into())
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        Box::pin(std::future::ready(Err(wanted.missing())))
    }

    fn held(&self, _: SystemTime) -> Option<LentKeys> {
        Some(Self::clone(self).into())
    }
}

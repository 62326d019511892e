//! What a store of processed deliveries must do.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use super::key::DedupKey;

/// Remembers deliveries: in this process, in Redis, or in a store of yours.
///
/// Each step is atomic: of any number of claims at once, one is [`Claimed::Ours`].
///
/// # Examples
/// A store that has forgotten everything, to see what that does:
/// ```
/// use std::time::{Duration, SystemTime};
/// use gemini_webhooks::{ClaimId, Claimed, Dedup, DedupKey, DedupStore, StoreFuture};
///
/// #[derive(Debug)]
/// struct Forgetful;
///
/// impl DedupStore for Forgetful {
///     fn claim(
///         &self,
///         _: DedupKey,
///         _: ClaimId,
///         _: Duration,
///         _: SystemTime,
///     ) -> StoreFuture<'_, Claimed> {
///         Box::pin(async { Ok(Claimed::Ours) })
///     }
///     fn commit(
///         &self,
///         _: DedupKey,
///         _: ClaimId,
///         _: Duration,
///         _: SystemTime,
///     ) -> StoreFuture<'_, bool> {
///         Box::pin(async { Ok(true) })
///     }
///     fn release(&self, _: DedupKey, _: ClaimId, _: SystemTime) -> StoreFuture<'_, bool> {
///         Box::pin(async { Ok(true) })
///     }
/// }
///
/// let dedup = Dedup::builder(Forgetful).build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
pub trait DedupStore: fmt::Debug + Send + Sync + 'static {
    /// Claims a key for as long as the lease, unless it is claimed or done.
    fn claim(
        &self,
        key: DedupKey,
        claim: ClaimId,
        lease: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, Claimed>;

    /// Marks a key as done, to be remembered for so long, unless somebody else has claimed or done
    /// it since; tells whether it was marked.
    fn commit(
        &self,
        key: DedupKey,
        claim: ClaimId,
        keep: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, bool>;

    /// Forgets this claim, and no other; tells whether it was still there.
    fn release(&self, key: DedupKey, claim: ClaimId, now: SystemTime) -> StoreFuture<'_, bool>;
}

/// The answer of a [`DedupStore`].
///
/// # Examples
/// See [`DedupStore`].
pub type StoreFuture<'s, T> =
    Pin<Box<dyn Future<Output = Result<T, StoreUnavailable>> + Send + 's>>;

/// Says that the store could not be asked: nothing is known of the delivery.
///
/// # Examples
/// ```
/// use gemini_webhooks::StoreUnavailable;
///
/// /// What a store of yours makes of an error of its driver, which may hold a password.
/// fn hidden<T, E>(answer: Result<T, E>) -> Result<T, StoreUnavailable> {
///     answer.map_err(|_| StoreUnavailable)
/// }
///
/// assert_eq!(hidden::<(), _>(Err("no route to host")), Err(StoreUnavailable));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the deduplication store cannot be reached")]
pub struct StoreUnavailable;

/// Tells what came of a claim.
///
/// # Examples
/// What a store of yours may find in the row of a key:
/// ```
/// use std::time::SystemTime;
/// use gemini_webhooks::Claimed;
///
/// struct Row {
///     done: bool,
///     lease_ends: SystemTime,
/// }
///
/// fn claimed(row: Option<&Row>, now: SystemTime) -> Claimed {
///     match row {
///         Some(row) if row.done => Claimed::Done,
///         Some(row) if now < row.lease_ends => Claimed::InFlight,
///         _ => Claimed::Ours,
///     }
/// }
///
/// assert_eq!(claimed(None, SystemTime::now()), Claimed::Ours);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claimed {
    /// It is ours now.
    Ours,
    /// Somebody else has claimed it, and the lease has not ended.
    InFlight,
    /// It was processed.
    Done,
}

/// Tells one claim from all others, on any machine, so that who comes too late cannot commit or
/// release what is another's by then.
///
/// # Examples
/// ```
/// use gemini_webhooks::ClaimId;
///
/// /// Tells whether the claim that a row was written by is this one.
/// fn is_ours(claim: ClaimId, written: &[u8]) -> bool {
///     claim.as_bytes().as_slice() == written
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimId([u8; 16]);

impl ClaimId {
    /// Not a secret: only unlike any other. The standard library seeds these hashers from the
    /// operating system's random numbers and never uses a seed twice.
    pub(super) fn new() -> Self {
        let half = || u64::to_le_bytes(RandomState::new().hash_one(0_u8));
        let mut id = [0; 16];
        let halves = half().into_iter().chain(half());
        id.iter_mut().zip(halves).for_each(|(byte, random)| *byte = random);
        Self(id)
    }

    /// Returns the bytes, for a store that writes them down.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_claims_have_one_id() {
        let ids: HashSet<_> = (0..10_000).map(|_| *ClaimId::new().as_bytes()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}

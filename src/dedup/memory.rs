//! The store of one process: bounded, gone with the process.

use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::key::DedupKey;
use super::store::{ClaimId, Claimed, DedupStore, StoreFuture};
use crate::limits::DEDUP_IDS;

/// Remembers deliveries in this process: the last 100 000 of them if not set otherwise.
///
/// For a receiver on one machine. What it remembers ends with the process, and then a retry of what
/// was processed just before runs again; where that matters, or with several machines, take a store
/// that they share.
///
/// When it is full, what was used longest ago is forgotten.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Dedup, MemoryStore};
///
/// let dedup = Dedup::builder(MemoryStore::with_capacity(10_000)).build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    kept: Cache<DedupKey, Arc<Mutex<Kept>>>,
}

/// What is known of a delivery, since when and for how long, in milliseconds: small, since there are
/// many of these. moka bounds the memory; its clock cannot be set, so the times are judged here.
struct Kept {
    state: State,
    since: u64,
    /// At most 49 days.
    time: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Claimed(ClaimId),
    Done,
}

impl Kept {
    fn nothing() -> Self {
        Self { state: State::Free, since: 0, time: 0 }
    }

    fn set(&mut self, state: State, now: SystemTime, time: Duration) {
        let time = u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        *self = Self { state, since: unix_millis(now), time };
    }

    /// What is known at this time. Where the clock was set back the time starts anew, or the lease
    /// of somebody who crashed could outlast the sender's retries.
    fn state_at(&mut self, now: SystemTime) -> State {
        let now = unix_millis(now);
        self.since = self.since.min(now);
        let passed = now.saturating_sub(self.since);
        if passed >= self.time.into() { State::Free } else { self.state }
    }
}

fn unix_millis(time: SystemTime) -> u64 {
    let passed = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
}

impl MemoryStore {
    /// Makes a store for 100 000 deliveries.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEDUP_IDS)
    }

    /// Makes a store for so many deliveries, at least one: as many as may come in 25 hours. Each
    /// takes about 320 bytes.
    #[must_use]
    pub fn with_capacity(deliveries: u64) -> Self {
        // Least recently used goes first: moka's usual policy turns fresh entries away when full,
        // and these are the ones that a retry asks for.
        let kept = Cache::builder()
            .max_capacity(deliveries.max(1))
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self { kept }
    }

    /// Looks at what is kept of a key, and perhaps changes it, while nobody else does.
    fn with<T>(&self, key: DedupKey, look: impl FnOnce(&mut Kept) -> T) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
    {
        let kept = self.kept.get_with(key, || Arc::new(Mutex::new(Kept::nothing())));
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        Box::pin(ready(Ok(look(&mut kept))))
    }
}

impl DedupStore for MemoryStore {
    fn claim(
        &self,
        key: DedupKey,
        claim: ClaimId,
        lease: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, Claimed> {
        self.with(key, |kept| match kept.state_at(now) {
            State::Free => {
                kept.set(State::Claimed(claim), now, lease);
                Claimed::Ours
            }
            State::Claimed(_) => Claimed::InFlight,
            State::Done => Claimed::Done,
        })
    }

    fn commit(
        &self,
        key: DedupKey,
        claim: ClaimId,
        keep: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, bool> {
        self.with(key, |kept| {
            // A lease that has ended is nobody's, and the work is done all the same.
            let marked = [State::Free, State::Claimed(claim)].contains(&kept.state_at(now));
            if marked {
                kept.set(State::Done, now, keep);
            }
            marked
        })
    }

    fn release(&self, key: DedupKey, claim: ClaimId, now: SystemTime) -> StoreFuture<'_, bool> {
        self.with(key, |kept| {
            let ours = kept.state_at(now) == State::Claimed(claim);
            if ours {
                *kept = Kept::nothing();
            }
            ours
        })
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let capacity = self.kept.policy().max_capacity();
        f.debug_struct("MemoryStore").field("capacity", &capacity).finish_non_exhaustive()
    }
}

//! The store of one process: bounded, gone with the process.

use std::fmt;
use std::future::ready;
use std::time::{Duration, SystemTime};

use moka::ops::compute::{CompResult, Op};
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
    kept: Cache<DedupKey, Kept>,
}

/// What is known of a delivery, since when and for how long. moka bounds the memory; its clock
/// cannot be set, so the times are judged here.
#[derive(Clone, Copy)]
struct Kept {
    /// Whose claim it is; `None` once it is done.
    claim: Option<ClaimId>,
    since: SystemTime,
    time: Duration,
}

impl Kept {
    fn is_over(&self, now: SystemTime) -> bool {
        now.duration_since(self.since).is_ok_and(|passed| passed >= self.time)
    }

    /// What to put in its place where the clock was set back: its time then starts anew, or the
    /// lease of somebody who crashed could outlast the sender's retries.
    fn after_setback(self, now: SystemTime) -> Op<Self> {
        if now < self.since { Op::Put(Self { since: now, ..self }) } else { Op::Nop }
    }
}

impl MemoryStore {
    /// Makes a store for 100 000 deliveries.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEDUP_IDS)
    }

    /// Makes a store for so many deliveries, at least one: as many as may come in 25 hours. Each
    /// takes about 300 bytes.
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

    /// Changes what is kept of a key, atomically, unless `change` has nothing to put there.
    fn change(&self, key: DedupKey, change: impl FnOnce(Option<Kept>) -> Op<Kept>) -> bool {
        let compute =
            self.kept.entry(key).and_compute_with(|kept| change(kept.map(moka::Entry::into_value)));
        !matches!(compute, CompResult::Unchanged(_) | CompResult::StillNone(_))
    }

    fn claim_now(
        &self,
        key: DedupKey,
        claim: ClaimId,
        lease: Duration,
        now: SystemTime,
    ) -> Claimed {
        let mut claimed = Claimed::Ours;
        self.change(key, |kept| match kept.filter(|kept| !kept.is_over(now)) {
            Some(kept) => {
                claimed = if kept.claim.is_some() { Claimed::InFlight } else { Claimed::Done };
                kept.after_setback(now)
            }
            None => Op::Put(Kept { claim: Some(claim), since: now, time: lease }),
        });
        claimed
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
        Box::pin(ready(Ok(self.claim_now(key, claim, lease, now))))
    }

    fn commit(
        &self,
        key: DedupKey,
        claim: ClaimId,
        keep: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, bool> {
        let marked = self.change(key, |kept| {
            // A lease that has ended is nobody's, and the work is done all the same.
            let kept = kept.filter(|kept| !kept.is_over(now));
            let nobody_elses = kept.is_none_or(|kept| kept.claim == Some(claim));
            if nobody_elses {
                Op::Put(Kept { claim: None, since: now, time: keep })
            } else {
                Op::Nop
            }
        });
        Box::pin(ready(Ok(marked)))
    }

    fn release(&self, key: DedupKey, claim: ClaimId, _: SystemTime) -> StoreFuture<'_, bool> {
        let released = self.change(key, |kept| {
            let ours = kept.is_some_and(|kept| kept.claim == Some(claim));
            if ours { Op::Remove } else { Op::Nop }
        });
        Box::pin(ready(Ok(released)))
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

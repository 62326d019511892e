//! The driver: carries out what [`plan`](super::plan) says, and lets callers wait for it.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::fetcher::{Fetch, FetchRequest};
use super::health::Hook;
use super::plan::{Current, Millis, Plan, State};
use super::policy::{Policy, millis_of};
use super::source::Wanted;
use super::under_way::UnderWay;
use crate::clock::Clock;
use crate::error::Error;
use crate::limits::{FETCH_TIMEOUT, MAX_UNKNOWN_KIDS, MAX_WAITERS};
use crate::verify_dynamic::keys::KeySet;

pub(super) struct Inner {
    pub(super) url: String,
    pub(super) fetch: Box<dyn Fetch>,
    pub(super) policy: Policy,
    clock: Arc<dyn Clock>,
    pub(super) hook: Option<Hook>,
    /// What requests read.
    pub(super) current: ArcSwapOption<Current>,
    state: Mutex<Kept>,
    /// Counts the fetches that have ended; whoever waits, waits for the next number.
    pub(super) ended: watch::Sender<u64>,
    waiters: AtomicUsize,
    /// Kids that a fresh look did not find, by hash, with when that was.
    unknown: Cache<u64, Millis>,
    hasher: RandomState,
}

/// What changes under the lock, which is held for instants and never over a wait.
pub(super) struct Kept {
    pub(super) state: State,
    pub(super) etag: Option<String>,
    pub(super) document: Option<Bytes>,
}

impl Inner {
    pub(super) fn new(
        url: String,
        fetch: Box<dyn Fetch>,
        policy: Policy,
        clock: Arc<dyn Clock>,
        hook: Option<Hook>,
    ) -> Self {
        // Least recently used: the default policy would drop the newest when it is full.
        let unknown = Cache::builder()
            .max_capacity(MAX_UNKNOWN_KIDS)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let kept = Kept { state: State::new(policy), etag: None, document: None };
        Self {
            url,
            fetch,
            policy,
            clock,
            hook,
            current: ArcSwapOption::empty(),
            state: Mutex::new(kept),
            ended: watch::Sender::new(0),
            waiters: AtomicUsize::new(0),
            unknown,
            hasher: RandomState::new(),
        }
    }

    pub(super) fn now(&self) -> Millis {
        millis_of(self.clock.now())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a request whose key is not simply at hand.
    pub(super) async fn look(self: &Arc<Self>, wanted: Wanted<'_>) -> Result<Arc<KeySet>, Error> {
        let at_hand = |current: &Arc<Current>| wanted.is_in(&current.keys);
        if let Wanted::Kid(kid) = wanted
            && !self.current.load().as_ref().is_some_and(at_hand)
            && self.is_known_missing(kid)
        {
            return Err(wanted.missing());
        }
        let keys = self.after_fetch(|keys| wanted.is_in(keys)).await?;
        if wanted.is_in(&keys) {
            return Ok(keys);
        }
        if let Wanted::Kid(kid) = wanted {
            self.unknown.insert(self.hasher.hash_one(kid), self.now());
        }
        Err(wanted.missing())
    }

    /// Tells whether a fresh look, less than a cooldown ago, did not find the kid.
    fn is_known_missing(&self, kid: &str) -> bool {
        let looked_at = self.unknown.get(&self.hasher.hash_one(kid));
        let age = looked_at.map(|looked_at| self.now().saturating_sub(looked_at));
        age.is_some_and(|age| (0..self.policy.cooldown).contains(&age))
    }

    /// Returns the keys at hand where they are `enough`, else those after a fetch.
    pub(super) async fn after_fetch(
        self: &Arc<Self>,
        enough: impl Fn(&Arc<KeySet>) -> bool,
    ) -> Result<Arc<KeySet>, Error> {
        // Subscribed before the plan is made, so that no end is missed.
        let mut ended = self.ended.subscribe();
        let _place = match self.plan(&enough)? {
            Next::Have(keys) => return Ok(keys),
            Next::Wait => Place::take(&self.waiters)?,
        };
        let wait = tokio::time::timeout(FETCH_TIMEOUT.saturating_mul(2), ended.changed());
        wait.await.map_err(|_| Error::KeysUnreachable)?.map_err(|_| Error::KeysUnreachable)?;
        self.keys_after_look(&enough)
    }

    fn plan(self: &Arc<Self>, enough: &impl Fn(&Arc<KeySet>) -> bool) -> Result<Next, Error> {
        let now = self.now();
        let mut kept = self.lock();
        let current = kept.state.current.as_ref().map(|current| Arc::clone(&current.keys));
        let keys = current.filter(enough);
        match (kept.state.plan(keys.is_some(), now), keys) {
            (Plan::Use, Some(keys)) => Ok(Next::Have(keys)),
            (Plan::UseAndRefresh, Some(keys)) => {
                // Where no task can be started, the keys at hand still serve.
                let _ = self.start(&mut kept, now, Forced::No);
                Ok(Next::Have(keys))
            }
            (Plan::Fetch, _) => self.start(&mut kept, now, Forced::Yes).map(|()| Next::Wait),
            (Plan::Join, _) => Ok(Next::Wait),
            _ => Err(Error::KeysUnreachable),
        }
    }

    /// After a fetch has ended: its set, or the one at hand where it failed.
    fn keys_after_look(
        &self,
        enough: &impl Fn(&Arc<KeySet>) -> bool,
    ) -> Result<Arc<KeySet>, Error> {
        let now = self.now();
        let kept = self.lock();
        let current = kept.state.current.as_ref().filter(|current| current.is_usable(now));
        let keys = current.map(|current| Arc::clone(&current.keys));
        match keys {
            Some(keys) if kept.state.failures == 0 || enough(&keys) => Ok(keys),
            _ => Err(Error::KeysUnreachable),
        }
    }

    /// Starts the fetch in a task of its own.
    fn start(self: &Arc<Self>, kept: &mut Kept, now: Millis, forced: Forced) -> Result<(), Error> {
        let runtime = Handle::try_current().map_err(|_| Error::KeysUnreachable)?;
        let number = kept.state.start(now);
        let forced = forced == Forced::Yes;
        let request = FetchRequest { etag: kept.etag.clone(), forced };
        let under_way = UnderWay { inner: Arc::clone(self), number, asked_at: now };
        runtime.spawn(under_way.run(request));
        Ok(())
    }

    /// A number from 0 to 255 that nobody outside can foresee.
    pub(super) fn jitter(&self, now: Millis) -> u8 {
        let [byte, ..] = self.hasher.hash_one(now).to_le_bytes();
        byte
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Forced {
    Yes,
    No,
}

enum Next {
    Have(Arc<KeySet>),
    Wait,
}

/// A place among those who wait, given back however the wait ends.
struct Place<'p>(&'p AtomicUsize);

impl<'p> Place<'p> {
    fn take(waiters: &'p AtomicUsize) -> Result<Self, Error> {
        let place = Self(waiters);
        if waiters.fetch_add(1, Ordering::Relaxed) < MAX_WAITERS {
            Ok(place)
        } else {
            Err(Error::KeysUnreachable)
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

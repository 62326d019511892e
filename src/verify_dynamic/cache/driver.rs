//! The driver: carries out what [`plan`](super::plan) says, and lets callers wait for it.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::fetcher::{Fetch, FetchProblem};
use super::health::{Hook, KeyEvent};
use super::plan::{Current, Millis, Plan, State};
use super::policy::{GIVE_UP_AFTER, Policy, millis_of};
use super::source::Wanted;
use super::sync::{ArcSwap, AtomicUsize, Handle, Mutex, MutexGuard, timeout, watch};
use super::under_way::UnderWay;
use super::unknown::UnknownKids;
use crate::clock::Clock;
use crate::error::Error;
use crate::limits::MAX_WAITERS;
use crate::verify_dynamic::keys::KeySet;

pub(super) struct Inner {
    pub(super) url: String,
    pub(super) fetch: Box<dyn Fetch>,
    pub(super) policy: Policy,
    clock: Arc<dyn Clock>,
    hook: Option<Hook>,
    /// What requests read.
    pub(super) current: ArcSwap<Current>,
    state: Mutex<Kept>,
    /// The number of the last fetch that has ended.
    pub(super) ended: watch::Sender<u64>,
    pub(super) waiters: AtomicUsize,
    hasher: RandomState,
}

/// What changes under the lock, which is held for instants and never over a wait.
pub(super) struct Kept {
    pub(super) state: State,
    pub(super) document: Option<Document>,
    unknown: UnknownKids,
    /// Whether the last fetch that started asked the endpoint itself.
    forced: bool,
}

/// A key set with what it was read from.
#[derive(Clone)]
pub(super) struct Document {
    pub(super) keys: Arc<KeySet>,
    pub(super) body: Bytes,
    pub(super) etag: Option<String>,
    /// How long it may be kept, which a "not modified" need not say again.
    pub(super) max_age: Option<Duration>,
}

impl Inner {
    pub(super) fn new(
        url: String,
        fetch: Box<dyn Fetch>,
        policy: Policy,
        clock: Arc<dyn Clock>,
        hook: Option<Hook>,
    ) -> Self {
        let unknown = UnknownKids::new();
        let kept = Kept { state: State::new(policy), document: None, unknown, forced: false };
        Self {
            url,
            fetch,
            policy,
            clock,
            hook,
            current: ArcSwap::from_pointee(Current::none()),
            state: Mutex::new(kept),
            ended: watch::Sender::new(0),
            waiters: AtomicUsize::new(0),
            hasher: RandomState::new(),
        }
    }

    pub(super) fn now(&self) -> Millis {
        millis_of(self.clock.now())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows requests the set that is kept now; under the lock, so that they see no older one later.
    pub(super) fn publish(&self, kept: &Kept) {
        if let Some(current) = &kept.state.current {
            self.current.store(Arc::clone(current));
        }
    }

    /// Tells of the end of a fetch.
    pub(super) fn tell(&self, event: KeyEvent) {
        #[cfg(feature = "tracing")]
        if let KeyEvent::Failed { problem, failures } = &event {
            tracing::warn!(%problem, failures, "no keys fetched");
        }
        if let Some(hook) = &self.hook {
            hook(event);
        }
    }

    /// For a request whose key is not simply at hand.
    pub(super) async fn look(self: &Arc<Self>, wanted: Wanted<'_>) -> Result<Arc<KeySet>, Error> {
        if let Wanted::Kid(kid) = wanted
            && !wanted.is_in(&self.current.load().keys)
            && self.is_known_missing(kid)
        {
            return Err(wanted.missing());
        }
        let mut look = self.after_fetch(|current| wanted.is_met_by(current)).await?;
        if !look.forced && !wanted.is_met_by(&look.current) {
            // A cache on the way may have answered that refresh: no verdict rests on it.
            look = self.after_fetch(|current| wanted.is_met_by(current)).await?;
        }
        let Look { current, forced } = look;
        if wanted.is_met_by(&current) || (forced && wanted.is_in(&current.keys)) {
            return Ok(Arc::clone(&current.keys));
        }
        if !forced {
            return Err(Error::KeysUnreachable);
        }
        if let Wanted::Kid(kid) = wanted {
            let mut kept = self.lock();
            let now = self.now();
            kept.unknown.insert(kid, now);
        }
        Err(wanted.missing())
    }

    /// Tells whether a fresh look, less than a cooldown ago, did not find the kid.
    fn is_known_missing(&self, kid: &str) -> bool {
        let looked_at = self.lock().unknown.looked_at(kid);
        let age = looked_at.map(|looked_at| self.now().saturating_sub(looked_at));
        age.is_some_and(|age| (0..self.policy.cooldown).contains(&age))
    }

    /// Returns the keys at hand where they are `enough`, else those after a fetch.
    pub(super) async fn after_fetch(
        self: &Arc<Self>,
        enough: impl Fn(&Current) -> bool,
    ) -> Result<Look, Error> {
        let (number, forced) = match self.plan(&enough)? {
            Next::Have(current) => return Ok(Look { current, forced: false }),
            Next::Wait { number, forced } => (number, forced),
        };
        // Whoever joins a fetch needs a runtime as well, to wait in.
        let Ok(_) = Handle::try_current() else { return Err(Error::KeysUnreachable) };
        let _place = Place::take(&self.waiters)?;
        // An end that came before this line is seen, too.
        let mut ended = self.ended.subscribe();
        let ended = ended.wait_for(|ended| *ended >= number);
        match timeout(GIVE_UP_AFTER, ended).await {
            Ok(ended) => ended.map(drop).map_err(|_| Error::KeysUnreachable)?,
            Err(_) => self.give_up(number),
        }
        self.keys_after_look(&enough).map(|current| Look { current, forced })
    }

    /// Ends a fetch: one that says nothing of its end has failed. It may have been dropped, or nobody
    /// runs its runtime any more; else all would wait for it for ever.
    pub(super) fn give_up(&self, number: u64) {
        let failed = self.note_failure(number, FetchProblem::Timeout);
        self.ended.send_modify(|ended| *ended = number.max(*ended));
        // Where the fetcher has panicked, a hook that panics as well would end the process.
        if let Some(event) = failed.filter(|_| !std::thread::panicking()) {
            self.tell(event);
        }
    }

    /// Takes note that a fetch has failed, unless it was given up before and has been told of.
    pub(super) fn note_failure(&self, number: u64, problem: FetchProblem) -> Option<KeyEvent> {
        let mut kept = self.lock();
        if kept.state.under_way != Some(number) {
            return None;
        }
        let now = self.now();
        kept.state.note_failure(now, self.jitter(now));
        Some(KeyEvent::Failed { problem, failures: kept.state.failures })
    }

    fn plan(self: &Arc<Self>, enough: &impl Fn(&Current) -> bool) -> Result<Next, Error> {
        let mut kept = self.lock();
        // Under the lock, so that of two fetches the later is never dated earlier.
        let now = self.now();
        let current = kept.state.current.clone().filter(|current| enough(current));
        let plan = kept.state.plan(current.is_some(), now);
        let task = match plan {
            Plan::UseAndRefresh | Plan::Fetch => self.start(&mut kept, now, plan == Plan::Fetch),
            Plan::Use | Plan::Join | Plan::Refuse => None,
        };
        let (under_way, forced) = (kept.state.under_way, kept.forced);
        drop(kept);
        // Without the lock: a runtime that shuts down drops the task at once, which needs it.
        if let Some((runtime, task)) = task {
            runtime.spawn(task.run());
        }
        match (plan, current, under_way) {
            (Plan::Use | Plan::UseAndRefresh, Some(current), _) => Ok(Next::Have(current)),
            (Plan::Fetch | Plan::Join, _, Some(number)) => Ok(Next::Wait { number, forced }),
            _ => Err(Error::KeysUnreachable),
        }
    }

    /// After a fetch has ended: its set, or the one at hand where it failed.
    fn keys_after_look(&self, enough: &impl Fn(&Current) -> bool) -> Result<Arc<Current>, Error> {
        let kept = self.lock();
        let now = self.now();
        let current = kept.state.current.clone().filter(|current| current.is_usable(now));
        match current {
            Some(current) if kept.state.failures == 0 || enough(&current) => Ok(current),
            _ => Err(Error::KeysUnreachable),
        }
    }

    /// Takes note that a fetch starts; without a runtime none does, and keys at hand still serve.
    fn start(
        self: &Arc<Self>,
        kept: &mut Kept,
        now: Millis,
        forced: bool,
    ) -> Option<(Handle, UnderWay)> {
        let runtime = Handle::try_current().ok()?;
        let number = kept.state.start(now);
        kept.forced = forced;
        let known = kept.document.clone();
        let inner = Arc::clone(self);
        Some((runtime, UnderWay { inner, number, asked_at: now, forced, known }))
    }

    /// A number from 0 to 255 that nobody outside can foresee.
    pub(super) fn jitter(&self, now: Millis) -> u8 {
        let [byte, ..] = self.hasher.hash_one(now).to_le_bytes();
        byte
    }
}

enum Next {
    Have(Arc<Current>),
    /// For the end of the fetch of this number, and whether it asks the endpoint itself.
    Wait {
        number: u64,
        forced: bool,
    },
}

/// Keys after a look.
pub(super) struct Look {
    current: Arc<Current>,
    /// Whether the endpoint itself was asked, so that what is not among the keys is not there.
    forced: bool,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::verify_dynamic::cache::{FetchFuture, FetchRequest};

    struct Never;

    impl Fetch for Never {
        fn fetch(&self, _: FetchRequest) -> FetchFuture {
            Box::pin(std::future::pending())
        }
    }

    #[test]
    fn the_jitter_differs_from_time_to_time_and_from_cache_to_cache() {
        let cache = || {
            let clock = Arc::new(SystemClock);
            Inner::new(String::new(), Box::new(Never), Policy::default(), clock, None)
        };
        let (one, another) = (cache(), cache());
        let jitters = |cache: &Inner| (0..64).map(|now| cache.jitter(now)).collect::<Vec<_>>();
        assert!(jitters(&one).iter().any(|jitter| *jitter != one.jitter(0)));
        assert_ne!(jitters(&one), jitters(&another));
    }
}

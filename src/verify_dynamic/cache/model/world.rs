//! What the modelled driver lives in: a key endpoint, callers, a clock, and what must hold in the
//! end.

use std::collections::VecDeque;
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shuttle::future::{JoinHandle, block_on, spawn, yield_now};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::sync::atomic::Ordering;
use shuttle::{Config, MaxSteps, Runner};

use super::super::plan::{Current, Millis, Plan};
use super::super::policy::millis;
use super::super::{
    CachedKeys, Fetch, FetchFuture, FetchProblem, FetchRequest, Fetched, KeyEvent, KeySnapshot,
    KeySource as _, Wanted,
};
use super::stand_ins::{self, FetcherPanic, Runtime};
use crate::clock::Clock;
use crate::error::Error;
use crate::verify_dynamic::keys::KeySet;

/// How many schedules each rule is tried under, by each of the two ways to choose them.
const SCHEDULES: usize = 2_000;

/// How often, at most, one task overtakes another where it matters, in the schedules of PCT.
const DEPTH: usize = 3;

const T0: Duration = Duration::from_secs(1_800_000_000);
const URL: &str = "https://keys.example.com/jwks.json";

/// Tries a rule under many schedules; a failure prints its schedule, for `shuttle::replay`.
pub(super) fn check<F: Future<Output = ()>>(rule: impl Fn() -> F + Copy + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.max_steps = MaxSteps::FailAfter(20_000);
    let run = move || block_on(rule());
    Runner::new(RandomScheduler::new(SCHEDULES), config.clone()).run(run);
    Runner::new(PctScheduler::new(DEPTH, SCHEDULES), config).run(run);
}

/// What the endpoint does with a fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Gives what is published, or says that the caller has it.
    Right,
    Fails,
    Panics,
    Hangs,
}

/// Publishes one key of each kind at a time: the RSA key's `kid` is the number of the version.
#[derive(Clone, Debug)]
pub(super) struct Endpoint(Arc<Mutex<Published>>);

#[derive(Debug)]
struct Published {
    version: u64,
    /// Whether there is a new version with each fetch.
    moves_on: bool,
    answers: VecDeque<Answer>,
    fetches: usize,
    /// How many fetches are under way.
    asking: usize,
    /// Whether a fetch may hang: given up, it is still under way beside the next.
    may_hang: bool,
    /// What the last right answer said is the newest version.
    answered: Option<u64>,
}

impl Endpoint {
    fn lock(&self) -> MutexGuard<'_, Published> {
        self.0.lock().unwrap()
    }

    pub(super) fn publish(&self, version: u64) {
        self.lock().version = version;
    }

    pub(super) fn publish_with_each_fetch(&self) {
        self.lock().moves_on = true;
    }

    pub(super) fn fetches(&self) -> usize {
        self.lock().fetches
    }

    pub(super) fn answered(&self) -> Option<u64> {
        self.lock().answered
    }

    async fn answer(self, request: FetchRequest) -> Result<Fetched, FetchProblem> {
        let _alone = Alone::enter(&self);
        yield_now().await;
        let (answer, version) = {
            let mut published = self.lock();
            published.version += u64::from(published.moves_on);
            (published.answers.pop_front().unwrap_or(Answer::Right), published.version)
        };
        yield_now().await;
        match answer {
            Answer::Right => {}
            Answer::Fails => return Err(FetchProblem::Unreachable),
            // Without the hook, which would print the schedule of a failed rule.
            Answer::Panics => resume_unwind(Box::new(FetcherPanic)),
            Answer::Hangs => return pending().await,
        }
        self.lock().answered = Some(version);
        let etag = Some(version.to_string());
        if request.etag == etag {
            return Ok(Fetched::not_modified(None));
        }
        Ok(Fetched::document(document(version), None, etag))
    }
}

impl Fetch for Endpoint {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        Box::pin(self.clone().answer(request))
    }
}

/// Sees that there is one fetch at a time.
struct Alone(Endpoint);

impl Alone {
    fn enter(endpoint: &Endpoint) -> Self {
        let mut published = endpoint.lock();
        let alone = published.asking == 0 || published.may_hang;
        published.asking += 1;
        published.fetches += 1;
        drop(published);
        assert!(alone, "two fetches at once");
        Self(endpoint.clone())
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.0.lock().asking -= 1;
    }
}

/// A key set of one version. No signature is checked here: the modulus need only look right.
fn document(version: u64) -> String {
    let modulus = "_".repeat(341) + "w";
    let ed25519 = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    format!(
        r#"{{"keys":[{{"kty":"RSA","kid":"{version}","n":"{modulus}","e":"AQAB"}},
            {{"kty":"OKP","crv":"Ed25519","x":"{ed25519}"}}]}}"#
    )
}

#[derive(Debug)]
struct ModelClock;

impl Clock for ModelClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + T0 + stand_ins::tick()
    }
}

/// A cache over an endpoint that publishes version 1.
#[derive(Clone)]
pub(super) struct World {
    pub(super) keys: CachedKeys,
    pub(super) endpoint: Endpoint,
    events: Arc<Mutex<Vec<KeyEvent>>>,
}

impl World {
    pub(super) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        Self::on(Runtime::Runs, answers)
    }

    pub(super) fn on(runtime: Runtime, answers: impl IntoIterator<Item = Answer>) -> Self {
        stand_ins::reset(runtime);
        let answers: VecDeque<_> = answers.into_iter().collect();
        let may_hang = answers.iter().any(|answer| matches!(answer, Answer::Hangs));
        let endpoint = Endpoint(Arc::new(Mutex::new(Published {
            version: 1,
            moves_on: false,
            answers,
            fetches: 0,
            asking: 0,
            may_hang,
            answered: None,
        })));
        let events = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&events);
        let keys = CachedKeys::builder(URL, endpoint.clone())
            .clock(ModelClock)
            .on_event(move |event| {
                noted.lock().unwrap().push(event);
                // A hook that takes its time.
                shuttle::thread::yield_now();
            })
            .build()
            .unwrap();
        Self { keys, endpoint, events }
    }

    /// One with version 1 at hand, fetched so long ago that two fetches may start.
    pub(super) async fn warm(answers: impl IntoIterator<Item = Answer>) -> Self {
        let world = Self::new([Answer::Right].into_iter().chain(answers));
        world.keys.warm_up().await.unwrap();
        stand_ins::advance(Duration::from_secs(60));
        world
    }

    /// How many fetches have told of a good end.
    pub(super) fn looks(&self) -> usize {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| !matches!(event, KeyEvent::Failed { .. })).count()
    }

    pub(super) fn failures(&self) -> u32 {
        self.keys.inner.lock().state.failures
    }

    pub(super) fn current(&self) -> Option<Arc<Current>> {
        let current = Arc::clone(&self.keys.inner.current.load());
        (!current.keys.is_empty()).then_some(current)
    }

    pub(super) fn waiters(&self) -> usize {
        self.keys.inner.waiters.load(Ordering::SeqCst)
    }

    /// Asks as a verifier does.
    pub(super) async fn ask(&self, wanted: Wanted<'_>) -> Result<Arc<KeySet>, Error> {
        let keys = match self.keys.at_hand(wanted, ModelClock.now()) {
            Some(keys) => keys,
            None => self.keys.look(wanted).await?,
        };
        Ok(keys.into_arc())
    }

    /// A caller of its own, who wants the key of this version.
    pub(super) fn caller(&self, version: u64) -> JoinHandle<Result<Arc<KeySet>, Error>> {
        let world = self.clone();
        spawn(async move { world.ask(Wanted::Kid(&version.to_string())).await })
    }

    /// Waits until the fetches are over, and sees that nothing is left of them.
    pub(super) async fn end(&self) {
        for task in stand_ins::tasks() {
            let _ = task.await;
        }
        assert_eq!(self.waiters(), 0, "somebody waits still");
        let (kept, plan) = {
            let kept = self.keys.inner.lock();
            (kept.state.current.clone(), kept.state.plan(false, Millis::MAX))
        };
        assert_ne!(plan, Plan::Join, "a fetch that is over counts as under way");
        let read = self.current();
        assert_eq!(kept.as_ref().map(Arc::as_ptr), read.as_ref().map(Arc::as_ptr));
        assert_eq!(exported(&self.keys), kept.as_ref().map(|kept| version(&kept.keys)));
    }
}

/// When each schedule starts.
pub(super) fn start() -> Millis {
    millis(T0)
}

/// What another process exports that asked for this version so long after the start, and when that
/// was.
pub(super) fn snapshot(of: u64, after: Duration) -> (KeySnapshot, Millis) {
    let asked_at = millis(T0 + after);
    (KeySnapshot::new(URL, asked_at, document(of).as_bytes()).unwrap(), asked_at)
}

/// The version of a set.
pub(super) fn version(keys: &KeySet) -> u64 {
    keys.kids().next().unwrap().parse().unwrap()
}

/// The version of the document that goes with the set at hand.
fn exported(keys: &CachedKeys) -> Option<u64> {
    let (keys, _) = keys.snapshot()?.read(URL, 0, i64::MAX).unwrap();
    Some(version(&keys))
}

//! Google's keys, fetched and kept: a thin driver around the rules in [`plan`].
//!
//! Requests read a snapshot without a lock. A fetch runs in a task of its own, so that no caller's
//! cancellation stops it, and everybody who needs it waits for the same one.

mod plan;
mod policy;
mod snapshot;

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, RandomState};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::runtime::Handle;
use tokio::sync::watch;

use self::plan::{Current, Millis, Plan, State};
use self::policy::{Policy, millis};
pub use self::snapshot::{KeySnapshot, SnapshotProblem};
use super::keys::{KeySet, KeySetProblem};
use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, Error};
use crate::limits::{
    COOLDOWN_SECONDS, FETCH_TIMEOUT, MAX_UNKNOWN_KIDS, MAX_WAITERS, STALE_SECONDS, TTL_SECONDS,
};

/// Asks for keys.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Wanted<'w> {
    /// A set with an RSA key of this `kid`.
    Kid(&'w str),
    /// A set with Ed25519 keys.
    Ed25519,
    /// A set that was looked for after this one, in which no Ed25519 key matched.
    Ed25519Beyond(&'w Arc<KeySet>),
}

impl Wanted<'_> {
    fn is_in(self, keys: &Arc<KeySet>) -> bool {
        match self {
            Self::Kid(kid) => keys.rs256(kid).is_some(),
            Self::Ed25519 => keys.ed25519_count() > 0,
            Self::Ed25519Beyond(old) => !Arc::ptr_eq(old, keys) && keys.ed25519_count() > 0,
        }
    }

    /// The error once a look was taken and the key is not there.
    fn missing(self) -> Error {
        match self {
            Self::Kid(_) => Error::UnknownKey,
            Self::Ed25519 | Self::Ed25519Beyond(_) => Error::SignatureMismatch,
        }
    }
}

/// The answer of a [`KeySource`] that takes its time.
pub type KeysFuture<'k> = Pin<Box<dyn Future<Output = Result<Arc<KeySet>, Error>> + Send + 'k>>;

/// Gives a verifier its keys: [`CachedKeys`], a fixed [`KeySet`], or a source of yours.
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
    fn at_hand(&self, wanted: Wanted<'_>, now: SystemTime) -> Option<Arc<KeySet>>;

    /// Returns keys after a look, if one is allowed.
    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k>;
}

/// A fixed set answers at once, and there is nothing to look for.
impl KeySource for Arc<KeySet> {
    fn at_hand(&self, wanted: Wanted<'_>, _: SystemTime) -> Option<Arc<KeySet>> {
        wanted.is_in(self).then(|| Self::clone(self))
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        Box::pin(std::future::ready(Err(wanted.missing())))
    }
}

/// Says what to fetch, and how.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct FetchRequest {
    /// The `ETag` of the answer at hand: a server that has nothing newer may say so.
    pub etag: Option<String>,
    /// Whether caches on the way must ask the server: somebody needs a key that is not at hand.
    pub forced: bool,
}

impl FetchRequest {
    /// Asks for the document: for the tests of a fetcher of yours.
    #[must_use]
    pub fn new(etag: Option<String>, forced: bool) -> Self {
        Self { etag, forced }
    }
}

/// Holds the answer to a fetch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fetched {
    /// A document.
    Document {
        /// Its bytes; more than 128 KiB are refused.
        body: Bytes,
        /// How long it may be kept: `Cache-Control: max-age` less `Age`.
        max_age: Option<Duration>,
        /// Its `ETag`.
        etag: Option<String>,
    },
    /// The document at hand is still the newest.
    NotModified {
        /// How much longer it may be kept.
        max_age: Option<Duration>,
    },
}

impl Fetched {
    /// Answers with a document, for how long it may be kept, and its `ETag`.
    pub fn document(
        body: impl Into<Bytes>,
        max_age: Option<Duration>,
        etag: Option<String>,
    ) -> Self {
        Self::Document { body: body.into(), max_age, etag }
    }

    /// Answers that the document at hand is still the newest.
    #[must_use]
    pub fn not_modified(max_age: Option<Duration>) -> Self {
        Self::NotModified { max_age }
    }
}

/// Says why a fetch failed.
///
/// # Examples
/// ```
/// use gemini_webhooks::FetchProblem;
///
/// assert_eq!(FetchProblem::Status(404).to_string(), "the key endpoint answered with status 404");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchProblem {
    /// No connection, or it broke.
    #[error("the key endpoint could not be reached")]
    Unreachable,
    /// Longer than the time limit.
    #[error("the key endpoint did not answer in time")]
    Timeout,
    /// Another status than 200 (a redirect is one).
    #[error("the key endpoint answered with status {0}")]
    Status(u16),
    /// The document is too large or no key set.
    #[error("the key endpoint's answer: {0}")]
    Document(KeySetProblem),
    /// A key set without a single usable key, which never replaces one that has some.
    #[error("the key endpoint's answer holds no usable key")]
    NoUsableKey,
}

/// The future of a [`Fetch`].
pub type FetchFuture = Pin<Box<dyn Future<Output = Result<Fetched, FetchProblem>> + Send>>;

/// Fetches the key document: the reqwest fetcher of the feature `fetch`, or one of yours.
///
/// # Security
/// Use https with certificate checks, follow no redirect, take nothing but status 200, and stop
/// reading at 128 KiB: whoever can answer in the endpoint's place can forge deliveries.
///
/// # Examples
/// ```
/// use gemini_webhooks::{CachedKeys, Fetch, FetchFuture, FetchProblem, FetchRequest};
///
/// struct Offline;
///
/// impl Fetch for Offline {
///     fn fetch(&self, _: FetchRequest) -> FetchFuture {
///         Box::pin(async { Err(FetchProblem::Unreachable) })
///     }
/// }
///
/// let keys = CachedKeys::builder("https://example.com/jwks.json", Offline).build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
pub trait Fetch: Send + Sync + 'static {
    /// Starts a fetch; it is given 5 seconds in all.
    fn fetch(&self, request: FetchRequest) -> FetchFuture;
}

/// Tells how the keys are: for a health endpoint and for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyHealth {
    /// How many usable keys there are; 0 before the first fetch.
    pub usable: usize,
    /// How old they are.
    pub age: Option<Duration>,
    /// Whether they are past their time, and only used because the endpoint fails.
    pub stale: bool,
    /// How many fetches have failed in a row.
    pub failures: u32,
}

/// Tells what happened to the keys: for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyEvent {
    /// A set was fetched and is used now.
    Fetched {
        /// How many keys are usable.
        usable: usize,
        /// How many were skipped.
        skipped: usize,
    },
    /// The set at hand is still the newest.
    NotModified,
    /// A fetch failed.
    Failed {
        /// Why.
        problem: FetchProblem,
        /// How many have failed in a row.
        failures: u32,
    },
}

type Hook = Arc<dyn Fn(KeyEvent) + Send + Sync>;

/// Keeps Google's keys: fetched when first needed, refreshed ahead of time, bounded in everything.
///
/// - A request whose key is at hand never waits and takes no lock.
/// - A set is kept for its `max-age`, at most ten minutes, and looked for again at four fifths.
/// - One fetch at a time, at most two at once and one more per 30 seconds, whatever the requests
///   hold: a flood of unknown kids costs four fetches in a minute.
/// - While the endpoint fails the set is used for an hour more; then, and for keys that are not at
///   hand, the answer is [`Error::KeysUnreachable`], which is 503 and never a verdict.
///
/// Cheap to clone; the clones share everything. Needs a tokio runtime when a fetch starts.
///
/// # Examples
/// See [`Fetch`].
#[derive(Clone)]
pub struct CachedKeys {
    inner: Arc<Inner>,
}

struct Inner {
    url: String,
    fetch: Box<dyn Fetch>,
    policy: Policy,
    clock: Arc<dyn Clock>,
    hook: Option<Hook>,
    /// What requests read.
    current: ArcSwapOption<Current>,
    state: Mutex<Kept>,
    /// Counts the fetches that have ended; whoever waits, waits for the next number.
    ended: watch::Sender<u64>,
    waiters: AtomicUsize,
    /// Kids that a fresh look did not find, by hash, with when that was.
    unknown: Cache<u64, Millis>,
    hasher: RandomState,
}

/// What changes under the lock, which is held for instants and never over a wait.
struct Kept {
    state: State,
    etag: Option<String>,
    document: Option<Bytes>,
}

impl CachedKeys {
    /// Starts to set up a cache over a fetcher; `url` says where the keys come from, so that a
    /// snapshot of another source is refused.
    pub fn builder(url: impl Into<String>, fetch: impl Fetch) -> CachedKeysBuilder {
        CachedKeysBuilder {
            url: url.into(),
            fetch: Box::new(fetch),
            policy: Policy::default(),
            clock: Arc::new(SystemClock),
            hook: None,
        }
    }

    /// Fetches the keys now, unless they are at hand: at the start of a server, if it should not
    /// wait for the first request.
    ///
    /// # Errors
    /// [`Error::KeysUnreachable`]: the cache goes on trying when requests come.
    pub async fn warm_up(&self) -> Result<(), Error> {
        let now = self.inner.now();
        let good = |current: &Arc<Current>| now < current.fresh_until && current.is_usable(now);
        if self.inner.current.load().as_ref().is_some_and(good) {
            return Ok(());
        }
        self.inner.after_fetch(|_| false).await.map(drop)
    }

    /// Tells how the keys are.
    #[must_use]
    pub fn health(&self) -> KeyHealth {
        let now = self.inner.now();
        let failures = self.inner.lock().state.failures;
        let current = self.inner.current.load();
        let Some(current) = current.as_ref().filter(|current| current.is_usable(now)) else {
            return KeyHealth { usable: 0, age: None, stale: false, failures };
        };
        let age = u64::try_from(now.saturating_sub(current.asked_at)).unwrap_or(0);
        KeyHealth {
            usable: current.keys.len(),
            age: Some(Duration::from_millis(age)),
            stale: now >= current.fresh_until,
            failures,
        }
    }

    /// Exports the keys at hand, to start another process with them.
    #[must_use]
    pub fn snapshot(&self) -> Option<KeySnapshot> {
        let kept = self.inner.lock();
        let (current, document) = (kept.state.current.as_ref()?, kept.document.as_ref()?);
        KeySnapshot::new(&self.inner.url, current.asked_at, document)
    }

    /// Imports keys that another process exported, as if they had been fetched when those were.
    ///
    /// # Errors
    /// [`SnapshotProblem`] when it is of another URL, too old, of the future, or not usable. A set
    /// at hand that is newer stays, without an error.
    ///
    /// # Security
    /// Whoever can write the snapshot can forge deliveries. Keep it where you keep secrets.
    pub fn import(&self, snapshot: &KeySnapshot) -> Result<(), SnapshotProblem> {
        let now = self.inner.now();
        let oldest =
            now.saturating_sub(self.inner.policy.ttl.saturating_add(self.inner.policy.stale));
        let (keys, asked_at) = snapshot.read(&self.inner.url, oldest, now)?;
        let mut kept = self.inner.lock();
        if kept.state.import(Arc::new(keys), asked_at) {
            kept.document = Some(snapshot.document());
            kept.etag = None;
            self.inner.current.store(kept.state.current.clone());
        }
        Ok(())
    }
}

impl KeySource for CachedKeys {
    #[inline]
    fn at_hand(&self, wanted: Wanted<'_>, now: SystemTime) -> Option<Arc<KeySet>> {
        let current = self.inner.current.load();
        let current = current.as_ref()?;
        let now = millis_of(now);
        let good =
            now < current.refresh_at && current.is_usable(now) && wanted.is_in(&current.keys);
        good.then(|| Arc::clone(&current.keys))
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        Box::pin(self.inner.look(wanted))
    }
}

impl Inner {
    fn now(&self) -> Millis {
        millis_of(self.clock.now())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For a request whose key is not simply at hand.
    async fn look(self: &Arc<Self>, wanted: Wanted<'_>) -> Result<Arc<KeySet>, Error> {
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
    async fn after_fetch(
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
    fn jitter(&self, now: Millis) -> u8 {
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

/// A fetch under way. However it ends, by a panic of the fetcher too, those who wait are told.
struct UnderWay {
    inner: Arc<Inner>,
    number: u64,
    asked_at: Millis,
}

impl UnderWay {
    async fn run(self, request: FetchRequest) {
        let fetch = self.inner.fetch.fetch(request);
        let answer = match tokio::time::timeout(FETCH_TIMEOUT, fetch).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchProblem::Timeout),
        };
        let event = match answer.and_then(|answer| self.take(answer)) {
            Ok(event) => event,
            Err(problem) => self.note_failure(problem),
        };
        if let Some(hook) = &self.inner.hook {
            hook(event);
        }
    }

    fn take(&self, answer: Fetched) -> Result<KeyEvent, FetchProblem> {
        match answer {
            Fetched::Document { body, max_age, etag } => {
                let keys = KeySet::from_json(&body).map_err(FetchProblem::Document)?;
                if keys.is_empty() {
                    return Err(FetchProblem::NoUsableKey);
                }
                let event = KeyEvent::Fetched { usable: keys.len(), skipped: keys.skipped().len() };
                self.store(Arc::new(keys), max_age, Some((body, etag)));
                Ok(event)
            }
            Fetched::NotModified { max_age } => {
                let current = self.inner.lock().state.current.clone();
                let current = current.ok_or(FetchProblem::NoUsableKey)?;
                self.store(Arc::clone(&current.keys), max_age, None);
                Ok(KeyEvent::NotModified)
            }
        }
    }

    fn store(
        &self,
        keys: Arc<KeySet>,
        max_age: Option<Duration>,
        document: Option<(Bytes, Option<String>)>,
    ) {
        let mut kept = self.inner.lock();
        let jitter = self.inner.jitter(self.asked_at);
        if kept.state.store(keys, self.asked_at, max_age, jitter) {
            if let Some((document, etag)) = document {
                kept.document = Some(document);
                kept.etag = etag;
            }
            self.inner.current.store(kept.state.current.clone());
        }
    }

    fn note_failure(&self, problem: FetchProblem) -> KeyEvent {
        let now = self.inner.now();
        let mut kept = self.inner.lock();
        kept.state.note_failure(now, self.inner.jitter(now));
        KeyEvent::Failed { problem, failures: kept.state.failures }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut kept = self.inner.lock();
        if kept.state.is_under_way(self.number) {
            let now = self.inner.now();
            kept.state.note_failure(now, self.inner.jitter(now));
        }
        drop(kept);
        self.inner.ended.send_modify(|ended| *ended = ended.wrapping_add(1));
    }
}

impl fmt::Debug for CachedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedKeys")
            .field("url", &self.inner.url)
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

/// Sets up [`CachedKeys`]; made by [`CachedKeys::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct CachedKeysBuilder {
    url: String,
    fetch: Box<dyn Fetch>,
    policy: Policy,
    clock: Arc<dyn Clock>,
    hook: Option<Hook>,
}

impl CachedKeysBuilder {
    /// Sets how long a set is kept if the answer does not say, and at most, from a minute to 24
    /// hours; ten minutes if not set.
    ///
    /// # Security
    /// A withdrawn key lives on for as long, plus the time that a set may be
    /// [stale](Self::stale_if_error) while the endpoint is down.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy.ttl = millis(ttl);
        self
    }

    /// Sets how long a set is used past its time while the endpoint fails, up to 24 hours; one hour
    /// if not set.
    pub fn stale_if_error(mut self, stale: Duration) -> Self {
        self.policy.stale = millis(stale);
        self
    }

    /// Sets how long it takes until a fetch start is allowed again, from 1 s to 10 minutes; 30 s if
    /// not set.
    pub fn cooldown(mut self, cooldown: Duration) -> Self {
        self.policy.cooldown = millis(cooldown);
        self
    }

    /// Sets the clock; the system's if not set. Give the verifier the same.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets a function that is told what happens to the keys. It must return at once.
    pub fn on_event(mut self, hook: impl Fn(KeyEvent) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Makes the cache. Nothing is fetched yet.
    ///
    /// # Errors
    /// [`ConfigError::KeyTimesOutOfRange`].
    pub fn build(self) -> Result<CachedKeys, ConfigError> {
        let Self { url, fetch, mut policy, clock, hook } = self;
        let in_range = |millis: Millis, seconds: std::ops::RangeInclusive<Millis>| {
            seconds.contains(&millis.checked_div(1000).unwrap_or(0))
        };
        let good = in_range(policy.ttl, TTL_SECONDS)
            && in_range(policy.stale, STALE_SECONDS)
            && in_range(policy.cooldown, COOLDOWN_SECONDS);
        if !good {
            return Err(ConfigError::KeyTimesOutOfRange);
        }
        policy.cooldown_without_keys = policy.cooldown_without_keys.min(policy.cooldown);
        // Least recently used: the default policy would drop the newest when it is full.
        let unknown = Cache::builder()
            .max_capacity(MAX_UNKNOWN_KIDS)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        let state = State::new(policy);
        let inner = Inner {
            url,
            fetch,
            policy,
            clock,
            hook,
            current: ArcSwapOption::empty(),
            state: Mutex::new(Kept { state, etag: None, document: None }),
            ended: watch::Sender::new(0),
            waiters: AtomicUsize::new(0),
            unknown,
            hasher: RandomState::new(),
        };
        Ok(CachedKeys { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for CachedKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedKeysBuilder")
            .field("url", &self.url)
            .field("policy", &self.policy)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

/// Milliseconds since 1970; before that they are negative.
fn millis_of(time: SystemTime) -> Millis {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => 0_i64.saturating_sub(millis(before.duration())),
    }
}

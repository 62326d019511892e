//! How a cache is set up.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use super::CachedKeys;
use super::driver::Inner;
use super::fetcher::Fetch;
use super::health::{Hook, KeyEvent};
use super::plan::Millis;
use super::policy::{Policy, millis};
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::limits::{COOLDOWN_SECONDS, STALE_SECONDS, TTL_SECONDS};

/// Sets up [`CachedKeys`]; made by [`CachedKeys::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::{CachedKeys, ConfigError};
/// # use gemini_webhooks::{Fetch, FetchFuture, FetchProblem, FetchRequest};
/// # struct Fetcher;
/// # impl Fetch for Fetcher {
/// #     fn fetch(&self, _: FetchRequest) -> FetchFuture {
/// #         Box::pin(async { Err(FetchProblem::Unreachable) })
/// #     }
/// # }
///
/// let builder = || CachedKeys::builder("https://example.com/jwks.json", Fetcher);
/// let keys = builder()
///     .ttl(Duration::from_secs(300))
///     .stale_if_error(Duration::from_secs(1800))
///     .on_event(|event| eprintln!("keys: {event:?}"))
///     .build()?;
///
/// let too_short = builder().ttl(Duration::from_secs(10)).build();
/// assert_eq!(too_short.unwrap_err(), ConfigError::KeyTimesOutOfRange);
/// # Ok::<(), ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct CachedKeysBuilder {
    url: String,
    fetch: Box<dyn Fetch>,
    policy: Policy,
    clock: Arc<dyn Clock>,
    hook: Option<Hook>,
}

impl CachedKeysBuilder {
    pub(super) fn new(url: String, fetch: Box<dyn Fetch>) -> Self {
        Self { url, fetch, policy: Policy::default(), clock: Arc::new(SystemClock), hook: None }
    }

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

    /// Sets how long it takes until a fetch start is allowed again, from 1 s to 10 minutes, at most
    /// half of the [`ttl`](Self::ttl); 30 s if not set.
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
        let at = |seconds: &u64| millis(Duration::from_secs(*seconds));
        let in_range = |time: Millis, seconds: RangeInclusive<u64>| {
            (at(seconds.start())..=at(seconds.end())).contains(&time)
        };
        let good = in_range(policy.ttl, TTL_SECONDS)
            && in_range(policy.stale, STALE_SECONDS)
            && in_range(policy.cooldown, COOLDOWN_SECONDS);
        // Else a set could end before a fetch is allowed, with the endpoint up.
        if !good || policy.ttl < policy.least_ttl() {
            return Err(ConfigError::KeyTimesOutOfRange);
        }
        policy.cooldown_without_keys = policy.cooldown_without_keys.min(policy.cooldown);
        Ok(CachedKeys { inner: Arc::new(Inner::new(url, fetch, policy, clock, hook)) })
    }
}

impl fmt::Debug for CachedKeysBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedKeysBuilder")
            .field("policy", &self.policy)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

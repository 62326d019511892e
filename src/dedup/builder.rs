//! How deduplication is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::store::DedupStore;
use super::{Dedup, Inner, WhenDown};
use crate::clock::{Clock, SystemClock};
use crate::error::ConfigError;
use crate::limits::{DEDUP_KEEP_SECONDS, DEDUP_LEASE_SECONDS};

/// Sets up a [`Dedup`]; made by [`Dedup::builder`].
///
/// # Examples
#[cfg_attr(feature = "dedup-memory", doc = "```")]
#[cfg_attr(not(feature = "dedup-memory"), doc = "```ignore")]
/// use std::time::Duration;
/// use gemini_webhooks::{ConfigError, Dedup, MemoryStore};
///
/// let dedup = Dedup::builder(MemoryStore::new())
///     .namespace("orders")
///     .lease(Duration::from_secs(120))
///     .build()?;
///
/// let too_short = Dedup::builder(MemoryStore::new()).keep(Duration::from_secs(300)).build();
/// assert_eq!(too_short.unwrap_err(), ConfigError::DedupTimesOutOfRange);
/// # Ok::<(), ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct DedupBuilder {
    store: Box<dyn DedupStore>,
    namespace: String,
    lease: Duration,
    keep: Duration,
    when_down: WhenDown,
    clock: Arc<dyn Clock>,
}

impl DedupBuilder {
    pub(super) fn new(store: impl DedupStore) -> Self {
        Self {
            store: Box::new(store),
            namespace: String::new(),
            lease: Duration::from_secs(60),
            keep: Duration::from_secs(25 * 3600),
            when_down: WhenDown::Refuse,
            clock: Arc::new(SystemClock),
        }
    }

    /// Sets the name of the endpoint: the same id at two endpoints is then two deliveries.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// Sets how long the work may take before somebody else may start it, from 1 s to an hour; a
    /// minute if not set.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how long what was processed is remembered, from 25 hours to 30 days; 25 hours if not
    /// set, since the sender retries for 24 (Google's page).
    pub fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// Processes deliveries while the store cannot be reached, each perhaps more than once, instead
    /// of answering 503 until it can.
    pub fn process_when_store_is_down(mut self) -> Self {
        self.when_down = WhenDown::Process;
        self
    }

    /// Sets the clock; the system's if not set.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes it.
    ///
    /// # Errors
    /// [`ConfigError::DedupTimesOutOfRange`].
    pub fn build(self) -> Result<Dedup, ConfigError> {
        let Self { store, namespace, lease, keep, when_down, clock } = self;
        if !DEDUP_LEASE_SECONDS.contains(&lease.as_secs())
            || !DEDUP_KEEP_SECONDS.contains(&keep.as_secs())
        {
            return Err(ConfigError::DedupTimesOutOfRange);
        }
        let inner = Inner { store, namespace, lease, keep, when_down, clock };
        Ok(Dedup { inner: Arc::new(inner) })
    }
}

impl fmt::Debug for DedupBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DedupBuilder").field("store", &self.store).finish_non_exhaustive()
    }
}

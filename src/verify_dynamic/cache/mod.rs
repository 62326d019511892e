//! Google's keys, fetched and kept: a thin driver around the rules in [`plan`].
//!
//! Requests read a snapshot without a lock. A fetch runs in a task of its own, so that no caller's
//! cancellation stops it, and everybody who needs it waits for the same one.

mod builder;
mod driver;
mod fetcher;
mod health;
mod plan;
mod policy;
mod snapshot;
mod source;
mod under_way;
mod unknown;

#[cfg(all(test, any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod model;
#[cfg(all(test, any(feature = "aws-lc-rs", feature = "rust-crypto")))]
use self::model::stand_ins as sync;
#[cfg(not(all(test, any(feature = "aws-lc-rs", feature = "rust-crypto"))))]
mod sync;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use self::builder::CachedKeysBuilder;
use self::driver::{Document, Inner};
pub use self::fetcher::{Fetch, FetchFuture, FetchProblem, FetchRequest, Fetched};
pub use self::health::{KeyEvent, KeyHealth};
use self::policy::millis_of;
pub use self::snapshot::{KeySnapshot, SnapshotProblem};
pub use self::source::{KeySource, KeysFuture, LentKeys, Wanted};
use crate::error::Error;

/// Keeps Google's keys: fetched when first needed, refreshed ahead of time, bounded in everything.
///
/// - A request whose key is at hand never waits, and takes no lock until the set is due to be looked
///   for again.
/// - A set is kept for its `max-age`, at most ten minutes, and looked for again at four fifths.
/// - One fetch at a time, two in a row and one more per 30 seconds, whatever the requests hold: a
///   flood of unknown kids costs four fetches in a minute. Without any keys it is one per 5 seconds.
/// - While the endpoint fails the set is used for an hour more; then, and for keys that are not at
///   hand, the answer is [`Error::KeysUnreachable`], which is 503 and never a verdict.
///
/// Cheap to clone; the clones share everything. A fetch needs a tokio runtime that goes on running:
/// without one, the answer is [`Error::KeysUnreachable`].
///
/// # Panics
/// Whoever waits for a fetch on a tokio runtime without its time driver (`enable_time` of its builder)
/// panics.
///
/// # Examples
/// See [`Fetch`].
#[derive(Clone)]
pub struct CachedKeys {
    inner: Arc<Inner>,
}

impl CachedKeys {
    /// Starts to set up a cache over a fetcher; `url` says where the keys come from, so that a
    /// snapshot of another source is refused.
    ///
    /// # Examples
    /// See [`CachedKeysBuilder`].
    pub fn builder(url: impl Into<String>, fetch: impl Fetch) -> CachedKeysBuilder {
        CachedKeysBuilder::new(url.into(), Box::new(fetch))
    }

    /// Fetches the keys now, unless they are at hand: at the start of a server, if it should not
    /// wait for the first request.
    ///
    /// # Errors
    /// [`Error::KeysUnreachable`]: the cache goes on trying when requests come.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::CachedKeys;
    /// # use gemini_webhooks::HttpsFetch;
    /// # use gemini_webhooks::testing::{Ed25519Signer, KeyAnswer, KeyServer, jwks};
    /// # let jwk = Ed25519Signer::from_seed([1; 32]).jwk();
    /// # let server = KeyServer::start(KeyAnswer::document(jwks([jwk])))?;
    /// # let fetch = || HttpsFetch::loopback(&server.url());
    /// # let cache = || CachedKeys::builder(server.url(), fetch()?).build();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    ///
    /// let keys = cache()?;
    /// if let Err(error) = keys.warm_up().await {
    ///     eprintln!("no keys yet: {error}");
    /// }
    /// assert_eq!(keys.health().usable, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn warm_up(&self) -> Result<(), Error> {
        let now = self.inner.now();
        let current = self.inner.current.load();
        if now < current.fresh_until && current.is_usable(now) {
            return Ok(());
        }
        drop(current);
        self.inner.after_fetch(|_| false).await.map(drop)
    }

    /// Tells how the keys are.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::CachedKeys;
    /// # use gemini_webhooks::HttpsFetch;
    /// # use gemini_webhooks::testing::{Ed25519Signer, KeyAnswer, KeyServer, jwks};
    /// # let jwk = Ed25519Signer::from_seed([1; 32]).jwk();
    /// # let server = KeyServer::start(KeyAnswer::document(jwks([jwk])))?;
    /// # let fetch = || HttpsFetch::loopback(&server.url());
    /// # let cache = || CachedKeys::builder(server.url(), fetch()?).build();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    ///
    /// let keys = cache()?;
    /// assert_eq!(keys.health().usable, 0);
    /// keys.warm_up().await?;
    /// assert_eq!((keys.health().usable, keys.health().stale), (1, false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn health(&self) -> KeyHealth {
        let now = self.inner.now();
        let failures = self.inner.lock().state.failures;
        let current = self.inner.current.load();
        if !current.is_usable(now) {
            return KeyHealth { usable: 0, age: None, stale: false, failures };
        }
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
        KeySnapshot::new(&self.inner.url, current.asked_at, &document.body)
    }

    /// Imports keys that another process exported, as if they had been fetched when those were.
    ///
    /// # Errors
    /// [`SnapshotProblem`] when it is of another URL, too old, of the future, or not usable. A set
    /// at hand that is newer stays, without an error.
    ///
    /// # Security
    /// Whoever can write the snapshot can forge deliveries. Keep it where you keep secrets.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{CachedKeys, KeySnapshot};
    /// # use gemini_webhooks::HttpsFetch;
    /// # use gemini_webhooks::testing::{Ed25519Signer, KeyAnswer, KeyServer, jwks};
    /// # let jwk = Ed25519Signer::from_seed([1; 32]).jwk();
    /// # let server = KeyServer::start(KeyAnswer::document(jwks([jwk])))?;
    /// # let fetch = || HttpsFetch::loopback(&server.url());
    /// # let cache = || CachedKeys::builder(server.url(), fetch()?).build();
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    ///
    /// let (keys, of_another_process) = (cache()?, cache()?);
    /// keys.warm_up().await?;
    /// let file = serde_json::to_string(&keys.snapshot())?;
    ///
    /// if let Some(snapshot) = serde_json::from_str::<Option<KeySnapshot>>(&file)? {
    ///     of_another_process.import(&snapshot)?;
    /// }
    /// assert_eq!(of_another_process.health().usable, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import(&self, snapshot: &KeySnapshot) -> Result<(), SnapshotProblem> {
        let now = self.inner.now();
        let oldest =
            now.saturating_sub(self.inner.policy.ttl.saturating_add(self.inner.policy.stale));
        let (keys, asked_at) = snapshot.read(&self.inner.url, oldest, now)?;
        let (keys, body) = (Arc::new(keys), snapshot.document());
        let document = Document { keys, body, etag: None, max_age: None };
        let mut kept = self.inner.lock();
        if kept.state.import(Arc::clone(&document.keys), asked_at, now) {
            kept.document = Some(document);
            self.inner.publish(&kept);
        }
        Ok(())
    }
}

impl KeySource for CachedKeys {
    #[inline]
    fn at_hand(&self, wanted: Wanted<'_>, now: SystemTime) -> Option<LentKeys> {
        let current = self.inner.current.load();
        let now = millis_of(now);
        let good = now < current.refresh_at && current.is_usable(now) && wanted.is_met_by(&current);
        good.then(|| LentKeys::cached(current))
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        Box::pin(async move {
            let keys = self.inner.look(wanted).await?;
            // The same, with what is known of its age.
            let current = self.inner.current.load();
            let is_current = Arc::ptr_eq(&current.keys, &keys);
            Ok(if is_current { LentKeys::cached(current) } else { keys.into() })
        })
    }

    fn held(&self, now: SystemTime) -> Option<LentKeys> {
        let current = self.inner.current.load();
        current.is_usable(millis_of(now)).then(|| LentKeys::cached(current))
    }
}

impl fmt::Debug for CachedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedKeys").field("health", &self.health()).finish_non_exhaustive()
    }
}

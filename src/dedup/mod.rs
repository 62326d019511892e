//! Once-only processing: the sender delivers at least once, and retries for 24 hours.
//!
//! Three steps: a delivery is claimed with a lease, worked on, and committed; a failed one is
//! released. Whoever crashes in between loses nothing, because the lease ends and the sender's retry
//! runs.

mod builder;
mod key;
#[cfg(feature = "dedup-memory")]
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod store;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

pub use self::builder::DedupBuilder;
pub use self::key::DedupKey;
#[cfg(feature = "dedup-memory")]
pub use self::memory::MemoryStore;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use self::store::{ClaimId, Claimed, DedupStore, StoreFuture, StoreUnavailable};
use crate::clock::{Clock, unix_seconds};
use crate::delivery::{Delivery, Scheme};
use crate::limits::MAX_LEEWAY_SECONDS;

/// Sees to it that the work for an event is done once, however often it is delivered.
///
/// Only a verified [`Delivery`] can be claimed, under a key that no forger can occupy: see
/// [`DedupKey`]. Cheap to clone; the clones share everything.
///
/// # Security
/// Once means: what ran to its end is not run again for 25 hours, unless the store forgets. Work
/// whose lease ends before it does, or whose machine dies after the work and before the commit, runs
/// again. Where that must not be, let the work's own transaction hold the key.
///
/// # Examples
#[cfg_attr(feature = "dedup-memory", doc = "```")]
#[cfg_attr(not(feature = "dedup-memory"), doc = "```ignore")]
/// use gemini_webhooks::{Dedup, Delivery, MemoryStore, Once};
/// use http::StatusCode;
///
/// async fn receive(dedup: &Dedup, delivery: Delivery) -> StatusCode {
///     let outcome = dedup.process_once(&delivery, async {
///         println!("{:?}", delivery.event());
///         Ok::<_, std::io::Error>(())
///     });
///     match outcome.await {
///         Ok(Once::Processed(()) | Once::Duplicate) => StatusCode::NO_CONTENT,
///         Err(not_processed) => not_processed.status(),
///     }
/// }
///
/// let dedup = Dedup::builder(MemoryStore::new()).build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Dedup {
    inner: Arc<Inner>,
}

struct Inner {
    store: Box<dyn DedupStore>,
    namespace: String,
    lease: Duration,
    keep: Duration,
    when_down: WhenDown,
    clock: Arc<dyn Clock>,
}

/// Tells how a delivery went that is not an error: answer 2xx to both.
///
/// # Examples
/// ```
/// use gemini_webhooks::{NotProcessed, Once};
/// use http::StatusCode;
///
/// fn answer<T, E>(outcome: Result<Once<T>, NotProcessed<E>>) -> StatusCode {
///     match outcome {
///         Ok(Once::Processed(_) | Once::Duplicate) => StatusCode::NO_CONTENT,
///         Err(not_processed) => not_processed.status(),
///     }
/// }
///
/// assert_eq!(answer::<(), ()>(Ok(Once::Duplicate)), 204);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Once<T> {
    /// It was processed now; what the work returned.
    Processed(T),
    /// It was processed before.
    Duplicate,
}

/// Tells why a delivery was not processed: the sender will come again, and nothing is lost.
///
/// # Examples
/// ```
/// use gemini_webhooks::NotProcessed;
///
/// assert_eq!(NotProcessed::<&str>::InFlight.status(), 503);
/// let failed = NotProcessed::Failed("the disk is full");
/// assert_eq!(failed.status(), 500);
/// assert_eq!(failed.to_string(), "the work failed: the disk is full");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProcessed<E> {
    /// Somebody else is working on it, or has crashed and the lease has not ended yet.
    #[error("another attempt of this delivery is being processed")]
    InFlight,
    /// The store cannot be reached, so that nobody knows whether it was processed.
    #[error("the deduplication store cannot be reached")]
    StoreDown,
    /// The work failed; the claim was released, so that a retry runs at once.
    #[error("the work failed: {0}")]
    Failed(E),
}

impl<E> NotProcessed<E> {
    /// Returns what to answer: 503, or 500 where the work failed.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::InFlight | Self::StoreDown => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// What becomes of a delivery while the store cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhenDown {
    Refuse,
    Process,
}

/// The answer to a claim.
///
/// # Examples
/// See [`Dedup::claim`].
#[derive(Debug)]
pub enum Claim {
    /// It is ours to process until the lease ends.
    Ours(Lease),
    /// Somebody else is working on it: answer 503.
    InFlight,
    /// It was processed: answer 2xx.
    Done,
}

/// Holds the right to process a delivery, until it is committed or released, or its time ends.
///
/// Dropped without either, it ends by itself after its time, and the sender's retry runs.
///
/// # Examples
/// Work that cannot be done now is given back, so that a retry can start at once:
#[cfg_attr(feature = "dedup-memory", doc = "```")]
#[cfg_attr(not(feature = "dedup-memory"), doc = "```ignore")]
/// use gemini_webhooks::{Claim, Dedup, MemoryStore};
/// # use gemini_webhooks::testing::StaticSigner;
/// # use gemini_webhooks::{Secret, StaticVerifier};
/// # let secret = Secret::from_raw_bytes([7; 32])?;
/// # let request = StaticSigner::new(&secret).sign("msg_1", std::time::SystemTime::now(), "{}");
/// # let verifier = StaticVerifier::builder().secret(secret).build()?;
/// # let delivery = verifier.verify(&request.headers, request.body)?;
/// # tokio::runtime::Runtime::new()?.block_on(async {
///
/// let dedup = Dedup::builder(MemoryStore::new()).build()?;
/// let Claim::Ours(lease) = dedup.claim(&delivery).await? else { panic!() };
/// assert!(matches!(dedup.claim(&delivery).await?, Claim::InFlight));
/// assert!(lease.release().await?);
/// assert!(matches!(dedup.claim(&delivery).await?, Claim::Ours(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a lease is committed or released; dropped, it only ends after its time"]
pub struct Lease {
    dedup: Dedup,
    key: DedupKey,
    claim: ClaimId,
    keep: Duration,
}

impl Dedup {
    /// Starts to set up deduplication over a store.
    ///
    /// # Examples
    /// See [`DedupBuilder`].
    pub fn builder(store: impl DedupStore) -> DedupBuilder {
        DedupBuilder::new(store)
    }

    /// Does the work for a delivery unless it was done before.
    ///
    /// If this future is dropped, or the work panics, the claim ends with its lease and the sender's
    /// retry runs. Once the work has succeeded the answer is 2xx, even where the store fails to take
    /// note of it.
    ///
    /// # Errors
    /// [`NotProcessed`]; answer its [`status`](NotProcessed::status), and the sender comes again.
    ///
    /// # Examples
    #[cfg_attr(feature = "dedup-memory", doc = "```")]
    #[cfg_attr(not(feature = "dedup-memory"), doc = "```ignore")]
    /// use gemini_webhooks::{Dedup, MemoryStore, Once};
    /// # use gemini_webhooks::testing::StaticSigner;
    /// # use gemini_webhooks::{Secret, StaticVerifier};
    /// # let secret = Secret::from_raw_bytes([7; 32])?;
    /// # let request = StaticSigner::new(&secret).sign("msg_1", std::time::SystemTime::now(), "{}");
    /// # let verifier = StaticVerifier::builder().secret(secret).build()?;
    /// # let delivery = verifier.verify(&request.headers, request.body)?;
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    ///
    /// let dedup = Dedup::builder(MemoryStore::new()).build()?;
    /// let work = || async { Ok::<_, std::io::Error>("done") };
    /// assert_eq!(dedup.process_once(&delivery, work()).await?, Once::Processed("done"));
    /// assert_eq!(dedup.process_once(&delivery, work()).await?, Once::Duplicate);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn process_once<T, E>(
        &self,
        delivery: &Delivery,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<Once<T>, NotProcessed<E>> {
        let lease = match self.claim(delivery).await {
            Ok(Claim::Ours(lease)) => Some(lease),
            Ok(Claim::InFlight) => return Err(NotProcessed::InFlight),
            Ok(Claim::Done) => return Ok(Once::Duplicate),
            Err(StoreUnavailable) if self.inner.when_down == WhenDown::Process => None,
            Err(StoreUnavailable) => return Err(NotProcessed::StoreDown),
        };
        let result = work.await;
        if let Some(lease) = lease {
            // Neither changes what happened: at worst the lease ends by itself.
            let _ = match result {
                Ok(_) => lease.commit().await,
                Err(_) => lease.release().await,
            };
        }
        result.map(Once::Processed).map_err(NotProcessed::Failed)
    }

    /// Claims a delivery: the first step, for work that `process_once` does not fit.
    ///
    /// # Errors
    /// [`StoreUnavailable`]: answer 503.
    ///
    /// # Examples
    #[cfg_attr(feature = "dedup-memory", doc = "```")]
    #[cfg_attr(not(feature = "dedup-memory"), doc = "```ignore")]
    /// use gemini_webhooks::{Claim, Dedup, MemoryStore};
    /// # use gemini_webhooks::testing::StaticSigner;
    /// # use gemini_webhooks::{Secret, StaticVerifier};
    /// # let secret = Secret::from_raw_bytes([7; 32])?;
    /// # let request = StaticSigner::new(&secret).sign("msg_1", std::time::SystemTime::now(), "{}");
    /// # let verifier = StaticVerifier::builder().secret(secret).build()?;
    /// # let delivery = verifier.verify(&request.headers, request.body)?;
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    ///
    /// let dedup = Dedup::builder(MemoryStore::new()).build()?;
    /// match dedup.claim(&delivery).await? {
    ///     Claim::Ours(lease) => {
    ///         println!("{:?}", delivery.event());
    ///         lease.commit().await?;
    ///     }
    ///     Claim::InFlight => println!("somebody else is working on it: answer 503"),
    ///     Claim::Done => println!("it was processed: answer 2xx"),
    /// }
    /// assert!(matches!(dedup.claim(&delivery).await?, Claim::Done));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn claim(&self, delivery: &Delivery) -> Result<Claim, StoreUnavailable> {
        let Inner { store, lease, clock, .. } = &*self.inner;
        let (key, claim) = (self.key(delivery), ClaimId::new());
        let claimed = store.claim(key, claim, *lease, clock.now()).await?;
        Ok(match claimed {
            Claimed::Ours => {
                Claim::Ours(Lease { dedup: self.clone(), key, claim, keep: self.keep(delivery) })
            }
            Claimed::InFlight => Claim::InFlight,
            Claimed::Done => Claim::Done,
        })
    }

    /// Returns the key of a delivery, for a step of yours that does more at once: in a transaction
    /// with the work, or with a queue.
    #[must_use]
    pub fn key(&self, delivery: &Delivery) -> DedupKey {
        DedupKey::of(delivery, &self.inner.namespace)
    }

    /// Returns how long to remember a delivery: as long as the sender retries, and as long as a token
    /// is valid.
    #[must_use]
    pub fn keep(&self, delivery: &Delivery) -> Duration {
        let Scheme::Jwt(jwt) = delivery.scheme() else { return self.inner.keep };
        let expires_at = jwt.expires_at().unix_timestamp();
        let left = expires_at.saturating_sub(unix_seconds(self.inner.clock.now()));
        let left = u64::try_from(left).unwrap_or(0).saturating_add(MAX_LEEWAY_SECONDS);
        self.inner.keep.max(Duration::from_secs(left))
    }
}

impl Lease {
    /// Takes note that the work is done. Tells whether the lease was still ours: if not, somebody
    /// else may have done the work as well.
    ///
    /// # Errors
    /// [`StoreUnavailable`]: the work is done all the same, so answer 2xx.
    pub async fn commit(self) -> Result<bool, StoreUnavailable> {
        let Inner { store, clock, .. } = &*self.dedup.inner;
        store.commit(self.key, self.claim, self.keep, clock.now()).await
    }

    /// Gives the delivery back, so that a retry runs at once. Tells whether it was still ours.
    ///
    /// # Errors
    /// [`StoreUnavailable`]: then the lease ends by itself.
    pub async fn release(self) -> Result<bool, StoreUnavailable> {
        let Inner { store, clock, .. } = &*self.dedup.inner;
        store.release(self.key, self.claim, clock.now()).await
    }
}

impl fmt::Debug for Dedup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { store, namespace, lease, keep, when_down, clock: _ } = &*self.inner;
        f.debug_struct("Dedup")
            .field("store", store)
            .field("namespace", namespace)
            .field("lease", lease)
            .field("keep", keep)
            .field("when_down", when_down)
            .finish_non_exhaustive()
    }
}

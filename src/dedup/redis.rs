//! The store that several machines share.

use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisResult, Script, ScriptInvocation};

use super::key::DedupKey;
use super::store::{ClaimId, Claimed, DedupStore, StoreFuture, StoreUnavailable};
use crate::error::ConfigError;

/// How long a step may take, with the connection that it may have to make. The sender waits a few
/// seconds for its answer (Google's page).
const TIMEOUT: Duration = Duration::from_secs(2);

/// Remembers deliveries in Redis, 6.2 or later: for a receiver on several machines.
///
/// Each step is one script on one key, so that it is atomic. Times are judged by the server's clock
/// alone. The connection is made when it is first needed, and a new one after a step that failed;
/// whatever the reason, a step without an answer after 2 seconds is [`StoreUnavailable`].
///
/// For `rediss://`, which is TLS, turn a TLS feature of the crate `redis` on in your `Cargo.toml`,
/// such as `tokio-rustls-comp`; without it such a URL is [`ConfigError::RedisUrl`].
///
/// # Panics
/// A step panics outside of a tokio runtime, and on one without its drivers of time and IO (`enable_all`
/// of its builder).
///
/// # Security
/// A Redis that evicts keys (`maxmemory-policy` other than `noeviction`), or that lost its memory in
/// a failover, lets what was processed run again. Who can write to it can suppress deliveries.
///
/// # Examples
/// ```no_run
/// use gemini_webhooks::{Dedup, RedisStore};
///
/// let store = RedisStore::new("redis://user:password@redis.internal/")?;
/// let dedup = Dedup::builder(store).namespace("orders").build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct RedisStore {
    client: Client,
    /// The connection of all clones, once there is one.
    connection: Arc<Mutex<Option<Connection>>>,
    prefix: String,
}

/// In an `Arc` to be told from the one that takes its place.
type Connection = Arc<ConnectionManager>;

/// The value of a key is `done`, or the id of the claim in so many bytes.
static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local kept = redis.call('GET', KEYS[1])
         if not kept then
             redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
             return 'ours'
         end
         if kept == 'done' then return 'done' end
         return 'in flight'",
    )
});

static COMMIT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local kept = redis.call('GET', KEYS[1])
         if kept and kept ~= ARGV[1] then return 0 end
         redis.call('SET', KEYS[1], 'done', 'PX', ARGV[2])
         return 1",
    )
});

static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         return redis.call('DEL', KEYS[1])",
    )
});

impl RedisStore {
    /// Makes a store at a URL such as `redis://127.0.0.1/`; nothing is connected before it is first
    /// needed.
    ///
    /// # Errors
    /// [`ConfigError::RedisUrl`].
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{ConfigError, RedisStore};
    ///
    /// let store = RedisStore::new("redis://127.0.0.1/")?;
    /// assert_eq!(RedisStore::new("127.0.0.1:6379").unwrap_err(), ConfigError::RedisUrl);
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        Client::open(url).map(Self::with_client).map_err(|_| ConfigError::RedisUrl)
    }

    /// Makes a store with a client of yours, which may bring certificates.
    #[must_use]
    pub fn with_client(client: Client) -> Self {
        let prefix = "gemini-webhooks:".to_owned();
        Self { client, connection: Arc::default(), prefix }
    }

    /// Sets what the names of the keys start with; `gemini-webhooks:` if not set.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        script: ScriptInvocation<'_>,
    ) -> Result<T, StoreUnavailable> {
        let connection = self.connection().map_err(|_| StoreUnavailable)?;
        let mut manager = ConnectionManager::clone(&connection);
        let answer = tokio::time::timeout(TIMEOUT, script.invoke_async(&mut manager)).await;
        answer.map_err(drop).and_then(|answer| answer.map_err(drop)).map_err(|()| {
            self.leave(&connection);
            StoreUnavailable
        })
    }

    fn connection(&self) -> RedisResult<Connection> {
        let mut kept = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = &*kept {
            return Ok(connection.clone());
        }
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let manager = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        Ok(kept.insert(Arc::new(manager)).clone())
    }

    /// Lets the next step connect anew, unless another has seen to it. The manager alone would stay
    /// for good with a log-in that was refused once, and for a quarter of an hour with a connection
    /// whose other end vanished without a word.
    fn leave(&self, failed: &Connection) {
        let mut kept = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, failed)) {
            *kept = None;
        }
    }

    fn invocation(
        &self,
        script: &'static Script,
        key: DedupKey,
        claim: ClaimId,
    ) -> ScriptInvocation<'static> {
        let mut invocation = script.prepare_invoke();
        invocation.key([self.prefix.as_bytes(), key.as_bytes()].concat());
        invocation.arg(claim.as_bytes().as_slice());
        invocation
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl DedupStore for RedisStore {
    fn claim(
        &self,
        key: DedupKey,
        claim: ClaimId,
        lease: Duration,
        _: SystemTime,
    ) -> StoreFuture<'_, Claimed> {
        Box::pin(async move {
            let mut script = self.invocation(&CLAIM, key, claim);
            script.arg(millis(lease));
            let answer: String = self.run(script).await?;
            match answer.as_str() {
                "ours" => Ok(Claimed::Ours),
                "in flight" => Ok(Claimed::InFlight),
                "done" => Ok(Claimed::Done),
                _ => Err(StoreUnavailable),
            }
        })
    }

    fn commit(
        &self,
        key: DedupKey,
        claim: ClaimId,
        keep: Duration,
        _: SystemTime,
    ) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let mut script = self.invocation(&COMMIT, key, claim);
            script.arg(millis(keep));
            self.run(script).await
        })
    }

    fn release(&self, key: DedupKey, claim: ClaimId, _: SystemTime) -> StoreFuture<'_, bool> {
        Box::pin(async move { self.run(self.invocation(&RELEASE, key, claim)).await })
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the connection: its address may hold a password.
        f.debug_struct("RedisStore").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

//! The one step between the verification and the answer.

use std::time::Duration;

use gemini_webhooks::{Dedup, Delivery, RedisStore};
use redis::Script;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::time::timeout;

use super::Result;

/// All keys share the part in braces, so that in a cluster they are in one place.
pub(crate) const STREAM: &str = "{gemini}:events";
const SEEN: &str = "{gemini}:seen:";

/// The sender waits a few seconds for its answer.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Both or neither: a crash in between would lose the event, or let it run twice.
const ACCEPT: &str = "
    if not redis.call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[1]) then return 0 end
    redis.call('XADD', KEYS[2], '*', 'record', ARGV[2])
    return 1";

#[derive(Clone)]
pub(crate) struct Intake {
    /// For the keys alone: the claim is made here.
    dedup: Dedup,
    redis: ConnectionManager,
    accept: Script,
}

impl Intake {
    pub(crate) fn new(redis_url: &str) -> Result<Self> {
        let dedup = Dedup::builder(RedisStore::new(redis_url)?).build()?;
        let config = ConnectionManagerConfig::new().set_response_timeout(Some(TIMEOUT));
        let client = redis::Client::open(redis_url)?;
        let redis = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self { dedup, redis, accept: Script::new(ACCEPT) })
    }

    /// Puts the event into the stream, unless it was there before; tells whether it was new.
    ///
    /// An error says that nobody knows: answer 503, and the sender comes again.
    pub(crate) async fn accept(&self, delivery: Delivery) -> Result<bool> {
        let mut redis = self.redis.clone();
        let mut step =
            self.accept.key([SEEN.as_bytes(), self.dedup.key(&delivery).as_bytes()].concat());
        step.key(STREAM).arg(u64::try_from(self.dedup.keep(&delivery).as_millis())?);
        step.arg(serde_json::to_string(&delivery.into_record())?);
        Ok(timeout(TIMEOUT, step.invoke_async(&mut redis)).await??)
    }
}

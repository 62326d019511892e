//! A worker: one of a consumer group, so that each event goes to one of them.

use std::time::Duration;

use gemini_webhooks::Record;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, Script, Value, cmd};
use tokio::time::sleep;

use super::Result;
use super::intake::STREAM;

pub(crate) const GROUP: &str = "workers";
/// What the work comes to: how often each event had its effect.
pub(crate) const EFFECTS: &str = "{gemini}:effects";
/// The same of an effect outside of the transaction.
pub(crate) const OUTSIDE_EFFECTS: &str = "{gemini}:outside";

/// A worker that has been silent for so long is taken for dead. Longer than any work takes, or that
/// work is begun twice. (In earnest a minute or more; here we want to see it.)
const SILENCE: Duration = Duration::from_secs(2);

/// The effect and the acknowledgement in one. Whoever was taken for dead and was not comes too late
/// here, and has no effect.
const FINISH: &str = "
    if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
    redis.call('XDEL', KEYS[1], ARGV[2])
    redis.call('HINCRBY', KEYS[2], ARGV[3], 1)
    return 1";

struct Worker {
    name: String,
    redis: MultiplexedConnection,
    finish: Script,
}

/// An entry of the stream: its id there, and the record.
type Entry = (String, String);

pub(crate) async fn run(redis_url: &str, name: &str) -> Result<()> {
    let client = redis::Client::open(redis_url)?;
    loop {
        // Whatever breaks, an outage of Redis above all: what is not acknowledged comes again.
        let Err(error) = work(&client, name).await;
        eprintln!("worker {name}: {error}");
        sleep(Duration::from_millis(500)).await;
    }
}

async fn work(client: &redis::Client, name: &str) -> Result<std::convert::Infallible> {
    let config = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(5)));
    let redis = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut worker = Worker { name: name.to_owned(), redis, finish: Script::new(FINISH) };
    worker.join_group().await?;
    loop {
        let mut entries = worker.take_over().await?;
        if entries.is_empty() {
            entries = worker.take().await?;
        }
        for (id, record) in entries {
            worker.process(&id, &record).await?;
        }
    }
}

impl Worker {
    async fn join_group(&mut self) -> Result<()> {
        let mut create = cmd("XGROUP");
        create.arg("CREATE").arg(STREAM).arg(GROUP).arg("0").arg("MKSTREAM");
        match create.exec_async(&mut self.redis).await {
            Err(error) if error.code() != Some("BUSYGROUP") => Err(error.into()),
            _created_or_there_already => Ok(()),
        }
    }

    /// What is new, waiting for it for a moment.
    async fn take(&mut self) -> Result<Vec<Entry>> {
        let mut take = cmd("XREADGROUP");
        take.arg("GROUP").arg(GROUP).arg(&self.name).arg("COUNT").arg(50);
        take.arg("BLOCK").arg(500).arg("STREAMS").arg(STREAM).arg(">");
        let answer: Option<Vec<(String, Value)>> = take.query_async(&mut self.redis).await?;
        let Some((_, entries)) = answer.and_then(|mut streams| streams.pop()) else {
            return Ok(Vec::new());
        };
        read_entries(entries)
    }

    /// What others had in hand when they fell silent.
    async fn take_over(&mut self) -> Result<Vec<Entry>> {
        let mut take_over = cmd("XAUTOCLAIM");
        take_over.arg(STREAM).arg(GROUP).arg(&self.name).arg(u64::try_from(SILENCE.as_millis())?);
        take_over.arg("0-0").arg("COUNT").arg(50);
        // The next start, the entries, and from Redis 7 on those that are no more.
        let answer: Vec<Value> = take_over.query_async(&mut self.redis).await?;
        let entries = answer.into_iter().nth(1).unwrap_or(Value::Nil);
        read_entries(entries)
    }

    async fn process(&mut self, id: &str, record: &str) -> Result<()> {
        let record: Record = serde_json::from_str(record)?;
        let webhook_id = record.id().as_str();
        // The work: some time, and something that no transaction of Redis can take back.
        sleep(Duration::from_millis(1)).await;
        let mut outside = cmd("HINCRBY");
        outside.arg(OUTSIDE_EFFECTS).arg(webhook_id).arg(1).exec_async(&mut self.redis).await?;
        let mut finish = self.finish.key(STREAM);
        finish.key(EFFECTS).arg(GROUP).arg(id).arg(webhook_id);
        let _done_or_too_late: bool = finish.invoke_async(&mut self.redis).await?;
        Ok(())
    }
}

/// Entries as Redis lists them: each an id with its fields, of which there is one.
fn read_entries(entries: Value) -> Result<Vec<Entry>> {
    let entries = Option::<Vec<Option<(String, (String, String))>>>::from_redis_value(entries)?;
    // An entry that was deleted comes as nothing, before Redis 7.
    let entries = entries.unwrap_or_default().into_iter().flatten();
    Ok(entries.map(|(id, (_field, record))| (id, record)).collect())
}

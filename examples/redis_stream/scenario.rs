//! Plays all of it, each part in a process of its own: Redis, two receivers, three workers of which
//! one is killed in the middle of its work, and the Gemini API with duplicates and retries.

use std::collections::HashMap;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use gemini_webhooks::Secret;
use gemini_webhooks::testing::{StaticSigner, sample_body};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use tokio::time::{sleep, timeout};

use super::Result;
use super::intake::STREAM;
use super::server::{RedisServer, signal};
use super::worker::{EFFECTS, GROUP, OUTSIDE_EFFECTS};

const DELIVERIES: usize = 10_000;
const EVENTS: usize = 7_000;
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn run() -> Result<()> {
    let started = Instant::now();
    let server = RedisServer::start();
    let mut redis = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
    let receivers = [Program::receiver(&server)?, Program::receiver(&server)?];
    let _workers = [Program::worker(&server, "worker-1")?, Program::worker(&server, "worker-2")?];
    let victim = Program::worker(&server, "worker-3")?;

    let sender = tokio::spawn(deliver_all(receivers.each_ref().map(|r| r.address.clone())));
    let in_hand = timeout(PATIENCE, kill_in_the_middle(victim, &mut redis)).await??;
    let retries = sender.await??;
    timeout(PATIENCE, until_all_is_done(&mut redis)).await??;

    let effects: HashMap<String, u64> = redis.hgetall(EFFECTS).await?;
    let outside: HashMap<String, u64> = redis.hgetall(OUTSIDE_EFFECTS).await?;
    let lost = EVENTS - effects.len();
    let twice = effects.values().filter(|count| **count != 1).count();
    let outside_twice = outside.values().filter(|count| **count > 1).count();
    println!("{DELIVERIES} deliveries of {EVENTS} events to 2 receivers, {retries} retries");
    println!("1 of 3 workers was killed with {in_hand} events in hand");
    println!("lost: {lost}; effect in the transaction not exactly once: {twice}");
    println!(
        "effect outside of it: never {}, more than once {outside_twice}",
        EVENTS - outside.len()
    );
    println!("{:.1} s", started.elapsed().as_secs_f32());
    if lost > 0 || twice > 0 || outside.len() != EVENTS {
        return Err("events were lost or processed twice".into());
    }
    Ok(())
}

/// Sends everything, some of it more than once and at the same time, until it is taken.
async fn deliver_all(receivers: [String; 2]) -> Result<usize> {
    let next = Arc::new(AtomicUsize::new(0));
    let client = reqwest::Client::new();
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let (next, client, receivers) = (next.clone(), client.clone(), receivers.clone());
            tokio::spawn(async move {
                let mut retries = 0;
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    if n >= DELIVERIES {
                        return Ok(retries);
                    }
                    // Three of ten come again at once, and to the other receiver.
                    let event = n / 10 * 7 + n % 10 % 7;
                    retries += deliver(&client, &receivers[n / 7 % 2], event).await?;
                }
            })
        })
        .collect();
    let mut retries = 0;
    for task in tasks {
        let sent: Result<usize> = task.await?;
        retries += sent?;
    }
    Ok(retries)
}

/// Delivers as the Gemini API does: whatever is not a 2xx is sent again. Tells how often it was.
async fn deliver(client: &reqwest::Client, receiver: &str, event: usize) -> Result<usize> {
    let signer = StaticSigner::new(&Secret::parse(SECRET)?);
    let body = sample_body("batch.succeeded").unwrap_or_default();
    for retries in 0..100 {
        let request = signer.sign(&format!("msg_{event}"), SystemTime::now(), body);
        let sent = client.post(receiver).headers(request.headers).body(request.body).send().await;
        if sent.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(retries);
        }
        sleep(Duration::from_millis(100)).await;
    }
    Err("a delivery was refused 100 times".into())
}

/// Kills a worker when a third is done, and tells how many events it had in hand.
async fn kill_in_the_middle(victim: Program, redis: &mut MultiplexedConnection) -> Result<usize> {
    while redis.hlen::<_, usize>(EFFECTS).await? < EVENTS / 3 {
        sleep(Duration::from_millis(5)).await;
    }
    loop {
        // Held still, so that it has in hand what we see it have.
        signal(&victim.process, "-STOP");
        let (_, _, _, pending) = pending(redis).await?;
        let of_victim = pending.into_iter().flatten().find(|(name, _)| name == "worker-3");
        if let Some((_, count)) = of_victim {
            return Ok(count.parse()?);
        }
        signal(&victim.process, "-CONT");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Until the stream is empty and nobody has anything in hand.
async fn until_all_is_done(redis: &mut MultiplexedConnection) -> Result<()> {
    loop {
        let (in_hand, ..) = pending(redis).await?;
        let waiting: usize = redis::cmd("XLEN").arg(STREAM).query_async(redis).await?;
        if in_hand == 0 && waiting == 0 {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// How many events are in hand, from which to which, and of whom how many.
type Pending = (usize, Option<String>, Option<String>, Option<Vec<(String, String)>>);

async fn pending(redis: &mut MultiplexedConnection) -> Result<Pending> {
    Ok(redis::cmd("XPENDING").arg(STREAM).arg(GROUP).query_async(redis).await?)
}

/// This program in another role and in a process of its own, which is killed when it is dropped.
struct Program {
    process: Child,
    address: String,
}

impl Program {
    fn receiver(server: &RedisServer) -> Result<Self> {
        let mut receiver = Self::start(server, &["receiver"])?;
        let output = receiver.process.stdout.take().ok_or("no output")?;
        BufReader::new(output).read_line(&mut receiver.address)?;
        receiver.address.truncate(receiver.address.trim_end().len());
        Ok(receiver)
    }

    fn worker(server: &RedisServer, name: &str) -> Result<Self> {
        Self::start(server, &["worker", name])
    }

    fn start(server: &RedisServer, role: &[&str]) -> Result<Self> {
        let process = Command::new(env::current_exe()?)
            .args(role)
            .env("REDIS_URL", server.url())
            .env("WEBHOOK_SIGNING_SECRET", SECRET)
            .env("LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self { process, address: String::new() })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

//! Answer first, work later, in one process: the queue is a channel, and when it is full the sender
//! comes again.
//!
//! ```text
//! cargo run --features dedup-memory --example answer_first
//! ```
//!
//! It runs the receiver, plays the Gemini API to it over HTTP, with duplicates and more deliveries
//! than it can take, stops it in the middle and starts it again; and it ends with an error if an
//! event was lost or processed twice.
//!
//! A 2xx is a promise: from then on nobody else will try. So the worker tries again by itself until
//! the work is done, and a stop waits until the queue is empty. A process that is killed loses what
//! is in its queue; where that matters, see the example `redis_stream`.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::Verified;
use gemini_webhooks::testing::{StaticSigner, sample_body};
use gemini_webhooks::{
    Dedup, Delivery, MemoryStore, NotProcessed, Secret, StaticVerifier, Verifier,
};
use tokio::net::TcpListener;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::sleep;

type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// How many deliveries may wait. Small, to see it full.
const QUEUE: usize = 32;

#[derive(Clone)]
struct App {
    verifier: Verifier,
    queue: mpsc::Sender<Delivery>,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

/// Verifies, queues, answers. Everything that takes time is the worker's.
async fn hook(State(app): State<App>, Verified(delivery): Verified) -> StatusCode {
    match app.queue.try_send(delivery) {
        Ok(()) => StatusCode::NO_CONTENT,
        // Full, or about to stop: the sender comes again, for 24 hours.
        Err(TrySendError::Full(_) | TrySendError::Closed(_)) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Works through the queue until it is empty and nobody can put anything into it any more.
async fn work(mut queue: mpsc::Receiver<Delivery>, dedup: Dedup, ledger: Arc<Ledger>) {
    while let Some(delivery) = queue.recv().await {
        while let Err(error) = dedup.process_once(&delivery, ledger.enter(&delivery)).await {
            let pause = match error {
                NotProcessed::Failed(_) => Duration::from_millis(1),
                NotProcessed::InFlight | NotProcessed::StoreDown => Duration::from_secs(1),
            };
            sleep(pause).await;
        }
    }
}

/// What the work is here: to enter each event once. Some of it fails at first, as work does.
#[derive(Default)]
struct Ledger {
    entries: Mutex<HashMap<String, usize>>,
    failed: Mutex<HashSet<String>>,
}

impl Ledger {
    async fn enter(&self, delivery: &Delivery) -> Result<(), &'static str> {
        sleep(Duration::from_millis(1)).await;
        let id = delivery.id().as_str();
        if id.ends_with('7') && self.failed.lock().unwrap().insert(id.to_owned()) {
            return Err("the database was busy");
        }
        *self.entries.lock().unwrap().entry(id.to_owned()).or_default() += 1;
        Ok(())
    }
}

/// A running receiver: the server and its worker.
struct Receiver {
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
    worker: JoinHandle<()>,
}

impl Receiver {
    async fn start(
        address: SocketAddr,
        dedup: &Dedup,
        ledger: &Arc<Ledger>,
    ) -> Result<(Self, SocketAddr)> {
        let verifier = StaticVerifier::builder().secret(secret()?).build()?.into();
        let (queue, deliveries) = mpsc::channel(QUEUE);
        let worker = tokio::spawn(work(deliveries, dedup.clone(), ledger.clone()));
        let app =
            Router::new().route("/gemini-callback", post(hook)).with_state(App { verifier, queue });
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let stopped = async move { stopped.await.unwrap_or_default() };
        let server =
            tokio::spawn(axum::serve(listener, app).with_graceful_shutdown(stopped).into_future());
        Ok((Self { stop, server, worker }, address))
    }

    /// Answers what has come in, and does all that it has promised.
    async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        self.server.await??;
        // The router is gone and with it the sender of the queue.
        Ok(self.worker.await?)
    }
}

fn secret() -> Result<Secret> {
    Ok(Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?)
}

const EVENTS: usize = 1_000;

/// The Gemini side: every event at least once, every third twice, and again after anything but 2xx.
#[derive(Default)]
struct Sender {
    client: reqwest::Client,
    next: AtomicUsize,
    deliveries: AtomicUsize,
    full: AtomicUsize,
    unreachable: AtomicUsize,
}

impl Sender {
    async fn run(self: Arc<Self>, address: SocketAddr) -> Result<()> {
        loop {
            let event = self.next.fetch_add(1, Ordering::Relaxed);
            if event >= EVENTS {
                return Ok(());
            }
            self.deliver(address, event).await?;
            if event.is_multiple_of(3) {
                self.deliver(address, event).await?;
            }
        }
    }

    async fn deliver(&self, address: SocketAddr, event: usize) -> Result<()> {
        self.deliveries.fetch_add(1, Ordering::Relaxed);
        let signer = StaticSigner::new(&secret()?);
        let body = sample_body("video.generated").unwrap_or_default();
        for _ in 0..1_000 {
            let request = signer.sign(&format!("msg_{event}"), SystemTime::now(), body);
            let post = self.client.post(format!("http://{address}/gemini-callback"));
            match post.headers(request.headers).body(request.body).send().await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    self.full.fetch_add(1, Ordering::Relaxed);
                }
                Ok(answer) => return Err(format!("refused: {}", answer.status()).into()),
                Err(_) => {
                    self.unreachable.fetch_add(1, Ordering::Relaxed);
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
        Err("a delivery was refused 1000 times".into())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let dedup = Dedup::builder(MemoryStore::new()).build()?;
    let ledger = Arc::new(Ledger::default());
    let (receiver, address) = Receiver::start(([127, 0, 0, 1], 0).into(), &dedup, &ledger).await?;
    let sender = Arc::new(Sender::default());
    let tasks: Vec<_> = (0..64).map(|_| tokio::spawn(sender.clone().run(address))).collect();

    while sender.next.load(Ordering::Relaxed) < EVENTS / 2 {
        sleep(Duration::from_millis(1)).await;
    }
    receiver.stop().await?;
    sleep(Duration::from_millis(200)).await;
    let (receiver, _) = Receiver::start(address, &dedup, &ledger).await?;
    for task in tasks {
        task.await??;
    }
    receiver.stop().await?;

    let entries = ledger.entries.lock().unwrap();
    let lost = EVENTS - entries.len();
    let twice = entries.values().filter(|count| **count > 1).count();
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    println!("{} deliveries of {EVENTS} events", count(&sender.deliveries));
    println!("{} times 503, since {QUEUE} were waiting", count(&sender.full));
    println!("{} times nobody there, over a stop", count(&sender.unreachable));
    println!("{} times the work failed and was done again", ledger.failed.lock().unwrap().len());
    println!("lost: {lost}; processed twice: {twice}");
    if lost > 0 || twice > 0 {
        return Err("events were lost or processed twice".into());
    }
    Ok(())
}

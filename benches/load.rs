//! How many static deliveries a receiver takes per second, over real HTTP on loopback: without
//! verification, with it, and with deduplication in Redis as well.
//!
//! `scripts/load.sh`, or `cargo bench -p gemini-webhooks-benches --bench load`

mod median;

use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::Verified;
use gemini_webhooks::testing::{StaticSigner, sample_body};
use gemini_webhooks::{Dedup, Once, RedisStore, Secret, StaticVerifier, Verifier};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use self::median::median;

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;

#[derive(Clone)]
struct Receiver {
    verifier: Verifier,
    dedup: Dedup,
}

impl FromRef<Receiver> for Verifier {
    fn from_ref(receiver: &Receiver) -> Self {
        receiver.verifier.clone()
    }
}

async fn unverified(body: Bytes) -> StatusCode {
    std::hint::black_box(body);
    StatusCode::NO_CONTENT
}

async fn verified(Verified(delivery): Verified) -> StatusCode {
    std::hint::black_box(delivery);
    StatusCode::NO_CONTENT
}

async fn once(State(receiver): State<Receiver>, Verified(delivery): Verified) -> StatusCode {
    let work = async { Ok::<_, std::convert::Infallible>(()) };
    match receiver.dedup.process_once(&delivery, work).await {
        Ok(Once::Processed(()) | Once::Duplicate) => StatusCode::NO_CONTENT,
        Err(error) => error.status(),
    }
}

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

/// Requests that each have an id of their own, as they stand on the wire.
fn requests(path: &str, count: usize) -> Vec<Vec<u8>> {
    let signer = StaticSigner::new(&secret());
    let body = sample_body("batch.succeeded").unwrap();
    let run = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let request = |n: usize| {
        let signed = signer.sign(&format!("msg_{run}_{n}"), SystemTime::now(), body);
        let header = |name: &str| signed.headers[name].to_str().unwrap().to_owned();
        let lines: String = ["webhook-id", "webhook-timestamp", "webhook-signature"]
            .map(|name| format!("{name}: {}\r\n", header(name)))
            .concat();
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n{lines}\r\n{body}"
        )
    };
    (0..count).map(|n| request(n).into_bytes()).collect()
}

/// Sends them over one connection, one after the other; says how long each took.
async fn send(address: SocketAddr, requests: Vec<Vec<u8>>) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let mut times = Vec::with_capacity(requests.len());
    let mut answer = [0; 1024];
    for request in requests {
        let start = Instant::now();
        stream.write_all(&request).await.unwrap();
        let mut read = 0;
        while !answer[..read].ends_with(b"\r\n\r\n") {
            let more = stream.read(&mut answer[read..]).await.unwrap();
            assert!(more > 0, "the server hung up");
            read += more;
        }
        assert!(answer.starts_with(b"HTTP/1.1 204"), "{}", String::from_utf8_lossy(&answer));
        times.push(start.elapsed());
    }
    times
}

struct Round {
    per_second: f64,
    p99: Duration,
}

async fn round(address: SocketAddr, path: &'static str, count: usize) -> Round {
    let mut requests = requests(path, count);
    let mut lanes = Vec::new();
    while !requests.is_empty() {
        lanes.push(requests.split_off(requests.len().saturating_sub(count / CONNECTIONS)));
    }
    let start = Instant::now();
    let senders: Vec<_> = lanes.into_iter().map(|lane| tokio::spawn(send(address, lane))).collect();
    let mut times = Vec::with_capacity(count);
    for sender in senders {
        times.extend(sender.await.unwrap());
    }
    let per_second = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort_unstable();
    Round { per_second, p99: times[times.len() * 99 / 100] }
}

/// A Redis of our own, gone with the run.
struct Redis(Child);

impl Redis {
    async fn start() -> (Self, String) {
        let port = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let child = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server: scripts/install-redis.sh installs it");
        let redis = Self(child);
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        (redis, format!("redis://127.0.0.1:{port}/"))
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::main]
async fn main() {
    let once_only = std::env::args().any(|argument| argument == "--once");
    let (count, rounds) = if once_only { (CONNECTIONS, 1) } else { (20_000, ROUNDS) };
    let (_redis, url) = Redis::start().await;
    let verifier = StaticVerifier::builder().secret(secret()).build().unwrap().into();
    let dedup = Dedup::builder(RedisStore::new(&url).unwrap()).build().unwrap();
    let app = Router::new()
        .route("/unverified", post(unverified))
        .route("/verified", post(verified))
        .route("/once", post(once))
        .with_state(Receiver { verifier, dedup });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let servers = [
        ("without verification", "/unverified"),
        ("verified", "/verified"),
        ("verified, deduplicated in Redis", "/once"),
    ];
    let mut figures = servers.map(|_| (Vec::new(), Vec::new()));
    for _ in 0..rounds {
        for ((_, path), (per_second, p99)) in servers.iter().zip(&mut figures) {
            let round = round(address, path, count).await;
            per_second.push(round.per_second);
            p99.push(round.p99.as_secs_f64() * 1e3);
        }
    }
    if once_only {
        return;
    }
    let floor = median(figures[0].0.clone());
    println!("| axum receiver, {CONNECTIONS} connections | per second | ratio | p99 |");
    println!("|---|---|---|---|");
    for ((name, _), (per_second, p99)) in servers.into_iter().zip(figures) {
        let (per_second, p99) = (median(per_second), median(p99));
        println!("| {name} | {per_second:.0} | {:.2} | {p99:.2} ms |", per_second / floor);
    }
}

//! Plays the Gemini API against a real receiver on loopback, and checks every answer.
//!
//! `cargo run --example quickstart`
//!
//! The receiver is an axum server with the extractor of this crate. The other side signs as the
//! service does, and then does what attackers and accidents do. Exits non-zero when any verdict is
//! not the expected one.

use std::collections::HashSet;
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::{Rejection, Verified};
use gemini_webhooks::testing::{ManualClock, SignedRequest, StaticSigner, sample_body_of};
use gemini_webhooks::{Clock, EventType, Secret, StaticVerifier, Verifier};
use tokio::net::TcpListener;

const MAX_BODY_BYTES: usize = 8 * 1024;
const HOURS_24: Duration = Duration::from_secs(24 * 3600);

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The receiver, and what it makes known of its last request for the table.
#[derive(Clone)]
struct Receiver {
    verifier: StaticVerifier,
    seen: Arc<Mutex<HashSet<String>>>,
    outcome: Arc<Mutex<Outcome>>,
}

#[derive(Clone, Default)]
struct Outcome {
    verdict: String,
    event: String,
}

impl FromRef<Receiver> for Verifier {
    fn from_ref(receiver: &Receiver) -> Self {
        receiver.verifier.clone().into()
    }
}

async fn hook(
    State(receiver): State<Receiver>,
    verified: std::result::Result<Verified, Rejection>,
) -> std::result::Result<StatusCode, Rejection> {
    let (outcome, answer) = match verified {
        Ok(Verified(delivery)) => {
            let new = lock(&receiver.seen).insert(delivery.id().to_string());
            let verdict = if new { "accepted" } else { "duplicate" }.to_owned();
            (Outcome { verdict, event: format!("{:?}", delivery.event()) }, Ok(StatusCode::OK))
        }
        Err(rejection) => {
            let verdict = rejection.error().code().to_owned();
            (Outcome { verdict, event: String::new() }, Err(rejection))
        }
    };
    *lock(&receiver.outcome) = outcome;
    answer
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The Gemini side: sends requests and keeps the score.
struct Gemini {
    url: String,
    http: reqwest::Client,
    outcome: Arc<Mutex<Outcome>>,
    wrong: usize,
}

impl Gemini {
    async fn send(&mut self, what: &str, request: &SignedRequest, expected: &str) -> Result<()> {
        let SignedRequest { headers, body } = request.clone();
        let answer = self.http.post(&self.url).headers(headers).body(body).send().await?;
        let Outcome { verdict, event } = std::mem::take(&mut *lock(&self.outcome));
        let status = answer.status().as_u16();
        let right =
            verdict == expected && (status == 200) == matches!(expected, "accepted" | "duplicate");
        self.wrong += usize::from(!right);
        let mark = if right { ' ' } else { '!' };
        let event: String = event.chars().take(66).collect();
        println!("{mark} {what:<42} {status} {verdict:<20} {event}");
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let clock = ManualClock::at(1_800_000_000);
    let old = || Secret::from_raw_bytes([1; 32]).map(|secret| secret.with_label("old"));
    let new = || Secret::from_raw_bytes([2; 32]).map(|secret| secret.with_label("new"));
    let verifier = StaticVerifier::builder()
        .secret(old()?)
        .max_body_bytes(MAX_BODY_BYTES)
        .clock(clock.clone())
        .build()?;
    let receiver =
        Receiver { verifier: verifier.clone(), seen: Arc::default(), outcome: Arc::default() };
    let mut gemini = start(receiver).await?;

    println!("  {:<42} http {:<20} event", "request", "verdict");
    let signer = StaticSigner::new(&old()?);
    for (n, event_type) in EventType::ALL.iter().enumerate() {
        let request = signer.sign(&format!("msg_{n}"), clock.now(), sample_body_of(*event_type));
        gemini.send(event_type.as_str(), &request, "accepted").await?;
    }
    let ping = r#"{"type":"webhook.ping","version":"v1","data":{}}"#;
    let request = signer.sign("msg_ping", clock.now(), ping);
    gemini.send("an event nobody has documented", &request, "accepted").await?;
    let not_json = signer.sign("msg_text", clock.now(), "not JSON");
    gemini.send("authentic, but not an event", &not_json, "accepted").await?;

    let sample = sample_body_of(EventType::BatchSucceeded);
    let retry = signer.sign("msg_0", clock.now(), sample);
    gemini.send("a retry of the first event", &retry, "duplicate").await?;

    println!("  -- the secret is rotated: both are valid for 24 hours");
    verifier.replace_secrets([new()?, old()?.retire_at(clock.now() + HOURS_24)])?;
    let both = StaticSigner::new(&new()?).and(&old()?);
    let request = both.sign("msg_both", clock.now(), sample);
    gemini.send("signed with both secrets", &request, "accepted").await?;
    let request = signer.sign("msg_old", clock.now(), sample);
    gemini.send("signed with the old secret", &request, "accepted").await?;
    clock.advance(HOURS_24);
    let request = signer.sign("msg_late", clock.now(), sample);
    gemini.send("a day later with the old secret", &request, "signature_mismatch").await?;
    let signer = StaticSigner::new(&new()?);
    let request = signer.sign("msg_new", clock.now(), sample);
    gemini.send("a day later with the new secret", &request, "accepted").await?;

    println!("  -- attacks and accidents");
    attacks(&mut gemini, &signer, &clock).await?;

    println!("{} wrong", gemini.wrong);
    Ok(if gemini.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn attacks(gemini: &mut Gemini, signer: &StaticSigner, clock: &ManualClock) -> Result<()> {
    let sample = sample_body_of(EventType::BatchSucceeded);
    let captured = signer.sign("msg_captured", clock.now(), sample);
    gemini.send("a delivery that somebody captures", &captured, "accepted").await?;
    clock.advance(Duration::from_secs(301));
    gemini.send("replayed after five minutes", &captured, "timestamp_too_old").await?;

    let mut fresher = captured.clone();
    let now = clock.now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    fresher.headers.insert("webhook-timestamp", now.to_string().parse()?);
    gemini.send("replayed with a new timestamp", &fresher, "signature_mismatch").await?;

    let stranger = StaticSigner::new(&Secret::from_raw_bytes([9; 32])?);
    let forged = stranger.sign("msg_forged", clock.now(), sample);
    gemini.send("forged with another secret", &forged, "signature_mismatch").await?;

    let mut tampered = signer.sign("msg_tampered", clock.now(), sample);
    tampered.body = sample.replace("my-bucket", "evil-bucket").into();
    gemini.send("the body is tampered with", &tampered, "signature_mismatch").await?;

    let mut unsigned = tampered.clone();
    unsigned.headers.remove("webhook-signature");
    gemini.send("without a signature", &unsigned, "missing_header").await?;

    let mut repeated = signer.sign("msg_repeated", clock.now(), sample);
    repeated.headers.append("webhook-id", "msg_other".parse()?);
    gemini.send("with two ids", &repeated, "bad_header").await?;

    let mut truncated = signer.sign("msg_truncated", clock.now(), sample);
    truncated.headers.insert("webhook-signature", "v1,".parse()?);
    gemini.send("with an empty signature", &truncated, "bad_header").await?;

    let mut dynamic = signer.sign("msg_dynamic", clock.now(), sample);
    dynamic.headers.insert("webhook-signature", "eyJh.eyJh.c2ln".parse()?);
    gemini.send("with a JWT, which is another scheme", &dynamic, "scheme_not_configured").await?;

    let huge = signer.sign("msg_huge", clock.now(), vec![b' '; MAX_BODY_BYTES + 1]);
    gemini.send("with a body over the limit", &huge, "body_too_large").await
}

async fn start(receiver: Receiver) -> Result<Gemini> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}/gemini-callback", listener.local_addr()?);
    let outcome = Arc::clone(&receiver.outcome);
    let app = Router::new().route("/gemini-callback", post(hook)).with_state(receiver);
    tokio::spawn(async move { axum::serve(listener, app).await });
    let http = reqwest::Client::builder().no_proxy().build()?;
    Ok(Gemini { url, http, outcome, wrong: 0 })
}

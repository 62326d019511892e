//! Static webhooks: registered for a project, signed with a secret.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::{Rejection, Verified};
use gemini_webhooks::testing::{ManualClock, SignedRequest, StaticSigner, sample_body_of};
use gemini_webhooks::{Clock, EventType, Secret, StaticVerifier, Verifier};

use crate::Result;
use crate::table::{Outcomes, Table, lock, section, serve};

const MAX_BODY_BYTES: usize = 8 * 1024;
const HOURS_24: Duration = Duration::from_secs(24 * 3600);

/// The receiver: the extractor of this crate, and ids to know a retry by.
#[derive(Clone)]
struct Receiver {
    verifier: StaticVerifier,
    seen: Arc<Mutex<HashSet<String>>>,
    outcomes: Outcomes,
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
    let Verified(delivery) =
        verified.inspect_err(|rejection| receiver.outcomes.note_refusal(rejection.error()))?;
    let new = lock(&receiver.seen).insert(delivery.id().to_string());
    receiver.outcomes.note(if new { "accepted" } else { "duplicate" }, &delivery);
    Ok(StatusCode::OK)
}

/// The service, which knows the secret, the receiver's URL and the time.
struct Gemini<'t> {
    table: &'t mut Table,
    url: String,
    clock: ManualClock,
}

impl Gemini<'_> {
    async fn send(&mut self, what: &str, request: &SignedRequest, expected: &str) -> Result<()> {
        self.table.send(&self.url, what, request, expected).await
    }
}

pub(crate) async fn play(table: &mut Table) -> Result<()> {
    let clock = ManualClock::at(1_800_000_000);
    let old = || Secret::from_raw_bytes([1; 32]).map(|secret| secret.with_label("old"));
    let new = || Secret::from_raw_bytes([2; 32]).map(|secret| secret.with_label("new"));
    let verifier = StaticVerifier::builder()
        .secret(old()?)
        .max_body_bytes(MAX_BODY_BYTES)
        .clock(clock.clone())
        .build()?;
    let receiver =
        Receiver { verifier: verifier.clone(), seen: Arc::default(), outcomes: table.outcomes() };
    let app = Router::new().route("/gemini-callback", post(hook)).with_state(receiver);
    let url = format!("{}/gemini-callback", serve(app).await?);
    let gemini = &mut Gemini { table, url, clock: clock.clone() };

    section("static webhooks: every event of the catalogue");
    let signer = StaticSigner::new(&old()?);
    catalogue(gemini, &signer).await?;

    section("the secret is rotated: both are valid for 24 hours");
    verifier.replace_secrets([new()?, old()?.retire_at(clock.now() + HOURS_24)])?;
    let sample = sample_body_of(EventType::BatchSucceeded);
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

    section("attacks and accidents");
    attacks(gemini, &signer).await
}

async fn catalogue(gemini: &mut Gemini<'_>, signer: &StaticSigner) -> Result<()> {
    let now = gemini.clock.now();
    for (n, event_type) in EventType::ALL.iter().enumerate() {
        let request = signer.sign(&format!("msg_{n}"), now, sample_body_of(*event_type));
        gemini.send(event_type.as_str(), &request, "accepted").await?;
    }
    let ping = r#"{"type":"webhook.ping","version":"v1","data":{}}"#;
    let request = signer.sign("msg_ping", now, ping);
    gemini.send("an event nobody has documented", &request, "accepted").await?;
    let not_json = signer.sign("msg_text", now, "not JSON");
    gemini.send("authentic, but not an event", &not_json, "accepted").await?;

    let sample = sample_body_of(EventType::BatchSucceeded);
    let retry = signer.sign("msg_0", now, sample);
    gemini.send("a retry of the first event", &retry, "duplicate").await
}

async fn attacks(gemini: &mut Gemini<'_>, signer: &StaticSigner) -> Result<()> {
    let clock = gemini.clock.clone();
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

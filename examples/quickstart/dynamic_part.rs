//! Dynamic webhooks: bound to one job, signed with Google's keys.

use std::time::{Duration, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, KeyAnswer, KeyServer, ManualClock, SignedRequest, TestRsaKey, jwks,
    sample_body_of,
};
use gemini_webhooks::{Binding, CachedKeys, Clock, DynamicVerifier, EventType, HttpsFetch};
use serde_json::{Value, json};

use crate::Result;
use crate::table::{Outcomes, Table, section, serve};

const AUDIENCE: &str = "my-project-client-id";
const MINUTE: Duration = Duration::from_secs(60);

/// What we write into `user_metadata` of our jobs: a secret per endpoint.
const BATCHES_TOKEN: &str = "5f0c7d6e-batches-9b1a";
const VIDEOS_TOKEN: &str = "c2e81f04-videos-77d3";

/// One endpoint of the receiver.
#[derive(Clone)]
struct Receiver {
    verifier: DynamicVerifier,
    outcomes: Outcomes,
}

async fn hook(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    match receiver.verifier.verify(&headers, body).await {
        Ok(delivery) => {
            receiver.outcomes.note("accepted", &delivery);
            StatusCode::OK
        }
        Err(error) => {
            receiver.outcomes.note_refusal(&error);
            error.status()
        }
    }
}

/// Google's keys of one time: an RSA key for JWTs, an Ed25519 key for `v1a`.
struct Keys {
    jwt: JwtSigner,
    v1a: Ed25519Signer,
}

impl Keys {
    fn new(kid: &str, key: TestRsaKey, seed: u8) -> Self {
        Self { jwt: JwtSigner::new(kid, key), v1a: Ed25519Signer::from_seed([seed; 32]) }
    }

    fn published(&self) -> KeyAnswer {
        KeyAnswer::document(jwks([self.jwt.jwk(), self.v1a.jwk()])).with_max_age(10 * MINUTE)
    }
}

/// The service with its keys, and two endpoints that share one cache of them.
struct Gemini<'t> {
    table: &'t mut Table,
    clock: ManualClock,
    endpoint: KeyServer,
    keys: Keys,
    batches: String,
    videos: String,
}

pub(crate) async fn play(table: &mut Table) -> Result<()> {
    let gemini = &mut Gemini::start(table).await?;
    both_forms(gemini).await?;
    rotation(gemini).await?;
    flood(gemini).await?;
    outage(gemini).await?;
    attacks(gemini).await
}

async fn both_forms(gemini: &mut Gemini<'_>) -> Result<()> {
    section("dynamic webhooks: the documented form and the observed one");
    gemini.send("a JWT with the event in its claims", &gemini.jwt(), "accepted").await?;
    gemini.send("a v1a signature of the body", &gemini.v1a(), "accepted").await?;
    gemini.cost("both", 0, 1);
    Ok(())
}

async fn rotation(gemini: &mut Gemini<'_>) -> Result<()> {
    section("Google's keys are rotated");
    let before = gemini.endpoint.fetches();
    gemini.clock.advance(MINUTE);
    let (old_jwt, old_v1a) = (gemini.jwt(), gemini.v1a());
    gemini.keys = Keys::new("autumn", TestRsaKey::Two, 2);
    gemini.endpoint.answer(gemini.keys.published());
    gemini.send("a JWT, the old key still at hand", &old_jwt, "accepted").await?;
    gemini.send("a JWT with the new key", &gemini.jwt(), "accepted").await?;
    gemini.send("a v1a signature with the new key", &gemini.v1a(), "accepted").await?;
    gemini.cost("the rotation", before, 1);
    gemini.clock.advance(MINUTE);
    gemini.send("a JWT with the old key", &old_jwt, "unknown_key").await?;
    gemini.clock.advance(MINUTE);
    gemini.send("a v1a signature with the old key", &old_v1a, "signature_mismatch").await
}

async fn flood(gemini: &mut Gemini<'_>) -> Result<()> {
    const REQUESTS: u32 = 2_000;
    section("a flood of unknown kids");
    gemini.clock.advance(2 * MINUTE);
    let before = gemini.endpoint.fetches();
    let url = gemini.batches.clone();
    let mut request = gemini.jwt();
    let claims = claims_of(&request);
    let (mut refused, mut accepted) = (0, 0);
    for n in 0..REQUESTS {
        let header = json!({ "alg": "RS256", "kid": format!("flood-{n}") }).to_string();
        let token = format!("{}.{claims}.AAAA", BASE64_URL_SAFE_NO_PAD.encode(header));
        request.headers.insert("webhook-signature", token.parse()?);
        let (_, outcome) = gemini.table.post(&url, &request).await?;
        refused +=
            u32::from(matches!(outcome.verdict.as_str(), "unknown_key" | "keys_unreachable"));
        if n % 100 == 0 {
            let (_, outcome) = gemini.table.post(&url, &gemini.v1a()).await?;
            accepted += u32::from(outcome.verdict == "accepted");
        }
        gemini.clock.advance(MINUTE / REQUESTS);
    }
    let cost = gemini.endpoint.fetches() - before;
    gemini.table.row(
        refused == REQUESTS && accepted == REQUESTS / 100 && cost <= 4,
        &format!(
            "{refused} refused in a minute, and {accepted} good deliveries in between accepted: \
             {cost} fetches of at most 4"
        ),
    );
    Ok(())
}

async fn outage(gemini: &mut Gemini<'_>) -> Result<()> {
    section("the key endpoint is down");
    gemini.clock.advance(2 * MINUTE);
    gemini.endpoint.answer(KeyAnswer::outage());
    gemini.clock.advance(20 * MINUTE);
    gemini.send("a JWT, 20 minutes later", &gemini.jwt(), "accepted").await?;
    gemini.send("a v1a signature, 20 minutes later", &gemini.v1a(), "accepted").await?;
    gemini.clock.advance(MINUTE);
    let stranger = Keys::new("winter", TestRsaKey::Three, 3).jwt;
    let request = gemini.jwt_of(&stranger, AUDIENCE);
    gemini.send("a JWT with a key that nobody knows", &request, "keys_unreachable").await?;
    gemini.clock.advance(60 * MINUTE);
    gemini.send("a JWT, the keys are too old by now", &gemini.jwt(), "keys_unreachable").await?;
    gemini.endpoint.answer(gemini.keys.published());
    gemini.clock.advance(Duration::from_secs(10));
    gemini.send("a JWT, 10 s after the endpoint is back", &gemini.jwt(), "accepted").await
}

async fn attacks(gemini: &mut Gemini<'_>) -> Result<()> {
    section("attacks and accidents");
    let other_audience = gemini.jwt_of(&gemini.keys.jwt, "another-project");
    gemini.send("a JWT for another audience", &other_audience, "wrong_audience").await?;

    let swapped: Bytes =
        event(BATCHES_TOKEN).to_string().replace("my-bucket", "evil-bucket").into();
    let jwt = SignedRequest { body: swapped.clone(), ..gemini.jwt() };
    gemini.send("a JWT with another event in the body", &jwt, "body_differs").await?;
    let v1a = SignedRequest { body: swapped, ..gemini.v1a() };
    gemini.clock.advance(MINUTE);
    gemini.send("a v1a signature with a swapped body", &v1a, "signature_mismatch").await?;

    let theirs = event("they do not know our token").to_string();
    let theirs = gemini.keys.v1a.sign("msg_theirs", gemini.clock.now(), theirs);
    gemini.send("another tenant's v1a delivery", &theirs, "not_ours").await?;

    let ours = gemini.v1a();
    gemini.send("a v1a delivery of ours", &ours, "accepted").await?;
    let videos = gemini.videos.clone();
    let what = "re-posted to another endpoint of ours";
    gemini.table.send(&videos, what, &ours, "not_ours").await?;
    gemini.table.send(&videos, "a JWT of ours, re-posted there", &gemini.jwt(), "not_ours").await?;

    let bearer = json!({ "aud": AUDIENCE, "exp": gemini.seconds() + 60 });
    let body = event(BATCHES_TOKEN).to_string();
    let bearer = gemini.keys.jwt.sign("msg_bearer", gemini.clock.now(), &bearer, body);
    gemini.send("a JWT that does not sign the event", &bearer, "body_not_signed").await?;

    let mut unsigned = gemini.jwt();
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"autumn"}"#);
    let token = format!("{header}.{}.AAAA", claims_of(&unsigned));
    unsigned.headers.insert("webhook-signature", token.parse()?);
    gemini.send("a JWT with the algorithm \"none\"", &unsigned, "bad_token").await?;

    let captured = gemini.jwt();
    gemini.clock.advance(Duration::from_secs(301));
    gemini.send("a JWT, replayed after five minutes", &captured, "timestamp_too_old").await?;
    let mut fresher = gemini.v1a();
    fresher.headers.insert("webhook-signature", captured.headers["webhook-signature"].clone());
    gemini.send("the same with new headers around it", &fresher, "token_expired").await
}

impl<'t> Gemini<'t> {
    async fn start(table: &'t mut Table) -> Result<Self> {
        let clock = ManualClock::at(1_800_000_000);
        let keys = Keys::new("summer", TestRsaKey::One, 1);
        let endpoint = KeyServer::start(keys.published())?;
        let cache = CachedKeys::builder(endpoint.url(), HttpsFetch::loopback(&endpoint.url())?)
            .clock(clock.clone())
            .build()?;
        let receiver = |token: &str| -> Result<Receiver> {
            let verifier = DynamicVerifier::builder()
                .audience(AUDIENCE)
                .binding(Binding::metadata_token("token", token)?)
                .keys(cache.clone())
                .clock(clock.clone())
                .build()?;
            Ok(Receiver { verifier, outcomes: table.outcomes() })
        };
        let app = Router::new()
            .route("/batches", post(hook).with_state(receiver(BATCHES_TOKEN)?))
            .route("/videos", post(hook).with_state(receiver(VIDEOS_TOKEN)?));
        let url = serve(app).await?;
        let (batches, videos) = (format!("{url}/batches"), format!("{url}/videos"));
        Ok(Self { table, clock, endpoint, keys, batches, videos })
    }

    async fn send(&mut self, what: &str, request: &SignedRequest, expected: &str) -> Result<()> {
        self.table.send(&self.batches, what, request, expected).await
    }

    /// Prints how many fetches something has cost.
    fn cost(&mut self, what: &str, before: usize, expected: usize) {
        let cost = self.endpoint.fetches() - before;
        self.table.row(cost == expected, &format!("{what}: {cost} fetch of the keys"));
    }

    fn jwt(&self) -> SignedRequest {
        self.jwt_of(&self.keys.jwt, AUDIENCE)
    }

    fn jwt_of(&self, signer: &JwtSigner, audience: &str) -> SignedRequest {
        let event = event(BATCHES_TOKEN);
        let mut claims = event.clone();
        claims["aud"] = audience.into();
        claims["iat"] = self.seconds().into();
        claims["exp"] = (self.seconds() + 200).into();
        signer.sign("msg_jwt", self.clock.now(), &claims, event.to_string())
    }

    fn v1a(&self) -> SignedRequest {
        self.keys.v1a.sign("msg_v1a", self.clock.now(), event(BATCHES_TOKEN).to_string())
    }

    fn seconds(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
    }
}

/// The event of a job whose `user_metadata` holds this token.
fn event(token: &str) -> Value {
    let sample = sample_body_of(EventType::BatchSucceeded);
    let mut event: Value = serde_json::from_str(sample).unwrap_or_default();
    event["user_metadata"] = json!({ "token": token });
    event
}

/// The claims of a request's JWT, as they stand in it.
fn claims_of(request: &SignedRequest) -> String {
    let token = request.headers.get("webhook-signature").and_then(|token| token.to_str().ok());
    token.and_then(|token| token.split('.').nth(1)).unwrap_or_default().to_owned()
}

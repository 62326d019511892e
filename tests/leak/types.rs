//! Everything that a public type prints or writes, each type holding as many marks as it can.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use actix_web::FromRequest as _;
use axum::extract::FromRequest as _;
use bytes::Bytes;
use gemini_webhooks::testing::{
    JwtSigner, KeyAnswer, KeyServer, SignedRequest, StaticSigner, TestRsaKey, jwks, sample_body_of,
};
use gemini_webhooks::tower::VerifyLayer;
use gemini_webhooks::{
    CachedKeys, Claim, ClaimId, Claimed, Clock as _, ConfigError, Dedup, DedupKey, DedupStore,
    Delivery, Envelope, Error, ErrorCode, Event, EventType, Fetch, FetchFuture, FetchProblem,
    FetchRequest, Fetched, HeaderLookup as _, HeaderProblem, HttpsFetch, JobOwner, KeyEvent,
    KeySet, KeySetProblem, KeySource as _, LentKeys, Lookup, MemoryStore, NotProcessed, Once,
    Party, RedisStore, ReplayWindow, Scheme, SecretProblem, SeenScheme, SkipReason,
    SnapshotProblem, StoreFuture, StoreUnavailable, SystemClock, TokenProblem, UnreadableReason,
    Verdict, Wanted, WebhookHeader,
};
use http_body_util::Full;
use serde::Serialize;
use serde_json::json;
use tower::Layer as _;

use crate::marks::{Marks, mark};
use crate::requests::{
    Request, binding, claims, clock, contents, dynamic_builder, ed25519, event, jwt, jwt_request,
    key_set, secret, secrets, static_builder, static_request, static_verifier, v1a_request,
    verifier,
};
use crate::source::{exported, public_in};

/// What types print that holds nothing of a request, and why.
const TRAITS_AND_ALIASES: [&str; 8] = [
    "Clock",
    "DedupStore",
    "Fetch",
    "FetchFuture",
    "HeaderLookup",
    "KeySource",
    "KeysFuture",
    "StoreFuture",
];

/// What a type may show.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    Nothing,
    /// The webhook-id, by the type that is one.
    Id,
    /// The documented fields of an event, by the event and its payloads.
    Fields,
    /// The event as it came, but for the token of a binding: what goes into a queue.
    Event,
    /// What it was read from, and writes again.
    Wire,
}

/// Looks at what types print, and remembers which it has seen.
#[derive(Default)]
struct Shown {
    seen: BTreeSet<String>,
    signatures: Marks,
}

impl Shown {
    fn text(&mut self, name: &str, may: Shows, text: &str) {
        let always =
            Marks::named(["secret", "old secret", "seed"]).and_all(self.signatures.clone());
        let marks = match may {
            Shows::Nothing => secrets().and_all(contents()).and_all(always),
            Shows::Id => {
                secrets().and_all(Marks::named(["field", "body", "header"])).and_all(always)
            }
            Shows::Fields => {
                secrets().and_all(Marks::named(["id", "body", "header"])).and_all(always)
            }
            Shows::Event => secrets().and_all(always),
            Shows::Wire => always,
        };
        marks.must_not_be_in(name, text);
        self.seen.insert(name.to_owned());
    }

    fn debug(&mut self, name: &str, may: Shows, value: &dyn Debug) {
        self.text(name, may, &format!("{value:?}\n{value:#?}"));
    }

    fn nothing(&mut self, name: &str, value: &dyn Debug) {
        self.debug(name, Shows::Nothing, value);
    }

    fn json(&mut self, name: &str, may: Shows, value: &impl Serialize) {
        self.text(name, may, &serde_json::to_string(value).unwrap());
    }
}

#[tokio::test]
async fn no_type_shows_more_than_it_should() {
    let mut shown = Shown::default();
    let requests = [static_request(), v1a_request(), jwt_request(&claims())];
    shown.signatures =
        requests.iter().map(Request::signatures).fold(Marks::default(), Marks::and_all);
    setup(&mut shown);
    keys(&mut shown).await;
    for request in &requests {
        let delivery = verifier().verify(&request.headers, request.body.clone()).await.unwrap();
        deliveries(&mut shown, &delivery);
        dedup(&mut shown, &delivery).await;
    }
    checked(&mut shown, &requests[0]);
    events(&mut shown);
    problems(&mut shown);
    let mut all = exported();
    all.retain(|name| !TRAITS_AND_ALIASES.contains(&name.as_str()));
    assert_eq!(shown.seen, all);
}

fn setup(shown: &mut Shown) {
    shown.nothing("Secret", &secret("secret").with_label("2026-11"));
    shown.nothing("StaticVerifierBuilder", &static_builder().secret(secret("secret")));
    shown.nothing("StaticVerifier", &static_verifier());
    shown.nothing("Binding", &binding());
    let builder = dynamic_builder().binding(binding()).keys(Arc::new(key_set()));
    shown.nothing("DynamicVerifierBuilder", &builder);
    shown.nothing("DynamicVerifier", &builder.build().unwrap());
    shown.nothing("Verifier", &verifier());
    shown.nothing("JobOwner", &JobOwner::Ours);
    shown.nothing("ReplayWindow", &ReplayWindow::FIVE_MINUTES);
    shown.nothing("SystemClock", &SystemClock);
}

/// Serves a document with a private key, as no endpoint should.
struct Document(String);

impl Fetch for Document {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        let document = Fetched::document(self.0.clone(), None, None);
        Box::pin(async { Ok(document) })
    }
}

async fn keys(shown: &mut Shown) {
    let private = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA", "d": mark("seed") });
    let document = jwks([jwt().jwk(), ed25519().jwk(), private]);
    let set = KeySet::from_json(document.as_bytes()).unwrap();
    shown.nothing("SkippedKey", &set.skipped());
    shown.nothing("KeySet", &set);
    shown.nothing("LentKeys", &LentKeys::from(Arc::new(set)));
    shown.nothing("Fetched", &Fetched::document(document.clone(), None, None));
    shown.nothing("FetchRequest", &FetchRequest::new(Some("\"1\"".to_owned()), true));
    let url = format!("https://user:{}@keys.example.com/jwks.json", mark("password"));
    shown.nothing("HttpsFetch", &HttpsFetch::new(&url).unwrap());
    let builder = CachedKeys::builder(&url, Document(document)).clock(clock());
    shown.nothing("CachedKeysBuilder", &builder);
    let cache = builder.build().unwrap();
    cache.warm_up().await.unwrap();
    shown.nothing("CachedKeys", &cache);
    shown.nothing("KeyHealth", &cache.health());
    shown.nothing("KeyEvent", &KeyEvent::Fetched { usable: 2, skipped: 1 });
    shown.nothing("Wanted", &Wanted::Ed25519Beyond(&Arc::new(key_set())));
    assert!(cache.at_hand(Wanted::Ed25519, clock().now()).is_some());
    let snapshot = cache.snapshot().unwrap();
    shown.nothing("KeySnapshot", &snapshot);
}

fn deliveries(shown: &mut Shown, delivery: &Delivery) {
    shown.nothing("Delivery", delivery);
    shown.nothing("Scheme", delivery.scheme());
    match delivery.scheme() {
        Scheme::Static(secret) => shown.nothing("SecretMatch", secret),
        Scheme::Jwt(jwt) => shown.nothing("JwtMatch", jwt),
        _ => {}
    }
    shown.json("Scheme", Shows::Nothing, delivery.scheme());
    shown.nothing("BodyAuthentication", &delivery.body_authentication());
    shown.debug("WebhookId", Shows::Id, delivery.id());
    shown.text("WebhookId", Shows::Id, &format!("{}", delivery.id()));
    shown.debug("Event", Shows::Fields, delivery.event());
    shown.debug("Envelope", Shows::Fields, &delivery.envelope());
    shown.json("Envelope", Shows::Wire, &delivery.envelope());
    let record = delivery.clone().into_record();
    shown.nothing("Record", &record);
    // Where there is a binding its token is left out; elsewhere it is a member like others.
    let is_bound = !matches!(delivery.scheme(), Scheme::Static(_));
    let may = if is_bound { Shows::Event } else { Shows::Wire };
    shown.json("Record", may, &record);
    shown.json("Delivery", may, delivery);
}

async fn dedup(shown: &mut Shown, delivery: &Delivery) {
    let url = format!("redis://user:{}@127.0.0.1/", mark("password"));
    let store = RedisStore::new(&url).unwrap();
    shown.nothing("RedisStore", &store);
    shown.nothing("StoreUnavailable", &StoreUnavailable);
    shown.nothing("DedupBuilder", &Dedup::builder(store));
    shown.nothing("MemoryStore", &MemoryStore::new());
    let dedup = Dedup::builder(MemoryStore::new()).build().unwrap();
    shown.nothing("Dedup", &dedup);
    shown.nothing("DedupKey", &dedup.key(delivery));
    let claim = dedup.claim(delivery).await.unwrap();
    shown.nothing("Claim", &claim);
    let Claim::Ours(lease) = claim else { panic!("the first claim") };
    shown.nothing("Lease", &lease);
    shown.nothing("Claimed", &Claimed::InFlight);
    shown.nothing("Once", &Once::Processed(()));
    shown.nothing("NotProcessed", &NotProcessed::<()>::InFlight);
    claim_ids(shown, delivery).await;
}

/// Shows what a store is told.
#[derive(Clone, Debug, Default)]
struct Witness(Arc<std::sync::Mutex<String>>);

impl DedupStore for Witness {
    fn claim(
        &self,
        key: DedupKey,
        claim: ClaimId,
        lease: Duration,
        now: SystemTime,
    ) -> StoreFuture<'_, Claimed> {
        *self.0.lock().unwrap() = format!("{key:?} {claim:?} {lease:?} {now:?}");
        Box::pin(async { Ok(Claimed::Done) })
    }

    fn commit(&self, _: DedupKey, _: ClaimId, _: Duration, _: SystemTime) -> StoreFuture<'_, bool> {
        Box::pin(async { Ok(true) })
    }

    fn release(&self, _: DedupKey, _: ClaimId, _: SystemTime) -> StoreFuture<'_, bool> {
        Box::pin(async { Ok(true) })
    }
}

async fn claim_ids(shown: &mut Shown, delivery: &Delivery) {
    let witness = Witness::default();
    let dedup = Dedup::builder(witness.clone()).build().unwrap();
    dedup.claim(delivery).await.unwrap();
    let told = witness.0.lock().unwrap().clone();
    assert!(told.contains("ClaimId"), "{told}");
    shown.text("ClaimId", Shows::Nothing, &told);
}

fn checked(shown: &mut Shown, request: &Request) {
    let verifier = static_verifier();
    shown.nothing("Checked", &verifier.check(&request.headers, &request.body).unwrap());
    let found = request.headers.lookup();
    shown.nothing("FoundHeaders", &found);
    shown.nothing("Lookup", &[found.id, found.signature, Lookup::One(mark("header").as_bytes())]);
    shown.nothing("WebhookHeader", &WebhookHeader::Id);
    let verdicts: Arc<std::sync::Mutex<Vec<Verdict>>> = Arc::default();
    let hook = Arc::clone(&verdicts);
    let told = static_builder()
        .secret(secret("secret"))
        .on_verdict(move |verdict| hook.lock().unwrap().push(verdict.clone()))
        .build()
        .unwrap();
    told.check(&request.headers, &request.body).unwrap();
    told.check(&request.headers, b"").unwrap_err();
    let verdicts = verdicts.lock().unwrap();
    assert_eq!(verdicts.len(), 2);
    shown.nothing("Verdict", &verdicts);
}

/// Every type of the catalogue, with a mark in each documented field and beside them.
fn events(shown: &mut Shown) {
    for event_type in EventType::ALL {
        let mut body: serde_json::Value =
            serde_json::from_str(sample_body_of(*event_type)).unwrap();
        for field in
            ["id", "output_file_uri", "file_name", "video_uri", "error_code", "error_message"]
        {
            body["data"][field] = mark("field").into();
        }
        body["data"]["user_metadata"] = event()["user_metadata"].clone();
        body["data"]["region"] = mark("body").into();
        payload(shown, &serde_json::from_value(body.clone()).unwrap());
        body["data"]["id"] = json!([mark("body")]);
        payload(shown, &serde_json::from_value(body).unwrap());
    }
    let unknown = json!({ "type": "webhook.ping", "data": { "id": mark("body") } });
    payload(shown, &serde_json::from_value(unknown).unwrap());
    let members = json!({ "type": "webhook.ping", "a": mark("body"), "version": [mark("body")] });
    let envelope: Envelope = serde_json::from_value(members).unwrap();
    shown.nothing("Members", envelope.extra());
    shown.json("Members", Shows::Wire, envelope.extra());
    shown.nothing("EventType", &EventType::ALL);
    shown.nothing("UnreadableReason", &UnreadableReason::TooDeep);
}

fn payload(shown: &mut Shown, event: &Event) {
    shown.debug("Event", Shows::Fields, event);
    shown.json("Event", Shows::Wire, event);
    let mut show = |name, payload: &dyn Debug| shown.debug(name, Shows::Fields, payload);
    match event {
        Event::BatchSucceeded(output) => show("BatchOutput", output),
        Event::BatchFailed(failure) | Event::InteractionFailed(failure) => {
            show("JobFailure", failure);
            show("ErrorCode", &failure.error_code);
            let text = ErrorCode::Number(3).to_string();
            shown.text("ErrorCode", Shows::Fields, &text);
        }
        Event::VideoGenerated(video) => show("VideoOutput", video),
        Event::BatchExpired(job) => show("Job", job),
        _ => {}
    }
}

/// Those of the errors that hold nothing; `errors` provokes the others.
fn problems(shown: &mut Shown) {
    shown.nothing("ConfigError", &ConfigError::NoSecret);
    shown.nothing("Error", &Error::SignatureMismatch);
    shown.nothing("HeaderProblem", &HeaderProblem::ContainsDot);
    shown.nothing("Party", &Party::Sender);
    shown.nothing("SecretProblem", &SecretProblem::Empty);
    shown.nothing("SeenScheme", &SeenScheme::Jwt);
    shown.nothing("TokenProblem", &TokenProblem::NoExpiry);
    shown.nothing("FetchProblem", &FetchProblem::Status(404));
    shown.nothing("KeySetProblem", &KeySetProblem::TooLarge);
    shown.nothing("SkipReason", &SkipReason::WeakKey);
    shown.nothing("SnapshotProblem", &SnapshotProblem::TooOld);
}

#[tokio::test]
async fn no_adapter_shows_more_than_it_should() {
    let request = static_request();
    let mut shown = Shown { signatures: request.signatures(), ..Shown::default() };
    let http = |body: Bytes| {
        let mut http = http::Request::post("/");
        for (name, value) in &request.headers {
            http = http.header(name, value.as_slice());
        }
        http.body(Full::new(body)).unwrap()
    };
    let verified = |body| {
        let request = http(body).map(axum::body::Body::new);
        async move { gemini_webhooks::axum::Verified::from_request(request, &verifier()).await }
    };
    shown.nothing("Verified", &verified(request.body.clone()).await.unwrap());
    shown.nothing("Rejection", &verified(Bytes::new()).await.unwrap_err());
    assert_eq!(shown.seen, public_in("axum.rs"));

    shown.seen.clear();
    let layer = VerifyLayer::new(verifier());
    shown.nothing("VerifyLayer", &layer);
    let answer = |_: http::Request<Full<Bytes>>| async {
        Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    };
    let mut service = layer.layer(tower::service_fn(answer));
    shown.nothing("Verify", &service);
    shown.nothing("ResponseFuture", &tower::Service::call(&mut service, http(Bytes::new())));
    assert_eq!(shown.seen, public_in("tower.rs"));

    shown.seen.clear();
    let verified = |body: Bytes| {
        let test = actix_web::test::TestRequest::post().app_data(verifier()).set_payload(body);
        let headers = request.headers.iter();
        let (request, mut payload) = headers
            .fold(test, |test, (name, value)| test.append_header((name.as_str(), value.as_slice())))
            .to_http_parts();
        async move { gemini_webhooks::actix_web::Verified::from_request(&request, &mut payload).await }
    };
    shown.nothing("Verified", &verified(request.body.clone()).await.unwrap());
    shown.nothing("Rejection", &verified(Bytes::new()).await.unwrap_err());
    assert_eq!(shown.seen, public_in("actix_web.rs"));
}

#[test]
fn no_test_helper_shows_more_than_it_should() {
    let mut shown = Shown::default();
    let signer = StaticSigner::new(&secret("secret"));
    let request: SignedRequest = signer.sign(&mark("id"), clock().now(), event().to_string());
    shown.signatures = Request::from(request.clone()).signatures();
    shown.nothing("StaticSigner", &signer);
    shown.nothing("SignedRequest", &request);
    shown.nothing("ManualClock", &clock());
    shown.nothing("Ed25519Signer", &ed25519());
    shown.nothing("JwtSigner", &JwtSigner::new("key-1", TestRsaKey::One));
    shown.nothing("TestRsaKey", &TestRsaKey::One);
    let answer = KeyAnswer::document(jwks([jwt().jwk()]));
    shown.nothing("KeyAnswer", &answer);
    shown.nothing("KeyServer", &KeyServer::start(answer).unwrap());
    let files = ["mod.rs", "dynamic.rs", "key_answer.rs", "key_server.rs"];
    let all = files.iter().flat_map(|file| public_in(&format!("testing/{file}")));
    assert_eq!(shown.seen, all.collect());
}

//! Everything that a public type prints or writes, each type holding as many marks as it can.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gemini_webhooks::testing::{jwks, sample_body_of};
use gemini_webhooks::{
    CachedKeys, Claim, ClaimId, Claimed, Clock as _, ConfigError, Dedup, DedupKey, DedupStore,
    Delivery, Envelope, Error, ErrorCode, Event, EventType, Fetch, FetchFuture, FetchProblem,
    FetchRequest, Fetched, HeaderLookup as _, HeaderProblem, HttpsFetch, JobOwner, KeyEvent,
    KeySet, KeySetProblem, KeySource as _, LentKeys, Lookup, MemoryStore, NotProcessed, Once,
    Party, RedisStore, ReplayWindow, Revocation, Scheme, SecretProblem, SeenScheme, SkipReason,
    SnapshotProblem, StoreFuture, StoreUnavailable, SystemClock, TokenProblem, UnreadableReason,
    Verdict, Wanted, WebhookHeader,
};
use serde_json::json;

use crate::marks::{Marks, mark};
use crate::requests::{
    Request, binding, claims, clock, dynamic_builder, ed25519, event, jwt, jwt_request, key_set,
    secret, static_builder, static_request, static_verifier, v1a_request, verifier,
};
use crate::shown::{Shown, Shows};
use crate::source::exported;

/// What is exported and is no type of its own.
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
    let mut all = exported("lib.rs");
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
    shown.nothing("Revocation", &Revocation::After24Hours);
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
    let with_key = format!("https://keys.example.com/jwks.json?key={}", mark("password"));
    shown.nothing("HttpsFetch", &HttpsFetch::new(&with_key).unwrap());
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

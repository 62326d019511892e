//! The key cache by its public face, over a scripted fetcher and a clock set by hand.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, TestRsaKey, jwks, sample_body,
};
use gemini_webhooks::{
    Binding, CachedKeys, CachedKeysBuilder, Clock, ConfigError, Delivery, DynamicVerifier, Error,
    Fetch, FetchFuture, FetchProblem, FetchRequest, Fetched, KeyEvent, KeySource, SnapshotProblem,
    Wanted,
};
use serde_json::Value;
use tokio::sync::Semaphore;

const T0: u64 = 1_800_000_000;
const AUDIENCE: &str = "my-project-client-id";
const MILLISECOND: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// An age at which a set is looked for again but not past its time, whatever the jitter: that puts
/// the refresh off from 480 s by a minute at most, and a set is kept for 600 s.
const REFRESH: Duration = Duration::from_secs(570);

/// A fetcher that answers as it is told, and counts.
#[derive(Clone)]
struct Script(Arc<Scripted>);

struct Scripted {
    answer: Mutex<Result<String, FetchProblem>>,
    next: Mutex<VecDeque<Result<String, FetchProblem>>>,
    fetches: AtomicUsize,
    requests: Mutex<Vec<FetchRequest>>,
    /// A fetch waits for a permit.
    gate: Semaphore,
}

impl Script {
    fn answering(document: String) -> Self {
        Self(Arc::new(Scripted {
            answer: Mutex::new(Ok(document)),
            next: Mutex::default(),
            fetches: AtomicUsize::new(0),
            requests: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }))
    }

    fn answer(&self, answer: Result<String, FetchProblem>) {
        *self.0.answer.lock().unwrap() = answer;
    }

    fn fetches(&self) -> usize {
        self.0.fetches.load(Ordering::SeqCst)
    }

    /// Whether each fetch asked the endpoint itself.
    fn forced(&self) -> Vec<bool> {
        self.0.requests.lock().unwrap().iter().map(|request| request.forced).collect()
    }

    fn close(&self) {
        self.0.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.0.gate.add_permits(1_000);
    }
}

impl Fetch for Script {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let script = Arc::clone(&self.0);
        Box::pin(async move {
            script.fetches.fetch_add(1, Ordering::SeqCst);
            script.requests.lock().unwrap().push(request);
            let permit = script.gate.acquire().await.unwrap();
            permit.forget();
            let next = script.next.lock().unwrap().pop_front();
            let answer = next.unwrap_or_else(|| script.answer.lock().unwrap().clone());
            let etag = Some("\"one\"".to_owned());
            answer.map(|document| Fetched::document(document, None, etag))
        })
    }
}

/// What a script says, but a failure takes all the time that a fetch may take.
struct FailingSlowly(Script, ManualClock);

impl Fetch for FailingSlowly {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let (answer, clock) = (self.0.fetch(request), self.1.clone());
        Box::pin(async move {
            let end = clock.now() + 5 * SECOND;
            let answer = answer.await;
            while answer.is_err() && clock.now() < end {
                tokio::task::yield_now().await;
            }
            answer
        })
    }
}

/// A verifier over a scripted cache, and what moves it.
struct World {
    clock: ManualClock,
    script: Script,
    keys: CachedKeys,
    verifier: DynamicVerifier,
    events: Arc<Mutex<Vec<KeyEvent>>>,
    /// The last token with its key and time: to sign is the slow part of these tests.
    signed: Mutex<Option<(String, u64, SignedRequest)>>,
}

impl World {
    fn new() -> Self {
        Self::over(|script, _| cache(script))
    }

    fn over(cache: impl FnOnce(Script, ManualClock) -> CachedKeysBuilder) -> Self {
        let clock = ManualClock::at(T0);
        let script = script();
        let events: Arc<Mutex<Vec<_>>> = Arc::default();
        let told = Arc::clone(&events);
        let keys = cache(script.clone(), clock.clone())
            .clock(clock.clone())
            .on_event(move |event| told.lock().unwrap().push(event))
            .build()
            .unwrap();
        let verifier = DynamicVerifier::builder()
            .audience(AUDIENCE)
            .binding(Binding::dangerous_any_tenant())
            .keys(keys.clone())
            .clock(clock.clone())
            .build()
            .unwrap();
        Self { clock, script, keys, verifier, events, signed: Mutex::default() }
    }

    async fn warm() -> Self {
        let world = Self::new();
        world.keys.warm_up().await.unwrap();
        world
    }

    fn jwt(&self, signer: &JwtSigner) -> SignedRequest {
        let now = self.clock.now();
        let seconds = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let kid = signer.kid().to_owned();
        if let Some((signed_kid, at, request)) = &*self.signed.lock().unwrap()
            && (signed_kid, *at) == (&kid, seconds)
        {
            return request.clone();
        }
        let mut claims: Value =
            serde_json::from_str(sample_body("batch.succeeded").unwrap()).unwrap();
        claims["aud"] = AUDIENCE.into();
        claims["exp"] = (seconds + 60).into();
        let request = signer.sign("msg_1", now, &claims, "");
        *self.signed.lock().unwrap() = Some((kid, seconds, request.clone()));
        request
    }

    fn v1a(&self, seed: u8) -> SignedRequest {
        ed25519(seed).sign("msg_1", self.clock.now(), sample_body("batch.succeeded").unwrap())
    }

    async fn verify(&self, request: SignedRequest) -> Result<Delivery, Error> {
        self.verifier.verify(&request.headers, request.body).await
    }

    async fn good(&self) -> Result<Delivery, Error> {
        self.verify(self.jwt(&signer())).await
    }

    fn minutes(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    fn until_refresh(&self) {
        self.clock.advance(REFRESH);
    }

    /// Lets the tasks in the background run to their ends.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

fn cache(fetch: impl Fetch) -> CachedKeysBuilder {
    CachedKeys::builder("https://keys.example.com", fetch)
}

fn script() -> Script {
    Script::answering(jwks([signer().jwk(), ed25519(1).jwk()]))
}

fn signer() -> JwtSigner {
    JwtSigner::new("key-1", TestRsaKey::One)
}

fn rotated() -> JwtSigner {
    JwtSigner::new("key-2", TestRsaKey::Two)
}

fn ed25519(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed([seed; 32])
}

#[tokio::test]
async fn nothing_is_fetched_before_the_first_request() {
    let world = World::new();
    assert_eq!(world.script.fetches(), 0);
    assert!(world.good().await.is_ok());
    assert!(world.verify(world.v1a(1)).await.is_ok());
    assert_eq!(world.script.fetches(), 1);
}

#[tokio::test]
async fn keys_at_hand_are_lent_without_a_look() {
    let world = World::warm().await;
    let lent = |wanted| world.keys.at_hand(wanted, world.clock.now()).is_some();
    assert!(lent(Wanted::Kid("key-1")) && lent(Wanted::Ed25519));
    assert!(!lent(Wanted::Kid("key-2")));
    let held = || world.keys.held(world.clock.now()).map(|keys| keys.len());
    assert_eq!(held(), Some(2));
    world.minutes(10);
    assert!(!lent(Wanted::Kid("key-1")) && !lent(Wanted::Ed25519));
    // A diagnosis sees those that an outage would let be used.
    assert_eq!(held(), Some(2));
    world.minutes(60);
    assert_eq!(held(), None);
}

#[tokio::test]
async fn newer_keys_are_at_hand_for_a_verdict_once_the_endpoint_itself_was_asked() {
    let world = World::warm().await;
    let old = world.keys.at_hand(Wanted::Ed25519, world.clock.now()).unwrap().into_arc();
    let newer = || world.keys.at_hand(Wanted::Ed25519Beyond(&old), world.clock.now());
    world.script.answer(Ok(jwks([rotated().jwk(), ed25519(2).jwk()])));
    world.until_refresh();
    assert!(world.good().await.is_ok());
    world.settle().await;
    assert!(newer().is_none());
    // Asks for a kid that is not there, and so past all caches.
    assert_eq!(world.good().await.map(drop), Err(Error::UnknownKey));
    assert!(newer().is_some());
}

#[tokio::test]
async fn a_set_is_fetched_once_per_ttl() {
    let world = World::warm().await;
    for _ in 0..60 {
        for _ in 0..50 {
            assert!(world.good().await.is_ok());
        }
        world.settle().await;
        world.minutes(1);
    }
    assert!((6..=9).contains(&world.script.fetches()), "{}", world.script.fetches());
}

#[tokio::test]
async fn malformed_expired_foreign_and_wrong_alg_tokens_cost_no_fetch() {
    let world = World::new();
    let now = world.clock.now();
    let stranger = |claims: Value| rotated().sign("msg_1", now, &claims, "");
    let none = rotated().token_of(r#"{"alg":"none","kid":"x"}"#, "{}");
    let mut malformed = stranger(Value::Null);
    malformed.headers.insert("webhook-signature", none.parse().unwrap());
    let hostile = [
        stranger(serde_json::json!({ "aud": AUDIENCE, "exp": T0 - 61 })),
        stranger(serde_json::json!({ "aud": "other", "exp": T0 + 60 })),
        stranger(serde_json::json!({ "exp": T0 + 60 })),
        malformed,
    ];
    for request in hostile {
        let refused = world.verify(request).await.unwrap_err();
        assert_eq!(refused.status(), 400, "{refused}");
    }
    assert_eq!(world.script.fetches(), 0);
}

#[tokio::test]
async fn ten_thousand_callers_share_one_fetch_and_no_more_than_the_limit_wait() {
    let world = Arc::new(World::new());
    // In the second round there is room again for as many as have waited in the first.
    for round in 1..=2 {
        world.script.close();
        let callers: Vec<_> = (0..10_000)
            .map(|_| {
                let world = Arc::clone(&world);
                tokio::spawn(async move { world.good().await.map(drop) })
            })
            .collect();
        world.settle().await;
        world.script.open();
        let (mut accepted, mut unreachable) = (0, 0);
        for caller in callers {
            match caller.await.unwrap() {
                Ok(()) => accepted += 1,
                Err(Error::KeysUnreachable) => unreachable += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(world.script.fetches(), round);
        assert_eq!((accepted, unreachable), (1_024, 10_000 - 1_024));
        world.minutes(10);
    }
}

#[tokio::test]
async fn a_rotation_costs_one_fetch_and_no_refusal() {
    let world = World::warm().await;
    world.script.answer(Ok(jwks([signer().jwk(), rotated().jwk(), ed25519(2).jwk()])));
    world.minutes(1);
    assert!(world.verify(world.jwt(&rotated())).await.is_ok());
    assert_eq!(world.script.fetches(), 2);
    assert!(world.verify(world.v1a(2)).await.is_ok());
    assert_eq!(world.script.fetches(), 2);
    assert!(world.good().await.is_ok());
}

#[tokio::test]
async fn a_failed_v1a_match_looks_for_newer_keys() {
    let world = World::warm().await;
    world.script.answer(Ok(jwks([ed25519(2).jwk()])));
    world.minutes(1);
    assert!(world.verify(world.v1a(2)).await.is_ok());
    assert_eq!(world.script.fetches(), 2);
    assert_eq!(world.verify(world.v1a(3)).await.unwrap_err(), Error::SignatureMismatch);
    assert_eq!(world.script.fetches(), 3);
    assert_eq!(world.verify(world.v1a(3)).await.unwrap_err(), Error::KeysUnreachable);
    assert_eq!(world.script.fetches(), 3);
}

#[tokio::test]
async fn an_unknown_kid_is_refused_after_a_fresh_look_and_503_before() {
    let world = World::warm().await;
    world.minutes(1);
    let unknown = |n: u32| JwtSigner::new(format!("unknown-{n}"), TestRsaKey::Three);
    let verify = async |n| world.verify(world.jwt(&unknown(n))).await.unwrap_err();
    assert_eq!(verify(1).await, Error::UnknownKey);
    assert_eq!(verify(1).await, Error::UnknownKey);
    assert_eq!(world.script.fetches(), 2);
    assert_eq!(verify(2).await, Error::UnknownKey);
    assert_eq!(verify(3).await, Error::KeysUnreachable);
    assert_eq!(verify(1).await, Error::UnknownKey);
    assert_eq!(world.script.fetches(), 3);
    assert!(world.good().await.is_ok());
}

#[tokio::test]
async fn ghsa_fhv5_28vv_h8m8_a_flood_of_unknown_kids_costs_four_fetches_in_a_minute() {
    let world = World::warm().await;
    world.minutes(2);
    let before = world.script.fetches();
    let mut request = world.jwt(&signer());
    let claims = request.headers["webhook-signature"].to_str().unwrap().to_owned();
    let claims = claims.split('.').nth(1).unwrap().to_owned();
    for n in 0..60_000_u32 {
        let kid = format!(r#"{{"alg":"RS256","kid":"flood-{n}"}}"#);
        let header = BASE64_URL_SAFE_NO_PAD.encode(kid);
        let token = format!("{header}.{claims}.AAAA");
        request.headers.insert("webhook-signature", token.parse().unwrap());
        let refused = world.verifier.verify(&request.headers, "").await.unwrap_err();
        assert!(matches!(refused, Error::UnknownKey | Error::KeysUnreachable), "{refused}");
        if n % 1_000 == 0 {
            world.clock.advance(Duration::from_secs(1));
            assert!(world.good().await.is_ok());
            request = world.jwt(&signer());
        }
    }
    let cost = world.script.fetches() - before;
    assert!(cost <= 4, "{cost}");
}

#[tokio::test]
async fn ghsa_fhv5_28vv_h8m8_a_failure_wipes_no_key_for_an_hour() {
    let world = World::warm().await;
    world.script.answer(Err(FetchProblem::Unreachable));
    let before = world.script.fetches();
    for _ in 0..60 * 6 {
        for _ in 0..20 {
            assert!(world.good().await.is_ok());
        }
        world.clock.advance(Duration::from_secs(10));
        world.settle().await;
    }
    let attempts = world.script.fetches() - before;
    assert!(attempts <= 70, "{attempts}");
    assert!(world.keys.health().stale);
    // The stale time ends.
    world.minutes(11);
    assert_eq!(world.good().await.unwrap_err(), Error::KeysUnreachable);
    // And the endpoint comes back.
    world.script.answer(Ok(jwks([signer().jwk()])));
    world.clock.advance(Duration::from_secs(10));
    assert!(world.good().await.is_ok());
    assert!(!world.keys.health().stale);
}

#[tokio::test]
async fn a_cold_start_in_an_outage_accepts_nothing_and_recovers() {
    let world = World::new();
    world.script.answer(Err(FetchProblem::Status(500)));
    for _ in 0..30 {
        assert_eq!(world.good().await.unwrap_err(), Error::KeysUnreachable);
        world.clock.advance(Duration::from_secs(1));
    }
    assert!(world.script.fetches() <= 9, "{}", world.script.fetches());
    world.script.answer(Ok(jwks([signer().jwk()])));
    world.clock.advance(Duration::from_secs(10));
    assert!(world.good().await.is_ok());
}

#[tokio::test]
async fn an_empty_or_broken_set_never_replaces_a_good_one() {
    for bad in ["", "<html>", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"EC"}]}"#, "[]"] {
        let world = World::warm().await;
        world.script.answer(Ok(bad.to_owned()));
        world.until_refresh();
        assert!(world.good().await.is_ok());
        world.settle().await;
        assert_eq!(world.script.fetches(), 2, "{bad}");
        world.minutes(20);
        assert!(world.good().await.is_ok(), "{bad}");
    }
}

#[tokio::test]
async fn cv5_22149_ghsa_675f_rq2r_jw82_a_withdrawn_key_is_dropped_even_if_the_receiver_was_idle() {
    let world = World::warm().await;
    world.script.answer(Ok(jwks([rotated().jwk()])));
    world.minutes(10);
    assert_eq!(world.good().await.unwrap_err(), Error::UnknownKey);
    assert!(world.verify(world.jwt(&rotated())).await.is_ok());
}

#[tokio::test]
async fn a_withdrawn_key_is_dropped_by_an_idle_receiver_whose_last_look_failed_long_ago() {
    let world = World::warm().await;
    world.clock.advance(REFRESH);
    world.script.answer(Err(FetchProblem::Timeout));
    assert!(world.good().await.is_ok());
    world.settle().await;
    assert_eq!(world.script.fetches(), 2);
    world.script.answer(Ok(jwks([rotated().jwk()])));
    world.minutes(50);
    assert_eq!(world.good().await.unwrap_err(), Error::UnknownKey);
}

#[tokio::test]
async fn a_caller_who_goes_away_stops_no_one_else() {
    let world = Arc::new(World::new());
    world.script.close();
    let first = Arc::clone(&world);
    let first = tokio::spawn(async move { first.good().await.map(drop) });
    world.settle().await;
    let second = Arc::clone(&world);
    let second = tokio::spawn(async move { second.good().await.map(drop) });
    world.settle().await;
    first.abort();
    world.settle().await;
    world.script.open();
    assert_eq!(second.await.unwrap(), Ok(()));
    assert_eq!(world.script.fetches(), 1);
}

#[tokio::test]
async fn a_fetcher_that_panics_is_a_failure_like_another() {
    struct Panics;
    impl Fetch for Panics {
        fn fetch(&self, _: FetchRequest) -> FetchFuture {
            Box::pin(async { panic!("on purpose") })
        }
    }
    let keys = cache(Panics).build().unwrap();
    assert_eq!(keys.warm_up().await.unwrap_err(), Error::KeysUnreachable);
    assert_eq!(keys.health().failures, 1);
}

#[tokio::test]
async fn a_forced_look_says_so_and_a_refresh_sends_the_etag() {
    let world = World::warm().await;
    world.until_refresh();
    assert!(world.good().await.is_ok());
    world.settle().await;
    let requests = world.script.0.requests.lock().unwrap().clone();
    let seen: Vec<_> = requests.iter().map(|r| (r.forced, r.etag.is_some())).collect();
    assert_eq!(seen, [(true, false), (false, true)]);
}

#[tokio::test]
async fn the_hook_and_the_health_tell_what_happens() {
    let world = World::warm().await;
    let health = world.keys.health();
    assert_eq!((health.usable, health.stale, health.failures), (2, false, 0));
    world.script.answer(Err(FetchProblem::Timeout));
    world.until_refresh();
    assert!(world.good().await.is_ok());
    world.settle().await;
    assert_eq!(world.keys.health().failures, 1);
    assert_eq!(world.keys.health().age, Some(REFRESH));
    let events = world.events.lock().unwrap().clone();
    let failed = KeyEvent::Failed { problem: FetchProblem::Timeout, failures: 1 };
    assert_eq!(events, [KeyEvent::Fetched { usable: 2, skipped: 0 }, failed]);
}

#[tokio::test]
async fn a_snapshot_starts_another_process() {
    let world = World::warm().await;
    let text = serde_json::to_string(&world.keys.snapshot().unwrap()).unwrap();
    let snapshot = serde_json::from_str(&text).unwrap();
    let other = World::new();
    other.script.answer(Err(FetchProblem::Unreachable));
    other.clock.advance(Duration::from_secs(60));
    other.keys.import(&snapshot).unwrap();
    assert_eq!(serde_json::to_string(&other.keys.snapshot().unwrap()).unwrap(), text);
    assert!(other.good().await.is_ok());
    assert_eq!(other.script.fetches(), 0);
    // It keeps its age.
    assert_eq!(other.keys.health().age, Some(Duration::from_secs(60)));
}

#[tokio::test]
async fn a_snapshot_is_under_every_rule() {
    let world = World::warm().await;
    let good = serde_json::to_value(world.keys.snapshot().unwrap()).unwrap();
    let import = |change: &dyn Fn(&mut Value)| {
        let mut snapshot = good.clone();
        change(&mut snapshot);
        World::new().keys.import(&serde_json::from_value(snapshot).unwrap())
    };
    assert_eq!(import(&|_| ()), Ok(()));
    let url = import(&|snapshot| snapshot["url"] = "https://other.example.com".into());
    assert_eq!(url, Err(SnapshotProblem::OtherUrl));
    let future = import(&|snapshot| snapshot["fetched_at"] = (T0 * 1000 + 1).into());
    assert_eq!(future, Err(SnapshotProblem::FromTheFuture));
    let old = import(&|snapshot| snapshot["fetched_at"] = ((T0 - 4200) * 1000).into());
    assert_eq!(old, Err(SnapshotProblem::TooOld));
    let empty = import(&|snapshot| snapshot["document"] = r#"{"keys":[]}"#.into());
    assert_eq!(empty, Err(SnapshotProblem::NoUsableKey));
    let broken = import(&|snapshot| snapshot["document"] = "x".into());
    assert!(matches!(broken, Err(SnapshotProblem::Document(_))));
    // An older one never replaces what is at hand.
    world.minutes(5);
    let old = world.keys.snapshot().unwrap();
    world.script.answer(Ok(jwks([rotated().jwk()])));
    world.minutes(5);
    assert!(world.verify(world.jwt(&rotated())).await.is_ok());
    world.keys.import(&old).unwrap();
    assert!(world.verify(world.jwt(&rotated())).await.is_ok());
}

#[test]
fn how_long_a_set_is_kept_is_bounded() {
    let build = |ttl| cache(script()).ttl(ttl).build().map(drop);
    for good in [60 * SECOND, DAY] {
        assert_eq!(build(good), Ok(()), "{good:?}");
    }
    for bad in [Duration::ZERO, 59_999 * MILLISECOND, DAY + MILLISECOND, Duration::MAX] {
        assert_eq!(build(bad), Err(ConfigError::KeyTimesOutOfRange), "{bad:?}");
    }
}

#[test]
fn how_long_a_set_is_used_past_its_time_is_bounded() {
    let build = |stale| cache(script()).stale_if_error(stale).build().map(drop);
    for good in [Duration::ZERO, DAY] {
        assert_eq!(build(good), Ok(()), "{good:?}");
    }
    for bad in [DAY + MILLISECOND, Duration::MAX] {
        assert_eq!(build(bad), Err(ConfigError::KeyTimesOutOfRange), "{bad:?}");
    }
}

#[test]
fn how_far_apart_fetches_are_is_bounded() {
    let build = |cooldown| cache(script()).ttl(DAY).cooldown(cooldown).build().map(drop);
    for good in [SECOND, 600 * SECOND] {
        assert_eq!(build(good), Ok(()), "{good:?}");
    }
    for bad in [Duration::ZERO, 999 * MILLISECOND, 600 * SECOND + MILLISECOND, Duration::MAX] {
        assert_eq!(build(bad), Err(ConfigError::KeyTimesOutOfRange), "{bad:?}");
    }
}

#[tokio::test]
async fn a_shorter_ttl_ends_the_life_of_a_withdrawn_key() {
    let world = World::over(|script, _| cache(script).ttl(120 * SECOND));
    world.keys.warm_up().await.unwrap();
    world.script.answer(Ok(jwks([rotated().jwk()])));
    world.clock.advance(120 * SECOND);
    assert_eq!(world.good().await.unwrap_err(), Error::UnknownKey);
}

#[tokio::test]
async fn a_shorter_stale_time_ends_the_life_of_a_key_in_an_outage() {
    for stale in [0, 30] {
        let stale = stale * SECOND;
        let world = World::over(|script, _| cache(script).ttl(120 * SECOND).stale_if_error(stale));
        outage(&world, 120 * SECOND + stale).await;
    }
}

#[tokio::test]
async fn an_outage_delays_nobody_whose_fetches_each_take_their_time() {
    let world = World::over(|script, clock| cache(FailingSlowly(script, clock)));
    outage(&world, 4_200 * SECOND).await;
}

#[tokio::test]
async fn an_outage_delays_nobody_whose_fetches_are_far_apart() {
    let rare = |script, _| cache(script).ttl(1_200 * SECOND).cooldown(600 * SECOND);
    outage(&World::over(rare), 4_800 * SECOND).await;
}

/// After the first fetch the endpoint fails: with a request per second, each is accepted at once
/// until the set has reached this age, and none from then on.
async fn outage(world: &World, life: Duration) {
    world.keys.warm_up().await.unwrap();
    world.script.answer(Err(FetchProblem::Timeout));
    for age in 0..life.as_secs() {
        assert_eq!(poll_once(world, &world.v1a(1)), Some(Ok(())), "after {age} s");
        world.settle().await;
        world.clock.advance(SECOND);
    }
    assert_ne!(poll_once(world, &world.v1a(1)), Some(Ok(())));
}

/// A cache whose answers may be kept for a minute, with a cooldown of five.
fn slow_to_look(clock: &ManualClock, script: &Script) -> CachedKeys {
    struct ForAMinute(Script);
    impl Fetch for ForAMinute {
        fn fetch(&self, request: FetchRequest) -> FetchFuture {
            let answer = self.0.fetch(request);
            let minute = Some(Duration::from_secs(60));
            Box::pin(async move {
                answer.await.map(|answer| match answer {
                    Fetched::Document { body, .. } => Fetched::document(body, minute, None),
                    other => other,
                })
            })
        }
    }
    cache(ForAMinute(script.clone()))
        .cooldown(Duration::from_secs(300))
        .clock(clock.clone())
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_set_is_kept_until_the_next_fetch_is_allowed() {
    let world = World::new();
    let keys = slow_to_look(&world.clock, &world.script);
    for second in 0..1_800 {
        let now = world.clock.now();
        let known = keys.at_hand(Wanted::Kid("key-1"), now).is_some();
        let found = known || keys.look(Wanted::Kid("key-1")).await.is_ok();
        assert!(found, "refused after {second} s with the endpoint up");
        world.settle().await;
        world.clock.advance(Duration::from_secs(1));
    }
    let build = |ttl| cache(script()).ttl(ttl).cooldown(300 * SECOND).build().map(drop);
    assert_eq!(build(600 * SECOND), Ok(()));
    assert_eq!(build(599_999 * MILLISECOND), Err(ConfigError::KeyTimesOutOfRange));
}

#[tokio::test]
async fn no_verdict_rests_on_a_refresh_that_a_cache_may_have_answered() {
    let old = jwks([signer().jwk(), ed25519(1).jwk()]);
    // As it was, and written otherwise.
    for answered in [old.clone(), format!("{old}\n")] {
        for sign in [|world: &World| world.jwt(&rotated()), |world: &World| world.v1a(2)] {
            let world = Arc::new(World::warm().await);
            world.clock.advance(Duration::from_secs(550));
            world.script.close();
            assert!(world.good().await.is_ok());
            world.settle().await;
            // The refresh is under way, and a key turns up that its answer does not hold yet.
            world.script.0.next.lock().unwrap().push_back(Ok(answered.clone()));
            world.script.answer(Ok(jwks([rotated().jwk(), ed25519(2).jwk()])));
            let request = sign(&world);
            let waiting = tokio::spawn({
                let world = Arc::clone(&world);
                async move { world.verify(request).await.map(drop) }
            });
            world.settle().await;
            world.script.open();
            assert_eq!(waiting.await.unwrap(), Ok(()));
            assert_eq!(world.script.forced(), [true, false, true]);
        }
    }
}

/// A request as far as it comes without a wait.
fn poll_once(world: &World, request: &SignedRequest) -> Option<Result<(), Error>> {
    let mut verify = Box::pin(world.verifier.verify(&request.headers, request.body.clone()));
    match verify.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => Some(verdict.map(drop)),
        Poll::Pending => None,
    }
}

#[test]
fn a_fetch_in_a_runtime_that_nobody_runs_is_given_up() {
    let runtime = |paused| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().start_paused(paused).build().unwrap()
    };
    let (idle, busy) = (runtime(false), runtime(true));
    let world = World::new();
    // Polled once, and gone with the only runtime that would have run the fetch.
    assert_eq!(idle.block_on(async { poll_once(&world, &world.v1a(1)) }), None);
    let again = || async { world.good().await.map(drop) };
    assert_eq!(busy.block_on(again()), Err(Error::KeysUnreachable));
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(busy.block_on(again()), Ok(()));
    // What the idle one brings at last is of no use to anybody, and harms nobody.
    idle.block_on(world.settle());
    assert_eq!(busy.block_on(again()), Ok(()));
    let given_up = KeyEvent::Failed { problem: FetchProblem::Timeout, failures: 1 };
    let fetched = KeyEvent::Fetched { usable: 2, skipped: 0 };
    assert_eq!(*world.events.lock().unwrap(), [given_up, fetched]);
}

#[test]
fn waiting_outside_a_runtime_is_503_and_no_panic() {
    let world = World::new();
    let request = world.v1a(1);
    assert_eq!(poll_once(&world, &request), Some(Err(Error::KeysUnreachable)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Here a fetch starts, which the next caller would join.
    assert_eq!(runtime.block_on(async { poll_once(&world, &request) }), None);
    assert_eq!(poll_once(&world, &request), Some(Err(Error::KeysUnreachable)));
}

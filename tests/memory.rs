//! What hostile requests and hostile documents may cost in memory.
//!
//! What Rust allocates is counted; what the backend allocates in C shows in the size of the process
//! alone, which is why that is looked at as well. Full scale: `scripts/floods.sh`.

use std::alloc::System;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use gemini_webhooks::limits::{
    MAX_JWKS_BYTES, MAX_JWKS_KEYS, MAX_RSA_KEYS, MAX_SIGNATURE_HEADER_BYTES, MAX_UNKNOWN_KIDS,
    MAX_WAITERS,
};
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, TestRsaKey, jwks, sample_body,
};
use gemini_webhooks::{
    Binding, CachedKeys, Clock, DynamicVerifier, Error, Fetch, FetchFuture, FetchRequest, Fetched,
    KeySet, KeySource, Wanted,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const T0: u64 = 1_800_000_000;
const AUDIENCE: &str = "my-project-client-id";
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The allocator counts for the whole process, so that one test runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// What is still held of what was allocated.
fn held(stats: Stats) -> usize {
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// The memory of this process that is in use, in bytes; 0 where no system like Linux tells.
fn resident() -> usize {
    let Ok(text) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * KIB
}

fn at_most(what: &str, bytes: usize, target: usize) {
    println!("{what}: {bytes} bytes");
    assert!(bytes <= target, "{what}: {bytes} bytes, at most {target}");
}

/// Answers every fetch with this document.
struct Document(String);

impl Fetch for Document {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        let document = self.0.clone();
        Box::pin(async move { Ok(Fetched::document(document, None, None)) })
    }
}

fn cache(document: String, clock: &ManualClock) -> CachedKeys {
    let builder = CachedKeys::builder("https://keys.example.com", Document(document));
    builder.clock(clock.clone()).build().unwrap()
}

/// The largest document of the most and the largest keys, each a different one.
fn largest_document() -> String {
    let key = |n: usize| {
        let mut modulus = [0xff; 1024];
        modulus[1] = u8::try_from(n).unwrap();
        let kid = format!("{n:0>200}");
        format!(r#"{{"kty":"RSA","kid":"{kid}","e":"AQAB","n":"{}"}}"#, BASE64.encode(modulus))
    };
    let keys: Vec<_> = (0..MAX_JWKS_KEYS).map(key).collect();
    let document = format!(r#"{{"keys":[{}]}}"#, keys.join(","));
    let padding = " ".repeat(MAX_JWKS_BYTES - document.len());
    document + &padding
}

#[test]
fn the_key_cache_is_bounded_for_the_largest_document() {
    const CACHES: usize = 64;
    let _alone = alone();
    let runtime = runtime();
    let clock = ManualClock::at(T0);
    let document = largest_document();
    assert_eq!(document.len(), MAX_JWKS_BYTES);
    let fill = || {
        let keys = cache(document.clone(), &clock);
        runtime.block_on(keys.warm_up()).unwrap();
        assert_eq!(keys.health().usable, MAX_RSA_KEYS);
        keys
    };
    // What the runtime and the allocator take once is not the cache's.
    drop([fill(), fill()]);
    let mut caches = Vec::with_capacity(CACHES);
    let (region, before) = (Region::new(ALLOCATOR), resident());
    caches.extend((0..CACHES).map(|_| fill()));
    // The document that the fetcher above holds is the test's own.
    let counted = held(region.change()) / CACHES - MAX_JWKS_BYTES;
    let in_all = (resident().saturating_sub(before) / CACHES).saturating_sub(MAX_JWKS_BYTES);
    let target = 256 * KIB;
    at_most("key cache, of Rust's allocator", counted, target);
    // The document, and each of its keys twice: as the backend takes it and as it parses it.
    at_most("key cache, of the process", in_all, target);
}

#[test]
fn the_unknown_kids_are_bounded_and_remembered() {
    let _alone = alone();
    let runtime = runtime();
    let clock = ManualClock::at(T0);
    let document = jwks([Ed25519Signer::from_seed([7; 32]).jwk()]);
    // Each round has one fetch, and as many callers as may wait for it.
    let round = |keys: &CachedKeys, round: usize| {
        clock.advance(Duration::from_secs(31));
        let unknown = runtime.block_on(async {
            let mut callers = JoinSet::new();
            for n in 0..MAX_WAITERS {
                let keys = keys.clone();
                callers.spawn(async move { look(&keys, &format!("{round}-{n}")).await });
            }
            callers.join_all().await
        });
        assert_eq!(count_unknown(&unknown), MAX_WAITERS);
    };
    // What the runtime takes once is not the cache's.
    round(&cache(document.clone(), &clock), 0);
    let region = Region::new(ALLOCATOR);
    let keys = cache(document, &clock);
    let mut most = 0;
    for n in 0..20 {
        round(&keys, n);
        most = most.max(held(region.change()));
    }
    at_most("the most unknown kids, with all else in the cache", most, 128 * KIB);
    // As many of the last round are remembered: nobody has to look, and no look is allowed now.
    let again = runtime.block_on(async {
        let mut answers = Vec::new();
        for n in 0..MAX_WAITERS {
            answers.push(look(&keys, &format!("19-{n}")).await);
        }
        answers
    });
    let remembered = count_unknown(&again);
    println!("remembered: {remembered} of {MAX_WAITERS}");
    // Each has one place, which a newer one may have taken: two thirds of as many as places stay.
    assert!(remembered > MAX_UNKNOWN_KIDS / 2, "{remembered}");
}

async fn look(keys: &CachedKeys, kid: &str) -> Error {
    keys.look(Wanted::Kid(kid)).await.unwrap_err()
}

fn count_unknown(answers: &[Error]) -> usize {
    answers.iter().filter(|error| **error == Error::UnknownKey).count()
}

fn keys_of(n: u8) -> (JwtSigner, Ed25519Signer) {
    (JwtSigner::new("key-1", TestRsaKey::One), Ed25519Signer::from_seed([n; 32]))
}

fn claims(exp: u64) -> serde_json::Value {
    let mut claims: serde_json::Value =
        serde_json::from_str(sample_body("batch.succeeded").unwrap()).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["exp"] = exp.into();
    claims
}

fn now() -> std::time::SystemTime {
    ManualClock::at(T0).now()
}

fn with_signature(signature: &str) -> SignedRequest {
    with_token(&Ed25519Signer::from_seed([9; 32]).sign("msg_1", now(), "{}"), signature)
}

fn with_token(request: &SignedRequest, token: &str) -> SignedRequest {
    let mut request = request.clone();
    request.headers.insert("webhook-signature", token.parse().unwrap());
    request
}

fn token(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, signature: &[u8]) -> SignedRequest {
    let [header, claims] = [BASE64.encode(header), BASE64.encode(claims)];
    with_signature(&format!("{header}.{claims}.{}", BASE64.encode(signature)))
}

fn verifier(keys: impl KeySource, clock: &ManualClock) -> DynamicVerifier {
    DynamicVerifier::builder()
        .audience(AUDIENCE)
        .binding(Binding::dangerous_any_tenant())
        .keys(keys)
        .clock(clock.clone())
        .build()
        .unwrap()
}

#[test]
fn forged_requests_leave_nothing_behind() {
    forged_requests(100_000);
}

#[test]
#[ignore = "takes minutes: scripts/floods.sh"]
fn ten_million_forged_requests_leave_nothing_behind() {
    forged_requests(10_000_000);
}

fn forged_requests(requests: usize) {
    let _alone = alone();
    let runtime = runtime();
    let clock = ManualClock::at(T0);
    let (jwt, v1a) = keys_of(1);
    let verifier = verifier(cache(jwks([jwt.jwk(), v1a.jwk()]), &clock), &clock);
    let genuine = jwt.sign("msg_1", now(), &claims(T0 + 200), "");
    let stranger = JwtSigner::new("key-1", TestRsaKey::Two);
    let forged_jwt = with_token(&genuine, &stranger.token(&claims(T0 + 200)));
    let body = vec![b' '; 20 * KIB];
    let many_dots = with_signature(&".".repeat(MAX_SIGNATURE_HEADER_BYTES));
    let malformed = with_signature("v1a,AAAA");
    let expired = token(r#"{"alg":"RS256","kid":"x"}"#, claims(T0 - 100).to_string(), &[1; 256]);
    let forged_v1a = keys_of(2).1.sign("msg_1", now(), body);
    let claims = BASE64.encode(claims(T0 + 200).to_string());
    let flood = |numbers: std::ops::Range<usize>| {
        for n in numbers {
            // Three minutes pass, so that there are fetches as well.
            if n % (requests / 180) == 0 {
                clock.advance(Duration::from_secs(1));
            }
            // Most of them are cheap: it is their number that counts.
            let request = match n % 64 {
                0 => forged_jwt.clone(),
                1 => forged_v1a.clone(),
                2 => many_dots.clone(),
                3..8 => expired.clone(),
                8..56 => malformed.clone(),
                _ => {
                    let header = format!(r#"{{"alg":"RS256","kid":"unknown-{n}"}}"#);
                    with_token(&genuine, &format!("{}.{claims}.AAAA", BASE64.encode(header)))
                }
            };
            let verdict = runtime.block_on(verifier.verify(&request.headers, request.body));
            assert!(verdict.is_err());
        }
    };
    flood(0..requests / 10);
    let (region, before) = (Region::new(ALLOCATOR), resident());
    flood(requests / 10..requests / 10 + requests);
    let (counted, in_all) = (held(region.change()), resident().saturating_sub(before));
    println!("{requests} forged: {} KiB counted, {} KiB in all", counted / KIB, in_all / KIB);
    // The target is 8 MiB for ten million; there is no reason for as much.
    assert!(counted < MIB, "{counted}");
    assert!(in_all < 8 * MIB, "{in_all}");
    let good = runtime.block_on(verifier.verify(&genuine.headers, genuine.body));
    assert!(good.is_ok());
}

/// Refuses a request, and returns how many bytes and how many times that allocated.
fn cost_of(verifier: &DynamicVerifier, request: &SignedRequest) -> (usize, usize) {
    let keys = KeySet::from_json(br#"{"keys":[]}"#).unwrap();
    let once = || {
        let body = request.body.clone();
        let region = Region::new(ALLOCATOR);
        let verdict = verifier.verify_with(&keys, &request.headers, body);
        let stats = region.change();
        assert_eq!(verdict.unwrap_err().status(), 400);
        (stats.bytes_allocated, stats.allocations + stats.reallocations)
    };
    // The harness prints what another test has shown meanwhile, and that allocates too.
    (0..5).map(|_| once()).min().unwrap()
}

#[test]
fn a_request_refused_before_any_key_allocates_little() {
    const RS256: &str = r#"{"alg":"RS256","kid":"x"}"#;
    let _alone = alone();
    let clock = ManualClock::at(T0);
    let verifier = verifier(cache(jwks([]), &clock), &clock);
    // As much as fits into the header beside the rest.
    let long = |part: &str| part.repeat(11 * KIB / part.len());
    let mut missing = with_signature("v1a,AAAA");
    missing.headers.remove("webhook-id");
    let mut repeated = with_signature("v1a,AAAA");
    repeated.headers.append("webhook-id", "msg_2".parse().unwrap());
    let mut stale = with_signature("v1a,AAAA");
    stale.headers.insert("webhook-timestamp", "1700000000".parse().unwrap());
    let entries = |entry: &str| with_signature(&[entry; 200].join(" "));
    let plain = [
        ("no id", missing),
        ("two ids", repeated),
        ("stale", stale),
        ("v1a, malformed", with_signature("v1a,AAAA")),
        ("v1a, 200 entries", entries("v1a,AAAA")),
        ("v2, 200 entries", entries("v2,AAAA")),
        ("v1, scheme not configured", with_signature(&format!("v1,{}=", "A".repeat(43)))),
        ("16 KiB of dots", with_signature(&".".repeat(MAX_SIGNATURE_HEADER_BYTES))),
        ("16 KiB of commas", with_signature(&",".repeat(MAX_SIGNATURE_HEADER_BYTES))),
        ("over the limit", with_signature(&"A".repeat(MAX_SIGNATURE_HEADER_BYTES + 1))),
        ("JWT, empty", with_signature("..")),
    ];
    let other_audience = format!(r#"{{"aud":"x","exp":{}}}"#, T0 + 60);
    let audiences = format!(r#"{{"aud":[{}"x"],"exp":{}}}"#, long(r#""a","#), T0 + 60);
    let members: Vec<_> = (0..600).map(|n| format!(r#""member{n}":{n},"#)).collect();
    let members = members.concat();
    let tokens = [
        ("JWT, expired", token(RS256, claims(T0 - 100).to_string(), &[1; 256])),
        ("JWT, other audience", token(RS256, other_audience, &[1; 256])),
        ("JWT, thousands of audiences", token(RS256, audiences, &[1; 256])),
        ("JWT, hundreds of claims", token(RS256, format!("{{{members}\"aud\":\"x\"}}"), &[1; 256])),
        ("JWT, one long claim", token(RS256, format!(r#"{{"aud":"{}"}}"#, long("a")), &[1; 256])),
        ("JWT, escapes", token(RS256, format!(r#"{{"aud":"{}"}}"#, long("\\u0061")), &[1; 256])),
        ("JWT, deep", token(RS256, long("["), &[1; 256])),
        ("JWT, long kid", token(format!(r#"{{"kid":"{}"}}"#, long("k")), "{}", &[1; 256])),
        ("JWT, long alg", token(format!(r#"{{"alg":"{}"}}"#, long("\\n")), "{}", &[1; 256])),
        ("JWT, long signature", token(RS256, "{}", &[1; 12_000])),
        ("JWT, not base64", with_signature(&format!("{}.e30.a=", long("A")))),
    ];
    let mut most_of_plain = 0;
    for (what, request) in &plain {
        let (bytes, times) = cost_of(&verifier, request);
        most_of_plain = most_of_plain.max(bytes);
        assert!(bytes <= KIB, "{what}: {bytes} bytes");
        assert!(times <= 4, "{what}: {times} times");
    }
    println!("refused without a token: at most {most_of_plain} bytes");
    for (what, request) in &tokens {
        let length = request.headers["webhook-signature"].len();
        let (bytes, times) = cost_of(&verifier, request);
        let target = length + length / 4 + KIB;
        at_most(what, bytes, target);
        assert!(times <= 16, "{what}: {times} times");
    }
    // Each of these lies so close to the middle of two floats that it is read by long arithmetic, in
    // memory that is given back before the next. No more than fit are in a token.
    let numbers = long("9007199254740993.00000000000000000000000000000001,");
    let hard = token(RS256, format!(r#"{{"a":[{numbers}0],"aud":"x"}}"#), &[1; 256]);
    let (bytes, times) = cost_of(&verifier, &hard);
    at_most("JWT, numbers that are hard to read", bytes, 8 * MAX_SIGNATURE_HEADER_BYTES);
    assert!(times <= 3 * numbers.len() / 49, "{times} times");
}

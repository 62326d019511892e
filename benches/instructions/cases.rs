//! What is counted: the usual requests, and of every stage the costliest that are refused.

use std::iter;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use gemini_webhooks::limits::{
    DEFAULT_MAX_BODY_BYTES, MAX_ED25519_KEYS, MAX_ID_BYTES, MAX_JSON_DEPTH, MAX_JWKS_BYTES,
    MAX_JWKS_KEYS, MAX_JWT_HEADER_BYTES, MAX_SECRETS, MAX_SIGNATURE_ENTRIES,
    MAX_SIGNATURE_HEADER_BYTES, MAX_SIGNATURE_LIST_BYTES, MAX_V1A_ENTRIES,
};
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, StaticSigner, TestRsaKey, jwks,
    sample_body,
};
use gemini_webhooks::{
    Binding, CachedKeys, DynamicVerifier, Envelope, Error, Fetch, FetchFuture, FetchRequest,
    Fetched, KeySet, KeySource as _, Secret, StaticVerifier, Verifier, Wanted,
};
use serde_json::{Value, json};

const T0: u64 = 1_800_000_000;
const ID: &str = "msg_0f8fad5b-d9cb-469f-a165-70867728950e";
const KID: &str = "b8f4d3f0a1c2";
const AUDIENCE: &str = "my-project-client-id";
const TOKEN: &str = "sixteen random bytes or more";
const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// One thing to count; it tells how the request was judged.
pub struct Case {
    pub stage: &'static str,
    pub name: &'static str,
    pub outcome: &'static str,
    pub run: Box<dyn Fn() -> &'static str>,
}

#[derive(Default)]
struct Cases {
    stage: &'static str,
    cases: Vec<Case>,
}

impl Cases {
    fn add(
        &mut self,
        outcome: &'static str,
        name: &'static str,
        run: impl Fn() -> &'static str + 'static,
    ) {
        self.cases.push(Case { stage: self.stage, name, outcome, run: Box::new(run) });
    }

    /// Judges by a verifier for static webhooks, which borrows the request.
    fn add_static(&mut self, outcome: &'static str, name: &'static str, request: SignedRequest) {
        let verifier = static_verifier(1);
        self.add(outcome, name, move || judged(verifier.check(&request.headers, &request.body)));
    }

    /// Judges by a verifier for dynamic webhooks, with these keys in hand.
    fn add_dynamic(
        &mut self,
        outcome: &'static str,
        name: &'static str,
        keys: &Arc<KeySet>,
        request: SignedRequest,
    ) {
        let (verifier, keys) = (dynamic_verifier(), Arc::clone(keys));
        self.add(outcome, name, move || {
            judged(verifier.verify_with(&keys, &request.headers, request.body.clone()))
        });
    }
}

fn judged<T>(verdict: Result<T, Error>) -> &'static str {
    match verdict {
        Ok(_) => "accepted",
        Err(error) => error.code(),
    }
}

/// All of them, in the order of the stages.
pub fn all() -> Vec<Case> {
    let mut cases = Cases::default();
    usual(&mut cases);
    headers(&mut cases);
    forms(&mut cases);
    tokens(&mut cases);
    signatures(&mut cases);
    bodies(&mut cases);
    bindings(&mut cases);
    events(&mut cases);
    documents(&mut cases);
    cases.cases
}

// What requests are made of.

fn time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(T0)
}

fn secret(n: usize) -> Secret {
    Secret::from_raw_bytes([u8::try_from(n).unwrap(); 32]).unwrap()
}

fn static_verifier(secrets: usize) -> StaticVerifier {
    let builder = StaticVerifier::builder().secrets((0..secrets).map(secret));
    builder.clock(ManualClock::at(T0)).build().unwrap()
}

fn dynamic_verifier() -> DynamicVerifier {
    dynamic_verifier_over(Arc::new(KeySet::from_json(br#"{"keys":[]}"#).unwrap()))
}

fn dynamic_verifier_over(keys: Arc<KeySet>) -> DynamicVerifier {
    DynamicVerifier::builder()
        .audience(AUDIENCE)
        .issuer("https://issuer.example.com")
        .binding(Binding::metadata_token("token", TOKEN).unwrap())
        .keys(keys)
        .clock(ManualClock::at(T0))
        .build()
        .unwrap()
}

fn jwt() -> JwtSigner {
    JwtSigner::new(KID, TestRsaKey::One)
}

fn ed25519(n: usize) -> Ed25519Signer {
    Ed25519Signer::from_seed([u8::try_from(n).unwrap(); 32])
}

/// A set with one RSA key and so many Ed25519 keys.
fn keys(count: usize) -> Arc<KeySet> {
    let document = jwks(iter::once(jwt().jwk()).chain((1..=count).map(|n| ed25519(n).jwk())));
    Arc::new(KeySet::from_json(document.as_bytes()).unwrap())
}

/// A modulus of 8192 bits, each number another; nobody knows its factors.
fn large_key(kid: &str, n: usize) -> Value {
    let mut modulus = [0xff; 1024];
    modulus[1] = u8::try_from(n).unwrap();
    json!({ "kty": "RSA", "kid": kid, "e": "AQAB", "n": BASE64_URL_SAFE_NO_PAD.encode(modulus) })
}

/// An event of exactly this many bytes.
fn event_of(bytes: usize) -> Bytes {
    let start = r#"{"type":"batch.succeeded","version":"v1","timestamp":"2026-01-22T12:00:00Z","data":{"id":"batches/0f8fad5b-d9cb-469f-a165-70867728950e","output_file_uri":"gs://my-bucket/"#;
    let end = r#".jsonl"}}"#;
    format!("{start}{}{end}", "r".repeat(bytes - start.len() - end.len())).into()
}

fn static_request(body: Bytes) -> SignedRequest {
    StaticSigner::new(&secret(0)).sign(ID, time(), body)
}

fn with(name: &'static str, value: impl AsRef<str>) -> SignedRequest {
    let mut request = static_request(event_of(300));
    request.headers.insert(name, value.as_ref().parse().unwrap());
    request
}

fn with_signature(value: impl AsRef<str>) -> SignedRequest {
    with("webhook-signature", value)
}

/// As often as fits.
fn repeated(text: &str, bytes: usize) -> String {
    text.repeat(bytes / text.len())
}

fn claims() -> Value {
    let mut claims: Value = serde_json::from_str(sample_body("batch.succeeded").unwrap()).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["iss"] = "https://issuer.example.com".into();
    claims["exp"] = (T0 + 60).into();
    claims["user_metadata"] = json!({ "token": TOKEN });
    claims
}

/// Claims with one more member, of this JSON.
fn claims_and(member: &str) -> String {
    let claims = claims().to_string();
    format!("{},{member}}}", claims.strip_suffix('}').unwrap())
}

fn header() -> String {
    json!({ "alg": "RS256", "typ": "JWT", "kid": KID }).to_string()
}

/// A token that is not signed, with a signature of so many bytes.
fn token_of(header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>, signature: usize) -> String {
    let [header, claims] =
        [BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(claims)];
    format!("{header}.{claims}.{}", BASE64_URL_SAFE_NO_PAD.encode(vec![1; signature]))
}

/// The bytes that claims may have beside a usual header and the longest signature of a 2048-bit key.
const CLAIMS_BYTES: usize = (MAX_SIGNATURE_HEADER_BYTES - 100 - 344) / 4 * 3;

/// Numbers that lie so close to the middle of two floats that it takes long arithmetic to tell.
fn hard_numbers(bytes: usize) -> String {
    repeated("9007199254740993.00000000000000000000000000000001,", bytes) + "0"
}

/// Members of different names.
fn members(bytes: usize) -> String {
    let members: Vec<_> = (0..bytes / 11).map(|n| format!("\"{n:06}\":0")).collect();
    members.join(",")
}

// The stages.

fn usual(cases: &mut Cases) {
    cases.stage = "accepted";
    for (bytes, check, verify) in [
        (300, "static `check`, 300 B", "static `verify`, 300 B"),
        (64 * KIB, "static `check`, 64 KiB", "static `verify`, 64 KiB"),
    ] {
        let request = static_request(event_of(bytes));
        cases.add_static("accepted", check, request.clone());
        let verifier = static_verifier(1);
        cases.add("accepted", verify, move || {
            judged(verifier.verify(&request.headers, request.body.clone()))
        });
    }
    let request = jwt().sign(ID, time(), &claims(), "");
    cases.add_dynamic("accepted", "JWT `verify_with`", &keys(3), request);
    let body = claims().to_string();
    let request = ed25519(1).sign(ID, time(), body);
    cases.add_dynamic(
        "accepted",
        "`v1a` `verify_with`, 1 entry, the first of 3 keys",
        &keys(3),
        request,
    );
    cases.add("accepted", "a key at hand, by its `kid`", {
        let (cache, now) = (warm_cache(), time());
        move || cache.at_hand(Wanted::Kid(KID), now).map_or("missing", |_| "accepted")
    });
    add_event(cases, "accepted", "event, 300 B", event_of(300));
}

struct InHand(String);

impl Fetch for InHand {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        let document = self.0.clone();
        Box::pin(async move { Ok(Fetched::document(document, None, None)) })
    }
}

fn warm_cache() -> CachedKeys {
    let document = jwks([jwt().jwk(), ed25519(1).jwk()]);
    let builder = CachedKeys::builder("https://keys.example.com", InHand(document));
    let cache = builder.clock(ManualClock::at(T0)).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(cache.warm_up()).unwrap();
    cache
}

fn headers(cases: &mut Cases) {
    cases.stage = "headers and replay window";
    let mut missing = static_request(event_of(300));
    missing.headers.remove("webhook-signature");
    cases.add_static("missing_header", "no signature", missing);
    let mut repeated = static_request(event_of(300));
    repeated.headers.append("webhook-id", ID.parse().unwrap());
    cases.add_static("bad_header", "two ids", repeated);
    let id = format!("{}.", "a".repeat(MAX_ID_BYTES - 1));
    cases.add_static(
        "bad_header",
        "an id of 256 bytes with a dot at its end",
        with("webhook-id", id),
    );
    cases.add_static(
        "bad_header",
        "a timestamp past the year 9999",
        with("webhook-timestamp", "999999999999"),
    );
    let mut bytes = vec![b'a'; MAX_SIGNATURE_HEADER_BYTES];
    bytes.push(b'a');
    cases.add_static(
        "bad_header",
        "a signature of 16 KiB and a byte",
        with_signature(String::from_utf8(bytes.clone()).unwrap()),
    );
    bytes.pop();
    *bytes.last_mut().unwrap() = 0xff;
    let mut not_ascii = static_request(event_of(300));
    not_ascii.headers.insert("webhook-signature", http::HeaderValue::from_bytes(&bytes).unwrap());
    cases.add_static("bad_header", "a signature of 16 KiB, not ASCII at its end", not_ascii);
    let mut stale = with_signature("a".repeat(MAX_SIGNATURE_HEADER_BYTES));
    stale.headers.insert("webhook-timestamp", "1700000000".parse().unwrap());
    cases.add_static("timestamp_too_old", "stale, with a signature of 16 KiB", stale);
    let large = static_request(vec![b' '; DEFAULT_MAX_BODY_BYTES + 1].into());
    cases.add_static("body_too_large", "a body of 1 MiB and a byte", large);
}

fn forms(cases: &mut Cases) {
    cases.stage = "form of the signature";
    let entries = |entry: &str, count: usize| vec![entry; count].join(" ");
    let long = |prefix: &str, count: usize| {
        entries(
            &format!("{prefix}{}", "A".repeat(MAX_SIGNATURE_LIST_BYTES / count - prefix.len() - 1)),
            count,
        )
    };
    let none = keys(3);
    cases.add_static(
        "bad_header",
        "16 KiB of commas",
        with_signature(",".repeat(MAX_SIGNATURE_HEADER_BYTES)),
    );
    cases.add_static(
        "bad_header",
        "16 KiB of dots",
        with_signature(".".repeat(MAX_SIGNATURE_HEADER_BYTES)),
    );
    cases.add_static(
        "bad_header",
        "`v1`, 17 entries, 4 KiB",
        with_signature(long("v1,", MAX_SIGNATURE_ENTRIES + 1)),
    );
    cases.add_static(
        "bad_header",
        "`v1`, 16 malformed entries, 4 KiB",
        with_signature(long("v1,", MAX_SIGNATURE_ENTRIES)),
    );
    cases.add_static(
        "scheme_not_configured",
        "another version, 16 entries, 4 KiB",
        with_signature(long("v2,", MAX_SIGNATURE_ENTRIES)),
    );
    cases.add_static(
        "scheme_not_configured",
        "a JWT of 16 KiB for a static verifier",
        with_signature(format!("..{}", "a".repeat(MAX_SIGNATURE_HEADER_BYTES - 2))),
    );
    let v1a = format!("v1a,{}", BASE64_STANDARD.encode([1; 64]));
    cases.add_dynamic(
        "bad_header",
        "`v1a`, 16 entries",
        &none,
        with_signature(entries(&v1a, MAX_SIGNATURE_ENTRIES)),
    );
    cases.add_dynamic(
        "bad_header",
        "`v1a`, 4 malformed entries, 4 KiB",
        &none,
        with_signature(long("v1a,", MAX_V1A_ENTRIES)),
    );
}

fn tokens(cases: &mut Cases) {
    cases.stage = "JWT before any key, 16 KiB";
    let keys = keys(3);
    let mut add = |outcome, name, token: String| {
        assert!(token.len() <= MAX_SIGNATURE_HEADER_BYTES, "{name}: {}", token.len());
        cases.add_dynamic(outcome, name, &keys, with_signature(token));
    };
    let of = |claims: String| token_of(header(), claims, 256);
    let filler = |bytes: usize| {
        format!(r#""filler":"{}""#, "f".repeat(bytes - claims().to_string().len() - 100))
    };
    let room = CLAIMS_BYTES;
    let not_base64 = of(claims_and(&filler(room)));
    add(
        "bad_token",
        "not base64url at its end",
        not_base64.replace('.', "_.").replacen("_.", ".", 1),
    );
    let long_header = repeated("a", MAX_JWT_HEADER_BYTES / 4 * 3 - 60);
    let wrong = json!({ "filler": long_header, "alg": "HS256", "kid": KID }).to_string();
    add(
        "bad_token",
        "the longest header, wrong algorithm",
        token_of(wrong, repeated("{", room - 2000), 256),
    );
    let many = format!(r#"{{{},"crit":[]}}"#, members(MAX_JWT_HEADER_BYTES / 4 * 3 - 200));
    add(
        "bad_token",
        "a header of many members, one forbidden",
        token_of(many, repeated("{", room - 2000), 256),
    );
    add("bad_token", "JSON too deep", of(format!("{{\"a\":{}", "[".repeat(room - 10))));
    add(
        "bad_token",
        "no expiry",
        of(format!(
            r#"{{"aud":"{AUDIENCE}","iss":"https://issuer.example.com","a":"{}"}}"#,
            "f".repeat(room - 100)
        )),
    );
    let expired =
        claims_and(&filler(room)).replace(&(T0 + 60).to_string(), &(T0 - 100).to_string());
    add("token_expired", "expired", of(expired));
    let foreign = claims_and(&filler(room)).replace(AUDIENCE, "another-project");
    add("wrong_audience", "for another audience", of(foreign));
    let audiences =
        format!(r#"{{"aud":[{}"x"]}}"#, repeated(r#""my-project-client-ie","#, room - 20));
    add("wrong_audience", "for hundreds of other audiences", of(audiences));
    let nested = format!("\"a\":[{}0]", repeated("[[[]]],", room - 600));
    add("wrong_audience", "thousands of arrays", of(claims_and(&nested).replace(AUDIENCE, "x")));
    let named = members(room - 600);
    add("wrong_audience", "a thousand claims", of(claims_and(&named).replace(AUDIENCE, "x")));
    let numbers = format!("\"a\":[{}]", hard_numbers(room - 600));
    add(
        "wrong_audience",
        "numbers that are hard to read",
        of(claims_and(&numbers).replace(AUDIENCE, "x")),
    );
    let escapes = format!("\"a\":\"{}\"", repeated("\\u00e9", room - 600));
    add("wrong_audience", "a text of escapes", of(claims_and(&escapes).replace(AUDIENCE, "x")));
    let unknown = json!({ "alg": "RS256", "kid": "unknown" }).to_string();
    add("unknown_key", "no such key", token_of(unknown, claims_and(&filler(room)), 256));
}

fn signatures(cases: &mut Cases) {
    cases.stage = "signature";
    let others = (1..MAX_SIGNATURE_ENTRIES)
        .fold(StaticSigner::new(&secret(100)), |signer, n| signer.and(&secret(100 + n)));
    let verifier = static_verifier(MAX_SECRETS);
    for (name, bytes) in
        [("`v1`, 16 entries × 8 secrets, 300 B", 300), ("`v1`, 16 entries × 8 secrets, 1 MiB", MIB)]
    {
        let (verifier, request) = (verifier.clone(), others.sign(ID, time(), event_of(bytes)));
        cases.add("signature_mismatch", name, move || {
            judged(verifier.check(&request.headers, &request.body))
        });
    }
    let filler = format!(r#""filler":"{}""#, "f".repeat(CLAIMS_BYTES - 1500));
    let token = |bytes: usize| with_signature(token_of(header(), claims_and(&filler), bytes));
    cases.add_dynamic(
        "signature_mismatch",
        "JWT of 16 KiB, a key of 2048 bits",
        &keys(0),
        token(256),
    );
    let large = jwks([large_key(KID, 1)]);
    let large = Arc::new(KeySet::from_json(large.as_bytes()).unwrap());
    cases.add_dynamic(
        "signature_mismatch",
        "JWT of 16 KiB, a key of 8192 bits",
        &large,
        token(1024),
    );
    let keys = keys(MAX_ED25519_KEYS);
    for (name, bytes) in
        [("`v1a`, 4 entries × 8 keys, 300 B", 300), ("`v1a`, 4 entries × 8 keys, 1 MiB", MIB)]
    {
        let body = event_of(bytes);
        let entry = |n| ed25519(n).signature(ID, &T0.to_string(), &body);
        let list: Vec<_> = (100..100 + MAX_V1A_ENTRIES).map(entry).collect();
        let request = SignedRequest { body: body.clone(), ..with_signature(list.join(" ")) };
        cases.add_dynamic("signature_mismatch", name, &keys, request);
    }
    both_kinds(cases, keys);
}

/// What an endpoint of both kinds does for a header with both.
fn both_kinds(cases: &mut Cases, keys: Arc<KeySet>) {
    let v1a = (100..100 + MAX_V1A_ENTRIES).map(|n| ed25519(n).signature(ID, &T0.to_string(), ""));
    let v1 = format!("v1,{}=", "A".repeat(43));
    let v1 = iter::repeat_n(v1, MAX_SIGNATURE_ENTRIES - MAX_V1A_ENTRIES);
    let request = with_signature(v1.chain(v1a).collect::<Vec<_>>().join(" "));
    let verifier = Verifier::new(static_verifier(MAX_SECRETS), dynamic_verifier_over(keys));
    cases.add(
        "signature_mismatch",
        "`v1` and `v1a`, 12 entries × 8 secrets and 4 × 8 keys, 300 B",
        move || {
            let verified = pin!(verifier.verify(&request.headers, request.body.clone()));
            match verified.poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(verdict) => judged(verdict),
                Poll::Pending => "pending",
            }
        },
    );
}

/// What whoever has captured a genuine token can send with it, while it is valid.
fn bodies(cases: &mut Cases) {
    cases.stage = "body beside a genuine JWT, 1 MiB";
    let keys = keys(0);
    for (name, body) in hostile_events() {
        let request = jwt().sign(ID, time(), &claims(), body);
        cases.add_dynamic("body_differs", name, &keys, request);
    }
}

/// What any user of the API can have signed: events of jobs with metadata of their choice.
fn bindings(cases: &mut Cases) {
    cases.stage = "binding, of an authentic `v1a`, 1 MiB";
    let keys = keys(1);
    for (name, body) in hostile_events() {
        cases.add_dynamic("not_ours", name, &keys, ed25519(1).sign(ID, time(), body));
    }
}

/// Events of nearly 1 MiB that are costly to read.
fn hostile_events() -> [(&'static str, String); 3] {
    [
        ("an event of many members", format!("{{{}}}", members(MIB - 100))),
        ("an event of empty arrays", format!("[{}0]", repeated("[],", MIB - 100))),
        ("an event of numbers that are hard to read", format!("[{}]", hard_numbers(MIB - 100))),
    ]
    .map(|(name, data)| {
        let body = hostile_event(&data);
        assert!(body.len() <= MIB, "{name}: {}", body.len());
        (name, body)
    })
}

/// An event that is not in the catalogue, whose `data` is kept as a tree.
fn hostile_event(data: &str) -> String {
    format!(r#"{{"type":"x","data":{data}}}"#)
}

fn add_event(cases: &mut Cases, outcome: &'static str, name: &'static str, body: impl Into<Bytes>) {
    let body = body.into();
    cases.add(outcome, name, move || match Envelope::from_slice(&body) {
        Ok(_) => "accepted",
        Err(_) => "unreadable",
    });
}

fn events(cases: &mut Cases) {
    cases.stage = "event, of an authentic body";
    let nested =
        |depth: usize| hostile_event(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    add_event(cases, "accepted", "64 deep", nested(MAX_JSON_DEPTH - 1));
    add_event(cases, "unreadable", "65 deep", nested(MAX_JSON_DEPTH));
    let many = members(MIB - 100);
    add_event(cases, "accepted", "many members, 1 MiB", hostile_event(&format!("{{{many}}}")));
    add_event(
        cases,
        "unreadable",
        "one member twice among many, 1 MiB",
        hostile_event(&format!("{{{many},\"000000\":0}}")),
    );
    add_event(
        cases,
        "accepted",
        "empty arrays, 1 MiB",
        hostile_event(&format!("[{}0]", repeated("[],", MIB - 100))),
    );
    add_event(
        cases,
        "accepted",
        "numbers that are hard to read, 1 MiB",
        hostile_event(&format!("[{}]", hard_numbers(MIB - 100))),
    );
    add_event(
        cases,
        "accepted",
        "a text of escapes, 1 MiB",
        hostile_event(&format!("\"{}\"", repeated("\\u00e9", MIB - 100))),
    );
}

fn documents(cases: &mut Cases) {
    cases.stage = "key document, 128 KiB";
    let mut add = |name, document: String| {
        assert!(document.len() <= MAX_JWKS_BYTES, "{name}: {}", document.len());
        let padding = " ".repeat(MAX_JWKS_BYTES - document.len());
        let document = document + &padding;
        cases.add("read", name, move || match KeySet::from_json(document.as_bytes()) {
            Ok(_) => "read",
            Err(_) => "unreadable",
        });
    };
    let room = MAX_JWKS_BYTES - 200;
    let largest: Vec<_> = (0..MAX_JWKS_KEYS).map(|n| large_key(&format!("{n:0>200}"), n)).collect();
    add("64 RSA keys of 8192 bits", json!({ "keys": largest }).to_string());
    let key =
        |members: &str| format!(r#"{{"keys":[{{"kty":"RSA","n":"AAAA","e":"AQAB",{members}}}]}}"#);
    let operations: Vec<_> = (0..room / 8).map(|n| format!("\"{n:05}\"")).collect();
    add(
        "a key with thousands of operations",
        key(&format!(r#""key_ops":["verify",{}]"#, operations.join(","))),
    );
    add("a key with thousands of members", key(&members(room)));
    add("a key with empty arrays", key(&format!(r#""x5c":[{}0]"#, repeated("[],", room))));
    add(
        "a key with numbers that are hard to read",
        key(&format!(r#""x5c":[{}]"#, hard_numbers(room))),
    );
    add(
        "thousands of things that are no keys",
        format!(r#"{{"keys":[{}0]}}"#, repeated("0,", room)),
    );
}

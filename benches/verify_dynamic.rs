//! Dynamic webhooks beside one bare signature check by aws-lc-rs, and beside the peers.
//!
//! `cargo bench -p gemini-webhooks-benches --bench verify_dynamic`

use std::collections::HashMap;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::{Arc, RwLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use gemini_webhooks::limits::MAX_SIGNATURE_HEADER_BYTES as MAX_TOKEN_BYTES;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, SignedRequest, TestRsaKey, jwks, sample_body,
};
use gemini_webhooks::{
    Binding, CachedKeys, Delivery, DynamicVerifier, Error, Fetch, FetchFuture, FetchRequest,
    Fetched, KeySet, KeySource, Wanted,
};
use gemini_webhooks_benches::{Group, print_head};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};

const AUDIENCE: &str = "my-project-client-id";
const ID: &str = "msg_0f8fad5b-d9cb-469f-a165-70867728950e";
const KID: &str = "b8f4d3f0a1c2";
const TOKEN: &str = "sixteen random bytes or more";

fn main() {
    print_head();
    rs256();
    v1a();
    refused();
    look_ups();
}

fn signer() -> JwtSigner {
    JwtSigner::new(KID, TestRsaKey::One)
}

fn ed25519(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed([seed; 32])
}

/// One RSA key and three Ed25519 keys, as many as were seen.
fn document() -> String {
    jwks([signer().jwk(), ed25519(1).jwk(), ed25519(2).jwk(), ed25519(3).jwk()])
}

struct InHand(String);

impl Fetch for InHand {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        let document = self.0.clone();
        Box::pin(async move { Ok(Fetched::document(document, None, None)) })
    }
}

/// The cache as it is in a running server: warm.
fn cached_keys() -> CachedKeys {
    let keys = CachedKeys::builder("https://keys.example.com", InHand(document())).build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(keys.warm_up()).unwrap();
    keys
}

/// For JWTs, by their audience.
fn verifier() -> DynamicVerifier {
    DynamicVerifier::builder().audience(AUDIENCE).keys(cached_keys()).build().unwrap()
}

/// For `v1a`, by a token in `user_metadata`.
fn bound_verifier() -> DynamicVerifier {
    let binding = Binding::metadata_token("token", TOKEN).unwrap();
    DynamicVerifier::builder().binding(binding).keys(cached_keys()).build().unwrap()
}

/// A request whose key is at hand is verified without a wait.
fn verify(verifier: &DynamicVerifier, request: &SignedRequest) -> Result<Delivery, Error> {
    let future = pin!(verifier.verify(black_box(&request.headers), request.body.clone()));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => verdict,
        Poll::Pending => panic!("a warm cache waits for nothing"),
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn claims(expires_in: i64) -> Value {
    let now = seconds(SystemTime::now());
    let mut claims: Value = serde_json::from_str(sample_body("batch.succeeded").unwrap()).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["iat"] = now.into();
    claims["exp"] = now.checked_add_signed(expires_in).unwrap().into();
    claims
}

fn jwt(claims: &Value) -> SignedRequest {
    signer().sign(ID, SystemTime::now(), claims, "")
}

fn token(request: &SignedRequest) -> &str {
    request.headers["webhook-signature"].to_str().unwrap()
}

/// One check of one RS256 signature with a key that was parsed before, and nothing else.
fn bare_rs256(request: &SignedRequest) -> impl Fn() + use<> {
    let der = include_bytes!("../src/testing/rsa_1.der");
    let pair = RsaKeyPair::from_der(der).unwrap();
    let key =
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()).unwrap();
    let (signed, signature) = token(request).rsplit_once('.').unwrap();
    let signed = signed.to_owned();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    move || key.verify_sig(black_box(signed.as_bytes()), black_box(&signature)).unwrap()
}

fn rs256() {
    let (ours, request) = (verifier(), jwt(&claims(300)));
    let keys = KeySet::from_json(document().as_bytes()).unwrap();
    let mut group = Group::new("RS256 JWT, key cached");
    group.case("bare aws-lc-rs, parsed key", bare_rs256(&request));
    group.case("gemini-webhooks `verify`, to typed event", || {
        black_box(verify(&ours, &request).unwrap());
    });
    group.case("gemini-webhooks `verify_with`, to typed event", || {
        black_box(ours.verify_with(&keys, &request.headers, request.body.clone()).unwrap());
    });
    jsonwebtoken_decode(&mut group, &request);
    group.run();
}

/// What most receivers write: the claims as a tree, the key from the set by its kid.
fn jsonwebtoken_decode<'g>(group: &mut Group<'g>, request: &'g SignedRequest) {
    // Both backends may be on somewhere in the build, and then there is no default.
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set: JwkSet =
        serde_json::from_str(&jwks([signer().jwk()])).expect("the crate knows RSA keys");
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[AUDIENCE]);
    let key = DecodingKey::from_jwk(set.find(KID).unwrap()).unwrap();
    let checks = validation.clone();
    group.case("jsonwebtoken 11.1.0 `decode`, key in hand", move || {
        let token = black_box(token(request));
        black_box(jsonwebtoken::decode::<Value>(token, &key, &checks).unwrap());
    });
    group.case("jsonwebtoken 11.1.0 `decode`, key from the set", move || {
        let token = black_box(token(request));
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
        black_box(jsonwebtoken::decode::<Value>(token, &key, &validation).unwrap());
    });
}

/// One check of one Ed25519 signature with a key that was parsed before, and nothing else.
fn bare_ed25519(seed: u8, request: &SignedRequest) -> impl Fn() + use<> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
    let key = ParsedPublicKey::new(&ED25519, pair.public_key().as_ref()).unwrap();
    let header = |name: &str| request.headers[name].as_bytes();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    let message = [id, b".", timestamp, b".", &request.body].concat();
    let entry = header("webhook-signature").strip_prefix(b"v1a,").unwrap();
    let signature = BASE64_STANDARD.decode(entry).unwrap();
    move || key.verify_sig(black_box(&message), black_box(&signature)).unwrap()
}

fn v1a() {
    let ours = bound_verifier();
    let mut body: Value = serde_json::from_str(sample_body("batch.succeeded").unwrap()).unwrap();
    body["user_metadata"] = json!({ "token": TOKEN });
    let request = |seed| ed25519(seed).sign(ID, SystemTime::now(), body.to_string());
    let (first, last, stranger) = (request(1), request(3), request(9));
    let keys = KeySet::from_json(document().as_bytes()).unwrap();
    let mut group = Group::new("v1a, 1 entry, 3 keys cached");
    group.case("bare aws-lc-rs, parsed key", bare_ed25519(1, &first));
    group.case("`verify`, made by the first key, to typed event", || {
        black_box(verify(&ours, &first).unwrap());
    });
    group.case("`verify`, made by the last key, to typed event", || {
        black_box(verify(&ours, &last).unwrap());
    });
    group.case("`verify_with`, made by none", || {
        let body = stranger.body.clone();
        black_box(ours.verify_with(&keys, &stranger.headers, body).unwrap_err());
    });
    group.run();
}

/// What is refused before any key is looked for.
fn refused() {
    let ours = verifier();
    let expired = jwt(&claims(-300));
    let mut foreign = claims(300);
    foreign["aud"] = "another-project".into();
    let mut long = claims(-300);
    // Base64 makes four characters of three bytes.
    let overhead = token(&jwt(&long)).len();
    long["filler"] = "f".repeat((MAX_TOKEN_BYTES - overhead) / 4 * 3 - 16).into();
    let hs256 = signer().token_of(format!(r#"{{"alg":"HS256","kid":"{KID}"}}"#), "{}");
    let mut wrong_algorithm = expired.clone();
    wrong_algorithm.headers.insert("webhook-signature", hs256.parse().unwrap());
    let mut dots = expired.clone();
    dots.headers.insert("webhook-signature", ".".repeat(MAX_TOKEN_BYTES).parse().unwrap());
    let cases = [
        ("wrong algorithm", wrong_algorithm),
        ("other audience", jwt(&foreign)),
        ("16 KiB of dots", dots),
        ("expired, 16 KiB", jwt(&long)),
        ("expired", expired.clone()),
    ];
    assert!(token(&cases[3].1).len() > MAX_TOKEN_BYTES - 64);
    let mut group = Group::new("refused before any key");
    group.case("bare aws-lc-rs RS256, parsed key", bare_rs256(&expired));
    for (name, request) in &cases {
        let ours = &ours;
        group.case(*name, move || {
            black_box(verify(ours, request).unwrap_err());
        });
    }
    group.run();
}

/// Finding a key that is at hand, by its `kid`.
fn look_ups() {
    let now = SystemTime::now();
    let ours = cached_keys();
    let set = Arc::new(KeySet::from_json(document().as_bytes()).unwrap());
    let moka = moka::sync::Cache::builder().time_to_live(Duration::from_secs(600)).build();
    moka.insert(KID.to_owned(), Arc::clone(&set));
    let locked = RwLock::new(HashMap::from([(KID.to_owned(), set)]));
    for threads in [1, 2] {
        let mut group = Group::new(format!("key look-up, {threads} threads"));
        group.case_on_threads(threads, "gemini-webhooks `CachedKeys`", || {
            black_box(ours.at_hand(Wanted::Kid(black_box(KID)), now).unwrap());
        });
        group.case_on_threads(threads, "moka 0.12 `get`", || {
            black_box(moka.get(black_box(KID)).unwrap());
        });
        group.case_on_threads(threads, "`RwLock<HashMap>`", || {
            black_box(locked.read().unwrap().get(black_box(KID)).cloned().unwrap());
        });
        group.run();
    }
}

//! A verifier for both kinds, and what it is sent.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, StaticSigner, TestRsaKey, jwks,
};
use gemini_webhooks::{
    Binding, CachedKeys, Clock, DynamicVerifier, Fetch, FetchFuture, FetchRequest, Fetched, KeySet,
    KeySource, Secret, StaticVerifier, Verdict, Verifier,
};
use serde_json::{Value, json};

const AUDIENCE: &str = "my-project-client-id";
pub(crate) const TOKEN: &str = "a token that only we know";
pub(crate) const ID: &str = "msg_that_nobody_should_read";
const BODY: &str = r#"{"type":"batch.expired","data":{"id":"private"},"user_metadata":{"token":"a token that only we know"}}"#;

pub(crate) fn clock() -> ManualClock {
    ManualClock::at(1_800_000_000)
}

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

fn jwt_signer() -> JwtSigner {
    JwtSigner::new("key-1", TestRsaKey::One)
}

pub(crate) fn verifier(hook: impl Fn(&Verdict) + Clone + Send + Sync + 'static) -> Verifier {
    verifier_by(clock(), hook)
}

pub(crate) fn verifier_by(
    clock: ManualClock,
    hook: impl Fn(&Verdict) + Clone + Send + Sync + 'static,
) -> Verifier {
    let keys = Arc::new(KeySet::from_json(document().as_bytes()).unwrap());
    verifier_over(keys, clock, hook)
}

pub(crate) fn verifier_over(
    keys: impl KeySource,
    clock: ManualClock,
    hook: impl Fn(&Verdict) + Clone + Send + Sync + 'static,
) -> Verifier {
    let static_webhooks = StaticVerifier::builder()
        .secret(secret())
        .clock(clock.clone())
        .on_verdict(hook.clone())
        .build()
        .unwrap();
    let dynamic_webhooks = DynamicVerifier::builder()
        .audience(AUDIENCE)
        .binding(Binding::metadata_token("token", TOKEN).unwrap())
        .keys(keys)
        .clock(clock)
        .on_verdict(hook)
        .build()
        .unwrap();
    Verifier::new(static_webhooks, dynamic_webhooks)
}

fn document() -> String {
    jwks([jwt_signer().jwk(), Ed25519Signer::from_seed([7; 32]).jwk()])
}

/// Answers with the keys, at once.
struct Document;

impl Fetch for Document {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        Box::pin(async { Ok(Fetched::document(document(), None, None)) })
    }
}

/// The keys from a cache that has just fetched them.
pub(crate) async fn cached_keys(clock: &ManualClock) -> CachedKeys {
    let builder = CachedKeys::builder("https://keys.example.com", Document);
    let keys = builder.clock(clock.clone()).build().unwrap();
    keys.warm_up().await.unwrap();
    keys
}

fn static_request() -> SignedRequest {
    StaticSigner::new(&secret()).sign(ID, clock().now(), BODY)
}

fn v1a_request() -> SignedRequest {
    Ed25519Signer::from_seed([7; 32]).sign(ID, clock().now(), BODY)
}

fn jwt_request() -> SignedRequest {
    let mut claims: Value = serde_json::from_str(BODY).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["exp"] = (clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60).into();
    jwt_signer().sign(ID, clock().now(), &claims, "")
}

/// One of each kind that is accepted, and some that are not.
pub(crate) fn requests() -> Vec<SignedRequest> {
    let mut requests = vec![static_request(), v1a_request(), jwt_request()];
    let mut tampered = static_request();
    tampered.body = BODY.replace("private", "changed").into();
    let mut late = v1a_request();
    late.headers.insert("webhook-timestamp", "1799999000".parse().unwrap());
    let mut unknown = static_request();
    unknown.headers.insert("webhook-signature", "v9,QUJD".parse().unwrap());
    let foreign = json!({ "aud": "another-project", "exp": 1_800_000_060 });
    requests.extend([tampered, late, unknown]);
    requests.push(jwt_signer().sign(ID, clock().now(), &foreign, ""));
    // For both verifiers: neither is told alone.
    let v1a = v1a_request().headers["webhook-signature"].to_str().unwrap().to_owned();
    let forged = format!("v1,{}=", "A".repeat(43));
    for (mixed, timestamp) in [
        (format!("{forged} {v1a}"), "1800000000"),
        (format!("v1,short {v1a}"), "1800000000"),
        (format!("{forged} {v1a}"), "1799999000"),
    ] {
        let mut request = v1a_request();
        request.headers.insert("webhook-signature", mixed.parse().unwrap());
        request.headers.insert("webhook-timestamp", timestamp.parse().unwrap());
        requests.push(request);
    }
    requests
}

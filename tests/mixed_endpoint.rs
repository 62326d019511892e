//! One endpoint for both kinds: the syntax of the header decides, and nothing else.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, StaticSigner, TestRsaKey, jwks,
    sample_body,
};
use gemini_webhooks::{
    Binding, Clock, Delivery, DynamicVerifier, DynamicVerifierBuilder, Error, KeySet, ReplayWindow,
    Scheme, Secret, SeenScheme, StaticVerifier, StaticVerifierBuilder, Verifier,
};
use serde_json::Value;

const AUDIENCE: &str = "my-project-client-id";
const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::at(1_800_000_000)
}

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

fn jwt_signer() -> JwtSigner {
    JwtSigner::new("key-1", TestRsaKey::One)
}

fn ed25519_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([7; 32])
}

fn body() -> &'static str {
    sample_body("batch.succeeded").unwrap()
}

fn verifier() -> Verifier {
    Verifier::new(static_webhooks(), dynamic_webhooks())
}

fn static_builder() -> StaticVerifierBuilder {
    StaticVerifier::builder().secret(secret()).clock(clock())
}

fn static_webhooks() -> StaticVerifier {
    static_builder().build().unwrap()
}

fn dynamic_builder() -> DynamicVerifierBuilder {
    let keys = jwks([jwt_signer().jwk(), ed25519_signer().jwk()]);
    let keys = Arc::new(KeySet::from_json(keys.as_bytes()).unwrap());
    DynamicVerifier::builder()
        .audience(AUDIENCE)
        .binding(Binding::dangerous_any_tenant())
        .keys(keys)
        .clock(clock())
}

fn dynamic_webhooks() -> DynamicVerifier {
    dynamic_builder().build().unwrap()
}

fn static_request() -> SignedRequest {
    StaticSigner::new(&secret()).sign("msg_1", clock().now(), body())
}

fn v1a_request() -> SignedRequest {
    ed25519_signer().sign("msg_1", clock().now(), body())
}

fn jwt_request() -> SignedRequest {
    let mut claims: Value = serde_json::from_str(body()).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["exp"] = (clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs() + 60).into();
    jwt_signer().sign("msg_1", clock().now(), &claims, body())
}

async fn verify(request: &SignedRequest) -> Result<Delivery, Error> {
    verifier().verify(&request.headers, request.body.clone()).await
}

fn with_signature(signature: &str) -> SignedRequest {
    let mut request = static_request();
    request.headers.insert("webhook-signature", signature.parse().unwrap());
    request
}

fn signature_of(request: &SignedRequest) -> String {
    request.headers["webhook-signature"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn each_form_is_accepted_and_the_delivery_tells_which() {
    let scheme = async |request| verify(&request).await.unwrap().scheme().clone();
    assert!(matches!(scheme(static_request()).await, Scheme::Static(_)));
    assert!(matches!(scheme(v1a_request()).await, Scheme::Ed25519));
    assert!(matches!(scheme(jwt_request()).await, Scheme::Jwt(_)));
}

#[tokio::test]
async fn a_mixed_header_is_accepted_when_either_scheme_verifies() {
    let (v1, v1a) = (signature_of(&static_request()), signature_of(&v1a_request()));
    let forged_v1 = format!("v1,{}=", "A".repeat(43));
    let forged_v1a = format!("v1a,{}==", "A".repeat(86));
    for (mixed, is_static) in [
        (format!("{v1} {v1a}"), true),
        (format!("{v1a} {v1}"), true),
        (format!("{forged_v1} {v1a}"), false),
        (format!("v1,short {v1a}"), false),
        (format!("{forged_v1a} {v1}"), true),
    ] {
        let delivery = verify(&with_signature(&mixed)).await.unwrap();
        assert_eq!(matches!(delivery.scheme(), Scheme::Static(_)), is_static, "{mixed}");
    }
    let neither = with_signature(&format!("{forged_v1} {forged_v1a}"));
    assert_eq!(verify(&neither).await.unwrap_err(), Error::SignatureMismatch);
}

/// The clock of a verifier that must not be asked: the time is the first thing that one looks at.
#[derive(Debug)]
struct NotAsked;

impl Clock for NotAsked {
    fn now(&self) -> SystemTime {
        panic!("the other verifier is asked")
    }
}

#[tokio::test]
async fn what_one_verifier_refuses_for_good_the_other_is_not_asked() {
    let static_only =
        Verifier::new(static_webhooks(), dynamic_builder().clock(NotAsked).build().unwrap());
    let forged = with_signature(&format!("v1,{}=", "A".repeat(43)));
    let unknown = with_signature("v2,AAAA");
    let saw = SeenScheme::Unknown;
    for (request, refusal) in
        [(forged, Error::SignatureMismatch), (unknown, Error::SchemeNotConfigured { saw })]
    {
        let refused = static_only.verify(&request.headers, request.body).await;
        assert_eq!(refused.unwrap_err(), refusal);
    }
    let dynamic_only =
        Verifier::new(static_builder().clock(NotAsked).build().unwrap(), dynamic_webhooks());
    for mut request in [v1a_request(), jwt_request()] {
        request.headers.insert("webhook-timestamp", "1".parse().unwrap());
        let refused = dynamic_only.verify(&request.headers, request.body).await;
        assert!(matches!(refused.unwrap_err(), Error::TooOld { .. }));
    }
}

#[tokio::test]
async fn the_rules_of_one_verifier_are_never_applied_to_what_the_other_serves() {
    let strict = static_builder()
        .max_body_bytes(1024)
        .replay_window(ReplayWindow::new(SECOND, SECOND).unwrap())
        .build()
        .unwrap();
    let verifier = Verifier::new(strict, dynamic_webhooks());
    let large = format!(r#"{{"type":"batch.expired","x":"{}"}}"#, "x".repeat(2000));
    let request = ed25519_signer().sign("msg_1", clock().now() - 60 * SECOND, large);
    assert!(verifier.verify(&request.headers, request.body).await.is_ok());
    let v1 = static_request();
    let mut both = v1a_request();
    let listed = format!("{} {}", signature_of(&v1), signature_of(&both));
    both.headers.insert("webhook-signature", listed.parse().unwrap());
    both.headers.insert("webhook-id", "msg_2".parse().unwrap());
    let refused = verifier.verify(&both.headers, both.body).await;
    assert_eq!(refused.unwrap_err(), Error::SignatureMismatch);
}

#[test]
fn the_largest_body_is_the_larger_one_of_both_verifiers() {
    let of_static = |bytes| static_builder().max_body_bytes(bytes).build().unwrap();
    let of_dynamic = |bytes| dynamic_builder().max_body_bytes(bytes).build().unwrap();
    assert_eq!(Verifier::from(of_static(2048)).max_body_bytes(), 2048);
    assert_eq!(Verifier::from(of_dynamic(2048)).max_body_bytes(), 2048);
    for (one, other) in [(2048, 4096), (4096, 2048)] {
        assert_eq!(Verifier::new(of_static(one), of_dynamic(other)).max_body_bytes(), 4096);
    }
}

#[tokio::test]
async fn a_verifier_for_one_kind_serves_an_endpoint_alone() {
    let only_static = Verifier::from(static_webhooks());
    let only_dynamic = Verifier::from(dynamic_webhooks());
    let verify = async |verifier: &Verifier, request: SignedRequest| {
        verifier.verify(&request.headers, request.body).await.map(drop)
    };
    assert_eq!(verify(&only_static, static_request()).await, Ok(()));
    assert_eq!(verify(&only_dynamic, v1a_request()).await, Ok(()));
    assert_eq!(verify(&only_dynamic, jwt_request()).await, Ok(()));
    let other = |saw| Err(Error::SchemeNotConfigured { saw });
    assert_eq!(verify(&only_static, v1a_request()).await, other(SeenScheme::V1a));
    assert_eq!(verify(&only_static, jwt_request()).await, other(SeenScheme::Jwt));
    assert_eq!(verify(&only_dynamic, static_request()).await, other(SeenScheme::V1));
}

#[tokio::test]
async fn what_the_headers_alone_refuse_is_refused_before_the_body() {
    let refused = async |request: &SignedRequest| {
        let no_body = async { Err::<Vec<u8>, _>(Error::BodyInterrupted) };
        verifier().receive(&request.headers, no_body).await.unwrap_err()
    };
    for good in [static_request(), v1a_request(), jwt_request()] {
        assert_eq!(refused(&good).await, Error::BodyInterrupted);
    }
    let mut stale = jwt_request();
    stale.headers.insert("webhook-timestamp", "1".parse().unwrap());
    assert!(matches!(refused(&stale).await, Error::TooOld { .. }));
    let claims = serde_json::json!({ "aud": "another-project", "exp": 1_800_000_060 });
    let foreign = jwt_signer().sign("msg_1", clock().now(), &claims, "");
    assert_eq!(refused(&foreign).await, Error::WrongAudience);
    let saw = SeenScheme::Unknown;
    let unknown = with_signature("v2,AAAA");
    assert_eq!(refused(&unknown).await, Error::SchemeNotConfigured { saw });
}

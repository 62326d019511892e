//! Tokens, keys, bindings, and the bodies beside them.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gemini_webhooks::explain::{Cause, Explainer, Explanation, Step};
use gemini_webhooks::limits::MAX_EXPLAINED_BODY_BYTES;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, SignedRequest, TestRsaKey, jwks,
};
use gemini_webhooks::{
    Binding, CachedKeys, DynamicVerifier, DynamicVerifierBuilder, Fetch, FetchFuture, FetchProblem,
    FetchRequest, Fetched, JobOwner, KeySet, KeySource, KeysFuture, LentKeys, Verifier, Wanted,
    WebhookHeader,
};
use serde_json::{Value, json};

use super::{
    ID, MARK, NOW, assert_explained, assert_is_one_safe_sentence, at, body, set, sign, verifier,
};

const AUDIENCE: &str = "my-project-client-id";

fn rsa() -> JwtSigner {
    JwtSigner::new("key-1", TestRsaKey::One)
}

fn ed25519() -> Ed25519Signer {
    Ed25519Signer::from_seed([1; 32])
}

fn set_of(keys: impl IntoIterator<Item = Value>) -> Arc<KeySet> {
    Arc::new(KeySet::from_json(jwks(keys).as_bytes()).unwrap())
}

fn keys() -> Arc<KeySet> {
    set_of([rsa().jwk(), ed25519().jwk()])
}

fn builder() -> DynamicVerifierBuilder {
    DynamicVerifier::builder().clock(ManualClock::at(NOW))
}

fn for_audience() -> DynamicVerifier {
    builder().audience(AUDIENCE).build().unwrap()
}

fn any_tenant() -> DynamicVerifier {
    builder().binding(Binding::dangerous_any_tenant()).build().unwrap()
}

fn bound(binding: Binding) -> DynamicVerifier {
    builder().binding(binding).build().unwrap()
}

/// The claims of a good token that holds the event, with these in place of its own.
fn claims_with(members: &Value) -> Value {
    let mut claims: Value = serde_json::from_str(&body()).unwrap();
    for others in [&json!({ "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW }), members] {
        let others = others.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(others);
    }
    claims
}

fn token_with(members: &Value) -> SignedRequest {
    rsa().sign(ID, at(NOW), &claims_with(members), "")
}

fn v1a(body: impl Into<bytes::Bytes>) -> SignedRequest {
    ed25519().sign(ID, at(NOW), body)
}

/// Explains what the verifier really refuses with these keys.
fn explain_with(
    verifier: &DynamicVerifier,
    keys: &Arc<KeySet>,
    request: &SignedRequest,
) -> Explanation {
    let refusal = verifier.verify_with(keys, &request.headers, request.body.clone()).unwrap_err();
    let explainer = Explainer::new(verifier.clone()).keys(keys.clone());
    let explanation = explainer.explain(&request.headers, &request.body);
    assert_eq!(explanation.refusal(), Some(&refusal));
    assert_is_one_safe_sentence(&explanation);
    let token = request.headers["webhook-signature"].to_str().unwrap();
    assert!(!explanation.to_string().contains(token), "{explanation}");
    explanation
}

fn explain(verifier: &DynamicVerifier, request: &SignedRequest) -> Explanation {
    explain_with(verifier, &keys(), request)
}

#[test]
fn what_verifies_has_nothing_wrong() {
    for (verifier, request) in
        [(for_audience(), token_with(&json!({}))), (any_tenant(), v1a(body()))]
    {
        let explainer = Explainer::new(verifier).keys(keys());
        let explanation = explainer.explain(&request.headers, &request.body);
        assert_explained(&explanation, Cause::NothingWrong, Step::None, &[]);
    }
}

#[test]
fn what_comes_before_the_body_and_the_keys_is_explained_without_both() {
    let large = "a".repeat(MAX_EXPLAINED_BODY_BYTES + 1);
    let mut late = v1a(large);
    set(&mut late.headers, WebhookHeader::Timestamp, &(NOW - 1000).to_string());
    let explanation = explain(&any_tenant(), &late);
    assert_explained(&explanation, Cause::TimestampTooOld, Step::ReplayWindow, &[]);

    late.body = body().into();
    let explanation = Explainer::new(any_tenant()).explain(&late.headers, &late.body);
    assert_explained(&explanation, Cause::TimestampTooOld, Step::ReplayWindow, &[]);
}

// Tokens.

#[test]
fn another_audience_is_shown() {
    for (aud, words) in [
        (json!("another-project"), "the token is for `another-project`, and that is no accepted"),
        (json!(["one", "two"]), "the token is for `one`, `two`, and that"),
        (json!(["1", "2", "3", "4"]), "`1`, `2`, `3`, and others"),
        (json!("My-Project-Client-ID/"), "in letter case, white space or a slash"),
        (json!("\u{1b}[2J`\n"), r"`\u{1b}[2J\u{60}\u{a}`"),
        (json!([]), "names no audience"),
    ] {
        let explanation = explain(&for_audience(), &token_with(&json!({ "aud": aud })));
        let words = [words, "by `audience` of the builder"];
        assert_explained(&explanation, Cause::AudienceDiffers, Step::Token, &words);
    }
    let long = token_with(&json!({ "aud": "a".repeat(5000) }));
    let words = [&*format!("`{}...`", "a".repeat(64))];
    assert_explained(&explain(&for_audience(), &long), Cause::AudienceDiffers, Step::Token, &words);
}

#[test]
fn another_issuer_is_shown() {
    let verifier = builder().audience(AUDIENCE).issuer("https://google.example").build().unwrap();
    for (members, words) in [
        (json!({ "iss": "https://other.example" }), "issued by `https://other.example`"),
        (json!({}), "names no issuer"),
    ] {
        let explanation = explain(&verifier, &token_with(&members));
        let words = [words, "by `issuer` of the builder"];
        assert_explained(&explanation, Cause::IssuerDiffers, Step::Token, &words);
    }
}

#[test]
fn the_times_of_a_token_are_told() {
    for (members, cause, words) in [
        (
            json!({ "iat": NOW - 500, "exp": NOW - 100 }),
            Cause::TokenExpired,
            "expired 100 s before",
        ),
        (json!({ "iat": NOW - 500 }), Cause::TokenTooOld, "issued 500 s before"),
        (json!({ "iat": NOW + 100 }), Cause::TokenNotYetValid, "valid only 100 s after"),
        (json!({ "nbf": NOW + 100 }), Cause::TokenNotYetValid, "valid only 100 s after"),
        (json!({ "exp": NOW + 90_000 }), Cause::TokenLivesTooLong, "lives 90000 s"),
    ] {
        let explanation = explain(&for_audience(), &token_with(&members));
        assert_explained(&explanation, cause, Step::Token, &[words]);
    }
}

#[test]
fn a_malformed_token_is_named() {
    let mut request = token_with(&json!({}));
    let token = request.headers["webhook-signature"].to_str().unwrap().to_owned();
    set(&mut request.headers, WebhookHeader::Signature, &format!("Bearer {token}"));
    let words = ["`Bearer` before the token"];
    assert_explained(
        &explain(&for_audience(), &request),
        Cause::TokenMalformed,
        Step::Token,
        &words,
    );

    let header = r#"{"alg":"HS256","typ":"JWT","kid":"key-1"}"#;
    let token = rsa().token_of(header, claims_with(&json!({})).to_string());
    set(&mut request.headers, WebhookHeader::Signature, &token);
    let words = ["`alg` is not RS256"];
    assert_explained(
        &explain(&for_audience(), &request),
        Cause::TokenMalformed,
        Step::Token,
        &words,
    );
}

#[test]
fn a_body_that_is_not_signed_is_named() {
    let claims = json!({ "aud": AUDIENCE, "exp": NOW + 300 });
    let request = rsa().sign(ID, at(NOW), &claims, body());
    let words = ["holds no event, and the body is not signed", "accept_unsigned_body()"];
    assert_explained(&explain(&for_audience(), &request), Cause::BodyNotSigned, Step::Body, &words);
}

#[test]
fn a_body_that_differs_is_named() {
    let mut request = token_with(&json!({}));
    request.body = body().replace("batch_123456", "batch_654321").into();
    let words = ["another event than the token's signed claims"];
    assert_explained(&explain(&for_audience(), &request), Cause::BodyDiffers, Step::Body, &words);
}

#[test]
fn a_token_that_its_key_did_not_sign_is_named() {
    let forged = JwtSigner::new("key-1", TestRsaKey::Three);
    let request = forged.sign(ID, at(NOW), &claims_with(&json!({})), "");
    let words = ["names key `key-1`, and that key did not sign it"];
    assert_explained(
        &explain(&for_audience(), &request),
        Cause::Unexplained,
        Step::Signature,
        &words,
    );
}

// Keys.

#[test]
fn a_kid_that_is_not_in_the_set_is_shown() {
    let signer = JwtSigner::new("key-\u{7e}2", TestRsaKey::Two);
    let request = signer.sign(ID, at(NOW), &claims_with(&json!({})), "");
    let words = ["key `key-~2` is not among the 1 RSA keys", "fetch the keys again"];
    assert_explained(&explain(&for_audience(), &request), Cause::KeyUnknown, Step::Key, &words);
}

#[test]
fn a_key_that_was_skipped_is_shown_with_the_reason() {
    let mut jwk = rsa().jwk();
    jwk["e"] = BASE64_URL_SAFE_NO_PAD.encode([3]).into();
    let keys = set_of([jwk]);
    let explanation = explain_with(&for_audience(), &keys, &token_with(&json!({})));
    let words = ["key `key-1` was skipped (the exponent is not 65537)"];
    assert_explained(&explanation, Cause::KeySkipped, Step::Key, &words);
}

#[test]
fn a_verifier_without_keys_is_named() {
    let request = token_with(&json!({}));
    let explanation = Explainer::new(for_audience()).explain(&request.headers, &request.body);
    let words = ["no source of keys", "verify_with"];
    assert_explained(&explanation, Cause::NoKeySource, Step::Setup, &words);
}

/// An endpoint that cannot be reached.
struct Unreachable;

impl Fetch for Unreachable {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        Box::pin(std::future::ready(Err(FetchProblem::Unreachable)))
    }
}

#[tokio::test]
async fn keys_that_cannot_be_reached_are_named() {
    let cache = CachedKeys::builder("https://keys.example", Unreachable);
    let cache = cache.clock(ManualClock::at(NOW)).build().unwrap();
    let verifier = builder().audience(AUDIENCE).keys(cache).build().unwrap();
    let request = token_with(&json!({}));
    let refusal = verifier.verify(&request.headers, request.body.clone()).await.unwrap_err();
    let explanation = Explainer::new(verifier).explain(&request.headers, &request.body);
    assert_eq!(explanation.refusal(), Some(&refusal));
    assert_is_one_safe_sentence(&explanation);
    let words = ["no keys of the service are held", "reaches the URL of the keys"];
    assert_explained(&explanation, Cause::KeysNotAtHand, Step::Key, &words);
}

#[test]
fn the_keys_of_the_verifiers_source_are_used() {
    let verifier = builder().audience(AUDIENCE).keys(keys()).build().unwrap();
    let explainer = Explainer::new(verifier);
    let request = token_with(&json!({}));
    let explanation = explainer.explain(&request.headers, &request.body);
    assert_explained(&explanation, Cause::NothingWrong, Step::None, &[]);
    let stranger = JwtSigner::new("key-2", TestRsaKey::Two);
    let request = stranger.sign(ID, at(NOW), &claims_with(&json!({})), "");
    let explanation = explainer.explain(&request.headers, &request.body);
    assert_explained(&explanation, Cause::KeyUnknown, Step::Key, &["`key-2`"]);
}

/// An endpoint that answers with this document.
struct Document(String);

impl Fetch for Document {
    fn fetch(&self, _: FetchRequest) -> FetchFuture {
        let document = Fetched::document(self.0.clone(), None, None);
        Box::pin(std::future::ready(Ok(document)))
    }
}

#[tokio::test]
async fn the_keys_that_were_fetched_are_used() {
    let mut too_small = JwtSigner::new("key-2", TestRsaKey::Two).jwk();
    too_small["n"] = "AQAB".into();
    let fetch = Document(jwks([rsa().jwk(), too_small]));
    let cache = CachedKeys::builder("https://keys.example", fetch);
    let cache = cache.clock(ManualClock::at(NOW)).build().unwrap();
    cache.warm_up().await.unwrap();
    let explainer = Explainer::new(builder().audience(AUDIENCE).keys(cache).build().unwrap());
    let explain = |signer: JwtSigner| {
        let request = signer.sign(ID, at(NOW), &claims_with(&json!({})), "");
        explainer.explain(&request.headers, &request.body)
    };
    assert_eq!(explain(rsa()).cause(), Cause::NothingWrong);
    let skipped = explain(JwtSigner::new("key-2", TestRsaKey::Two));
    let words = ["key `key-2` was skipped (the modulus is under 2048 bits)"];
    assert_explained(&skipped, Cause::KeySkipped, Step::Key, &words);
    let unknown = explain(JwtSigner::new("key-3", TestRsaKey::Three));
    let words = ["`key-3` is not among the 1 RSA keys that are held, nor among the 1 keys"];
    assert_explained(&unknown, Cause::KeyUnknown, Step::Key, &words);
}

/// A source that does not tell what it holds.
#[derive(Debug)]
struct Silent(Arc<KeySet>);

impl KeySource for Silent {
    fn at_hand(&self, wanted: Wanted<'_>, now: std::time::SystemTime) -> Option<LentKeys> {
        self.0.at_hand(wanted, now)
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        self.0.look(wanted)
    }
}

#[test]
fn a_source_that_does_not_tell_what_it_holds_is_asked_for_the_key() {
    let verifier = builder()
        .audience(AUDIENCE)
        .binding(Binding::dangerous_any_tenant())
        .keys(Silent(keys()))
        .build()
        .unwrap();
    let explain = |request: &SignedRequest| {
        Explainer::new(verifier.clone()).explain(&request.headers, &request.body).cause()
    };
    assert_eq!(explain(&token_with(&json!({}))), Cause::NothingWrong);
    assert_eq!(explain(&v1a(body())), Cause::NothingWrong);
    let stranger = JwtSigner::new("key-2", TestRsaKey::Two);
    let request = stranger.sign(ID, at(NOW), &claims_with(&json!({})), "");
    assert_eq!(explain(&request), Cause::KeysNotAtHand);
}

// `v1a` signatures.

#[test]
fn a_body_that_was_written_again_is_recognised() {
    let received = serde_json::from_str::<Value>(&body()).unwrap().to_string();
    let request = SignedRequest { body: received.into(), ..v1a(body()) };
    let words = ["written again", "as compact JSON in the documented order"];
    assert_explained(
        &explain(&any_tenant(), &request),
        Cause::BodyRewritten,
        Step::Signature,
        &words,
    );
}

#[test]
fn parts_that_are_joined_otherwise_are_recognised() {
    let entry = ed25519().signature(ID, &NOW.to_string(), "");
    let mut request = v1a(body());
    // `id.timestamp.` is signed, without the body.
    set(&mut request.headers, WebhookHeader::Signature, &entry);
    let explanation = explain(&any_tenant(), &request);
    let words = ["the 1 Ed25519 keys", "no other form of the body", "decompressed on the way"];
    assert_explained(&explanation, Cause::Unexplained, Step::Signature, &words);
    // Id and timestamp change places.
    let entry = ed25519().signature(&NOW.to_string(), ID, body());
    set(&mut request.headers, WebhookHeader::Signature, &entry);
    let explanation = explain(&any_tenant(), &request);
    let words = ["signed `{timestamp}.{id}.{body}`"];
    assert_explained(&explanation, Cause::SignedOtherText, Step::Signature, &words);
}

#[test]
fn a_v1a_signature_in_another_spelling_is_recognised() {
    let mut request = v1a(body());
    let entry = request.headers["webhook-signature"].to_str().unwrap().to_owned();
    let bare = entry.strip_prefix("v1a,").unwrap().to_owned();
    for (header, step, words) in [
        (entry.trim_end_matches('=').to_owned(), Step::Headers, "padding"),
        (bare, Step::Scheme, "not an entry of its own"),
    ] {
        set(&mut request.headers, WebhookHeader::Signature, &header);
        let explanation = explain(&any_tenant(), &request);
        assert_explained(&explanation, Cause::SignatureSpelling, step, &[words]);
    }
}

// Bindings.

#[test]
fn a_delivery_that_is_not_ours_is_named_with_what_is_missing() {
    let token = || Binding::metadata_token("secret", "a-token-of-16-bytes-or-more").unwrap();
    let with = |metadata: Value| {
        let mut event: Value = serde_json::from_str(&body()).unwrap();
        event["user_metadata"] = metadata;
        event.to_string()
    };
    let not_ours = || Binding::job(|_| JobOwner::NotOurs);
    for (binding, body, words) in [
        (token(), body(), "its `user_metadata` has no text under the binding's member"),
        (token(), with(json!({ "secret": MARK })), "its `user_metadata` holds another token"),
        (token(), "no event".to_owned(), "what is signed is not an event"),
        (not_ours(), body(), "the binding says that its job is not ours"),
        (not_ours(), r#"{"type":"batch.failed","data":{}}"#.to_owned(), "its event names no job"),
    ] {
        let explanation = explain(&bound(binding), &v1a(body));
        let words = ["the delivery is authentic", words, "another tenant's delivery"];
        assert_explained(&explanation, Cause::BindingNotOurs, Step::Binding, &words);
    }
}

#[test]
fn a_job_that_is_not_yet_known_is_named() {
    let verifier = bound(Binding::job(|_| JobOwner::NotYetKnown));
    let words = ["its job is not known yet", "store the job's id before"];
    let explanation = explain(&verifier, &v1a(body()));
    assert_explained(&explanation, Cause::BindingNotYetKnown, Step::Binding, &words);
}

#[test]
fn a_static_webhook_at_a_verifier_for_dynamic_ones_is_named() {
    let words = ["v1 signatures came, as of static webhooks", "no StaticVerifier is set up"];
    for verifier in [for_audience(), any_tenant()] {
        let explanation = explain(&verifier, &sign(body()));
        assert_explained(&explanation, Cause::SchemeNotConfigured, Step::Scheme, &words);
    }
}

// One endpoint for both kinds.

fn both() -> Verifier {
    Verifier::new(verifier(), any_tenant())
}

fn explain_both(request: &SignedRequest) -> Explanation {
    let explanation = Explainer::new(both()).keys(keys()).explain(&request.headers, &request.body);
    assert_is_one_safe_sentence(&explanation);
    explanation
}

#[test]
fn each_kind_is_explained_by_its_own_verifier() {
    for request in [sign(body()), v1a(body())] {
        assert_eq!(explain_both(&request).cause(), Cause::NothingWrong);
        let changed = SignedRequest { body: (body() + "\n").into(), ..request };
        assert_eq!(explain_both(&changed).cause(), Cause::BodyLineEnd);
    }
    let explanation = explain_both(&token_with(&json!({})));
    let words = ["no verifier with `audience` is set up"];
    assert_explained(&explanation, Cause::SchemeNotConfigured, Step::Scheme, &words);
}

#[test]
fn a_header_of_both_kinds_is_explained_by_the_one_that_knows() {
    let (v1, v1a) = (sign(body()), v1a(body()));
    let entry =
        |request: &SignedRequest| request.headers["webhook-signature"].to_str().unwrap().to_owned();
    let garbage = [format!("v1,{}=", "A".repeat(43)), format!("v1a,{}==", "A".repeat(86))];
    let request = |first: &str, second: &str, body: String| {
        let mut request = sign(body);
        set(&mut request.headers, WebhookHeader::Signature, &format!("{first} {second}"));
        request
    };
    let good =
        [request(&entry(&v1), &garbage[1], body()), request(&garbage[0], &entry(&v1a), body())];
    for request in good {
        assert_eq!(explain_both(&request).cause(), Cause::NothingWrong);
    }
    let longer = body() + "\n";
    let changed = [
        request(&entry(&v1), &garbage[1], longer.clone()),
        request(&garbage[0], &entry(&v1a), longer),
    ];
    for request in changed {
        assert_eq!(explain_both(&request).cause(), Cause::BodyLineEnd);
    }
    assert_eq!(
        explain_both(&request(&garbage[0], &garbage[1], body())).cause(),
        Cause::Unexplained
    );
    // What is made sure of comes before a guess of the other one's.
    let changed = request(&entry(&sign("no JSON")), &garbage[1], "no JSON\n".to_owned());
    assert_eq!(explain_both(&changed).cause(), Cause::BodyLineEnd);
}

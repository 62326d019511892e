//! The backends: alone or both at once, and without a trace in the process.

use std::time::{SystemTime, UNIX_EPOCH};

use gemini_webhooks::testing::{Ed25519Signer, JwtSigner, SignedRequest, TestRsaKey, jwks};
use gemini_webhooks::{Binding, DynamicVerifier, Error, KeySet};
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use serde_json::json;

const AUDIENCE: &str = "my-project-client-id";

fn jwt() -> (JwtSigner, SignedRequest) {
    let (now, signer) = (SystemTime::now(), JwtSigner::new("one", TestRsaKey::One));
    let expires_at = now.duration_since(UNIX_EPOCH).unwrap().as_secs() + 60;
    let mut claims = json!({ "type": "batch.expired", "data": { "id": "batches/1" } });
    claims["aud"] = AUDIENCE.into();
    claims["exp"] = expires_at.into();
    let request = signer.sign("msg_1", now, &claims, "");
    (signer, request)
}

fn v1a() -> (Ed25519Signer, SignedRequest) {
    let signer = Ed25519Signer::from_seed([7; 32]);
    let request = signer.sign("msg_1", SystemTime::now(), "{}");
    (signer, request)
}

/// With the features of both backends on anywhere in a user's build, jsonwebtoken's process-wide
/// provider panics when it is asked for, and it can be set once only, which is the user's to do.
#[test]
fn both_forms_verify_and_the_provider_of_the_process_is_never_touched() {
    let ((rsa, jwt), (ed25519, v1a)) = (jwt(), v1a());
    let keys = KeySet::from_json(jwks([rsa.jwk(), ed25519.jwk()]).as_bytes()).unwrap();
    assert_eq!(keys.len(), 2, "{:?}", keys.skipped());
    let verifier = DynamicVerifier::builder()
        .audience(AUDIENCE)
        .binding(Binding::dangerous_any_tenant())
        .build()
        .unwrap();
    for request in [&jwt, &v1a] {
        let delivery = verifier.verify_with(&keys, &request.headers, request.body.clone());
        assert!(delivery.is_ok(), "{delivery:?}");
    }
    let tampered = verifier.verify_with(&keys, &v1a.headers, "{ }");
    assert_eq!(tampered.unwrap_err(), Error::SignatureMismatch);
    assert!(DEFAULT_PROVIDER.install_default().is_ok(), "somebody has set or used it");
}

use std::sync::Arc;

use bytes::Bytes;
use gemini_webhooks::explain::{Cause, Explainer};
use gemini_webhooks::testing::ManualClock;
use gemini_webhooks::{Binding, DynamicVerifier, StaticVerifier, Verifier};

use super::super::explain::assert_explains;
use super::{AUDIENCE, RSA_KEYS, at_once};

/// A diagnosis has the verdict of a dynamic verifier, and of one for both kinds.
pub(in super::super) fn explain(
    headers: &[(&str, &[u8]); 3],
    body: &Bytes,
    static_webhooks: &StaticVerifier,
    now: u64,
) {
    let verifier = DynamicVerifier::builder()
        .audience(AUDIENCE)
        .binding(Binding::dangerous_any_tenant())
        .keys(Arc::clone(&RSA_KEYS))
        .clock(ManualClock::at(now))
        .build()
        .unwrap();
    let explanation = Explainer::new(verifier.clone()).explain(headers, body);
    match verifier.verify_with(&RSA_KEYS, headers, body.clone()) {
        Ok(_) => assert_eq!(explanation.cause(), Cause::NothingWrong),
        Err(refusal) => assert_explains(&explanation, &refusal),
    }
    let mixed = Verifier::new(static_webhooks.clone(), verifier);
    let explanation = Explainer::new(mixed.clone()).explain(headers, body);
    let is_accepted = at_once(mixed.verify(headers, body.clone())).is_ok();
    assert_eq!(explanation.cause() == Cause::NothingWrong, is_accepted);
}

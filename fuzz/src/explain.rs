//! The diagnosis for developers.

use bytes::Bytes;
use gemini_webhooks::WebhookHeader;
use gemini_webhooks::explain::{Cause, Explainer, Explanation, secret_text};
use gemini_webhooks::{Error, Secret};

use super::{Input, NOW, Peers, headers_of, is_legal, legal_timestamp};

/// A diagnosis has the verdict of the verifier, for forgeries and for what was signed, and knows
/// what became of a body that has one line end more.
pub fn explain(data: &[u8]) {
    let mut input = Input(data);
    let (id, timestamp, signature) = (input.line(), input.line(), input.line());
    let body = Bytes::copy_from_slice(input.0);
    let peers = Peers::new(data, legal_timestamp(timestamp).unwrap_or(NOW));
    let explainer = Explainer::new(peers.verifier.clone());

    let forged = headers_of([id, timestamp, signature]);
    let refusal = peers.verifier.verify(&forged, body.clone()).expect_err("nobody signed this");
    assert_explains(&explainer.explain(&forged, &body), &refusal);
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    super::dynamic::explain(&forged, &body, &peers.verifier, peers.now);
    assert_text_is_judged(&body);

    let Ok(id) = std::str::from_utf8(id) else { return };
    if !is_legal(WebhookHeader::Id, id.as_bytes()) {
        return;
    }
    let request = peers.signer.sign(id, gemini_webhooks::Clock::now(&peers.clock), body.clone());
    let explanation = explainer.explain(&request.headers, &body);
    assert_eq!((explanation.cause(), explanation.refusal()), (Cause::NothingWrong, None));
    // A carriage return before it would be taken for a part of the line end.
    if !body.ends_with(b"\r") {
        let longer = [&body, b"\n".as_slice()].concat();
        let explanation = explainer.explain(&request.headers, &longer);
        assert_eq!(explanation.cause(), Cause::BodyLineEnd);
    }
}

/// It explains this refusal and says so in one line of ASCII.
pub(super) fn assert_explains(explanation: &Explanation, refusal: &Error) {
    assert_eq!(explanation.refusal(), Some(refusal));
    assert_ne!(explanation.cause(), Cause::NothingWrong);
    let text = explanation.to_string();
    assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
}

/// The text of a secret is malformed only if it cannot be read, and good only if it can.
fn assert_text_is_judged(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let is_read = Secret::parse_list(text).is_ok();
    match secret_text(text).cause() {
        Cause::SecretMalformed => assert!(!is_read),
        Cause::NothingWrong | Cause::SecretPerhapsText => assert!(is_read),
        _ => {}
    }
}

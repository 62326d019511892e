//! The diagnosis for developers, through the public API alone: each mistake is really made, and the
//! sentence that names it is expected.

mod bounds;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod dynamic_webhooks;
mod headers;
mod properties;
mod secrets;
mod signed_bytes;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gemini_webhooks::explain::{Cause, Explainer, Explanation, Step};
use gemini_webhooks::testing::{ManualClock, SignedRequest, StaticSigner, sample_body};
use gemini_webhooks::{Secret, StaticVerifier, WebhookHeader};
use http::{HeaderMap, HeaderValue};

const NOW: u64 = 1_800_000_000;
const ID: &str = "msg_0f8fad5b-d9cb-469f-a165-70867728950e";
/// Base64 of the 32 characters `a-key-of-32-characters-for-tests`: it would show in a leak.
const SECRET: &str = "whsec_YS1rZXktb2YtMzItY2hhcmFjdGVycy1mb3ItdGVzdHM=";
const KEY: &[u8] = b"a-key-of-32-characters-for-tests";
/// In every body, so that a leak of one shows.
const MARK: &str = "marked-value";

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn secret() -> Secret {
    Secret::parse(SECRET).unwrap()
}

fn other_secret() -> Secret {
    Secret::from_raw_bytes([8; 32]).unwrap()
}

fn signer() -> StaticSigner {
    StaticSigner::new(&secret())
}

fn verifier_of(secrets: impl IntoIterator<Item = Secret>) -> StaticVerifier {
    StaticVerifier::builder().secrets(secrets).clock(ManualClock::at(NOW)).build().unwrap()
}

fn verifier() -> StaticVerifier {
    verifier_of([secret()])
}

/// A body in the form of the documented ones, compact, with the mark in it.
fn body() -> String {
    sample_body("batch.succeeded").unwrap().replace("results", MARK)
}

fn sign(body: impl AsRef<[u8]>) -> SignedRequest {
    signer().sign(ID, at(NOW), body.as_ref().to_vec())
}

fn set(headers: &mut HeaderMap, header: WebhookHeader, value: &str) {
    headers.insert(header.header_name(), HeaderValue::from_str(value).unwrap());
}

/// A request whose signature is this one, rightly or wrongly.
fn with_signature(signature: &str, body: &str) -> SignedRequest {
    let mut request = sign(body);
    set(&mut request.headers, WebhookHeader::Signature, signature);
    request
}

/// The HMAC of a text with the test's key, as a test signer of one's own would make it.
fn mac(text: impl AsRef<[u8]>) -> [u8; 32] {
    mac_by(KEY, text)
}

fn mac_by(key: &[u8], text: impl AsRef<[u8]>) -> [u8; 32] {
    use hmac::{KeyInit as _, Mac as _};
    let mut mac = hmac::Hmac::<sha2::Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_ref());
    mac.finalize().into_bytes().into()
}

fn signed_text(body: &str) -> String {
    format!("{ID}.{NOW}.{body}")
}

/// Explains a request that the verifier really refuses, and looks at the form of the answer.
fn explain(verifier: &StaticVerifier, request: &SignedRequest) -> Explanation {
    let refusal = verifier.verify(&request.headers, request.body.clone()).unwrap_err();
    let explanation = Explainer::new(verifier.clone()).explain(&request.headers, &request.body);
    assert_eq!(explanation.refusal(), Some(&refusal));
    assert_is_one_safe_sentence(&explanation);
    explanation
}

/// One line, one sentence, and nothing of the request or the secret in any form of the answer.
fn assert_is_one_safe_sentence(explanation: &Explanation) {
    let text = explanation.to_string();
    assert!(
        !text.contains(['\n', '\r', '\x1b']) && !text.contains(". ") && !text.ends_with('.'),
        "{text}"
    );
    assert!(text.len() < 1000, "{} bytes: {text}", text.len());
    let json = serde_json::to_value(explanation).unwrap();
    assert_eq!(json["text"], text);
    assert_eq!(json["code"], explanation.cause().code());
    assert_eq!(json["step"], explanation.step().code());
    let all = format!("{explanation} {explanation:?} {json}");
    for leak in [MARK, SECRET, &SECRET[6..], "a-key-of-32", ID] {
        assert!(!all.contains(leak), "{leak} in {all}");
    }
    println!("{text}");
}

fn assert_explained(explanation: &Explanation, cause: Cause, step: Step, words: &[&str]) {
    assert_eq!((explanation.cause(), explanation.step()), (cause, step), "{explanation}");
    let text = explanation.to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in: {text}");
    }
}

#[test]
fn what_verifies_has_nothing_wrong() {
    let request = sign(body());
    let explanation = Explainer::new(verifier()).explain(&request.headers, &request.body);
    assert_is_one_safe_sentence(&explanation);
    assert_explained(&explanation, Cause::NothingWrong, Step::None, &["the request verifies"]);
    assert_eq!(explanation.refusal(), None);
}

#[test]
fn codes_are_words_and_each_stands_once() {
    let codes: std::collections::HashSet<_> = Cause::ALL.iter().map(|cause| cause.code()).collect();
    assert_eq!(codes.len(), Cause::ALL.len());
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    assert!(codes.iter().all(|code| code.bytes().all(is_word)));
}

//! What a diagnosis does not look into.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gemini_webhooks::explain::{Cause, Explainer, Step};
use gemini_webhooks::limits::MAX_EXPLAINED_BODY_BYTES;
use gemini_webhooks::testing::SignedRequest;
use gemini_webhooks::{Secret, StaticVerifier};

use super::{
    ID, NOW, assert_explained, assert_is_one_safe_sentence, at, explain, sign, signer, verifier,
    verifier_of,
};

#[test]
fn a_body_is_looked_into_up_to_256_kib() {
    assert_eq!(MAX_EXPLAINED_BODY_BYTES, 256 * 1024);
    let longest = "a".repeat(MAX_EXPLAINED_BODY_BYTES - 1) + "\n";
    let without = longest.trim_end();
    let request = SignedRequest { body: longest.clone().into(), ..sign(without) };
    assert_explained(&explain(&verifier(), &request), Cause::BodyLineEnd, Step::Signature, &[]);
    assert_eq!(explained(&sign(longest.clone())).0, Cause::NothingWrong);

    let too_long = "a".to_owned() + &longest;
    let (cause, text) = explained(&sign(too_long.clone()));
    assert_eq!(cause, Cause::BodyNotExplained);
    assert!(text.contains("has 262145 bytes"), "{text}");
    let changed = SignedRequest { body: too_long.into(), ..sign(without) };
    assert_eq!(explained(&changed).0, Cause::BodyNotExplained);
}

fn explained(request: &SignedRequest) -> (Cause, String) {
    let explanation = Explainer::new(verifier()).explain(&request.headers, &request.body);
    assert_is_one_safe_sentence(&explanation);
    (explanation.cause(), explanation.to_string())
}

#[test]
fn what_comes_before_the_body_is_explained_for_any_size() {
    let large = "a".repeat(MAX_EXPLAINED_BODY_BYTES + 1);
    let late = signer().sign(ID, at(NOW - 1000), large.clone());
    let (cause, text) = explained(&late);
    assert_eq!(cause, Cause::TimestampTooOld);
    assert!(!text.contains("besides"), "{text}");
    let mut headless = sign(large);
    headless.headers.clear();
    assert_eq!(explained(&headless).0, Cause::HeaderMissing);
}

#[test]
fn a_body_over_the_verifiers_limit_is_named() {
    let verifier =
        StaticVerifier::builder().secrets([super::secret()]).max_body_bytes(1024).build().unwrap();
    for bytes in [1025, MAX_EXPLAINED_BODY_BYTES + 1] {
        let explanation = explain(&verifier, &sign("a".repeat(bytes)));
        let words = [&*format!("{bytes} bytes, and 1024 are allowed"), "max_body_bytes"];
        assert_explained(&explanation, Cause::BodyTooLarge, Step::BodySize, &words);
    }
}

#[test]
fn nobody_is_told_of_a_request_that_is_explained() {
    let told = Arc::new(AtomicUsize::new(0));
    let hook = Arc::clone(&told);
    let verifier = StaticVerifier::builder()
        .secrets([super::secret()])
        .on_verdict(move |_| {
            hook.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    let request = sign(super::body());
    let _ = Explainer::new(verifier.clone()).explain(&request.headers, &request.body);
    let _ = Explainer::new(verifier.clone()).explain_at(&request.headers, b"x", at(NOW));
    assert_eq!(told.load(Ordering::Relaxed), 0);
    let _ = verifier.verify(&request.headers, request.body);
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn it_says_when_64_checks_were_not_enough() {
    let secrets = |n: u8| (1..=n).map(|n| Secret::from_raw_bytes([n; 32]).unwrap());
    let request = sign(super::body());
    let of_one = explain(&verifier_of(secrets(1)), &request);
    assert!(!of_one.to_string().contains("as far as 64 checks go"), "{of_one}");
    let of_eight = explain(&verifier_of(secrets(8)), &request);
    let words = ["by 8 secrets", "as far as 64 checks go"];
    assert_explained(&of_eight, Cause::Unexplained, Step::Signature, &words);
}

#[test]
fn any_number_of_retired_secrets_may_be_given() {
    let many = (0..1000).map(|_| Secret::from_raw_bytes([9; 32]).unwrap());
    let explainer =
        many.fold(Explainer::new(verifier_of([super::other_secret()])), Explainer::retired_secret);
    let request = sign(super::body());
    let explanation = explainer.explain(&request.headers, &request.body);
    let words = ["1000 retired ones", "as far as 64 checks go"];
    assert_explained(&explanation, Cause::Unexplained, Step::Signature, &words);
}

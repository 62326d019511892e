//! Secrets that were pasted wrong, read wrong, or replaced.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gemini_webhooks::explain::{Cause, Explainer, Explanation, Step, secret_text};
use gemini_webhooks::{Secret, StaticVerifier};

use super::{
    KEY, NOW, SECRET, assert_explained, assert_is_one_safe_sentence, at, body, explain, mac_by,
    other_secret, secret, sign, signed_text, verifier, verifier_of, with_signature,
};

// The text of a secret.

fn text(text: &str) -> Explanation {
    let explanation = secret_text(text);
    assert_is_one_safe_sentence(&explanation);
    explanation
}

#[test]
fn a_good_text_has_nothing_wrong() {
    assert_explained(&text(SECRET), Cause::NothingWrong, Step::None, &["the form of a secret"]);
    let list = format!("{SECRET} {SECRET}");
    assert_explained(&text(&list), Cause::NothingWrong, Step::None, &[]);
}

#[test]
fn a_text_with_something_around_it_is_named() {
    for (pasted, words) in [
        (format!("v1,{SECRET}"), "secret 1 cannot be used (it starts with `v1,`"),
        (format!("\"{SECRET}\""), "quotes"),
        (format!("'{SECRET}'"), "quotes"),
        (format!("{SECRET}\n"), "white space too much, perhaps a line end"),
        (format!("\t{SECRET}"), "white space"),
        (format!("{SECRET} {SECRET}x"), "secret 2 cannot be used"),
        (format!("{SECRET} v1,{SECRET}"), "secret 2 cannot be used (it starts with `v1,`"),
        (format!("WEBHOOK_SIGNING_SECRET={SECRET}"), "the name of a variable"),
        (format!("export WEBHOOK_SIGNING_SECRET={SECRET}"), "the name of a variable"),
        (SECRET.replace('=', "\\u003d"), "escapes"),
        (SECRET.replace('=', "%3D"), "escapes"),
        (format!("\u{feff}{SECRET}"), "cannot be seen"),
        (format!("{}...", &SECRET[..10]), "only the start is shown"),
        (SECRET[..22].to_owned(), "was it cut off"),
        (String::new(), "empty"),
        ([SECRET; 9].join(" "), "more than 8 secrets"),
    ] {
        let words = [words, "the secret alone, as it was shown"];
        assert_explained(&text(&pasted), Cause::SecretMalformed, Step::Setup, &words);
    }
}

#[test]
fn a_text_that_is_something_else_is_named() {
    for (pasted, words) in [
        ("AIzaSyA1234567890abcdefghijklmnopqrstuv", "an API key"),
        ("abcdefghijklmnopqrstuvwxyz0123456789", "a webhook's id"),
    ] {
        let words = [words, "shown once, at creation or rotation"];
        assert_explained(&text(pasted), Cause::SecretNotASecret, Step::Setup, &words);
    }
    assert_explained(
        &text("whsk_AAAA"),
        Cause::SecretMalformed,
        Step::Setup,
        &["private signing key"],
    );
}

const LEGACY: &str = "0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s";

#[test]
fn a_legacy_text_is_said_to_be_perhaps_one() {
    let pasted = format!("whsec_{LEGACY}");
    let words = ["before 2026-05-04", "Secret::from_raw_bytes"];
    assert_explained(&text(&pasted), Cause::SecretPerhapsText, Step::Setup, &words);
}

// A secret that was read in the wrong way.

/// Signed by a key of this many bytes, and verified with this secret.
fn signed_with(key: &[u8], secret: Secret) -> Explanation {
    let signature = BASE64_STANDARD.encode(mac_by(key, signed_text(&body())));
    let request = with_signature(&format!("v1,{signature}"), &body());
    explain(&verifier_of([secret]), &request)
}

fn assert_reading(explanation: &Explanation, words: &str) {
    let words = ["the request is signed with secret 1", words];
    assert_explained(explanation, Cause::SecretReading, Step::Signature, &words);
}

#[test]
fn a_legacy_secret_that_was_read_as_base64_is_recognised() {
    let read = Secret::parse(&format!("whsec_{LEGACY}")).unwrap();
    let explanation = signed_with(LEGACY.as_bytes(), read);
    assert_reading(&explanation, "the characters behind `whsec_` (Secret::from_raw_bytes)");
    // The remedy is right.
    let remedy = Secret::from_raw_bytes(LEGACY).unwrap();
    let signature = BASE64_STANDARD.encode(mac_by(LEGACY.as_bytes(), signed_text(&body())));
    let request = with_signature(&format!("v1,{signature}"), &body());
    assert!(verifier_of([remedy]).verify(&request.headers, request.body).is_ok());
}

#[test]
fn a_legacy_secret_with_its_prefix_in_the_key_is_recognised() {
    let whole = format!("whsec_{LEGACY}");
    let read = Secret::parse(&whole).unwrap();
    assert_reading(&signed_with(whole.as_bytes(), read), "all its characters, with `whsec_`");
    let read = Secret::from_raw_bytes(LEGACY).unwrap();
    assert_reading(&signed_with(whole.as_bytes(), read), "all its characters, with `whsec_`");
    let read = Secret::from_raw_bytes(&whole).unwrap();
    assert_reading(&signed_with(LEGACY.as_bytes(), read), "the characters behind `whsec_`");
}

#[test]
fn base64_that_was_taken_as_raw_text_is_recognised() {
    for taken in [SECRET, &SECRET[6..], &format!("{SECRET}\n")] {
        let read = Secret::from_raw_bytes(taken).unwrap();
        assert_reading(&signed_with(KEY, read), "what its base64 decodes to (Secret::parse)");
    }
}

#[test]
fn a_signer_that_uses_the_text_as_the_key_is_recognised() {
    assert_reading(&signed_with(&SECRET.as_bytes()[6..], secret()), "the characters behind");
    assert_reading(&signed_with(SECRET.as_bytes(), secret()), "all its characters");
}

// A secret that was replaced.

#[test]
fn an_older_secret_is_recognised() {
    let new = || other_secret().with_label("new");
    let words = ["signed with retired secret 1 (`2026-11`)", "no longer accepted", "24 hours"];
    let explainer =
        Explainer::new(verifier_of([new()])).retired_secret(secret().with_label("2026-11"));
    let request = sign(body());
    let explanation = explainer.explain(&request.headers, &request.body);
    assert_is_one_safe_sentence(&explanation);
    assert_explained(&explanation, Cause::SecretRetired, Step::Signature, &words);
    // Without it nobody could tell.
    let explanation = explain(&verifier_of([new()]), &request);
    assert_explained(&explanation, Cause::Unexplained, Step::Signature, &[]);
}

#[test]
fn a_secret_past_its_end_is_recognised() {
    let old = || secret().retire_at(at(NOW));
    let explanation = explain(&verifier_of([other_secret(), old()]), &sign(body()));
    let words = ["signed with secret 2, which is no longer accepted"];
    assert_explained(&explanation, Cause::SecretRetired, Step::Signature, &words);
    // Where it is the only one, this is the receiver's fault.
    let explanation = explain(&verifier_of([old()]), &sign(body()));
    assert_explained(&explanation, Cause::SecretRetired, Step::Setup, &["signed with secret 1"]);
    let explanation = explain(&verifier_of([other_secret().retire_at(at(NOW))]), &sign(body()));
    assert_explained(&explanation, Cause::SecretsAllRetired, Step::Setup, &["the current secret"]);
}

#[test]
fn an_explainer_shows_no_secret() {
    let explainer = Explainer::new(verifier()).retired_secret(secret());
    let shown = format!("{explainer:?}");
    assert!(!shown.contains(&SECRET[6..]) && !shown.contains("a-key-of-32"), "{shown}");
}

#[test]
fn several_secrets_are_counted() {
    let secrets = [other_secret(), Secret::from_raw_bytes([9; 32]).unwrap()];
    let request = sign(body());
    let words = ["by 2 secrets and 0 retired ones"];
    assert_explained(
        &explain(&verifier_of(secrets), &request),
        Cause::Unexplained,
        Step::Signature,
        &words,
    );
}

#[test]
fn the_clock_and_the_window_are_the_verifiers() {
    let request = sign(body());
    let by_system_clock = StaticVerifier::builder().secret(secret()).build().unwrap();
    let explanation = Explainer::new(by_system_clock).explain(&request.headers, &request.body);
    assert_eq!(explanation.step(), Step::ReplayWindow);
    let explanation =
        Explainer::new(verifier()).explain_at(&request.headers, &request.body, at(NOW + 301));
    assert_explained(&explanation, Cause::TimestampTooOld, Step::ReplayWindow, &["301 s"]);
}

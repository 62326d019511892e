//! What holds for any request: no panic, and never another verdict than the verifier's.

use gemini_webhooks::Secret;
use gemini_webhooks::explain::{Cause, Explainer, secret_text};
use gemini_webhooks::testing::StaticSigner;
use proptest::prelude::*;

use super::{NOW, assert_is_one_safe_sentence, at, verifier};

fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(2_000),
        failure_persistence: None,
        ..Default::default()
    }
}

/// Names that are looked up, look alike, or say something of the body.
const NAMES: &str =
    "webhook-(id|timestamp|signature)|svix-id|HTTP_WEBHOOK_ID|content-(length|encoding)|x";

prop_compose! {
    /// JSON and what only looks like it.
    fn any_body()(
        parts in prop::collection::vec(
            prop_oneof![
                Just("{".to_owned()), Just("}".to_owned()), Just("[".to_owned()), Just("]".to_owned()),
                Just(",".to_owned()), Just(":".to_owned()), Just("\"a\"".to_owned()),
                Just("\"\\ud83d\"".to_owned()), Just("1.50".to_owned()), Just("é\r\n".to_owned()),
                any::<String>(),
            ],
            0..20,
        ),
        bytes: Vec<u8>,
        text: bool,
    ) -> Vec<u8> {
        if text { parts.concat().into_bytes() } else { bytes }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_request_is_explained_as_the_verifier_judges_it(
        headers in prop::collection::vec((NAMES, any::<Vec<u8>>()), 0..6),
        body in any_body(),
        now: u32,
    ) {
        let explanation = Explainer::new(verifier()).explain_at(&headers, &body, at(now.into()));
        let refusal = verifier().verify_at(&headers, body, at(now.into())).unwrap_err();
        prop_assert_eq!(explanation.refusal(), Some(&refusal));
        prop_assert_ne!(explanation.cause(), Cause::NothingWrong);
        prop_assert!(explanation.to_string().is_ascii());
    }

    #[test]
    fn what_is_signed_and_what_is_changed_are_told_apart(
        signed in any_body(),
        received in any_body(),
        id in "[!-\\-/-~]{1,60}",
        off in 0_u64..400,
        entry in "(v1,|v1a,|)[A-Za-z0-9+/=_-]{0,90}",
    ) {
        let signer = StaticSigner::new(&super::secret());
        let mut request = signer.sign(&id, at(NOW - off), signed.clone());
        let good = request.headers["webhook-signature"].to_str().unwrap().to_owned();
        request.headers.insert("webhook-signature", format!("{entry} {good}").parse().unwrap());
        for body in [signed, received] {
            let explanation = Explainer::new(verifier()).explain(&request.headers, &body);
            let verdict = verifier().verify(&request.headers, body);
            prop_assert_eq!(explanation.cause() == Cause::NothingWrong, verdict.is_ok());
            prop_assert_eq!(explanation.refusal(), verdict.as_ref().err());
        }
    }

    #[test]
    fn any_text_of_a_secret_is_judged_as_it_is_read(text: String, around in "[ -~]{0,4}") {
        for text in [text, format!("{around}{}", super::SECRET)] {
            let explanation = secret_text(&text);
            let read = Secret::parse_list(&text).is_ok();
            let is_good = matches!(explanation.cause(), Cause::NothingWrong | Cause::SecretPerhapsText);
            let is_bad = explanation.cause() == Cause::SecretMalformed;
            prop_assert!(!(is_good && !read || is_bad && read), "{}", explanation);
            assert_is_one_safe_sentence(&explanation);
        }
    }
}

//! The `webhook_config` of a job: what the API takes, and nothing that could not be verified.

use gemini_webhooks::client::{RequestProblem, WebhookConfig, WebhookConfigBuilder};
use serde_json::{Value, json};

const TOKEN: &str = "8f2d6e0c-1a55-4f0b-9c0e-2d5a7b1c4e88";
const URI: &str = "https://my-api.com/gemini-webhook-dynamic";

fn at_one() -> WebhookConfigBuilder {
    WebhookConfig::builder().uri(URI)
}

fn problem(builder: WebhookConfigBuilder) -> RequestProblem {
    builder.build().unwrap_err()
}

fn text(config: &WebhookConfig) -> String {
    serde_json::to_string(config).unwrap()
}

#[test]
fn it_is_exactly_what_the_api_takes() {
    assert_eq!(text(&at_one().build().unwrap()), format!(r#"{{"uris":["{URI}"]}}"#));
    let config = at_one().metadata("job_group", "nightly-eval").metadata("priority", "high");
    assert_eq!(
        text(&config.build().unwrap()),
        format!(
            r#"{{"uris":["{URI}"],"user_metadata":{{"job_group":"nightly-eval","priority":"high"}}}}"#
        )
    );
    let any = json!({"a": [1, null, {"b": true}]});
    let config =
        at_one().metadata("any", any.clone()).binding_token("token", TOKEN).build().unwrap();
    assert_eq!(
        serde_json::to_value(&config).unwrap(),
        json!({"uris": [URI], "user_metadata": {"any": any, "token": TOKEN}}),
    );
    let two = at_one().uri("https://my-api.com/two").build().unwrap();
    assert_eq!(
        serde_json::to_value(&two).unwrap(),
        json!({"uris": [URI, "https://my-api.com/two"]})
    );
}

#[test]
fn uris_are_https_and_counted() {
    assert_eq!(problem(WebhookConfig::builder()), RequestProblem::CallbackUriCount);
    for uri in ["http://my-api.com/", "http://127.0.0.1:8000/", "my-api.com", "https://", ""] {
        assert_eq!(problem(at_one().uri(uri)), RequestProblem::CallbackUri, "{uri}");
    }
    let many =
        |count: usize| (0..count).fold(WebhookConfig::builder(), |builder, _| builder.uri(URI));
    assert!(many(8).build().is_ok());
    assert_eq!(problem(many(9)), RequestProblem::CallbackUriCount);
}

#[test]
fn a_token_is_long_and_goes_to_one_endpoint() {
    assert_eq!(
        problem(at_one().binding_token("token", "0123456789abcde")),
        RequestProblem::BindingToken
    );
    assert!(at_one().binding_token("token", "0123456789abcdef").build().is_ok());
    let shared = at_one().uri("https://my-api.com/two").binding_token("token", TOKEN);
    assert_eq!(problem(shared), RequestProblem::SharedToken);
}

#[test]
fn metadata_is_bounded_and_has_each_member_once() {
    let sized = |bytes: usize| at_one().metadata("x", "y".repeat(bytes - r#"{"x":""}"#.len()));
    assert!(sized(16 * 1024).build().is_ok());
    assert_eq!(problem(sized(16 * 1024 + 1)), RequestProblem::UserMetadata);

    let nested = |depth: usize| (1..depth).fold(json!([]), |inner, _| json!([inner]));
    let config = |depth: usize| at_one().metadata("x", nested(depth));
    assert!(config(61).build().is_ok());
    assert_eq!(problem(config(62)), RequestProblem::UserMetadata);

    let twice = at_one().metadata("x", 1).metadata("x", 2);
    assert_eq!(problem(twice), RequestProblem::UserMetadata);
    let overwritten = at_one().binding_token("token", TOKEN).metadata("token", Value::Null);
    assert_eq!(problem(overwritten), RequestProblem::UserMetadata);
}

#[test]
fn debug_shows_neither_token_nor_metadata_nor_path() {
    let builder = at_one().metadata("job", "MARKED").binding_token("MARKED", TOKEN);
    let shown = format!("{builder:?}");
    let config = builder.build().unwrap();
    for shown in [shown, format!("{config:?}"), format!("{config:#?}")] {
        assert!(!shown.contains("MARKED") && !shown.contains(TOKEN), "{shown}");
        assert!(!shown.contains("dynamic") && shown.contains("https://my-api.com"), "{shown}");
    }
}

/// What the job carries is what the endpoint finds.
#[cfg(feature = "aws-lc-rs")]
mod at_the_endpoint {
    use gemini_webhooks::testing::{Ed25519Signer, jwks};
    use gemini_webhooks::{Binding, DynamicVerifier, Error, KeySet};
    use serde_json::json;
    use std::time::SystemTime;

    use super::{TOKEN, at_one};

    #[test]
    fn the_token_of_the_job_is_the_one_of_the_binding() {
        let signer = Ed25519Signer::from_seed([7; 32]);
        let keys = KeySet::from_json(jwks([signer.jwk()]).as_bytes()).unwrap();
        let binding = Binding::metadata_token("token", TOKEN).unwrap();
        let verifier = DynamicVerifier::builder().binding(binding).build().unwrap();
        let judge = |token: &str| {
            let config = at_one().binding_token("token", token).build().unwrap();
            let config = serde_json::to_value(config).unwrap();
            let event = json!({
                "type": "batch.expired",
                "data": {"id": "b1"},
                "user_metadata": config["user_metadata"],
            });
            let request = signer.sign("msg_1", SystemTime::now(), event.to_string());
            verifier.verify_with(&keys, &request.headers, request.body).map(drop)
        };
        assert_eq!(judge(TOKEN), Ok(()));
        assert_eq!(judge("another token, of 16 bytes"), Err(Error::NotOurs));
    }
}

//! Events as API Gateway and function URLs send them, through the real runtime loop.

mod runtime_api;

use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gemini_webhooks::Secret;
use gemini_webhooks::testing::{StaticSigner, sample_body};
use serde_json::{Value, json};

use self::runtime_api::{Outcome, RuntimeApi};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const REST_API: &str = include_str!("events/rest_api.json");
const HTTP_API: &str = include_str!("events/http_api.json");
const FUNCTION_URL: &str = include_str!("events/function_url.json");

/// A running function.
struct Function {
    api: RuntimeApi,
    process: Child,
}

impl Function {
    async fn start() -> Self {
        let api = RuntimeApi::start().await;
        let process = Command::new(env!("CARGO_BIN_EXE_recipe-lambda"))
            .envs(api.environment())
            .env("WEBHOOK_SIGNING_SECRET", SECRET)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { api, process }
    }

    async fn invoke(&self, event: Value) -> Outcome {
        self.api.invoke(event).await
    }

    /// Returns the status of the answer, which is all that is in it.
    async fn status(&self, event: Value) -> Value {
        let answer = self.invoke(event).await.unwrap();
        assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
        answer["statusCode"].clone()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn body() -> &'static str {
    sample_body("video.generated").unwrap()
}

/// An event that carries this body, signed.
fn signed(document: &str, body: &[u8]) -> Value {
    let mut event: Value = serde_json::from_str(document).unwrap();
    let signer = StaticSigner::new(&Secret::parse(SECRET).unwrap());
    let request = signer.sign("msg_1", SystemTime::now(), body.to_vec());
    for (name, value) in &request.headers {
        let value = value.to_str().unwrap();
        event["headers"][name.as_str()] = value.into();
        if document == REST_API {
            event["multiValueHeaders"][name.as_str()] = json!([value]);
        }
    }
    event["body"] = String::from_utf8_lossy(body).into();
    event
}

#[tokio::test]
async fn a_body_counts_as_it_arrived_at_the_gateway() {
    let function = Function::start().await;
    for document in [REST_API, HTTP_API, FUNCTION_URL] {
        let text = signed(document, body().as_bytes());
        assert_eq!(function.status(text.clone()).await, 204);

        let mut base64 = text.clone();
        base64["body"] = STANDARD.encode(body()).into();
        assert_eq!(function.status(base64.clone()).await, 400, "taken for text");
        base64["isBase64Encoded"] = true.into();
        assert_eq!(function.status(base64).await, 204);

        let mut not_base64 = text;
        not_base64["isBase64Encoded"] = true.into();
        assert_eq!(function.status(not_base64).await, 400);

        let mut binary = signed(document, b"\xff\x00");
        binary["body"] = STANDARD.encode(b"\xff\x00").into();
        binary["isBase64Encoded"] = true.into();
        assert_eq!(function.status(binary).await, 204);
    }
}

#[tokio::test]
async fn an_empty_body_may_be_absent() {
    let function = Function::start().await;
    for document in [REST_API, HTTP_API, FUNCTION_URL] {
        let mut event = signed(document, b"");
        event["body"] = Value::Null;
        assert_eq!(function.status(event.clone()).await, 204);
        event.as_object_mut().unwrap().remove("body");
        assert_eq!(function.status(event).await, 204);
    }
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_in_either_form() {
    let function = Function::start().await;
    let large = vec![b'x'; (1 << 20) + 1];
    let mut event = signed(HTTP_API, &large);
    assert_eq!(function.status(event.clone()).await, 413);
    event["isBase64Encoded"] = true.into();
    for bytes in [large.len(), 3 << 20] {
        event["body"] = STANDARD.encode(vec![b'x'; bytes]).into();
        assert_eq!(function.status(event.clone()).await, 413);
    }
}

#[tokio::test]
async fn a_repeated_header_is_refused_in_payload_1() {
    let function = Function::start().await;
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let event = signed(REST_API, body().as_bytes());
        let value = event["headers"][name].clone();
        // The last of them is the right one, and alone in `headers`.
        for first in [value.clone(), json!("other")] {
            let mut repeated = event.clone();
            repeated["multiValueHeaders"][name] = json!([first, value]);
            assert_eq!(function.status(repeated).await, 400, "{name}");
        }
        let mut in_two_letter_cases = event.clone();
        in_two_letter_cases["multiValueHeaders"][name.to_uppercase()] = json!([value]);
        assert_eq!(function.status(in_two_letter_cases).await, 400, "{name}");
    }
}

#[tokio::test]
async fn a_repeated_header_is_refused_in_payload_2() {
    let function = Function::start().await;
    for document in [HTTP_API, FUNCTION_URL] {
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let event = signed(document, body().as_bytes());
            let value = event["headers"][name].as_str().unwrap();
            for joined in [format!("{value},{value}"), format!("other,{value}")] {
                let mut repeated = event.clone();
                repeated["headers"][name] = joined.into();
                assert_eq!(function.status(repeated).await, 400, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn names_are_found_in_any_letter_case() {
    let function = Function::start().await;
    for (document, headers) in [(REST_API, "multiValueHeaders"), (HTTP_API, "headers")] {
        let mut event = signed(document, body().as_bytes());
        for (name, title) in
            [("webhook-id", "Webhook-Id"), ("webhook-signature", "WEBHOOK-SIGNATURE")]
        {
            let value = event[headers].as_object_mut().unwrap().remove(name).unwrap();
            event[headers][title] = value;
        }
        assert_eq!(function.status(event).await, 204);
    }
}

#[tokio::test]
async fn what_is_no_request_is_not_accepted_and_stops_nobody() {
    let function = Function::start().await;
    for event in [json!({}), json!({ "headers": null, "multiValueHeaders": null })] {
        assert_eq!(function.status(event).await, 400);
    }
    for event in [json!(1), json!({ "headers": "text" }), json!({ "body": 1 })] {
        assert!(function.invoke(event).await.is_err());
    }
    assert_eq!(function.status(signed(REST_API, body().as_bytes())).await, 204);
}

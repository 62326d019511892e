//! The recipe does what every receiver must do, in the real runtime loop: requests go through a
//! stand-in of the gateway, which makes an event of each, and a stand-in of Lambda's runtime API.

mod runtime_api;

use std::process::ExitCode;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use recipe_conformance::{Front, Subject, check};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use self::runtime_api::RuntimeApi;

const FUNCTION: &str = env!("CARGO_BIN_EXE_recipe-lambda");

fn main() -> ExitCode {
    check(&[
        Subject::behind("lambda-rest-api", FUNCTION, || front(rest_api)),
        Subject::behind("lambda-http-api", FUNCTION, || front(http_api)),
        Subject::behind("lambda-function-url", FUNCTION, || front(function_url)),
    ])
}

/// Makes an event of a request.
type Gateway = fn(&Parts, &Bytes) -> Value;

fn front(gateway: Gateway) -> Front {
    let runtime = Runtime::new().unwrap();
    let (address, environment) = runtime.block_on(async {
        let api = RuntimeApi::start().await;
        let environment = api.environment();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(pass).with_state((api, gateway));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (address, environment)
    });
    Front { address, environment, running: Box::new(runtime) }
}

/// Asks the function, and answers as it says.
async fn pass(
    State((api, gateway)): State<(RuntimeApi, Gateway)>,
    request: axum::extract::Request,
) -> StatusCode {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 6 << 20).await.unwrap();
    let Ok(answer) = api.invoke(gateway(&head, &body)).await else {
        return StatusCode::BAD_GATEWAY;
    };
    assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    StatusCode::from_u16(answer["statusCode"].as_u64().unwrap().try_into().unwrap()).unwrap()
}

/// Payload 1.0: names as they were sent, which is not in lower case, the last value under each, and
/// all of them once more. Bodies are binary to it, as `binaryMediaTypes` says.
fn rest_api(head: &Parts, body: &Bytes) -> Value {
    let mut event: Value = serde_json::from_str(include_str!("events/rest_api.json")).unwrap();
    event["httpMethod"] = head.method.as_str().into();
    event["path"] = head.uri.path().into();
    event["requestContext"]["httpMethod"] = head.method.as_str().into();
    for name in head.headers.keys() {
        let values = values(&head.headers, name.as_str());
        let name = title(name.as_str());
        event["headers"][&name] = values.last().cloned().into();
        event["multiValueHeaders"][&name] = values.into();
    }
    event["body"] = STANDARD.encode(body).into();
    event["isBase64Encoded"] = true.into();
    event
}

fn http_api(head: &Parts, body: &Bytes) -> Value {
    payload_2(include_str!("events/http_api.json"), head, body)
}

fn function_url(head: &Parts, body: &Bytes) -> Value {
    payload_2(include_str!("events/function_url.json"), head, body)
}

/// Payload 2.0: names in lower case, the values under each joined by commas; a body is text where it
/// can be.
fn payload_2(document: &str, head: &Parts, body: &Bytes) -> Value {
    let mut event: Value = serde_json::from_str(document).unwrap();
    event["rawPath"] = head.uri.path().into();
    event["requestContext"]["http"]["method"] = head.method.as_str().into();
    event["requestContext"]["http"]["path"] = head.uri.path().into();
    let names = head.headers.keys();
    let headers: Map<String, Value> = names
        .map(|name| (name.to_string(), values(&head.headers, name.as_str()).join(",").into()))
        .collect();
    event["headers"] = headers.into();
    let (text, is_base64_encoded) = match str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    event["body"] = if body.is_empty() { json!(null) } else { text.into() };
    event["isBase64Encoded"] = is_base64_encoded.into();
    event
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    headers.get_all(name).iter().map(|value| text(value.as_bytes())).collect()
}

/// `webhook-id` as `Webhook-Id`.
fn title(name: &str) -> String {
    let parts = name.split('-').map(|part| match part.split_at_checked(1) {
        Some((first, rest)) => first.to_uppercase() + rest,
        None => String::new(),
    });
    parts.collect::<Vec<_>>().join("-")
}

//! A receiver on AWS Lambda, behind API Gateway (a REST API or an HTTP API) or a function URL.
//!
//! ```text
//! cargo lambda build --release -p recipe-lambda   # then set WEBHOOK_SIGNING_SECRET of the function
//! ```
//!
//! The route belongs to the gateway: have it send `POST` of one path here. For a REST API, set
//! `binaryMediaTypes` to `*/*`: else the gateway takes every body for text, and changes one that is
//! not. A function gets at most 6 MB, and a gateway lets some 10 KB of headers pass: a longer JWT
//! does not come through.
//!
//! The event is read here, because `lambda_http` 1.3 lets one of several headers of a name stand for
//! all: a REST API sends the last in `headers` and all in `multiValueHeaders`, and `lambda_http`
//! replaces these by that. Payload 2.0 joins them by commas: such a timestamp is none, and such an id
//! was never signed.

mod invocation;

use std::convert::Infallible;

use gemini_webhooks::{Delivery, Error, Verifier};
use lambda_runtime::{LambdaEvent, service_fn};

use self::invocation::{Answer, Invocation};

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    recipe_setup::log();
    let verifier = recipe_setup::verifier()?;
    let hook = async |event: LambdaEvent<Invocation>| {
        Ok::<_, Infallible>(hook(&verifier, &event.payload).await)
    };
    lambda_runtime::run(service_fn(hook)).await
}

/// Tells of a delivery, or of a refusal; the sender learns the status alone.
async fn hook(verifier: &Verifier, request: &Invocation) -> Answer {
    let status_code = match receive(verifier, request).await {
        Ok(delivery) => {
            tracing::info!(id = delivery.id().as_str(), event = ?delivery.event(), "accepted");
            204
        }
        Err(error) => {
            tracing::info!(code = error.code(), "refused: {error}");
            error.status().as_u16()
        }
    };
    Answer { status_code }
}

/// Verifies a request. What the headers alone condemn has no body decoded for it.
async fn receive(verifier: &Verifier, request: &Invocation) -> Result<Delivery, Error> {
    verifier.receive(request, async { request.body() }).await
}

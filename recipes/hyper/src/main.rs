//! A receiver on plain hyper 1.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...   # static webhooks; recipes/setup tells of dynamic ones
//! cargo run -p recipe-hyper                 # on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! hyper's headers are the `http` crate's, which the verifier takes as they are. With tower, the
//! layer of the feature `tower` does all of `receive`: see `examples/tower.rs`.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use gemini_webhooks::{Delivery, Error, Verifier};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

/// How long a body may take: the sender means to be answered within seconds.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    recipe_setup::log();
    let verifier = recipe_setup::verifier()?;
    let listener = TcpListener::bind(recipe_setup::address()).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    loop {
        match listener.accept().await {
            Ok((connection, _)) => _ = tokio::spawn(serve(connection, verifier.clone())),
            // Out of handles, say: soon there may be some again.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve(connection: TcpStream, verifier: Verifier) {
    let service = service_fn(async |request| Ok::<_, Infallible>(route(&verifier, request).await));
    // With a timer, hyper limits the time of a request's head.
    let server = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(connection), service);
    if let Err(error) = server.await {
        tracing::debug!(%error, "a connection broke");
    }
}

async fn route(verifier: &Verifier, request: Request<Incoming>) -> Response<Empty<Bytes>> {
    let status = match (request.uri().path(), request.method()) {
        ("/gemini-callback", &Method::POST) => hook(verifier, request).await,
        ("/gemini-callback", _) => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::NOT_FOUND,
    };
    let mut answer = Response::new(Empty::new());
    *answer.status_mut() = status;
    answer
}

/// Tells of a delivery, or of a refusal; the sender learns the status alone.
async fn hook(verifier: &Verifier, request: Request<Incoming>) -> StatusCode {
    let (head, body) = request.into_parts();
    match receive(verifier, &head.headers, body).await {
        Ok(delivery) => {
            tracing::info!(id = delivery.id().as_str(), event = ?delivery.event(), "accepted");
            StatusCode::NO_CONTENT
        }
        Err(error) => {
            tracing::info!(code = error.code(), "refused: {error}");
            error.status()
        }
    }
}

/// Verifies a request. What the headers alone condemn has no body read for it.
async fn receive(
    verifier: &Verifier,
    headers: &HeaderMap,
    body: Incoming,
) -> Result<Delivery, Error> {
    let body = async {
        let body = timeout(PATIENCE, read(body, verifier.max_body_bytes()));
        body.await.unwrap_or(Err(Error::BodyInterrupted))
    };
    verifier.receive(headers, body).await
}

/// Reads a body up to the limit, in bytes; one that announces more is not read at all.
async fn read(body: Incoming, limit: usize) -> Result<Bytes, Error> {
    let announced = usize::try_from(body.size_hint().lower());
    if announced.map_or(true, |bytes| bytes > limit) {
        return Err(Error::BodyTooLarge { limit });
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::BodyTooLarge { limit }),
        Err(_) => Err(Error::BodyInterrupted),
    }
}

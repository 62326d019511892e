//! A receiver on warp 0.4.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...   # static webhooks; recipes/setup tells of dynamic ones
//! cargo run -p recipe-warp                  # on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! `warp::body::bytes()` reads without a limit, and `warp::body::content_length_limit` refuses a
//! body that does not say how long it is. So the filter reads the stream.

use std::pin::pin;
use std::time::Duration;

use bytes::{Buf, BufMut as _, Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use gemini_webhooks::{Delivery, Error, Verifier};
use tokio::net::TcpListener;
use tokio::time::timeout;
use warp::http::header::CONTENT_LENGTH;
use warp::http::{HeaderMap, StatusCode};
use warp::reject::{Reject, Rejection};
use warp::{Filter, Reply};

/// How long a body may take: the sender means to be answered within seconds.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    recipe_setup::log();
    let endpoint = warp::path!("gemini-callback")
        .and(warp::post())
        .and(verified(recipe_setup::verifier()?))
        .map(|delivery| hook(&delivery))
        .recover(refuse);
    let listener = TcpListener::bind(recipe_setup::address()).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    warp::serve(endpoint).incoming(listener).run().await;
    Ok(())
}

fn hook(delivery: &Delivery) -> StatusCode {
    tracing::info!(id = delivery.id().as_str(), event = ?delivery.event(), "accepted");
    StatusCode::NO_CONTENT
}

/// Why a request was refused.
#[derive(Debug)]
struct Refused(Error);

impl Reject for Refused {}

/// Extracts an authentic delivery from a request.
fn verified(
    verifier: Verifier,
) -> impl Filter<Extract = (Delivery,), Error = Rejection> + Clone + Send + Sync {
    warp::any()
        .map(move || verifier.clone())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .and_then(async |verifier: Verifier, headers: HeaderMap, body| {
            let delivery = receive(&verifier, &headers, body).await;
            delivery.map_err(|error| warp::reject::custom(Refused(error)))
        })
}

/// Answers a refusal; the sender learns the status alone.
async fn refuse(rejection: Rejection) -> Result<impl Reply, Rejection> {
    let Some(Refused(error)) = rejection.find() else { return Err(rejection) };
    tracing::info!(code = error.code(), "refused: {error}");
    Ok(error.status())
}

/// Verifies a request. What the headers alone condemn has no body read for it.
async fn receive(
    verifier: &Verifier,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Delivery, Error> {
    let body = async {
        let body = timeout(PATIENCE, read(headers, body, verifier.max_body_bytes()));
        body.await.unwrap_or(Err(Error::BodyInterrupted))
    };
    verifier.receive(headers, body).await
}

/// Reads a body up to the limit, in bytes; one that announces more is not read at all.
async fn read(
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
    limit: usize,
) -> Result<Bytes, Error> {
    if announced(headers).is_some_and(|bytes| bytes > limit) {
        return Err(Error::BodyTooLarge { limit });
    }
    let (mut body, mut read) = (pin!(body), BytesMut::new());
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| Error::BodyInterrupted)?;
        if piece.remaining() > limit.saturating_sub(read.len()) {
            return Err(Error::BodyTooLarge { limit });
        }
        read.put(piece);
    }
    Ok(read.freeze())
}

/// What `content-length` says.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

//! A receiver on poem 3.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...   # static webhooks; recipes/setup tells of dynamic ones
//! cargo run -p recipe-poem                  # on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! Neither `Json` nor `String` will do as an extractor: what they return is not what was signed.

use std::time::Duration;

use bytes::Bytes;
use gemini_webhooks::{Delivery, Error, Verifier};
use poem::error::ReadBodyError;
use poem::http::header::CONTENT_LENGTH;
use poem::http::{HeaderMap, StatusCode};
use poem::listener::TcpAcceptor;
use poem::web::Data;
use poem::{Body, EndpointExt as _, Route, Server, handler, post};
use tokio::net::TcpListener;
use tokio::time::timeout;

/// How long a body may take: the sender means to be answered within seconds.
const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    recipe_setup::log();
    let app = Route::new().at("/gemini-callback", post(hook)).data(recipe_setup::verifier()?);
    let listener = TcpListener::bind(recipe_setup::address()).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    Ok(Server::new_with_acceptor(TcpAcceptor::from_tokio(listener)?).run(app).await?)
}

/// Tells of a delivery, or of a refusal; the sender learns the status alone.
#[handler]
async fn hook(Data(verifier): Data<&Verifier>, headers: &HeaderMap, body: Body) -> StatusCode {
    match receive(verifier, headers, body).await {
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
async fn receive(verifier: &Verifier, headers: &HeaderMap, body: Body) -> Result<Delivery, Error> {
    let body = async {
        let body = timeout(PATIENCE, read(headers, body, verifier.max_body_bytes()));
        body.await.unwrap_or(Err(Error::BodyInterrupted))
    };
    verifier.receive(headers, body).await
}

/// Reads a body up to the limit, in bytes; one that announces more is not read at all.
async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Error> {
    if announced(headers).is_some_and(|bytes| bytes > limit) {
        return Err(Error::BodyTooLarge { limit });
    }
    match body.into_bytes_limit(limit).await {
        Ok(body) => Ok(body),
        Err(ReadBodyError::PayloadTooLarge) => Err(Error::BodyTooLarge { limit }),
        Err(_) => Err(Error::BodyInterrupted),
    }
}

/// What `content-length` says.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

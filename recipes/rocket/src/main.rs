//! A receiver on Rocket 0.5.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...   # static webhooks; recipes/setup tells of dynamic ones
//! cargo run -p recipe-rocket                # on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! Rocket keeps headers in a type of its own, and drops those whose value is not UTF-8 before
//! anybody sees them. The handler reads the body itself: a data guard that fails is answered by a
//! catcher, with a page.
//!
//! Rocket waits for the first bytes of a body before it looks for a route, and has no limit for the
//! time of that: set one in a proxy in front.

use std::net::SocketAddr;
use std::time::Duration;

use gemini_webhooks::{Delivery, Error, FoundHeaders, HeaderLookup, Verifier, WebhookHeader};
use rocket::data::{Data, ToByteUnit as _};
use rocket::fairing::AdHoc;
use rocket::http::{HeaderMap, Status};
use rocket::request::{FromRequest, Outcome, Request};
use rocket::tokio::time::timeout;
use rocket::{Config, State, post, routes};

/// How long a body may take: the sender means to be answered within seconds.
const PATIENCE: Duration = Duration::from_secs(5);

#[rocket::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    recipe_setup::log();
    let address: SocketAddr = recipe_setup::address().parse()?;
    let config = Config::figment().merge(("address", address.ip())).merge(("port", address.port()));
    let listening = AdHoc::on_liftoff("listening", |rocket| {
        let Config { address, port, .. } = rocket.config();
        println!("listening on http://{address}:{port}/gemini-callback");
        Box::pin(async {})
    });
    let rocket = rocket::custom(config).attach(listening).mount("/", routes![hook]);
    rocket.manage(recipe_setup::verifier()?).launch().await?;
    Ok(())
}

/// Tells of a delivery, or of a refusal; the sender learns the status alone.
#[post("/gemini-callback", data = "<body>")]
async fn hook(verifier: &State<Verifier>, headers: Headers<'_>, body: Data<'_>) -> (Status, ()) {
    let status = match receive(verifier, &headers, body).await {
        Ok(delivery) => {
            tracing::info!(id = delivery.id().as_str(), event = ?delivery.event(), "accepted");
            Status::NoContent
        }
        Err(error) => {
            tracing::info!(code = error.code(), "refused: {error}");
            Status::new(error.status().as_u16())
        }
    };
    (status, ())
}

/// The headers of a request.
struct Headers<'r>(&'r HeaderMap<'r>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Headers<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Self(request.headers()))
    }
}

/// Every value under each name, so that a repeated header is seen.
impl HeaderLookup for Headers<'_> {
    fn lookup(&self) -> FoundHeaders<'_> {
        let names = [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature];
        FoundHeaders::among(names.into_iter().flat_map(|header| {
            let values = self.0.get(header.name());
            values.map(move |value| (header.name(), value.as_bytes()))
        }))
    }
}

/// Verifies a request. What the headers alone condemn has no body read for it.
async fn receive(
    verifier: &Verifier,
    headers: &Headers<'_>,
    body: Data<'_>,
) -> Result<Delivery, Error> {
    let body = async {
        let body = timeout(PATIENCE, read(headers, body, verifier.max_body_bytes()));
        body.await.unwrap_or(Err(Error::BodyInterrupted))
    };
    verifier.receive(headers, body).await
}

/// Reads a body up to the limit, in bytes; one that announces more is not read at all.
async fn read(headers: &Headers<'_>, body: Data<'_>, limit: usize) -> Result<Vec<u8>, Error> {
    if announced(headers).is_some_and(|bytes| bytes > limit) {
        return Err(Error::BodyTooLarge { limit });
    }
    match body.open(limit.bytes()).into_bytes().await {
        Ok(body) if body.is_complete() => Ok(body.into_inner()),
        Ok(_) => Err(Error::BodyTooLarge { limit }),
        Err(_) => Err(Error::BodyInterrupted),
    }
}

/// What `content-length` says.
fn announced(headers: &Headers<'_>) -> Option<usize> {
    headers.0.get_one("content-length")?.parse().ok()
}

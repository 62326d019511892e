//! The extractor for actix-web: a handler that takes [`Verified`] runs for authentic requests alone.
//!
//! For static and dynamic webhooks: a [`Verifier`] is taken from the application's data. The headers
//! are looked at before the body is read, and the body is read here, bounded by the verifier's
//! `max_body_bytes` and not by actix-web's `PayloadConfig`; the content type is not looked at,
//! because the page does not promise one.
//!
//! actix-web answers itself what is not HTTP, and limits the time of the head alone
//! (`HttpServer::client_request_timeout`): a sender may take for ever to send its body, so set a
//! limit in front, as for every endpoint that is open to the internet.
//!
//! # Examples
//! ```
//! use actix_web::{App, HttpResponse, HttpServer, web};
//! use gemini_webhooks::actix_web::Verified;
//! use gemini_webhooks::{StaticVerifier, Verifier};
//!
//! async fn hook(Verified(delivery): Verified) -> HttpResponse {
//!     println!("{:?}", delivery.event());
//!     HttpResponse::NoContent().finish()
//! }
//!
//! async fn run() -> Result<(), Box<dyn std::error::Error>> {
//!     let verifier = Verifier::from(StaticVerifier::from_env("WEBHOOK_SIGNING_SECRET")?);
//!     let app = move || App::new().app_data(verifier.clone()).route("/gemini", web::post().to(hook));
//!     HttpServer::new(app).bind(("127.0.0.1", 8000))?.run().await?;
//!     Ok(())
//! }
//! ```

use std::pin::Pin;

use actix_web::body::{BodyStream, to_bytes_limited};
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError, web};
use bytes::Bytes;

use crate::delivery::Delivery;
use crate::error::Error;
use crate::headers::{FoundHeaders, HeaderLookup};
use crate::verifier::Verifier;

/// Extracts an authentic delivery from a request.
///
/// Needs a [`Verifier`] in the application's data: as it is, or as `web::Data<Verifier>`. A verifier
/// for one kind becomes one by `into()`. It reads the body, so no other argument of the handler can.
///
/// # Examples
/// A handler that writes the reason of a refusal to its logs, and answers as it would be anyhow:
/// ```
/// use actix_web::HttpResponse;
/// use gemini_webhooks::actix_web::{Rejection, Verified};
///
/// async fn hook(verified: Result<Verified, Rejection>) -> Result<HttpResponse, Rejection> {
///     let Verified(delivery) = verified.inspect_err(|reason| eprintln!("refused: {reason}"))?;
///     println!("{:?}", delivery.event());
///     Ok(HttpResponse::NoContent().finish())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verified(pub Delivery);

impl FromRequest for Verified {
    type Error = Rejection;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Rejection>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let request = request.clone();
        let payload = payload.take();
        Box::pin(async move {
            let verifier = verifier_of(&request).ok_or(Rejection::NoVerifier)?;
            let headers = request.headers();
            let body = read(headers, payload, verifier.max_body_bytes());
            Ok(Self(verifier.receive(headers, body).await?))
        })
    }
}

fn verifier_of(request: &HttpRequest) -> Option<&Verifier> {
    let shared = || request.app_data::<web::Data<Verifier>>().map(web::Data::get_ref);
    request.app_data::<Verifier>().or_else(shared)
}

/// Reads a body up to the limit; one that announces more is not read at all.
async fn read(headers: &HeaderMap, payload: Payload, limit: usize) -> Result<Bytes, Error> {
    let too_large = Error::BodyTooLarge { limit };
    if announced(headers).is_some_and(|bytes| bytes > limit) {
        return Err(too_large);
    }
    match to_bytes_limited(BodyStream::new(payload), limit).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Error::BodyInterrupted),
        Err(_) => Err(too_large),
    }
}

/// What `content-length` says. A length that is no number does not get here over HTTP/1, and bounds
/// nothing that the limit does not.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl HeaderLookup for HeaderMap {
    fn lookup(&self) -> FoundHeaders<'_> {
        FoundHeaders::among(self.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        for (name, value) in self {
            see(name.as_str(), value.as_bytes());
        }
    }
}

/// Answers a request that was refused: a status without a body, since the sender is a stranger.
///
/// The reason stays on our side: actix-web keeps it as the error of the response, where a
/// middleware that writes logs finds it.
///
/// # Examples
/// ```
/// use actix_web::{Error as ActixError, HttpResponse};
/// use gemini_webhooks::Error;
/// use gemini_webhooks::actix_web::Rejection;
///
/// let rejection = Rejection::from(Error::SignatureMismatch);
/// let response = HttpResponse::from_error(ActixError::from(rejection));
/// assert_eq!(response.status().as_u16(), 400);
///
/// let reason = response.error().and_then(|error| error.as_error::<Rejection>());
/// assert_eq!(reason, Some(&Rejection::Refused(Error::SignatureMismatch)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The request is not an authentic delivery, or cannot be judged.
    #[error(transparent)]
    Refused(#[from] Error),
    /// The application's data holds no [`Verifier`]: answered with 500.
    #[error("the application's data holds no Verifier: add one by App::app_data")]
    NoVerifier,
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        // actix-web is on another version of the `http` crate.
        let status = match self {
            Self::Refused(error) => StatusCode::from_u16(error.status().as_u16()).ok(),
            Self::NoVerifier => None,
        };
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

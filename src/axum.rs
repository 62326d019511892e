//! The extractor for axum: a handler that takes [`Verified`] runs for authentic requests alone.
//!
//! For static and dynamic webhooks: a [`Verifier`] is taken from the router's state, which may be a
//! verifier for one kind alone. The headers are looked at before the body is read, and the body is
//! read here, bounded by the verifier's `max_body_bytes`; the content type is not looked at, because
//! the page does not promise one.
//!
//! Set a limit for the time of a request around this, as for every endpoint that is open to the
//! internet: a sender may take for ever to send its body.
//!
//! # Examples
//! ```
//! use axum::{Router, http::StatusCode, routing::post};
//! use gemini_webhooks::axum::Verified;
//! use gemini_webhooks::{Secret, StaticVerifier};
//!
//! async fn hook(Verified(delivery): Verified) -> StatusCode {
//!     println!("{:?}", delivery.event());
//!     StatusCode::NO_CONTENT
//! }
//!
//! let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let verifier = StaticVerifier::builder().secret(secret).build()?;
//! let app: Router = Router::new().route("/gemini", post(hook)).with_state(verifier);
//! # Ok::<(), gemini_webhooks::ConfigError>(())
//! ```

use axum_core::extract::{FromRef, FromRequest, Request};
use axum_core::response::{IntoResponse, Response};

use crate::adapter::read;
use crate::delivery::Delivery;
use crate::error::Error;
use crate::verifier::Verifier;
#[cfg(feature = "dynamic")]
use crate::verify_dynamic::DynamicVerifier;
use crate::verify_static::StaticVerifier;

/// Extracts an authentic delivery from a request.
///
/// Needs a state from which a [`Verifier`] can be taken: any of the three verifiers, or one for which
/// you implement axum's `FromRef`. It reads the body, so it stands last among the arguments.
///
/// # Examples
/// ```
/// use axum::extract::{FromRef, State};
/// use axum::http::StatusCode;
/// use gemini_webhooks::Verifier;
/// use gemini_webhooks::axum::Verified;
///
/// #[derive(Clone)]
/// struct App {
///     verifier: Verifier,
///     seen: std::sync::Arc<std::sync::atomic::AtomicU64>,
/// }
///
/// impl FromRef<App> for Verifier {
///     fn from_ref(app: &App) -> Self {
///         app.verifier.clone()
///     }
/// }
///
/// async fn hook(State(app): State<App>, Verified(delivery): Verified) -> StatusCode {
///     app.seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
///     StatusCode::NO_CONTENT
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verified(pub Delivery);

impl<S> FromRequest<S> for Verified
where
    Verifier: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Rejection> {
        let verifier = Verifier::from_ref(state);
        let (parts, body) = request.into_parts();
        let body = read(body, verifier.max_body_bytes());
        Ok(Self(verifier.receive(&parts.headers, body).await?))
    }
}

impl FromRef<StaticVerifier> for Verifier {
    fn from_ref(verifier: &StaticVerifier) -> Self {
        verifier.clone().into()
    }
}

#[cfg(feature = "dynamic")]
impl FromRef<DynamicVerifier> for Verifier {
    fn from_ref(verifier: &DynamicVerifier) -> Self {
        verifier.clone().into()
    }
}

/// Answers a request that was refused: a status without a body, since the sender is a stranger.
///
/// The reason stays on our side: in [`error`](Self::error), and in the extensions of the response
/// for a layer that writes logs.
///
/// # Examples
/// ```
/// use axum::http::StatusCode;
/// use axum::response::IntoResponse as _;
/// use gemini_webhooks::Error;
/// use gemini_webhooks::axum::Rejection;
///
/// let response = Rejection::from(Error::SignatureMismatch).into_response();
/// assert_eq!(response.status(), StatusCode::BAD_REQUEST);
/// assert_eq!(response.extensions().get::<Error>(), Some(&Error::SignatureMismatch));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection(Error);

impl Rejection {
    /// Returns why the request was refused, for our own logs.
    #[must_use]
    pub fn error(&self) -> &Error {
        &self.0
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = self.0.status().into_response();
        response.extensions_mut().insert(self.0);
        response
    }
}

//! The layer for tower: a service behind [`VerifyLayer`] is called for authentic requests alone.
//!
//! For any service that takes a request of the `http` crate and answers with one of its responses:
//! of hyper, of axum (`Router::layer`), of warp (`warp::service`). The service finds the
//! [`Delivery`] in the request's extensions, and the body as it arrived. A request that is refused
//! does not reach it.
//!
//! The headers are looked at before the body is read, and the body is read here, bounded by the
//! verifier's `max_body_bytes`; the content type is not looked at, because the page does not
//! promise one. Nor are the method and the path: put the layer around what serves the endpoint, not
//! around a whole site.
//!
//! Set a limit for the time of a request around this, as for every endpoint that is open to the
//! internet: a sender may take for ever to send its body.
//!
//! # Security
//! Take the event from the [`Delivery`], not from the body: beside a JWT that holds the event the body
//! is not signed.
//!
//! # Examples
//! ```
//! use std::convert::Infallible;
//!
//! use bytes::Bytes;
//! use gemini_webhooks::tower::VerifyLayer;
//! use gemini_webhooks::{Delivery, Secret, StaticVerifier};
//! use http::{Request, Response, StatusCode};
//! use http_body_util::Full;
//! use tower::{ServiceBuilder, ServiceExt as _};
//!
//! async fn hook(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     if let Some(delivery) = request.extensions().get::<Delivery>() {
//!         println!("{:?}", delivery.event());
//!     }
//!     Ok(Response::default())
//! }
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let verifier = StaticVerifier::builder().secret(secret).build()?;
//! let service = ServiceBuilder::new().layer(VerifyLayer::new(verifier)).service_fn(hook);
//!
//! let unsigned = Request::new(Full::new(Bytes::from("{}")));
//! assert_eq!(service.oneshot(unsigned).await?.status(), StatusCode::BAD_REQUEST);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use tower_layer::Layer;
use tower_service::Service;

use crate::adapter::{BoxError, read};
#[cfg(doc)]
use crate::delivery::Delivery;
use crate::error::Error;
use crate::verifier::Verifier;

/// Puts [`Verify`] around a service.
///
/// # Examples
/// In axum, where a handler takes the delivery as an `Extension`:
/// ```
/// use axum::{Extension, Router, http::StatusCode, routing::post};
/// use gemini_webhooks::tower::VerifyLayer;
/// use gemini_webhooks::{Delivery, Verifier};
///
/// async fn hook(Extension(delivery): Extension<Delivery>) -> StatusCode {
///     println!("{:?}", delivery.event());
///     StatusCode::NO_CONTENT
/// }
///
/// fn app(verifier: Verifier) -> Router {
///     Router::new().route("/gemini", post(hook).layer(VerifyLayer::new(verifier)))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct VerifyLayer(Verifier);

impl VerifyLayer {
    /// Makes a layer that verifies by this verifier: any of the three.
    #[must_use]
    pub fn new(verifier: impl Into<Verifier>) -> Self {
        Self(verifier.into())
    }
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify { verifier: self.0.clone(), inner }
    }
}

/// Verifies a request before the service inside is called.
///
/// The service inside gets the body as [`Full`], byte by byte what arrived, without trailers, and the
/// [`Delivery`] in the request's extensions, which is where the event is: beside a JWT that holds it the
/// body is not signed. A refused request is answered here: a status without a
/// body, since the sender is a stranger. The reason, an [`Error`], is in the extensions of that
/// response, for a layer around this one that writes logs.
///
/// # Examples
/// ```
/// use gemini_webhooks::tower::{Verify, VerifyLayer};
/// use tower::Layer as _;
///
/// fn verified<S>(layer: &VerifyLayer, service: S) -> Verify<S> {
///     layer.layer(service)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Verify<S> {
    verifier: Verifier,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for Verify<S>
where
    S: Service<Request<Full<Bytes>>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
    R: Default,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseFuture<R, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let verifier = self.verifier.clone();
        // The one that was said to be ready is called, and its clone waits for the next request.
        let inner = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, inner);
        ResponseFuture(Box::pin(async move {
            match verify(&verifier, request).await {
                Ok(request) => inner.call(request).await,
                Err(error) => Ok(refusal(error)),
            }
        }))
    }
}

/// Turns a request into an authentic one.
async fn verify<B>(verifier: &Verifier, request: Request<B>) -> Result<Request<Full<Bytes>>, Error>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let (mut parts, body) = request.into_parts();
    let body = read(body, verifier.max_body_bytes());
    let delivery = verifier.receive(&parts.headers, body).await?;
    let body = Full::new(delivery.request_body().clone());
    parts.extensions.insert(delivery);
    Ok(Request::from_parts(parts, body))
}

/// Answers a request that was refused.
fn refusal<R: Default>(error: Error) -> Response<R> {
    let mut response = Response::new(R::default());
    *response.status_mut() = error.status();
    response.extensions_mut().insert(error);
    response
}

/// Resolves to the answer of [`Verify`].
///
/// # Examples
/// See [the module](self).
pub struct ResponseFuture<R, E>(BoxFuture<Result<Response<R>, E>>);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<R, E> Future for ResponseFuture<R, E> {
    type Output = Result<Response<R>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl<R, E> fmt::Debug for ResponseFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

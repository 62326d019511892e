//! One endpoint, whichever kinds of webhooks it serves.

use std::pin::pin;

use bytes::Bytes;

use crate::delivery::Delivery;
use crate::error::Error;
use crate::headers::HeaderLookup;
#[cfg(feature = "dynamic")]
use crate::headers::Lookup;
#[cfg(feature = "dynamic")]
use crate::signature_header::SignatureHeader;
#[cfg(feature = "dynamic")]
use crate::verify_dynamic::DynamicVerifier;
use crate::verify_static::StaticVerifier;

/// Verifies what one endpoint receives: static webhooks, dynamic ones, or both.
///
/// Where it serves both, the syntax of the header alone decides: a JWT and `v1a` entries go to the
/// dynamic verifier, `v1` entries to the static one. No key of one scheme is ever tried on another.
/// A header with both kinds of entries, which nobody has seen, is accepted when either verifies.
///
/// The adapters take one of these: a verifier for one kind becomes one by `into()`. Cheap to clone
/// and to share.
///
/// # Examples
/// ```
/// use gemini_webhooks::{CachedKeys, DynamicVerifier, Secret, StaticVerifier, Verifier};
///
/// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let verifier = Verifier::new(
///     StaticVerifier::builder().secret(secret).build()?,
///     DynamicVerifier::builder()
///         .audience("my-project-client-id")
///         .keys(CachedKeys::google()?)
///         .build()?,
/// );
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Verifier(Kinds);

#[derive(Clone, Debug)]
enum Kinds {
    Static(StaticVerifier),
    #[cfg(feature = "dynamic")]
    Dynamic(DynamicVerifier),
    #[cfg(feature = "dynamic")]
    Both(StaticVerifier, DynamicVerifier),
}

impl From<StaticVerifier> for Verifier {
    fn from(verifier: StaticVerifier) -> Self {
        Self(Kinds::Static(verifier))
    }
}

#[cfg(feature = "dynamic")]
impl From<DynamicVerifier> for Verifier {
    fn from(verifier: DynamicVerifier) -> Self {
        Self(Kinds::Dynamic(verifier))
    }
}

impl Verifier {
    /// Joins two verifiers, for an endpoint that serves both kinds.
    #[cfg(feature = "dynamic")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dynamic")))]
    #[must_use]
    pub fn new(static_webhooks: StaticVerifier, dynamic_webhooks: DynamicVerifier) -> Self {
        Self(Kinds::Both(static_webhooks, dynamic_webhooks))
    }

    /// Verifies a request.
    ///
    /// Waits for a key of a dynamic webhook that is not at hand, and for nothing else.
    ///
    /// # Errors
    /// Those of the verifier that the header concerns; where it concerns both, of the dynamic one.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Delivery, Error, Verifier};
    ///
    /// async fn receive(
    ///     verifier: &Verifier,
    ///     headers: &http::HeaderMap,
    ///     body: bytes::Bytes,
    /// ) -> Result<Delivery, Error> {
    ///     verifier.verify(headers, body).await
    /// }
    /// ```
    #[cfg_attr(not(feature = "dynamic"), allow(clippy::unused_async))]
    pub async fn verify<H: HeaderLookup + Sync + ?Sized>(
        &self,
        headers: &H,
        body: impl Into<Bytes>,
    ) -> Result<Delivery, Error> {
        match &self.0 {
            Kinds::Static(verifier) => verifier.verify(headers, body),
            #[cfg(feature = "dynamic")]
            Kinds::Dynamic(verifier) => verifier.verify(headers, body).await,
            #[cfg(feature = "dynamic")]
            Kinds::Both(static_webhooks, dynamic_webhooks) => match concerned(headers) {
                Concerned::Static => static_webhooks.verify(headers, body),
                Concerned::Dynamic => dynamic_webhooks.verify(headers, body).await,
                Concerned::Both => {
                    let body = body.into();
                    match static_webhooks.accept(headers, body.clone()) {
                        Some(delivery) => Ok(delivery),
                        None => dynamic_webhooks.verify(headers, body).await,
                    }
                }
            },
        }
    }

    /// Verifies a request whose body is still to be read: for an adapter of your own.
    ///
    /// The body is asked for only when the headers are in order, so that none is read, and no memory
    /// spent, for a request that is refused all the same.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify), and what the body ends with:
    /// [`BodyTooLarge`](Error::BodyTooLarge) or [`BodyInterrupted`](Error::BodyInterrupted).
    ///
    /// # Security
    /// Nothing here bounds how the body is read: read at most [`max_body_bytes`](Self::max_body_bytes),
    /// and in a bounded time.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use axum::body::{Body, Bytes};
    /// use gemini_webhooks::{Delivery, Error, Verifier};
    /// use http::HeaderMap;
    /// use http_body_util::{BodyExt as _, LengthLimitError, Limited};
    /// use tokio::time::timeout;
    ///
    /// async fn read(body: Body, limit: usize) -> Result<Bytes, Error> {
    ///     match timeout(Duration::from_secs(10), Limited::new(body, limit).collect()).await {
    ///         Ok(Ok(body)) => Ok(body.to_bytes()),
    ///         Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Error::BodyTooLarge { limit }),
    ///         Ok(Err(_)) | Err(_) => Err(Error::BodyInterrupted),
    ///     }
    /// }
    ///
    /// async fn receive(
    ///     verifier: &Verifier,
    ///     headers: &HeaderMap,
    ///     body: Body,
    /// ) -> Result<Delivery, Error> {
    ///     verifier.receive(headers, read(body, verifier.max_body_bytes())).await
    /// }
    /// ```
    pub async fn receive<H: HeaderLookup + Sync + ?Sized>(
        &self,
        headers: &H,
        body: impl Future<Output = Result<impl Into<Bytes>, Error>>,
    ) -> Result<Delivery, Error> {
        // By reference from here on, so that it is held once and not by every arm.
        let body = pin!(body);
        match &self.0 {
            Kinds::Static(verifier) => verifier.receive(headers, body).await,
            #[cfg(feature = "dynamic")]
            Kinds::Dynamic(verifier) => verifier.receive(headers, body).await,
            #[cfg(feature = "dynamic")]
            Kinds::Both(static_webhooks, dynamic_webhooks) => match concerned(headers) {
                Concerned::Static => static_webhooks.receive(headers, body).await,
                Concerned::Dynamic => dynamic_webhooks.receive(headers, body).await,
                Concerned::Both => match static_webhooks.begin(headers) {
                    Some(begun) => {
                        let (body, _) = begun.body(body).await?;
                        self.verify(headers, body).await
                    }
                    None => dynamic_webhooks.receive(headers, body).await,
                },
            },
        }
    }

    /// Returns the largest body that is accepted, in bytes: what an adapter reads at most.
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        match &self.0 {
            Kinds::Static(verifier) => verifier.max_body_bytes(),
            #[cfg(feature = "dynamic")]
            Kinds::Dynamic(verifier) => verifier.max_body_bytes(),
            #[cfg(feature = "dynamic")]
            Kinds::Both(static_webhooks, dynamic_webhooks) => {
                static_webhooks.max_body_bytes().max(dynamic_webhooks.max_body_bytes())
            }
        }
    }

    /// The time of the clock that it was given; of two, the static one's.
    #[cfg(feature = "explain")]
    pub(crate) fn now(&self) -> std::time::SystemTime {
        match &self.0 {
            Kinds::Static(verifier) => verifier.now(),
            #[cfg(feature = "dynamic")]
            Kinds::Dynamic(verifier) => verifier.now(),
            #[cfg(feature = "dynamic")]
            Kinds::Both(static_webhooks, _) => static_webhooks.now(),
        }
    }

    /// The verifier for static webhooks, where these headers concern it.
    #[cfg(feature = "explain")]
    #[cfg_attr(not(feature = "dynamic"), allow(unused_variables, clippy::unnecessary_wraps))]
    pub(crate) fn static_of<H: HeaderLookup + ?Sized>(
        &self,
        headers: &H,
    ) -> Option<&StaticVerifier> {
        match &self.0 {
            Kinds::Static(verifier) => Some(verifier),
            #[cfg(feature = "dynamic")]
            Kinds::Dynamic(_) => None,
            #[cfg(feature = "dynamic")]
            Kinds::Both(verifier, _) => match concerned(headers) {
                Concerned::Static | Concerned::Both => Some(verifier),
                Concerned::Dynamic => None,
            },
        }
    }

    /// The verifier for dynamic webhooks, where these headers concern it.
    #[cfg(all(feature = "dynamic", feature = "explain"))]
    pub(crate) fn dynamic_of<H: HeaderLookup + ?Sized>(
        &self,
        headers: &H,
    ) -> Option<&DynamicVerifier> {
        match &self.0 {
            Kinds::Static(_) => None,
            Kinds::Dynamic(verifier) => Some(verifier),
            Kinds::Both(_, verifier) => match concerned(headers) {
                Concerned::Dynamic | Concerned::Both => Some(verifier),
                Concerned::Static => None,
            },
        }
    }
}

/// Which of two verifiers a request concerns.
#[cfg(feature = "dynamic")]
enum Concerned {
    Static,
    Dynamic,
    Both,
}

/// Judges by the syntax of the signature header alone. What is no signature at all is refused by
/// either verifier; the static one is as good.
#[cfg(feature = "dynamic")]
fn concerned<H: HeaderLookup + ?Sized>(headers: &H) -> Concerned {
    let Lookup::One(value) = headers.lookup().signature else { return Concerned::Static };
    match SignatureHeader::parse(value) {
        Ok(SignatureHeader::Jwt) => Concerned::Dynamic,
        Ok(SignatureHeader::List(list)) => match (list.has_any(b"v1,"), list.has_any(b"v1a,")) {
            (true, true) => Concerned::Both,
            (false, true) => Concerned::Dynamic,
            (_, false) => Concerned::Static,
        },
        Err(_) => Concerned::Static,
    }
}

//! How a delivery was authenticated.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

#[cfg(doc)]
use super::Delivery;
use crate::clock::date_time;

/// Says how a delivery was authenticated.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Delivery, Scheme};
///
/// fn old_secret_in_use(delivery: &Delivery) -> bool {
///     matches!(delivery.scheme(), Scheme::Static(secret) if secret.label() == Some("old"))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scheme {
    /// A dynamic webhook in the observed form: `v1a`, Ed25519. The keys have no names to tell.
    Ed25519,
    /// A dynamic webhook in the documented form: an RS256 JWT.
    Jwt(JwtMatch),
    /// A static webhook, by this secret.
    Static(SecretMatch),
}

/// Tells how the bytes of [`Delivery::raw`] were authenticated.
///
/// # Examples
/// ```
/// use gemini_webhooks::{BodyAuthentication, Delivery};
///
/// fn may_start_a_payment(delivery: &Delivery) -> bool {
///     delivery.body_authentication() != BodyAuthentication::Unsigned
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BodyAuthentication {
    /// They are the claims of a JWT, which are signed; the body of the request was not needed.
    Claims,
    /// They are the body of the request, and signed.
    Signed,
    /// They are the body of a request with a valid JWT that says nothing of it: a bearer's word,
    /// accepted because the verifier was told to.
    Unsigned,
}

/// Tells of the JWT that a delivery came with.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Delivery, Scheme};
///
/// /// Without `iat` the freshness of a JWT rests on its expiry alone.
/// fn issue_time_is_signed(delivery: &Delivery) -> bool {
///     matches!(delivery.scheme(), Scheme::Jwt(jwt) if jwt.issued_at().is_some())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JwtMatch {
    kid: String,
    expires_at: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    issued_at: Option<i64>,
}

impl JwtMatch {
    #[cfg(feature = "dynamic")]
    pub(crate) fn new(kid: String, expires_at: i64, issued_at: Option<i64>) -> Self {
        Self { kid, expires_at, issued_at }
    }

    /// Returns the name of the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns when the token expires, as signed.
    #[must_use]
    pub fn expires_at(&self) -> OffsetDateTime {
        date_time(self.expires_at)
    }

    /// Returns when the token was issued, as signed; without it freshness rests on the expiry.
    #[must_use]
    pub fn issued_at(&self) -> Option<OffsetDateTime> {
        self.issued_at.map(date_time)
    }
}

/// Tells which of the configured secrets matched.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::StaticSigner;
/// use gemini_webhooks::{Secret, StaticVerifier};
///
/// let secret = Secret::from_raw_bytes([7; 32])?.with_label("2026-11");
/// let request = StaticSigner::new(&secret).sign("msg_1", std::time::SystemTime::now(), "{}");
/// let verifier = StaticVerifier::builder()
///     .secret(Secret::from_raw_bytes([8; 32])?.with_label("2026-12"))
///     .secret(secret)
///     .build()?;
///
/// let checked = verifier.check(&request.headers, &request.body)?;
/// assert_eq!(checked.secret().position(), 2);
/// assert_eq!(checked.secret().label(), Some("2026-11"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretMatch {
    position: usize,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    label: Option<Arc<str>>,
}

impl SecretMatch {
    pub(crate) fn new(position: usize, label: Option<Arc<str>>) -> Self {
        Self { position, label }
    }

    /// Returns its place among the configured secrets, counted from 1.
    #[must_use]
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns the label it was given.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }
}

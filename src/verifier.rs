//! One endpoint for both kinds of webhooks.

use bytes::Bytes;

use crate::delivery::Delivery;
use crate::error::{Error, HeaderProblem};
use crate::headers::HeaderLookup;
use crate::verify_dynamic::DynamicVerifier;
use crate::verify_static::StaticVerifier;

/// Verifies static and dynamic webhooks at one endpoint, each by its own verifier.
///
/// The syntax of the header alone decides: a JWT and `v1a` entries go to the dynamic verifier, `v1`
/// entries to the static one. No key of one scheme is ever tried on another. A header with both
/// kinds of entries, which nobody has seen, is accepted when either verifies.
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
pub struct Verifier {
    static_webhooks: StaticVerifier,
    dynamic_webhooks: DynamicVerifier,
}

impl Verifier {
    /// Joins two verifiers.
    #[must_use]
    pub fn new(static_webhooks: StaticVerifier, dynamic_webhooks: DynamicVerifier) -> Self {
        Self { static_webhooks, dynamic_webhooks }
    }

    /// Verifies a request of either kind.
    ///
    /// # Errors
    /// Those of [`StaticVerifier::verify`] and [`DynamicVerifier::verify`]; of a header with entries
    /// for both, those of the dynamic one.
    pub async fn verify<H: HeaderLookup + Sync + ?Sized>(
        &self,
        headers: &H,
        body: impl Into<Bytes>,
    ) -> Result<Delivery, Error> {
        let body = body.into();
        let refused = match self.static_webhooks.verify(headers, body.clone()) {
            Err(error) if concerns_static_entries_alone(&error) => error,
            verdict => return verdict,
        };
        match self.dynamic_webhooks.verify(headers, body).await {
            // There is nothing for the dynamic verifier: what the static one said stands.
            Err(Error::SchemeNotConfigured { .. })
                if !matches!(refused, Error::SchemeNotConfigured { .. }) =>
            {
                Err(refused)
            }
            verdict => verdict,
        }
    }

    /// Returns the largest body that either accepts, in bytes: what an adapter reads at most.
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        self.static_webhooks.max_body_bytes().max(self.dynamic_webhooks.max_body_bytes())
    }
}

/// Tells whether what was refused may still be a dynamic webhook.
fn concerns_static_entries_alone(error: &Error) -> bool {
    matches!(
        error,
        Error::SchemeNotConfigured { .. }
            | Error::SignatureMismatch
            | Error::NoActiveSecret
            | Error::MalformedHeader { problem: HeaderProblem::NoWellFormedEntry, .. }
    )
}

//! A secret that the service has just made, and shows this once.

use std::fmt;

use zeroize::Zeroizing;

use super::webhook::Webhook;
use crate::error::ConfigError;
use crate::verify_static::Secret;

/// Holds a signing secret that the service shows this once: store it before anything else.
///
/// Wiped from memory on drop, and `Debug` does not show it. There is no `Display`, no serde, no
/// comparison and no clone.
///
/// # Examples
/// See [`WebhookClient::rotate`](super::WebhookClient::rotate).
#[must_use = "the service shows a new secret only once: store it before anything else"]
pub struct NewSecret {
    text: Zeroizing<String>,
}

impl NewSecret {
    pub(super) fn new(text: Zeroizing<String>) -> Self {
        Self { text }
    }

    /// Returns the text, `whsec_` and 44 characters (observed), to store it where secrets are kept.
    ///
    /// # Security
    /// Nothing else shows a secret. Do not log it, and do not put it where a copy is left.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.text
    }

    /// Makes the secret of a verifier of it, after it was stored; the text stays.
    ///
    /// # Errors
    /// [`ConfigError::InvalidSecret`] when it is not of the form that the service was seen to use:
    /// [`expose_secret`](Self::expose_secret) still gives the text, which is valid all the same.
    ///
    /// # Security
    /// Keep the new secret in a variable until it is stored: at the end of a chain of calls it is
    /// dropped, and nothing brings it back.
    pub fn to_secret(&self) -> Result<Secret, ConfigError> {
        Secret::parse(&self.text)
    }
}

impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { text: _ } = self;
        f.write_str("NewSecret([redacted])")
    }
}

/// Holds a webhook that was just registered, with its first secret.
///
/// # Examples
/// See [`WebhookClient::create`](super::WebhookClient::create).
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the service shows a new secret only once: store it before anything else"]
pub struct CreatedWebhook {
    /// The webhook, as far as the answer tells of it. Where its `id` is empty, list the webhooks to
    /// find it: the secret is not held back for that.
    pub webhook: Webhook,
    /// Its secret, which the service never shows again.
    pub new_signing_secret: NewSecret,
}

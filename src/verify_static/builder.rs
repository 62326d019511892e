//! How a [`StaticVerifier`] is set up, and which setups are refused.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::ring::SecretRing;
use super::{Secret, Shared, StaticVerifier};
use crate::error::ConfigError;
use crate::settings::{Settings, common_setters};

/// Sets up a [`StaticVerifier`]; made by [`StaticVerifier::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::{ReplayWindow, Secret, StaticVerifier};
///
/// let minute = Duration::from_secs(60);
/// let verifier = StaticVerifier::builder()
///     .secret(Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?)
///     .replay_window(ReplayWindow::new(minute, minute)?)
///     .max_body_bytes(64 * 1024)
///     .build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct StaticVerifierBuilder {
    secrets: Vec<Secret>,
    settings: Settings,
}

impl StaticVerifierBuilder {
    pub(super) fn new() -> Self {
        Self { secrets: Vec::new(), settings: Settings::default() }
    }

    /// Adds a secret; any of them may have signed a request.
    pub fn secret(mut self, secret: Secret) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Adds several secrets.
    pub fn secrets(mut self, secrets: impl IntoIterator<Item = Secret>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    common_setters!();

    /// Makes the verifier.
    ///
    /// # Errors
    /// [`ConfigError::NoSecret`], [`ConfigError::TooManySecrets`],
    /// [`ConfigError::MaxBodyOutOfRange`].
    pub fn build(self) -> Result<StaticVerifier, ConfigError> {
        self.settings.check()?;
        let secrets = ArcSwap::from_pointee(SecretRing::new(self.secrets)?);
        let shared = Shared { secrets, settings: self.settings };
        Ok(StaticVerifier { shared: Arc::new(shared) })
    }
}

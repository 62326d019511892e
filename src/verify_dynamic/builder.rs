//! How a [`DynamicVerifier`] is set up, and which setups are refused.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;

use super::binding::Binding;
use super::cache::KeySource;
use super::claims::Expected;
use super::{DynamicVerifier, Shared, UnsignedBody, backend};
#[cfg(doc)]
use crate::delivery::Delivery;
use crate::error::ConfigError;
#[cfg(doc)]
use crate::error::Error;
use crate::limits::{MAX_AUDIENCES, MAX_LEEWAY_SECONDS, TOKEN_AGE_SECONDS, TOKEN_LIFE_SECONDS};
use crate::settings::{Settings, common_setters};

/// Sets up a [`DynamicVerifier`]; made by [`DynamicVerifier::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::DynamicVerifier;
///
/// let verifier = DynamicVerifier::builder()
///     .audience("my-project-client-id")
///     .issuer("https://accounts.example.com")
///     .leeway(Duration::from_secs(30))
///     .build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct DynamicVerifierBuilder {
    audiences: Vec<String>,
    issuers: Vec<String>,
    leeway: Duration,
    longest_life: Duration,
    max_age: Duration,
    binding: Option<Binding>,
    keys: Option<Arc<dyn KeySource>>,
    unsigned_body: UnsignedBody,
    settings: Settings,
}

impl DynamicVerifierBuilder {
    pub(super) fn new() -> Self {
        Self {
            audiences: Vec::new(),
            issuers: Vec::new(),
            leeway: Duration::from_secs(60),
            longest_life: Duration::from_secs(24 * 3600),
            max_age: Duration::from_secs(300),
            binding: None,
            keys: None,
            unsigned_body: UnsignedBody::Refuse,
            settings: Settings::default(),
        }
    }

    /// Accepts RS256 JWTs that are addressed to this audience, exactly; call it again for more.
    ///
    /// Google's page says "your project client ID"; others saw the endpoint's URL.
    ///
    /// # Security
    /// An audience proves only whom a token was addressed to. Where it is your endpoint's URL, a
    /// stranger can obtain such a token by naming your URL for a job of theirs: then add a
    /// [`binding`](Self::binding) as well.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{ConfigError, DynamicVerifier};
    ///
    /// let verifier = DynamicVerifier::builder().audience("one-id").audience("another-id").build()?;
    /// let empty = DynamicVerifier::builder().audience("").build();
    /// assert_eq!(empty.unwrap_err(), ConfigError::BadAudience);
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Requires JWTs to be issued by this issuer, exactly; call it again for more. Not looked at if
    /// not set, since nobody has published what the service writes there.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Sets by how much the clocks may differ when a JWT's times are judged, in whole seconds up to
    /// 300; 60 s if not set. Of the times, too, fractions of a second are dropped.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Sets how long a JWT may live, from a minute to 7 days; 24 hours if not set.
    pub fn longest_token_life(mut self, life: Duration) -> Self {
        self.longest_life = life;
        self
    }

    /// Sets how long ago a JWT with `iat` may have been issued, from 1 s to 24 hours; 300 s if not
    /// set, as for the replay window.
    pub fn max_token_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Sets where the keys come from, for [`DynamicVerifier::verify`].
    ///
    /// # Examples
    /// From Google's endpoint by `CachedKeys::google()?`, or a set that never changes:
    /// ```
    /// use std::sync::Arc;
    /// use gemini_webhooks::{DynamicVerifier, KeySet};
    ///
    /// let keys = Arc::new(KeySet::from_json(br#"{"keys":[]}"#)?);
    /// let verifier =
    ///     DynamicVerifier::builder().audience("my-project-client-id").keys(keys).build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keys(mut self, source: impl KeySource) -> Self {
        self.keys = Some(Arc::new(source));
        self
    }

    /// Accepts `v1a` signatures, of deliveries that are ours by this binding. Checked for JWTs too.
    pub fn binding(mut self, binding: Binding) -> Self {
        self.binding = Some(binding);
        self
    }

    /// Accepts the body of a request whose JWT does not hold the event, on the bearer's word.
    ///
    /// Together with a binding by job or by token it accepts nothing more: what only such a body
    /// says is no proof of whose it is, so that it is [`Error::NotOurs`].
    ///
    /// # Security
    /// Such a body is not signed: whoever gets hold of one token can post any event with it until
    /// it expires. The delivery says so by [`Delivery::body_authentication`].
    ///
    /// # Examples
    /// ```
    /// use std::time::{SystemTime, UNIX_EPOCH};
    /// use gemini_webhooks::testing::{JwtSigner, TestRsaKey, jwks, sample_body};
    /// use gemini_webhooks::{BodyAuthentication, DynamicVerifier, Error, KeySet};
    ///
    /// let now = SystemTime::now();
    /// let exp = now.duration_since(UNIX_EPOCH)?.as_secs() + 300;
    /// let no_event = serde_json::json!({ "aud": "my-project-client-id", "exp": exp });
    /// let body = sample_body("batch.succeeded").unwrap();
    /// let signer = JwtSigner::new("key-1", TestRsaKey::One);
    /// let request = signer.sign("msg_1", now, &no_event, body);
    /// let keys = KeySet::from_json(jwks([signer.jwk()]).as_bytes())?;
    ///
    /// let builder = || DynamicVerifier::builder().audience("my-project-client-id");
    /// let refused = builder().build()?.verify_with(&keys, &request.headers, body);
    /// assert_eq!(refused.unwrap_err(), Error::BodyNotSigned);
    ///
    /// let accepting = builder().accept_unsigned_body().build()?;
    /// let delivery = accepting.verify_with(&keys, &request.headers, body)?;
    /// assert_eq!(delivery.body_authentication(), BodyAuthentication::Unsigned);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn accept_unsigned_body(mut self) -> Self {
        self.unsigned_body = UnsignedBody::Accept;
        self
    }

    common_setters!();

    /// Makes the verifier.
    ///
    /// # Errors
    /// [`ConfigError::NoAudienceAndNoBinding`], [`ConfigError::NoAudienceForJwts`],
    /// [`ConfigError::BadAudience`], [`ConfigError::TokenTimesOutOfRange`],
    /// [`ConfigError::MaxBodyOutOfRange`], and [`ConfigError::NoBackend`] in a build that has none.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use gemini_webhooks::{ConfigError, DynamicVerifier};
    ///
    /// let builder = || DynamicVerifier::builder().audience("my-project-client-id");
    /// let verifier = builder().build()?;
    /// let too_long = builder().leeway(Duration::from_secs(3600)).build();
    /// assert_eq!(too_long.unwrap_err(), ConfigError::TokenTimesOutOfRange);
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn build(self) -> Result<DynamicVerifier, ConfigError> {
        if !backend::PRESENT {
            return Err(ConfigError::NoBackend);
        }
        self.settings.check()?;
        if self.audiences.is_empty() && self.binding.is_none() {
            return Err(ConfigError::NoAudienceAndNoBinding);
        }
        let concerns_jwts = !self.issuers.is_empty() || self.unsigned_body == UnsignedBody::Accept;
        if self.audiences.is_empty() && concerns_jwts {
            return Err(ConfigError::NoAudienceForJwts);
        }
        for names in [&self.audiences, &self.issuers] {
            if names.len() > MAX_AUDIENCES || names.iter().any(String::is_empty) {
                return Err(ConfigError::BadAudience);
            }
        }
        let times = [
            (self.leeway, 0..=MAX_LEEWAY_SECONDS),
            (self.longest_life, TOKEN_LIFE_SECONDS),
            (self.max_age, TOKEN_AGE_SECONDS),
        ];
        if times.iter().any(|(time, range)| !range.contains(&time.as_secs())) {
            return Err(ConfigError::TokenTimesOutOfRange);
        }
        let expected = (!self.audiences.is_empty()).then_some(Expected {
            audiences: self.audiences,
            issuers: self.issuers,
            leeway: self.leeway.as_secs(),
            longest_life: self.longest_life.as_secs(),
            max_age: self.max_age.as_secs(),
        });
        let shared = Shared {
            expected,
            keys: self.keys,
            binding: ArcSwapOption::from_pointee(self.binding),
            unsigned_body: self.unsigned_body,
            settings: self.settings,
        };
        Ok(DynamicVerifier { shared: Arc::new(shared) })
    }
}

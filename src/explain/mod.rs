//! Says to a developer what probably happened to a request that was refused.
//!
//! A verifier tells that a signature does not match; this module tells why: it tries the usual
//! mistakes, one after the other, until the signature does match, and answers with one sentence
//! that names the mistake and the remedy.
//!
//! # Security
//! A diagnosis is an oracle: whoever reads it learns how near a forgery came. It is for the terminal
//! and the log of a developer, never for the sender of the request. No adapter of this crate calls
//! it; an [`Explanation`] is no response type, holds no signature, secret, token or body, and nothing
//! verified: what "would verify" was not verified. Build it into tools, and keep it off the way of
//! requests: one call may cost 64 MACs over 256 KiB.
//!
//! # Examples
//! ```
//! use gemini_webhooks::explain::{Cause, Explainer};
//! use gemini_webhooks::testing::StaticSigner;
//! use gemini_webhooks::{Secret, StaticVerifier};
//!
//! let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let signer = StaticSigner::new(&secret);
//! let verifier = StaticVerifier::builder().secret(secret).build()?;
//!
//! // The sender signed this, and a framework handed on what its JSON parser made of it.
//! let request = signer.sign("msg_1", std::time::SystemTime::now(), r#"{"type": "ping"}"#);
//! let body = br#"{"type":"ping"}"#;
//! assert!(verifier.check(&request.headers, body).is_err());
//!
//! let explanation = Explainer::new(verifier).explain(&request.headers, body);
//! assert_eq!(explanation.cause(), Cause::BodyRewritten);
//! println!("{explanation}");
//! # Ok::<(), gemini_webhooks::ConfigError>(())
//! ```

mod cause;
mod explanation;

#[cfg(feature = "dynamic")]
use std::sync::Arc;
use std::time::SystemTime;

pub use self::cause::{Cause, Step};
pub use self::explanation::Explanation;
use self::explanation::Finding;
use crate::headers::HeaderLookup;
use crate::verifier::Verifier;
#[cfg(feature = "dynamic")]
use crate::verify_dynamic::KeySet;
use crate::verify_static::Secret;

/// Explains what happened to the requests of one verifier.
///
/// Made over a verifier, whose secrets, keys, bindings and times it judges by; a request that was
/// captured on another machine is explained over a verifier that is set up for it.
///
/// # Security
/// See the [module](self): never send an explanation to the sender.
///
/// # Examples
/// A captured request, at the time when it was captured:
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use gemini_webhooks::explain::{Cause, Explainer};
/// use gemini_webhooks::{Secret, StaticVerifier};
///
/// let old = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let new = Secret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
/// let explainer = Explainer::new(StaticVerifier::builder().secret(new).build()?)
///     .retired_secret(old.with_label("before the rotation"));
///
/// let headers = [
///     ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
///     ("webhook-timestamp", "1614265330"),
///     ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
/// ];
/// let captured_at = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
/// let explanation = explainer.explain_at(&headers, br#"{"test": 2432232314}"#, captured_at);
/// assert_eq!(explanation.cause(), Cause::SecretRetired);
/// assert!(explanation.to_string().contains("before the rotation"));
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Debug)]
pub struct Explainer {
    verifier: Verifier,
    retired: Vec<Secret>,
    #[cfg(feature = "dynamic")]
    keys: Option<Arc<KeySet>>,
}

impl Explainer {
    /// Explains by a verifier for either kind, or for both.
    #[must_use]
    pub fn new(verifier: impl Into<Verifier>) -> Self {
        Self {
            verifier: verifier.into(),
            retired: Vec::new(),
            #[cfg(feature = "dynamic")]
            keys: None,
        }
    }

    /// Adds a secret that was in use before, to recognise what is still signed with it.
    #[must_use]
    pub fn retired_secret(mut self, secret: Secret) -> Self {
        self.retired.push(secret);
        self
    }

    /// Sets the keys of dynamic webhooks, for a verifier that is used by
    /// [`verify_with`](crate::DynamicVerifier::verify_with); if not set, the keys that its source
    /// holds. Nothing is ever fetched.
    #[cfg(feature = "dynamic")]
    #[cfg_attr(docsrs, doc(cfg(feature = "dynamic")))]
    #[must_use]
    pub fn keys(mut self, keys: impl Into<Arc<KeySet>>) -> Self {
        self.keys = Some(keys.into());
        self
    }

    /// Says what happened to a request, at the time of the verifier's clock.
    ///
    /// Takes all headers of the request and the body as the verifier got it. A body over 256 KiB is
    /// not looked into.
    ///
    /// # Security
    /// See the [module](self): never send an explanation to the sender, and accept nothing by it.
    #[must_use]
    pub fn explain<H: HeaderLookup + ?Sized>(&self, headers: &H, body: &[u8]) -> Explanation {
        self.explain_at(headers, body, self.verifier.now())
    }

    /// Says what happened to a request at a given time, for one that was captured.
    ///
    /// # Security
    /// As for [`explain`](Self::explain).
    #[must_use]
    pub fn explain_at<H: HeaderLookup + ?Sized>(
        &self,
        headers: &H,
        body: &[u8],
        now: impl Into<SystemTime>,
    ) -> Explanation {
        let _ = (headers, body, now.into());
        let refusal = crate::error::Error::SignatureMismatch;
        let found = Finding::new(Cause::Unexplained, "the signature does not match");
        Explanation::new(Step::of(&refusal), Some(refusal), &found, None)
    }
}

/// Says what is wrong with the text of a secret: what an environment variable holds, one secret or
/// several with a space between.
///
/// The answer's cause is [`Cause::NothingWrong`] where the text is as it should be. The text shows no
/// part of the secret.
///
/// # Examples
/// ```
/// use gemini_webhooks::explain::{Cause, secret_text};
///
/// let explanation = secret_text("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// assert_eq!(explanation.cause(), Cause::SecretMalformed);
/// assert!(explanation.to_string().contains("remove that"));
/// ```
#[must_use]
pub fn secret_text(text: &str) -> Explanation {
    let found = match Secret::parse_list(text) {
        Ok(_) => Finding::new(Cause::NothingWrong, "the secret is well formed"),
        Err(error) => Finding::new(Cause::SecretMalformed, error.to_string()),
    };
    Explanation::new(Step::Setup, None, &found, None)
}

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

mod body;
mod budget;
mod cause;
#[cfg(feature = "dynamic")]
mod dynamic_webhooks;
mod explanation;
mod finding;
mod headers;
mod hints;
mod joins;
mod json;
mod request;
mod search;
mod secret_text;
mod shown;
mod spelling;
mod static_webhooks;
#[cfg(feature = "dynamic")]
mod token;

#[cfg(feature = "dynamic")]
use std::sync::Arc;
use std::time::SystemTime;

use self::budget::Budget;
pub use self::cause::{Cause, Step};
#[cfg(feature = "dynamic")]
use self::dynamic_webhooks::DynamicKind;
pub use self::explanation::Explanation;
use self::finding::Finding;
use self::request::Request;
pub use self::secret_text::secret_text;
use self::static_webhooks::StaticKind;
use crate::error::Error;
use crate::headers::{HeaderLookup, WebhookHeader};
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
    /// Takes all headers of the request, and the body as the verifier got it; a body over 256 KiB is
    /// not looked into. A binding is asked as for a delivery; the hook for verdicts is not told.
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
        let request = Request { headers: &headers, body, now: now.into() };
        let budget = Budget::new();
        let kinds = self.kinds(&request);
        // All are judged before anything is looked for, so that there are checks left for it.
        let refusals: Vec<_> = kinds.iter().map(|kind| judge(&**kind, &request, &budget)).collect();
        let judged = kinds.iter().zip(refusals);
        Explanation::best(judged.map(|(kind, error)| explain(&**kind, error, &request, &budget)))
    }

    /// The kinds of webhooks that the headers concern.
    fn kinds(&self, request: &Request<'_>) -> Vec<Box<dyn Kind + '_>> {
        let headers = request.headers;
        let mut kinds: Vec<Box<dyn Kind + '_>> = Vec::new();
        if let Some(verifier) = self.verifier.static_of(headers) {
            kinds.push(Box::new(StaticKind { verifier, retired: &self.retired }));
        }
        #[cfg(feature = "dynamic")]
        if let Some(verifier) = self.verifier.dynamic_of(headers) {
            let given = self.keys.as_deref();
            let held = if given.is_none() { verifier.held(headers, request.now) } else { None };
            kinds.push(Box::new(DynamicKind { verifier, given, held }));
        }
        kinds
    }
}

/// One kind of webhooks, as a diagnosis sees it.
trait Kind {
    /// How many signatures the verifier checks before it refuses one.
    fn checks(&self, request: &Request<'_>) -> usize;

    /// Why the verifier refuses the request, if it does.
    fn refusal(&self, request: &Request<'_>) -> Option<Error>;

    /// The same, as far as the body need not be looked into.
    fn refusal_unread(&self, request: &Request<'_>) -> Option<Error>;

    /// Explains a refusal that this kind has reasons of its own for.
    fn finding(&self, error: &Error, request: &Request<'_>, budget: &Budget) -> Finding;

    /// Looks for what a signature that does not match is right for.
    fn signature(&self, request: &Request<'_>, budget: &Budget) -> Option<Finding>;
}

/// Why the request is refused, if it is, and at what price.
fn judge(kind: &dyn Kind, request: &Request<'_>, budget: &Budget) -> Option<Error> {
    if !request.is_small() {
        return kind.refusal_unread(request);
    }
    let refusal = kind.refusal(request);
    if refusal.as_ref().map_or(Step::None, Step::of).is_checked() {
        budget.spend(kind.checks(request));
    }
    refusal
}

fn explain(
    kind: &dyn Kind,
    refusal: Option<Error>,
    request: &Request<'_>,
    budget: &Budget,
) -> Explanation {
    let Some(error) = refusal else {
        return if request.is_small() { Explanation::nothing_wrong() } else { unread(request) };
    };
    let (found, also) = match headers::finding(&error, request) {
        Some(found) => (found, besides(kind, &error, request, budget)),
        None => (kind.finding(&error, request, budget), None),
    };
    Explanation::new(Step::of(&error), Some(error), &found, also.as_ref())
}

/// What can be said of a request whose body is too large to look into it.
fn unread(request: &Request<'_>) -> Explanation {
    let bytes = request.body.len();
    let what = format!("the body has {bytes} bytes, and its signature was not looked into");
    Explanation::new(Step::BodySize, None, &Finding::new(Cause::BodyNotExplained, what), None)
}

/// Looks further where the time was wrong: what would have been found at the right one?
fn besides(
    kind: &dyn Kind,
    error: &Error,
    request: &Request<'_>,
    budget: &Budget,
) -> Option<Finding> {
    if !request.is_small() {
        return None;
    }
    match error {
        Error::TooOld { .. } | Error::TooNew { .. } => {
            let request = request.when_sent()?;
            if !budget.allows(kind.checks(&request)) {
                return None;
            }
            let error = judge(kind, &request, budget)?;
            Some(kind.finding(&error, &request, budget))
        }
        Error::MalformedHeader { header: WebhookHeader::Timestamp, .. } => {
            kind.signature(request, budget)
        }
        _ => None,
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    use super::*;
    use crate::limits::{self, MAX_EXPLAIN_CHECKS, MAX_SECRETS};
    use crate::testing::ManualClock;
    use crate::verify_static::{MACS, StaticVerifier};

    const NOW: u64 = 1_800_000_000;

    /// Has another form by nearly every row.
    const BODY: &[u8] = "{\"b\": \"é/<='\\u00e9\",\n \"id\" : [1, {}]}\n".as_bytes();

    fn static_verifier(secrets: usize) -> StaticVerifier {
        let secrets = (0..secrets).map(|n| Secret::from_raw_bytes(format!("{n:032}")).unwrap());
        StaticVerifier::builder().secrets(secrets).clock(ManualClock::at(NOW)).build().unwrap()
    }

    fn headers(sent_at: u64, signature: &str) -> [(&'static str, String); 3] {
        [
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", sent_at.to_string()),
            ("webhook-signature", signature.to_owned()),
        ]
    }

    /// How many MACs, and checks of Ed25519 signatures, a diagnosis really makes.
    fn checks(explainer: &Explainer, headers: &[(&'static str, String)]) -> usize {
        MACS.set(0);
        #[cfg(feature = "dynamic")]
        crate::verify_dynamic::ED25519_CHECKS.set(0);
        let explanation = explainer.explain(headers, BODY);
        assert_ne!(explanation.cause(), Cause::NothingWrong);
        #[cfg(feature = "dynamic")]
        let signatures = crate::verify_dynamic::ED25519_CHECKS.get();
        #[cfg(not(feature = "dynamic"))]
        let signatures = 0;
        MACS.get() + signatures
    }

    fn garbage() -> String {
        format!("v1,{}=", "A".repeat(43))
    }

    #[test]
    fn at_most_64_macs_are_made_in_all() {
        let full = vec![garbage(); limits::MAX_SIGNATURE_ENTRIES].join(" ");
        let hex = format!("v1,{}", "ab".repeat(32));
        for secrets in 1..=MAX_SECRETS {
            for signature in [&garbage(), &full, &hex] {
                for sent_at in [NOW, NOW - 1000, NOW + 1000, NOW * 1000] {
                    let explainer = Explainer::new(static_verifier(secrets));
                    let made = checks(&explainer, &headers(sent_at, signature));
                    assert!((30..=MAX_EXPLAIN_CHECKS).contains(&made), "{secrets}: {made}");
                }
            }
        }
    }

    #[test]
    fn one_secret_leaves_checks_for_every_mistake() {
        let explainer = Explainer::new(static_verifier(1));
        let made = checks(&explainer, &headers(NOW, &garbage()));
        assert!(made < MAX_EXPLAIN_CHECKS, "{made}");
    }

    #[test]
    fn retired_secrets_count_too() {
        let many = (0..100).map(|n| Secret::from_raw_bytes(format!("{n:048}")).unwrap());
        let explainer = many.fold(Explainer::new(static_verifier(1)), Explainer::retired_secret);
        assert_eq!(checks(&explainer, &headers(NOW, &garbage())), MAX_EXPLAIN_CHECKS);
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    #[test]
    fn at_most_64_signatures_are_checked_in_all() {
        use crate::testing::{Ed25519Signer, jwks};
        use crate::verify_dynamic::{Binding, DynamicVerifier};
        let dynamic = || {
            let builder = DynamicVerifier::builder().clock(ManualClock::at(NOW));
            builder.binding(Binding::dangerous_any_tenant()).build().unwrap()
        };
        for keys in 1..=8 {
            let jwk = |n: u8| Ed25519Signer::from_seed([n; 32]).jwk();
            let document = jwks((0..keys).map(jwk));
            let keys = Arc::new(KeySet::from_json(document.as_bytes()).unwrap());
            for (entries, sent_at) in [(1, NOW), (4, NOW), (1, NOW - 1000), (4, NOW + 1000)] {
                let v1a = vec![format!("v1a,{}==", "A".repeat(86)); entries].join(" ");
                let alone = Explainer::new(dynamic()).keys(Arc::clone(&keys));
                let made = checks(&alone, &headers(sent_at, &v1a));
                assert!((10..=MAX_EXPLAIN_CHECKS).contains(&made), "{made}");
                let both = Verifier::new(static_verifier(MAX_SECRETS), dynamic());
                let both = Explainer::new(both).keys(Arc::clone(&keys));
                let made = checks(&both, &headers(sent_at, &format!("{} {v1a}", garbage())));
                assert!((40..=MAX_EXPLAIN_CHECKS).contains(&made), "{made}");
            }
        }
    }
}

//! Static webhooks: registered for a project, signed with a shared secret.

mod builder;
#[cfg(feature = "explain")]
mod explained;
#[cfg(feature = "explain")]
mod readings;
mod ring;
mod secret;
mod signature;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use bytes::Bytes;
use time::OffsetDateTime;

pub use self::builder::StaticVerifierBuilder;
#[cfg(feature = "explain")]
pub(crate) use self::readings::Reading;
pub use self::ring::Revocation;
use self::ring::SecretRing;
pub use self::secret::Secret;
use self::signature::Candidates;
#[cfg(all(test, feature = "explain"))]
pub(crate) use self::signature::MACS;
#[cfg(any(feature = "explain", feature = "testing"))]
pub(crate) use self::signature::MacKey;
use crate::clock::{date_time, unix_seconds};
use crate::delivery::{Delivery, Scheme, SecretMatch, WebhookId};
use crate::env;
use crate::error::{ConfigError, Error, SeenScheme};
use crate::headers::{HeaderLookup, Headers};
use crate::observe::{Begun, Verdict, Watch};
use crate::settings::Settings;

/// Verifies static webhooks: `v1` signatures, HMAC-SHA256 with one or more shared secrets.
///
/// Cheap to clone (the clones share everything) and to share between threads; no runtime, no
/// network, no lock on the way of a request.
///
/// # Security
/// Pass the body as the bytes that arrived: a body that was parsed and written again is not what
/// was signed. Verify first, deduplicate on the webhook-id afterwards.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::{StaticSigner, sample_body};
/// use gemini_webhooks::{Event, Secret, StaticVerifier};
///
/// let secret = || Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// let verifier = StaticVerifier::builder().secret(secret()?).build()?;
///
/// // What the Gemini API would send:
/// let body = sample_body("batch.succeeded").unwrap();
/// let request = StaticSigner::new(&secret()?).sign("msg_1", std::time::SystemTime::now(), body);
///
/// let delivery = verifier.verify(&request.headers, request.body)?;
/// assert!(matches!(delivery.event(), Event::BatchSucceeded(batch) if !batch.id.is_empty()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct StaticVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    secrets: ArcSwap<SecretRing>,
    settings: Settings,
}

impl StaticVerifier {
    /// Starts to set up a verifier.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Secret, StaticVerifier};
    ///
    /// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = StaticVerifier::builder().secret(secret).build()?;
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn builder() -> StaticVerifierBuilder {
        StaticVerifierBuilder::new()
    }

    /// Makes a verifier with the secrets in an environment variable: 1 to 8, one space between, so
    /// that a rotation needs no change of code.
    ///
    /// # Errors
    /// [`ConfigError::EnvMissing`], [`ConfigError::EnvNotUnicode`], and those of
    /// [`Secret::parse_list`].
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{ConfigError, StaticVerifier};
    ///
    /// let error = StaticVerifier::from_env("NOT_SET_ANYWHERE").unwrap_err();
    /// assert_eq!(error, ConfigError::EnvMissing { name: "NOT_SET_ANYWHERE".to_owned() });
    /// ```
    pub fn from_env(name: &str) -> Result<Self, ConfigError> {
        let text = env::secret_text(name)?;
        Self::builder().secrets(Secret::parse_list(&text)?).build()
    }

    /// Verifies a request and reads its event.
    ///
    /// The body is kept without a copy. `Ok` always means authentic, so answer 2xx even if the
    /// event is [`Unknown`](crate::Event::Unknown) or [`Unreadable`](crate::Event::Unreadable).
    ///
    /// # Errors
    /// Answer the [`status`](Error::status) of an [`Error`] and nothing else:
    /// - of the body, [`BodyTooLarge`](Error::BodyTooLarge);
    /// - of the headers, [`MissingHeader`](Error::MissingHeader),
    ///   [`RepeatedHeader`](Error::RepeatedHeader), [`MalformedHeader`](Error::MalformedHeader),
    ///   [`TooOld`](Error::TooOld), [`TooNew`](Error::TooNew) and
    ///   [`SchemeNotConfigured`](Error::SchemeNotConfigured);
    /// - of the signature, [`SignatureMismatch`](Error::SignatureMismatch), and
    ///   [`NoActiveSecret`](Error::NoActiveSecret) once every secret is retired.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Error, Secret, StaticVerifier, WebhookHeader};
    ///
    /// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = StaticVerifier::builder().secret(secret).build()?;
    /// let refused = verifier.verify(&[("content-type", "application/json")], "{}").unwrap_err();
    /// assert_eq!(refused, Error::MissingHeader { header: WebhookHeader::Id });
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    #[inline]
    pub fn verify<H: HeaderLookup + ?Sized>(
        &self,
        headers: &H,
        body: impl Into<Bytes>,
    ) -> Result<Delivery, Error> {
        self.verify_at(headers, body, self.shared.settings.now())
    }

    /// Verifies a request as [`verify`](Self::verify) does, at a given time instead of the
    /// clock's: for a captured request.
    ///
    /// # Errors
    /// As for `verify`.
    ///
    /// # Security
    /// With the time of its own timestamp every captured request passes the replay check.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use gemini_webhooks::{Secret, StaticVerifier};
    ///
    /// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = StaticVerifier::builder().secret(secret).build()?;
    /// let headers = [
    ///     ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ///     ("webhook-timestamp", "1614265330"),
    ///     ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    /// ];
    /// let captured_at = UNIX_EPOCH + Duration::from_secs(1_614_265_330);
    /// let delivery = verifier.verify_at(&headers, r#"{"test": 2432232314}"#, captured_at)?;
    /// assert_eq!(delivery.id().as_str(), "msg_p5jXN8AQM9LWM0D4loKWxJek");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_at<H: HeaderLookup + ?Sized>(
        &self,
        headers: &H,
        body: impl Into<Bytes>,
        now: impl Into<SystemTime>,
    ) -> Result<Delivery, Error> {
        let body = body.into();
        let checked = self.check_at(headers, &body, now)?;
        Ok(checked.into_delivery(body))
    }

    /// Verifies a request without reading its event: borrowed, and without an allocation.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::testing::StaticSigner;
    /// use gemini_webhooks::{Secret, StaticVerifier};
    ///
    /// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let request = StaticSigner::new(&secret).sign("msg_1", std::time::SystemTime::now(), "{}");
    /// let verifier = StaticVerifier::builder().secret(secret).build()?;
    ///
    /// let checked = verifier.check(&request.headers, &request.body)?;
    /// assert_eq!((checked.id(), checked.secret().position()), ("msg_1", 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn check<'h, H: HeaderLookup + ?Sized>(
        &self,
        headers: &'h H,
        body: &[u8],
    ) -> Result<Checked<'h>, Error> {
        self.check_at(headers, body, self.shared.settings.now())
    }

    /// Verifies a request as [`check`](Self::check) does, at a given time instead of the clock's.
    ///
    /// # Errors
    /// As for [`verify`](Self::verify).
    ///
    /// # Security
    /// As for [`verify_at`](Self::verify_at).
    ///
    /// # Examples
    /// ```
    /// use std::time::UNIX_EPOCH;
    /// use gemini_webhooks::{Error, Secret, StaticVerifier};
    ///
    /// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = StaticVerifier::builder().secret(secret).build()?;
    /// let headers = [
    ///     ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
    ///     ("webhook-timestamp", "1614265330"),
    ///     ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    /// ];
    /// let refused = verifier.check_at(&headers, b"", UNIX_EPOCH).unwrap_err();
    /// assert_eq!(refused, Error::TooNew { ahead: 1_614_265_330, limit: 300 });
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn check_at<'h, H: HeaderLookup + ?Sized>(
        &self,
        headers: &'h H,
        body: &[u8],
        now: impl Into<SystemTime>,
    ) -> Result<Checked<'h>, Error> {
        let (now, watch, mut verdict) = (now.into(), Watch::start(), Verdict::default());
        let result = watch.run(|| self.judge(headers, body, now, &mut verdict));
        watch.end(&self.shared.settings, verdict, &result);
        result
    }

    /// Verifies a request whose body is still to be read.
    pub(crate) async fn receive<H: HeaderLookup + ?Sized>(
        &self,
        headers: &H,
        body: impl Future<Output = Result<impl Into<Bytes>, Error>>,
    ) -> Result<Delivery, Error> {
        let settings = &self.shared.settings;
        let (begun, prepared) =
            Begun::new(settings, |now, verdict| self.prepare(headers, now, verdict))?;
        let (body, so_far) = begun.body(body).await?;
        let Some((now, verdict)) = so_far else { return self.verify(headers, body) };
        let watch = Watch::start();
        let result = watch.run(|| {
            settings.check_body_size(body.len())?;
            let (headers, candidates) = prepared;
            let secret = self.shared.secrets.load().find(&headers, &body, &candidates, now)?;
            Ok(Checked { id: headers.id, sent_at: headers.sent_at, secret })
        });
        watch.end(settings, verdict, &result);
        Ok(result?.into_delivery(body))
    }

    /// Does what can be done before the body is there; where this verifier cannot accept the request,
    /// another may, so that nothing is told.
    #[cfg(feature = "dynamic")]
    pub(crate) fn begin<H: HeaderLookup + ?Sized>(&self, headers: &H) -> Option<Begun<'_>> {
        let (settings, mut verdict) = (&self.shared.settings, Verdict::default());
        let now = settings.now();
        self.prepare(headers, now, &mut verdict).ok()?;
        Some(Begun::at(settings, now, verdict))
    }

    /// Verifies a request that another verifier may accept as well: told of only where it is accepted.
    #[cfg(feature = "dynamic")]
    pub(crate) fn accept<H: HeaderLookup + ?Sized>(
        &self,
        headers: &H,
        body: Bytes,
    ) -> Option<Delivery> {
        let settings = &self.shared.settings;
        let (now, mut verdict) = (settings.now(), Verdict::default());
        let checked = self.judge(headers, &body, now, &mut verdict);
        if checked.is_ok() {
            Watch::start().end(settings, verdict, &checked);
        }
        Some(checked.ok()?.into_delivery(body))
    }

    /// The pipeline, which nobody is told of here.
    #[inline]
    fn judge<'h, H: HeaderLookup + ?Sized>(
        &self,
        headers: &'h H,
        body: &[u8],
        now: SystemTime,
        verdict: &mut Verdict,
    ) -> Result<Checked<'h>, Error> {
        // 1. Bounds, before anything is worked on.
        self.shared.settings.check_body_size(body.len())?;
        // 2. to 4.: all that needs no secret.
        let (headers, candidates) = self.prepare(headers, now, verdict)?;
        // 5. The signature: at most one MAC per secret, however many entries there are.
        let secret = self.shared.secrets.load().find(&headers, body, &candidates, now)?;
        Ok(Checked { id: headers.id, sent_at: headers.sent_at, secret })
    }

    /// Does what needs no secret, the cheap before the costly.
    #[inline]
    fn prepare<'h, H: HeaderLookup + ?Sized>(
        &self,
        headers: &'h H,
        now: SystemTime,
        verdict: &mut Verdict,
    ) -> Result<(Headers<'h>, Candidates<'h>), Error> {
        // 2. The three headers: present, single, well formed.
        let headers = Headers::read(headers)?;
        // 3. The replay window.
        let now = unix_seconds(now);
        verdict.skew = Some(headers.sent_at.saturating_sub(now));
        self.shared.settings.replay_window.check(headers.sent_at, now)?;
        // 4. The form of the signatures.
        let candidates = Candidates::parse(&headers)?;
        verdict.scheme = Some(SeenScheme::V1);
        Ok((headers, candidates))
    }

    /// Replaces all secrets in a running server, for this verifier and its clones.
    ///
    /// A request that is being verified finishes with the secrets it started with. Nothing waits.
    ///
    /// # Errors
    /// [`ConfigError::NoSecret`], [`ConfigError::TooManySecrets`]: then the old ones stay.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use gemini_webhooks::{ConfigError, Secret, StaticVerifier};
    ///
    /// let old = || Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    /// let verifier = StaticVerifier::builder().secret(old()?).build()?;
    ///
    /// let new = Secret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
    /// let in_a_day = SystemTime::now() + Duration::from_secs(24 * 3600);
    /// verifier.replace_secrets([new, old()?.retire_at(in_a_day)])?;
    ///
    /// assert_eq!(verifier.replace_secrets([]), Err(ConfigError::NoSecret));
    /// # Ok::<(), ConfigError>(())
    /// ```
    pub fn replace_secrets(
        &self,
        secrets: impl IntoIterator<Item = Secret>,
    ) -> Result<(), ConfigError> {
        let ring = SecretRing::new(secrets)?;
        self.shared.secrets.store(Arc::new(ring));
        Ok(())
    }

    /// Adds a new secret to a running server after a rotation, for this verifier and its clones; the
    /// ones before it end when the service stops using them: in 24 hours, or at once.
    ///
    /// It becomes the first, and what has ended makes room for it. A request that is being verified
    /// finishes with the secrets it started with; nothing waits, and calls from several threads add
    /// up. After several rotations, call it in their order.
    ///
    /// # Errors
    /// [`ConfigError::TooManySecrets`]: then nothing has changed.
    ///
    /// # Security
    /// Store the new secret before: the service shows it only once, and this verifier never.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Revocation, Secret, StaticVerifier};
    ///
    /// let old = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
    /// let verifier = StaticVerifier::builder().secret(old).build()?;
    ///
    /// let new = Secret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
    /// verifier.add_secret(new, Revocation::After24Hours)?;
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    #[allow(clippy::needless_pass_by_value)] // So that nobody keeps it.
    pub fn add_secret(&self, new: Secret, previous: Revocation) -> Result<(), ConfigError> {
        let now = self.shared.settings.now();
        let mut added = Ok(());
        // Another thread may be quicker, and then this is done again on what it has left.
        self.shared.secrets.rcu(|ring| match ring.with(&new, previous, now) {
            Ok(ring) => {
                added = Ok(());
                Arc::new(ring)
            }
            Err(error) => {
                added = Err(error);
                Arc::clone(ring)
            }
        });
        added
    }

    /// Returns the largest body that is accepted, in bytes: what an adapter reads at most.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Secret, StaticVerifier};
    ///
    /// let secret = Secret::from_raw_bytes([7; 32])?;
    /// let verifier = StaticVerifier::builder().secret(secret).build()?;
    /// assert_eq!(verifier.max_body_bytes(), 1024 * 1024);
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        self.shared.settings.max_body_bytes
    }
}

impl fmt::Debug for StaticVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { secrets, settings } = &*self.shared;
        f.debug_struct("StaticVerifier")
            .field("secrets", &secrets.load().len())
            .field("settings", settings)
            .finish()
    }
}

/// Vouches that a request is authentic, borrowing from its headers; made by
/// [`StaticVerifier::check`] alone.
///
/// # Examples
/// See [`StaticVerifier::check`]. It cannot be made in another way:
/// ```compile_fail,E0451
/// # use gemini_webhooks::{Checked, SecretMatch};
/// fn forged<'h>(secret: SecretMatch) -> Checked<'h> {
///     Checked { id: b"msg_1", sent_at: 0, secret }
/// }
/// ```
#[derive(Clone)]
pub struct Checked<'h> {
    id: &'h [u8],
    sent_at: i64,
    secret: SecretMatch,
}

impl<'h> Checked<'h> {
    /// Returns the webhook-id: the same on every retry of one event.
    #[must_use]
    pub fn id(&self) -> &'h str {
        // Visible ASCII by its syntax, so that it is always a text.
        std::str::from_utf8(self.id).unwrap_or_default()
    }

    /// Returns when this attempt was sent, as signed.
    #[must_use]
    pub fn timestamp(&self) -> OffsetDateTime {
        date_time(self.sent_at)
    }

    /// Returns which secret matched.
    #[must_use]
    pub fn secret(&self) -> &SecretMatch {
        &self.secret
    }

    /// Joins the body that it was checked with.
    #[inline]
    fn into_delivery(self, body: Bytes) -> Delivery {
        let Self { id, sent_at, secret } = self;
        Delivery::new(WebhookId::new(id), sent_at, Scheme::Static(secret), body)
    }
}

impl fmt::Debug for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { id, sent_at: _, secret } = self;
        f.debug_struct("Checked")
            .field("secret", secret)
            .field("id_bytes", &id.len())
            .finish_non_exhaustive()
    }
}

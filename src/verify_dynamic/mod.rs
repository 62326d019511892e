//! Dynamic webhooks: bound to one job by its `webhook_config`, signed with Google's keys.
//!
//! Two forms exist. Google's page documents a JWT in `webhook-signature`; the live service was seen
//! to send `v1a` Ed25519 signatures instead. Both work here, each once it is configured.

mod backend;
mod binding;
mod builder;
mod cache;
mod claims;
mod ed25519;
#[cfg(feature = "explain")]
pub(crate) mod explained;
#[cfg(feature = "fetch")]
mod fetch;
mod jwt;
mod keys;
#[cfg(all(feature = "testing", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(crate) mod signing;
mod unread;
#[cfg(test)]
mod wycheproof;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use bytes::Bytes;

#[cfg(all(test, feature = "explain"))]
pub(crate) use self::backend::ED25519_CHECKS;
pub use self::binding::{Binding, JobOwner};
pub use self::builder::DynamicVerifierBuilder;
pub use self::cache::{
    CachedKeys, CachedKeysBuilder, Fetch, FetchFuture, FetchProblem, FetchRequest, Fetched,
    KeyEvent, KeyHealth, KeySnapshot, KeySource, KeysFuture, LentKeys, SnapshotProblem, Wanted,
};
use self::claims::{Expected, Times};
use self::ed25519::Candidates;
#[cfg(feature = "fetch")]
pub use self::fetch::{GOOGLE_KEYS_URL, HttpsFetch};
use self::jwt::Token;
pub use self::keys::{KeySet, KeySetProblem, SkipReason, SkippedKey};
use crate::clock::unix_seconds;
use crate::delivery::{BodyAuthentication, Delivery, JwtMatch, Scheme, WebhookId};
use crate::error::{Error, SeenScheme};
use crate::event::{Envelope, UnreadableReason};
use crate::headers::{HeaderLookup, Headers};
use crate::observe::{Begun, Verdict, Waiting, Watch};
use crate::settings::Settings;
use crate::signature_header::SignatureHeader;

/// Verifies dynamic webhooks: RS256 JWTs as documented, `v1a` Ed25519 signatures as observed.
///
/// Each form is accepted once it is configured: JWTs by [`audience`](DynamicVerifierBuilder::audience),
/// `v1a` by [`binding`](DynamicVerifierBuilder::binding). Cheap to clone and to share.
///
/// # Security
/// Any user of the Gemini API can make Google sign an event for your URL. The audience (JWT) and the
/// binding (`v1a`) are what ties a delivery to you.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Binding, DynamicVerifier, JobOwner};
///
/// let verifier = DynamicVerifier::builder()
///     .audience("my-project-client-id")
///     .binding(Binding::job(|id| match id {
///         "batches/1" => JobOwner::Ours,
///         _ => JobOwner::NotYetKnown,
///     }))
///     .build()?;
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct DynamicVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    expected: Option<Expected>,
    keys: Option<Arc<dyn KeySource>>,
    binding: ArcSwapOption<Binding>,
    unsigned_body: UnsignedBody,
    settings: Settings,
}

/// What becomes of a body that a JWT vouches for without signing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnsignedBody {
    Refuse,
    Accept,
}

/// A request whose form, addressee and times are right, before any key was asked.
struct Pending<'h> {
    headers: Headers<'h>,
    form: Form<'h>,
}

enum Form<'h> {
    Jwt { token: Token<'h>, times: Times },
    V1a(Candidates),
}

impl DynamicVerifier {
    /// Starts to set up a verifier.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{ConfigError, DynamicVerifier};
    ///
    /// let neither = DynamicVerifier::builder().build().unwrap_err();
    /// assert_eq!(neither, ConfigError::NoAudienceAndNoBinding);
    /// ```
    pub fn builder() -> DynamicVerifierBuilder {
        DynamicVerifierBuilder::new()
    }

    /// Verifies a request with keys that are in hand: no runtime, no cache, no network.
    ///
    /// # Errors
    /// Every variant of [`Error`] but [`BodyInterrupted`](Error::BodyInterrupted),
    /// [`NoActiveSecret`](Error::NoActiveSecret), [`NoKeySource`](Error::NoKeySource) and
    /// [`KeysUnreachable`](Error::KeysUnreachable). A `kid` that is not among the keys is
    /// [`UnknownKey`](Error::UnknownKey); a binding by job may answer
    /// [`JobNotYetKnown`](Error::JobNotYetKnown), which is 503.
    ///
    /// # Security
    /// Keys change: whoever holds a withdrawn one can sign until these are replaced.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Binding, DynamicVerifier, Error, KeySet, WebhookHeader};
    ///
    /// let verifier = DynamicVerifier::builder().audience("my-project-client-id").build()?;
    /// let keys = KeySet::from_json(br#"{"keys":[]}"#)?;
    /// let no_headers: [(&str, &str); 0] = [];
    /// let refused = verifier.verify_with(&keys, &no_headers, "{}").unwrap_err();
    /// assert_eq!(refused, Error::MissingHeader { header: WebhookHeader::Id });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_with<H: HeaderLookup + ?Sized>(
        &self,
        keys: &KeySet,
        headers: &H,
        body: impl Into<Bytes>,
    ) -> Result<Delivery, Error> {
        self.verify_with_at(keys, headers, body, self.shared.settings.now())
    }

    /// Verifies a request as [`verify_with`](Self::verify_with) does, at a given time instead of
    /// the clock's: for a captured request.
    ///
    /// # Errors
    /// As for `verify_with`.
    ///
    /// # Security
    /// With the time of its own timestamp every captured request passes the replay check.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    /// use gemini_webhooks::testing::{Ed25519Signer, jwks};
    /// use gemini_webhooks::{Binding, DynamicVerifier, KeySet};
    ///
    /// let captured_at = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    /// let signer = Ed25519Signer::from_seed([7; 32]);
    /// let captured = signer.sign("msg_1", captured_at, "{}");
    /// let keys = KeySet::from_json(jwks([signer.jwk()]).as_bytes())?;
    ///
    /// let verifier =
    ///     DynamicVerifier::builder().binding(Binding::dangerous_any_tenant()).build()?;
    /// let verified =
    ///     verifier.verify_with_at(&keys, &captured.headers, captured.body, captured_at)?;
    /// assert_eq!(verified.id().as_str(), "msg_1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_with_at<H: HeaderLookup + ?Sized>(
        &self,
        keys: &KeySet,
        headers: &H,
        body: impl Into<Bytes>,
        now: impl Into<SystemTime>,
    ) -> Result<Delivery, Error> {
        let (body, now) = (body.into(), unix_seconds(now.into()));
        let (watch, mut verdict) = (Watch::start(), Verdict::default());
        let result = watch.run(|| self.judge(keys, headers, body, now, &mut verdict));
        watch.end(&self.shared.settings, verdict, &result);
        result
    }

    /// The pipeline with keys in hand, which nobody is told of here.
    fn judge<H: HeaderLookup + ?Sized>(
        &self,
        keys: &KeySet,
        headers: &H,
        body: Bytes,
        now: i64,
        verdict: &mut Verdict,
    ) -> Result<Delivery, Error> {
        // 1. Bounds, before anything is worked on.
        self.shared.settings.check_body_size(body.len())?;
        // 2. to 5.: all that needs no key.
        let pending = self.prepare(headers, now, verdict)?;
        // 6. The signature.
        pending.authenticate(keys, &body)?;
        self.finish(pending, body)
    }

    /// Verifies a request with the keys of the verifier's [source](DynamicVerifierBuilder::keys).
    ///
    /// Waits only where a key is not at hand: then for one fetch or two, one of which asks past all
    /// caches on the way. A fetch goes on if this future is dropped.
    ///
    /// # Errors
    /// As for [`verify_with`](Self::verify_with), and two more: [`NoKeySource`](Error::NoKeySource)
    /// where the verifier has none, and [`KeysUnreachable`](Error::KeysUnreachable), which says
    /// nothing of the signature: answer its status, 503, and the sender comes again.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use std::time::{SystemTime, UNIX_EPOCH};
    /// use gemini_webhooks::testing::{JwtSigner, TestRsaKey, jwks};
    /// use gemini_webhooks::{DynamicVerifier, KeySet};
    ///
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let signer = JwtSigner::new("key-1", TestRsaKey::One);
    /// let keys = Arc::new(KeySet::from_json(jwks([signer.jwk()]).as_bytes())?);
    /// let verifier =
    ///     DynamicVerifier::builder().audience("my-project-client-id").keys(keys).build()?;
    ///
    /// // What the Gemini API would send:
    /// let now = SystemTime::now();
    /// let claims = serde_json::json!({
    ///     "aud": "my-project-client-id",
    ///     "exp": now.duration_since(UNIX_EPOCH)?.as_secs() + 300,
    ///     "type": "batch.succeeded",
    ///     "data": { "id": "batches/7" },
    /// });
    /// let request = signer.sign("msg_1", now, &claims, "");
    ///
    /// let delivery = verifier.verify(&request.headers, request.body).await?;
    /// assert_eq!(delivery.event().job_id(), Some("batches/7"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn verify<H: HeaderLookup + Sync + ?Sized>(
        &self,
        headers: &H,
        body: impl Into<Bytes>,
    ) -> Result<Delivery, Error> {
        let mut waiting = Waiting::start(&self.shared.settings, Verdict::default());
        let judged = self.judge_by_source(headers, body.into(), &mut waiting.verdict);
        let result = waiting.watch.wait(judged).await;
        waiting.end(&result);
        result
    }

    /// Verifies a request whose body is still to be read.
    pub(crate) async fn receive<H: HeaderLookup + Sync + ?Sized>(
        &self,
        headers: &H,
        body: impl Future<Output = Result<impl Into<Bytes>, Error>>,
    ) -> Result<Delivery, Error> {
        let settings = &self.shared.settings;
        let (begun, pending) =
            Begun::new(settings, |now, verdict| self.prepare(headers, unix_seconds(now), verdict))?;
        let (body, so_far) = begun.body(body).await?;
        let Some((now, verdict)) = so_far else { return self.verify(headers, body).await };
        let mut waiting = Waiting::start(settings, verdict);
        let result =
            waiting.watch.wait(self.conclude(pending, body, now, &mut waiting.verdict)).await;
        waiting.end(&result);
        result
    }

    /// The pipeline with the keys of the source, which nobody is told of here.
    async fn judge_by_source<H: HeaderLookup + Sync + ?Sized>(
        &self,
        headers: &H,
        body: Bytes,
        verdict: &mut Verdict,
    ) -> Result<Delivery, Error> {
        let now = self.shared.settings.now();
        self.shared.settings.check_body_size(body.len())?;
        let pending = self.prepare(headers, unix_seconds(now), verdict)?;
        self.conclude(pending, body, now, verdict).await
    }

    /// Does what needs the keys of the source, and the body.
    async fn conclude(
        &self,
        pending: Pending<'_>,
        body: Bytes,
        now: SystemTime,
        verdict: &mut Verdict,
    ) -> Result<Delivery, Error> {
        self.shared.settings.check_body_size(body.len())?;
        let keys = self.keys(pending.wanted(), now).await?;
        verdict.key_age = keys.age(now);
        match pending.authenticate(&keys, &body) {
            // Without kids only a look can tell whether the key is a new one.
            Err(Error::SignatureMismatch) if pending.is_v1a() => {
                let tried = keys.into_arc();
                let newer = self.keys(Wanted::Ed25519Beyond(&tried), now).await?;
                verdict.key_age = newer.age(now);
                pending.authenticate(&newer, &body)?;
            }
            result => result?,
        }
        self.finish(pending, body)
    }

    async fn keys(&self, wanted: Wanted<'_>, now: SystemTime) -> Result<LentKeys, Error> {
        let source = self.shared.keys.as_ref().ok_or(Error::NoKeySource)?;
        match source.at_hand(wanted, now) {
            Some(keys) => Ok(keys),
            None => source.look(wanted).await,
        }
    }

    /// Replaces the binding in a running server, for this verifier and its clones: to rotate a
    /// metadata token. A verifier that had none accepts `v1a` from then on.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Binding, DynamicVerifier};
    ///
    /// let old = "the old token, 16 bytes or more";
    /// let verifier =
    ///     DynamicVerifier::builder().binding(Binding::metadata_token("token", old)?).build()?;
    /// let both = ["the new token, 16 bytes or more", old];
    /// verifier.replace_binding(Binding::metadata_tokens("token", both)?);
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn replace_binding(&self, binding: Binding) {
        self.shared.binding.store(Some(Arc::new(binding)));
    }

    /// Returns the largest body that is accepted, in bytes: what an adapter reads at most.
    #[must_use]
    pub fn max_body_bytes(&self) -> usize {
        self.shared.settings.max_body_bytes
    }

    /// Does all that needs no key, the cheap before the costly.
    fn prepare<'h, H: HeaderLookup + ?Sized>(
        &self,
        headers: &'h H,
        now: i64,
        verdict: &mut Verdict,
    ) -> Result<Pending<'h>, Error> {
        // 2. The three headers: present, single, well formed.
        let headers = Headers::read(headers)?;
        // 3. The replay window; where a token signs its own times, they are judged as well.
        verdict.skew = Some(headers.sent_at.saturating_sub(now));
        self.shared.settings.replay_window.check(headers.sent_at, now)?;
        // 4. The form of the signature, and whether that form is configured.
        let form = match SignatureHeader::parse(headers.signature)? {
            SignatureHeader::List(list) => {
                let mut is_v1a = false;
                list.for_each_of(ed25519::PREFIX, |_| is_v1a = true)?;
                if !is_v1a || self.shared.binding.load().is_none() {
                    let saw = if is_v1a { SeenScheme::V1a } else { list.seen() };
                    return Err(Error::SchemeNotConfigured { saw });
                }
                verdict.scheme = Some(SeenScheme::V1a);
                Form::V1a(Candidates::parse(list)?)
            }
            SignatureHeader::Jwt => {
                let expected = self.shared.expected.as_ref();
                let not_configured = Error::SchemeNotConfigured { saw: SeenScheme::Jwt };
                let expected = expected.ok_or(not_configured)?;
                verdict.scheme = Some(SeenScheme::Jwt);
                let token = Token::parse(headers.signature)?;
                // 5. The claims, so that an expired or foreign token never costs a look for keys.
                let times = expected.check(&token.claims, now)?;
                Form::Jwt { token, times }
            }
        };
        Ok(Pending { headers, form })
    }

    /// Reads the event from what was authenticated, and sees whose it is.
    fn finish(&self, pending: Pending<'_>, body: Bytes) -> Result<Delivery, Error> {
        let Pending { headers, form } = pending;
        let id = WebhookId::new(headers.id);
        let sent_at = headers.sent_at;
        let delivery = match form {
            Form::V1a(_) => Delivery::new(id, sent_at, Scheme::Ed25519, body),
            Form::Jwt { token, times } => {
                let scheme =
                    Scheme::Jwt(JwtMatch::new(token.kid, times.expires_at, times.issued_at));
                if times.hold_event {
                    let claims = Delivery::new(id, sent_at, scheme, token.claims.into());
                    claims.with_body(body)
                } else if self.shared.unsigned_body == UnsignedBody::Accept {
                    Delivery::new(id, sent_at, scheme, body).with_unsigned_body()
                } else {
                    return Err(Error::BodyNotSigned);
                }
            }
        };
        let delivery = self.check_binding(delivery)?;
        if delivery.body_authentication() == BodyAuthentication::Claims {
            check_body_against(&delivery, delivery.request_body())?;
        }
        Ok(delivery)
    }

    fn check_binding(&self, delivery: Delivery) -> Result<Delivery, Error> {
        let binding = self.shared.binding.load();
        let Some(binding) = &*binding else { return Ok(delivery) };
        // What only an unsigned body says is no proof of anything.
        let signed = delivery.body_authentication() != BodyAuthentication::Unsigned;
        binding.check(delivery.envelope().filter(|_| signed))?;
        Ok(delivery.with_secret_member(binding.secret_member().cloned()))
    }
}

impl Pending<'_> {
    fn wanted(&self) -> Wanted<'_> {
        match &self.form {
            Form::Jwt { token, .. } => Wanted::Kid(&token.kid),
            Form::V1a(_) => Wanted::Ed25519,
        }
    }

    fn is_v1a(&self) -> bool {
        matches!(self.form, Form::V1a(_))
    }

    /// Checks the signature with these keys. Each form has keys of its own, and none is ever tried
    /// on the other.
    fn authenticate(&self, keys: &KeySet, body: &[u8]) -> Result<(), Error> {
        let verified = match &self.form {
            Form::Jwt { token, .. } => {
                token.is_signed_by(keys.rs256(&token.kid).ok_or(Error::UnknownKey)?)
            }
            Form::V1a(candidates) => candidates.match_any(keys, &self.headers, body),
        };
        if verified { Ok(()) } else { Err(Error::SignatureMismatch) }
    }
}

/// The event comes from the claims; a body that is an event too must say the same.
fn check_body_against(claims: &Delivery, body: &[u8]) -> Result<(), Error> {
    if body.is_empty() {
        return Ok(());
    }
    match Envelope::from_slice(body) {
        Ok(body) if claims.envelope().is_some_and(|claims| claims.says_the_same(&body)) => Ok(()),
        // No event at all: there is nothing in it that could say otherwise. An event is an object.
        Err(UnreadableReason::NotAnEnvelope) => Ok(()),
        Err(reason) if reason != UnreadableReason::NotUtf8 && !begins_like_an_object(body) => {
            Ok(())
        }
        Ok(_) | Err(_) => Err(Error::BodyDiffers),
    }
}

/// Also behind a byte order mark, which some readers skip, and in an encoding of more than a byte a
/// character, which some guess by the zero that comes first.
fn begins_like_an_object(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    body.trim_ascii_start().starts_with(b"{") || body.starts_with(b"\0")
}

impl fmt::Debug for DynamicVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { expected, keys, binding, unsigned_body, settings } = &*self.shared;
        f.debug_struct("DynamicVerifier")
            .field("expected", expected)
            .field("keys", keys)
            .field("binding", &*binding.load())
            .field("unsigned_body", unsigned_body)
            .field("settings", settings)
            .finish()
    }
}

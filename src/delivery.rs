//! The verified result: [`Delivery`], which only a verifier makes, and [`Record`], for queues.

mod content;
mod record;
mod scheme;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;

use self::content::Content;
pub use self::record::Record;
pub use self::scheme::{BodyAuthentication, JwtMatch, Scheme, SecretMatch};
use crate::clock::date_time;
use crate::error::HeaderProblem;
use crate::event::{Envelope, Event};
use crate::headers::check_id;

/// Holds an authentic delivery: one attempt of the Gemini API to tell of one event.
///
/// There is no way to make one but a verifier, so that a function which takes a `Delivery` cannot
/// be called with anything unverified. It can be written through serde, but not read back; what
/// comes out of a queue is a [`Record`].
///
/// `Debug` prints the scheme, the type of the event and lengths, nothing of the content.
///
/// # Security
/// Deliveries come at least once, over at least 24 hours. Of `v1` and `v1a` deliveries deduplicate on
/// [`id`](Self::id); beside a JWT the id is not signed, and a captured token can come under a fresh
/// one: deduplicate on the signed type, timestamp and `data` instead. [`Dedup`](crate::Dedup) does this.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::{StaticSigner, sample_body};
/// use gemini_webhooks::{Secret, StaticVerifier};
///
/// let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let body = sample_body("video.generated").unwrap();
/// let request = StaticSigner::new(&secret).sign("msg_1", std::time::SystemTime::now(), body);
/// let verifier = StaticVerifier::builder().secret(secret).build()?;
///
/// let delivery = verifier.verify(&request.headers, request.body)?;
/// assert_eq!(delivery.id().as_str(), "msg_1");
/// assert_eq!(delivery.event().type_name(), Some("video.generated"));
/// assert_eq!(delivery.raw(), body.as_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It cannot be made, not even by way of serde:
/// ```compile_fail,E0277
/// let forged: gemini_webhooks::Delivery = serde_json::from_str("{}").unwrap();
/// ```
/// ```compile_fail,E0451
/// # use gemini_webhooks::Delivery;
/// fn forged(genuine: Delivery) -> Delivery {
///     Delivery { raw: "{}".into(), ..genuine }
/// }
/// ```
#[derive(Clone)]
pub struct Delivery {
    id: WebhookId,
    /// In Unix seconds.
    sent_at: i64,
    scheme: Scheme,
    content: Content,
    raw: Bytes,
    /// Where `raw` is not the body of the request.
    body: Option<Bytes>,
    body_authentication: BodyAuthentication,
    /// The member of `user_metadata` that a record must not hold.
    secret_member: Option<Arc<str>>,
}

impl Delivery {
    /// For verifiers alone: whoever calls this vouches that `raw` was authenticated by `scheme`.
    pub(crate) fn new(id: WebhookId, sent_at: i64, scheme: Scheme, raw: Bytes) -> Self {
        let content = Content::read(&raw);
        let body_authentication = BodyAuthentication::Signed;
        Self {
            id,
            sent_at,
            scheme,
            content,
            raw,
            body: None,
            body_authentication,
            secret_member: None,
        }
    }

    /// For a token whose claims are the event: keeps the body that came with it.
    #[cfg(feature = "dynamic")]
    pub(crate) fn with_body(self, body: Bytes) -> Self {
        Self { body: Some(body), body_authentication: BodyAuthentication::Claims, ..self }
    }

    /// For a token that only vouches for its bearer.
    #[cfg(feature = "dynamic")]
    pub(crate) fn with_unsigned_body(self) -> Self {
        Self { body_authentication: BodyAuthentication::Unsigned, ..self }
    }

    #[cfg(feature = "dynamic")]
    pub(crate) fn with_secret_member(self, secret_member: Option<Arc<str>>) -> Self {
        Self { secret_member, ..self }
    }

    /// Returns the webhook-id: the same on every retry of one event.
    ///
    /// # Security
    /// Signed with the body, except beside a JWT: there it is only what the sender wrote.
    #[must_use]
    pub fn id(&self) -> &WebhookId {
        &self.id
    }

    /// Returns when this attempt was sent; a retry has a later time.
    ///
    /// # Security
    /// Signed with the body, except beside a JWT: there it is only what the sender wrote.
    #[must_use]
    pub fn timestamp(&self) -> OffsetDateTime {
        date_time(self.sent_at)
    }

    /// Returns how the delivery was authenticated.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        self.content.event()
    }

    /// Takes the event out, to hand it to a task.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Delivery, Event};
    ///
    /// fn hand_over(delivery: Delivery) -> Event {
    ///     delivery.into_event()
    /// }
    /// ```
    #[must_use]
    pub fn into_event(self) -> Event {
        self.content.into_event()
    }

    /// Returns the event with what came around it, unless the body is no envelope.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        self.content.envelope()
    }

    /// Returns the `user_metadata` of the job's `webhook_config`, if there is any.
    #[must_use]
    pub fn user_metadata(&self) -> Option<&Value> {
        self.envelope()?.user_metadata()
    }

    /// Returns the bytes that were authenticated: the request's body, byte by byte, or the decoded
    /// claims of a JWT that holds the event. See
    /// [`body_authentication`](Self::body_authentication) for the one exception.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Returns the body of the request, which beside a JWT is not signed.
    #[must_use]
    pub fn request_body(&self) -> &Bytes {
        self.body.as_ref().unwrap_or(&self.raw)
    }

    /// Tells how the bytes of [`raw`](Self::raw) were authenticated.
    #[must_use]
    pub fn body_authentication(&self) -> BodyAuthentication {
        self.body_authentication
    }

    /// Makes a plain record of the delivery, to put into a queue or a database.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Delivery, Record};
    ///
    /// fn enqueue(delivery: Delivery) -> serde_json::Result<String> {
    ///     serde_json::to_string(&delivery.into_record())
    /// }
    ///
    /// fn work(message: &str) -> serde_json::Result<()> {
    ///     let record: Record = serde_json::from_str(message)?;
    ///     println!("{} {:?}", record.id(), record.event());
    ///     Ok(())
    /// }
    /// ```
    #[must_use]
    pub fn into_record(self) -> Record {
        let Self {
            id,
            sent_at,
            scheme,
            mut content,
            raw,
            body: _,
            body_authentication,
            secret_member,
        } = self;
        let raw = match &mut content {
            Content::Envelope(envelope) => {
                if let Some(member) = secret_member {
                    envelope.remove_metadata(&member);
                }
                Bytes::new()
            }
            Content::Unreadable(_) => raw,
        };
        Record { id, sent_at: date_time(sent_at), scheme, body_authentication, content, raw }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self {
            id,
            sent_at: _,
            scheme,
            content,
            raw,
            body: _,
            body_authentication: _,
            secret_member: _,
        } = self;
        f.debug_struct("Delivery")
            .field("scheme", scheme)
            .field("type", &content.event().type_name())
            .field("id_bytes", &id.as_str().len())
            .field("raw_bytes", &raw.len())
            .finish()
    }
}

impl Serialize for Delivery {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.clone().into_record().serialize(serializer)
    }
}

/// Identifies an event over all its attempts: visible ASCII without a dot, at most 256 bytes.
///
/// # Examples
/// ```
/// fn log_line(delivery: &gemini_webhooks::Delivery) -> String {
///     format!("accepted {}", delivery.id())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookId(Box<str>);

impl TryFrom<String> for WebhookId {
    type Error = HeaderProblem;

    /// Takes an id that was written down, under the same rules as one in a header.
    fn try_from(id: String) -> Result<Self, HeaderProblem> {
        if id.is_empty() {
            return Err(HeaderProblem::NotVisibleAscii);
        }
        check_id(id.as_bytes())?;
        Ok(Self(id.into()))
    }
}

impl From<WebhookId> for String {
    fn from(id: WebhookId) -> Self {
        id.0.into()
    }
}

impl WebhookId {
    /// For a webhook-id whose syntax was checked, which makes it a text.
    pub(crate) fn new(id: &[u8]) -> Self {
        Self(std::str::from_utf8(id).unwrap_or_default().into())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for WebhookId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WebhookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

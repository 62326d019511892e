//! The verified result: [`Delivery`], which only a verifier makes, and [`Record`], for queues.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;

use crate::clock::date_time;
use crate::error::HeaderProblem;
use crate::event::{Envelope, Event, Unreadable};
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

/// An envelope, or the event that says why there is none.
#[derive(Clone, Debug, PartialEq)]
enum Content {
    Envelope(Envelope),
    Unreadable(Event),
}

impl Content {
    fn read(raw: &[u8]) -> Self {
        match Envelope::read(raw) {
            Ok(envelope) => Self::Envelope(envelope),
            Err(Unreadable { type_name, reason }) => {
                Self::Unreadable(Event::Unreadable { type_name, reason })
            }
        }
    }

    fn event(&self) -> &Event {
        match self {
            Self::Envelope(envelope) => envelope.event(),
            Self::Unreadable(event) => event,
        }
    }

    fn into_event(self) -> Event {
        match self {
            Self::Envelope(envelope) => envelope.into_event(),
            Self::Unreadable(event) => event,
        }
    }

    fn envelope(&self) -> Option<&Envelope> {
        match self {
            Self::Envelope(envelope) => Some(envelope),
            Self::Unreadable(_) => None,
        }
    }
}

/// Holds what a delivery said, as plain data for queues and databases.
///
/// Written and read through serde: the envelope as JSON, or the raw bytes in base64 where the body
/// is no envelope. Integers of more than 64 bits become floats in an envelope: who needs them exactly
/// keeps [`Delivery::raw`] beside the record.
///
/// # Security
/// Anyone who can write to the queue can make one. It vouches for nothing; the queue must.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Event, Record};
///
/// let message = r#"{"webhook_id":"msg_1","webhook_timestamp":1769083200,
///     "scheme":{"static":{"position":1}},"body_authentication":"signed",
///     "envelope":{"type":"batch.expired","data":{"id":"batches/7"}}}"#;
/// let record: Record = serde_json::from_str(message)?;
/// assert!(matches!(record.event(), Event::BatchExpired(batch) if batch.id == "batches/7"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Record {
    id: WebhookId,
    sent_at: OffsetDateTime,
    scheme: Scheme,
    body_authentication: BodyAuthentication,
    content: Content,
    /// Empty unless the content is unreadable: an envelope holds all of it.
    raw: Bytes,
}

impl Record {
    /// Returns the webhook-id: see [`Delivery`] for when to deduplicate on it.
    #[must_use]
    pub fn id(&self) -> &WebhookId {
        &self.id
    }

    /// Returns when the attempt was sent.
    #[must_use]
    pub fn timestamp(&self) -> OffsetDateTime {
        self.sent_at
    }

    /// Returns how the delivery was authenticated before it was written down.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Tells how the bytes that the event was read from were authenticated.
    #[must_use]
    pub fn body_authentication(&self) -> BodyAuthentication {
        self.body_authentication
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        self.content.event()
    }

    /// Returns the event with what came around it, unless the body was no envelope.
    #[must_use]
    pub fn envelope(&self) -> Option<&Envelope> {
        self.content.envelope()
    }

    /// Returns the authenticated bytes where they are no envelope; else the envelope has what they
    /// said, but for integers of more than 64 bits.
    #[must_use]
    pub fn unreadable_bytes(&self) -> Option<&Bytes> {
        matches!(self.content, Content::Unreadable(_)).then_some(&self.raw)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { id: _, sent_at: _, scheme, body_authentication, content, raw: _ } = self;
        f.debug_struct("Record")
            .field("scheme", scheme)
            .field("body_authentication", body_authentication)
            .field("type", &content.event().type_name())
            .finish_non_exhaustive()
    }
}

/// The JSON of a [`Record`]: either an envelope or the raw bytes in base64.
#[derive(Serialize, Deserialize)]
struct RecordJson<'r> {
    webhook_id: Cow<'r, WebhookId>,
    webhook_timestamp: i64,
    scheme: Cow<'r, Scheme>,
    body_authentication: BodyAuthentication,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    envelope: Option<Cow<'r, Envelope>>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    raw: Option<String>,
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let json = RecordJson {
            webhook_id: Cow::Borrowed(&self.id),
            webhook_timestamp: self.sent_at.unix_timestamp(),
            scheme: Cow::Borrowed(&self.scheme),
            body_authentication: self.body_authentication,
            envelope: self.envelope().map(Cow::Borrowed),
            raw: self.unreadable_bytes().map(|bytes| BASE64_STANDARD.encode(bytes)),
        };
        json.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // In words of our own: serde's would show what stands in the place of something else.
        let json = RecordJson::deserialize(deserializer)
            .map_err(|_| D::Error::custom("not the JSON of a record"))?;
        let (content, raw) = match (json.envelope, json.raw) {
            (Some(envelope), None) => (Content::Envelope(envelope.into_owned()), Bytes::new()),
            (None, Some(raw)) => {
                let raw = BASE64_STANDARD.decode(raw).map_err(D::Error::custom)?;
                (Content::read(&raw), Bytes::from(raw))
            }
            _ => return Err(D::Error::custom("either an envelope or raw bytes")),
        };
        let sent_at = OffsetDateTime::from_unix_timestamp(json.webhook_timestamp)
            .map_err(D::Error::custom)?;
        let (id, scheme) = (json.webhook_id.into_owned(), json.scheme.into_owned());
        let body_authentication = json.body_authentication;
        Ok(Self { id, sent_at, scheme, body_authentication, content, raw })
    }
}

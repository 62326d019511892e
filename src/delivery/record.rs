//! What a delivery said, as plain data for queues and databases.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;

#[cfg(doc)]
use super::Delivery;
use super::content::Content;
use super::{BodyAuthentication, Scheme, WebhookId};
use crate::event::{Envelope, Event};

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
    pub(super) id: WebhookId,
    pub(super) sent_at: OffsetDateTime,
    pub(super) scheme: Scheme,
    pub(super) body_authentication: BodyAuthentication,
    pub(super) content: Content,
    /// Empty unless the content is unreadable: an envelope holds all of it.
    pub(super) raw: Bytes,
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

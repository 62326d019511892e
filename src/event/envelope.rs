//! What comes around an event.

use std::borrow::Cow;
use std::fmt;

use serde::ser::{Error as _, SerializeMap as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::payload::Members;
use super::{Event, UnreadableReason};
use crate::json;

/// Holds an event with what came around it.
///
/// Reads and writes the JSON of the wire through serde. Anyone can make one; only a
/// [`Delivery`](crate::Delivery) says that it is authentic.
///
/// # Examples
/// ```
/// use gemini_webhooks::Envelope;
///
/// let body = r#"{"data":{"id":"b1"},"user_metadata":{"job_group":"nightly"},
///     "timestamp":"2026-01-22T12:00:00.5+01:00","type":"batch.expired","version":"v1"}"#;
/// let envelope: Envelope = serde_json::from_str(body)?;
/// assert_eq!(envelope.version(), Some("v1"));
/// assert_eq!(envelope.timestamp().unwrap().unix_timestamp(), 1_769_079_600);
/// assert_eq!(envelope.user_metadata().unwrap()["job_group"], "nightly");
///
/// let again: Envelope = serde_json::from_str(&serde_json::to_string(&envelope)?)?;
/// assert_eq!(again, envelope);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Envelope {
    pub(super) event: Event,
    pub(super) version: Option<Cow<'static, str>>,
    pub(super) timestamp: Option<OffsetDateTime>,
    pub(super) user_metadata: Option<Value>,
    pub(super) extra: Members,
}

impl Envelope {
    /// Reads an envelope that is in hand as JSON, strictly: UTF-8, one object with a `type`, no
    /// repeated member, at most 64 levels deep.
    ///
    /// # Errors
    /// The [`UnreadableReason`]. A known type whose `data` does not fit is no error but
    /// [`Event::Unreadable`], with what came as `data` in [`extra`](Self::extra).
    ///
    /// # Security
    /// The result is as trustworthy as the bytes. For a request, use a verifier.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Envelope, UnreadableReason};
    ///
    /// assert!(Envelope::from_slice(br#"{"type":"batch.expired","data":{"id":"b1"}}"#).is_ok());
    /// let twice = br#"{"type":"batch.expired","type":"batch.failed"}"#;
    /// assert_eq!(Envelope::from_slice(twice), Err(UnreadableReason::DuplicateMember));
    /// ```
    pub fn from_slice(json: &[u8]) -> Result<Self, UnreadableReason> {
        Self::read(json).map_err(|unreadable| unreadable.reason)
    }

    pub(super) fn from_value<E: serde::de::Error>(value: &Value) -> Result<Self, E> {
        Self::from_slice(value.to_string().as_bytes()).map_err(E::custom)
    }

    /// Returns the event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Takes the event out.
    #[must_use]
    pub fn into_event(self) -> Event {
        self.event
    }

    /// Returns the version of the envelope, `v1` so far, if there was a text.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Returns when the event happened, if there was an RFC 3339 time.
    ///
    /// # Security
    /// This is not when it was sent, and it is never used against replay.
    #[must_use]
    pub fn timestamp(&self) -> Option<OffsetDateTime> {
        self.timestamp
    }

    /// Returns what the caller put into `webhook_config`: observed at the top level, else looked
    /// for inside `data`.
    #[must_use]
    pub fn user_metadata(&self) -> Option<&Value> {
        self.metadata_places().find(|metadata| !metadata.is_null())
    }

    /// A text in `user_metadata`, at the top level or else inside `data`.
    #[cfg(feature = "dynamic")]
    pub(crate) fn metadata_text(&self, member: &str) -> Option<&str> {
        self.metadata_places().find_map(|metadata| metadata.get(member)?.as_str())
    }

    /// `user_metadata` at the top level, then inside `data`, also where `data` does not fit.
    fn metadata_places(&self) -> impl Iterator<Item = &Value> {
        let odd_data = || self.extra.get("data")?.get("user_metadata");
        let in_data = self.event.metadata_in_data().or_else(odd_data);
        [self.user_metadata.as_ref(), in_data].into_iter().flatten()
    }

    /// Returns `data.id`, the job that the event is about, even where `data` does not fit its type.
    #[must_use]
    pub fn job_id(&self) -> Option<&str> {
        let odd_data = || self.extra.get("data")?.get("id")?.as_str();
        self.event.job_id().or_else(odd_data)
    }

    /// Tells whether two envelopes speak of one event; what one of them leaves out is no contradiction.
    #[cfg(feature = "dynamic")]
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
            one.zip(other).is_none_or(|(one, other)| one == other)
        }
        self.event == other.event
            && self.extra.get("data") == other.extra.get("data")
            && agree(self.stated_version(), other.stated_version())
            && agree(self.stated_timestamp(), other.stated_timestamp())
            && agree(self.user_metadata.as_ref(), other.user_metadata.as_ref())
    }

    /// The version, or what stands in its place.
    #[cfg(feature = "dynamic")]
    fn stated_version(&self) -> Option<Result<&str, &Value>> {
        self.version().map(Ok).or_else(|| self.extra.get("version").map(Err))
    }

    /// The time of the event, or what stands in its place.
    #[cfg(feature = "dynamic")]
    fn stated_timestamp(&self) -> Option<Result<OffsetDateTime, &Value>> {
        self.timestamp.map(Ok).or_else(|| self.extra.get("timestamp").map(Err))
    }

    /// Removes a member of `user_metadata`, wherever that stands.
    pub(crate) fn remove_metadata(&mut self, member: &str) {
        let places = [
            self.user_metadata.as_mut(),
            self.event.metadata_in_data_mut(),
            self.extra.get_mut("data").and_then(|data| data.get_mut("user_metadata")),
        ];
        for metadata in places.into_iter().flatten() {
            if let Value::Object(metadata) = metadata {
                metadata.remove(member);
            }
        }
    }

    /// Returns the members that have no place of their own, and those whose value is not of the
    /// documented form (such as a `timestamp` that is no RFC 3339 time).
    #[must_use]
    pub fn extra(&self) -> &Members {
        &self.extra
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { event, version, timestamp, user_metadata, extra } = self;
        f.debug_struct("Envelope")
            .field("event", event)
            .field("version", version)
            .field("timestamp", timestamp)
            .field("user_metadata", &user_metadata.as_ref().map(|_| format_args!("[redacted]")))
            .field("extra", extra)
            .finish()
    }
}

impl Serialize for Envelope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { event, version, timestamp, user_metadata, extra } = self;
        let mut map = serializer.serialize_map(None)?;
        if let Some(type_name) = event.type_name() {
            map.serialize_entry("type", type_name)?;
        }
        if let Some(version) = version {
            map.serialize_entry("version", version)?;
        }
        if let Some(timestamp) = timestamp {
            let text = timestamp.format(&Rfc3339).map_err(S::Error::custom)?;
            map.serialize_entry("timestamp", &text)?;
        }
        event.serialize_data(&mut map)?;
        if let Some(user_metadata) = user_metadata {
            map.serialize_entry("user_metadata", user_metadata)?;
        }
        for (name, value) in extra.as_map() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_value(&json::value(deserializer)?)
    }
}

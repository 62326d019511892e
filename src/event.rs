//! The events of the Gemini API: the catalogue in one table, and how an envelope is read.

mod envelope;
mod payload;
mod read;

use std::fmt;

use serde::de::Error as _;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub use self::envelope::Envelope;
pub use self::payload::{BatchOutput, ErrorCode, Job, JobFailure, Members, VideoOutput};
use self::payload::{DataMembers, Payload};
pub(crate) use self::read::Unreadable;
use crate::json;

/// The catalogue: each type, its variant, and what its `data` holds.
macro_rules! catalogue {
    ($( $(#[$doc:meta])* $name:literal => $variant:ident($payload:ty), )+) => {
        /// Tells what happened to a job.
        ///
        /// An event comes out of a verified delivery, so it is authentic, whichever variant it is:
        /// answer 2xx to all of them. Deliveries come at least once and in any order.
        ///
        /// `Debug` prints the documented fields; of free-form JSON it prints member names only.
        ///
        /// # Examples
        /// ```
        /// use gemini_webhooks::{Envelope, Event};
        ///
        /// let body = r#"{"type":"batch.succeeded","version":"v1","timestamp":"2026-01-22T12:00:00Z",
        ///     "data":{"id":"batch_123456","output_file_uri":"gs://my-bucket/results.jsonl"}}"#;
        /// let envelope: Envelope = serde_json::from_str(body)?;
        /// match envelope.event() {
        ///     Event::BatchSucceeded(batch) => assert_eq!(batch.id, "batch_123456"),
        ///     other => panic!("{other:?}"),
        /// }
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        #[derive(Clone, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $( $(#[$doc])* $variant($payload), )+
            /// A type that is not in the catalogue, such as what `:ping` sends.
            Unknown {
                /// Its `type`.
                type_name: String,
                /// Its `data` as it came; `null` if there was none.
                data: Value,
            },
            /// An authentic body that is not an event we can read; the raw bytes are at hand.
            Unreadable {
                /// Its `type`, if that much could be read.
                type_name: Option<String>,
                /// Why it could not be read.
                reason: UnreadableReason,
            },
        }

        /// Names a type of the catalogue.
        ///
        /// # Examples
        /// ```
        /// use gemini_webhooks::EventType;
        ///
        /// assert_eq!(EventType::parse("video.generated"), Some(EventType::VideoGenerated));
        /// assert_eq!(EventType::ALL.len(), 9);
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventType {
            $( $(#[$doc])* $variant, )+
        }

        impl EventType {
            /// Every type of the catalogue.
            pub const ALL: &[Self] = &[$( Self::$variant, )+];

            /// Returns the type of this name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $( $name => Some(Self::$variant), )+
                    _ => None,
                }
            }

            /// Returns the name as it stands in `type`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$variant => $name, )+
                }
            }

            /// Makes the event of this type, or `None` where its `data` does not fit.
            fn event(self, data: &mut DataMembers) -> Option<Event> {
                match self {
                    $( Self::$variant => <$payload>::from_members(data).map(Event::$variant), )+
                }
            }
        }

        impl Event {
            /// Returns the type, if it is in the catalogue and its `data` fits.
            #[must_use]
            pub const fn event_type(&self) -> Option<EventType> {
                match self {
                    $( Self::$variant(_) => Some(EventType::$variant), )+
                    Self::Unknown { .. } | Self::Unreadable { .. } => None,
                }
            }

            fn payload(&self) -> Option<&dyn Payload> {
                match self {
                    $( Self::$variant(payload) => Some(payload), )+
                    Self::Unknown { .. } | Self::Unreadable { .. } => None,
                }
            }

            /// `user_metadata` inside `data`, where nobody has seen it but where a binding looks as well.
            fn metadata_in_data(&self) -> Option<&Value> {
                match self {
                    $( Self::$variant(payload) => payload.extra.get("user_metadata"), )+
                    Self::Unknown { data, .. } => data.get("user_metadata"),
                    Self::Unreadable { .. } => None,
                }
            }

            fn metadata_in_data_mut(&mut self) -> Option<&mut Value> {
                match self {
                    $( Self::$variant(payload) => payload.extra.get_mut("user_metadata"), )+
                    Self::Unknown { data, .. } => data.get_mut("user_metadata"),
                    Self::Unreadable { .. } => None,
                }
            }

            fn serialize_data<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                match self {
                    $( Self::$variant(payload) => map.serialize_entry("data", payload), )+
                    Self::Unknown { data, .. } => map.serialize_entry("data", data),
                    Self::Unreadable { .. } => Ok(()),
                }
            }
        }
    };
}

catalogue! {
    /// A batch was processed.
    "batch.succeeded" => BatchSucceeded(BatchOutput),
    /// The user cancelled a batch. It cannot be subscribed to, but may still arrive.
    "batch.cancelled" => BatchCancelled(Job),
    /// A batch was not processed in time.
    "batch.expired" => BatchExpired(Job),
    /// A batch failed, by a fault of the system or by its own input.
    "batch.failed" => BatchFailed(JobFailure),
    /// An interaction waits for the result of a function call.
    "interaction.requires_action" => InteractionRequiresAction(Job),
    /// An interaction completed.
    "interaction.completed" => InteractionCompleted(Job),
    /// An interaction failed, by a fault of the system or by its own input.
    "interaction.failed" => InteractionFailed(JobFailure),
    /// An interaction was cancelled. It cannot be subscribed to, but may still arrive.
    "interaction.cancelled" => InteractionCancelled(Job),
    /// A video was generated.
    "video.generated" => VideoGenerated(VideoOutput),
}

impl Event {
    /// Returns the `type`, whether or not it is in the catalogue; `None` where it was not readable.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Envelope;
    ///
    /// let envelope: Envelope = serde_json::from_str(r#"{"type":"webhook.ping"}"#)?;
    /// assert_eq!(envelope.event().type_name(), Some("webhook.ping"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn type_name(&self) -> Option<&str> {
        match self {
            Self::Unknown { type_name, .. } => Some(type_name),
            Self::Unreadable { type_name, .. } => type_name.as_deref(),
            known => known.event_type().map(EventType::as_str),
        }
    }

    /// Returns `data.id`: the job that the event is about, to fetch with your own key.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Envelope;
    ///
    /// let body = r#"{"type":"batch.expired","data":{"id":"batches/7"}}"#;
    /// let envelope: Envelope = serde_json::from_str(body)?;
    /// assert_eq!(envelope.event().job_id(), Some("batches/7"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn job_id(&self) -> Option<&str> {
        match self {
            Self::Unknown { data, .. } => data.get("id")?.as_str(),
            known => known.payload()?.id(),
        }
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { type_name, data: _ } => {
                f.debug_struct("Unknown").field("type_name", type_name).finish_non_exhaustive()
            }
            Self::Unreadable { type_name, reason } => f
                .debug_struct("Unreadable")
                .field("type_name", type_name)
                .field("reason", reason)
                .finish(),
            known => match (known.event_type(), known.payload()) {
                (Some(event_type), Some(payload)) => write!(f, "{event_type:?}({payload:?})"),
                _ => Ok(()),
            },
        }
    }
}

/// Written as `type` and `data`, as on the wire; an unreadable one as `type` and `unreadable`.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(type_name) = self.type_name() {
            map.serialize_entry("type", type_name)?;
        }
        if let Self::Unreadable { reason, .. } = self {
            map.serialize_entry("unreadable", reason)?;
        }
        self.serialize_data(&mut map)?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = json::value(deserializer)?;
        let Some(reason) = value.get("unreadable") else {
            return Envelope::from_value(&value).map(Envelope::into_event);
        };
        // In words of our own: serde's would show what stands there.
        let reason = UnreadableReason::deserialize(reason)
            .map_err(|_| D::Error::custom("`unreadable` is not one of the reasons"))?;
        let type_name = value.get("type").and_then(Value::as_str).map(str::to_owned);
        Ok(Self::Unreadable { type_name, reason })
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Says why an authentic body could not be read as an event.
///
/// # Examples
/// ```
/// use gemini_webhooks::UnreadableReason;
///
/// assert_eq!(UnreadableReason::NotUtf8.to_string(), "the body is not UTF-8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnreadableReason {
    /// The type is known, but its `data` is not what is documented for it.
    #[error("`data` is not what is documented for this type")]
    DataDoesNotFit,
    /// An object has two members of one name.
    #[error("an object has two members of one name")]
    DuplicateMember,
    /// JSON, but not an object with a `type`.
    #[error("not an object with a `type`")]
    NotAnEnvelope,
    /// Not JSON, or JSON with what no Rust type holds: a number beyond 64-bit floats (`1e999`), or a
    /// text with half of a surrogate pair (`"\ud800"`).
    #[error("the body is not JSON that can be read")]
    NotJson,
    /// Not UTF-8, which JSON must be (RFC 8259 section 8.1).
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// Nested deeper than [`MAX_JSON_DEPTH`](crate::limits::MAX_JSON_DEPTH).
    #[error("nested too deep")]
    TooDeep,
}

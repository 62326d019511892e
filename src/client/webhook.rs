//! What the service tells of a webhook.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::event::EventType;

/// Describes a webhook that is registered for a project.
///
/// Members that are not known are ignored, and one that is not of its form is as good as not there:
/// what is odd about a webhook hides neither the rest of it nor the others. `Debug` leaves out the
/// path of the URI, in which a caller may have put a secret, and what the service shows of the
/// secrets.
///
/// # Examples
/// ```
/// use gemini_webhooks::EventType;
/// use gemini_webhooks::client::{SubscribedEvent, Webhook, WebhookState};
///
/// let webhook: Webhook = serde_json::from_str(
///     r#"{"id":"0abc123def","name":"MyBatchWebhook","uri":"https://my-api.com/gemini-callback",
///         "subscribed_events":["batch.succeeded"],"state":"ENABLED",
///         "signing_secrets":[{"truncated_secret":"whsec_MfKQ...","expire_time":null}],
///         "create_time":"2026-05-04T12:00:00.25Z","new":"of tomorrow"}"#,
/// )?;
/// assert_eq!(webhook.state, Some(WebhookState::Enabled));
/// assert_eq!(webhook.subscribed_events, [SubscribedEvent::Known(EventType::BatchSucceeded)]);
/// assert_eq!(webhook.create_time.unwrap().year(), 2026);
/// assert!(!format!("{webhook:?}").contains("gemini-callback"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Webhook {
    /// Its id, which the calls take: 36 characters `a-z0-9` (observed). Empty where a listing, or
    /// the answer to [`create`](super::WebhookClient::create), does not say.
    #[serde(default, deserialize_with = "what_fits")]
    pub id: String,
    /// The name that its owner gave it.
    #[serde(default, deserialize_with = "what_fits", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where events are sent; empty where the service does not say.
    #[serde(default, deserialize_with = "what_fits")]
    pub uri: String,
    /// The events that are sent.
    #[serde(default, deserialize_with = "what_fits")]
    pub subscribed_events: Vec<SubscribedEvent>,
    /// Whether events are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<WebhookState>,
    /// What the service shows of the secrets that are valid, one for each.
    #[serde(default, deserialize_with = "each_that_fits")]
    pub signing_secrets: Vec<SigningSecretInfo>,
    /// When it was registered, if the service gives a time of RFC 3339.
    #[serde(default, with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub create_time: Option<OffsetDateTime>,
    /// When it was last changed, if the service gives a time of RFC 3339.
    #[serde(default, with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub update_time: Option<OffsetDateTime>,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { id, name, uri, subscribed_events, state, signing_secrets, .. } = self;
        let Self { create_time, update_time, .. } = self;
        f.debug_struct("Webhook")
            .field("id", id)
            .field("name", name)
            .field("uri", &ShownUri(uri))
            .field("subscribed_events", subscribed_events)
            .field("state", state)
            .field("signing_secrets", signing_secrets)
            .field("create_time", create_time)
            .field("update_time", update_time)
            .finish()
    }
}

/// Shows a secret's beginning, and when it ends.
///
/// # Examples
/// See [`Webhook`].
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SigningSecretInfo {
    /// What the service shows of it, to tell which is which.
    #[serde(default, deserialize_with = "what_fits", skip_serializing_if = "Option::is_none")]
    pub truncated_secret: Option<String>,
    /// When it ends after a rotation, if the service gives a time of RFC 3339.
    #[serde(default, with = "rfc3339", skip_serializing_if = "Option::is_none")]
    pub expire_time: Option<OffsetDateTime>,
}

impl fmt::Debug for SigningSecretInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { truncated_secret: _, expire_time } = self;
        f.debug_struct("SigningSecretInfo")
            .field("truncated_secret", &format_args!("[redacted]"))
            .field("expire_time", expire_time)
            .finish()
    }
}

/// Implements how a word of the API is read, in lower or upper case, and written, in lower case.
/// What is no word is unknown, and told as the JSON that it is.
macro_rules! word {
    ($word:ident) => {
        impl fmt::Display for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $word {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(match Value::deserialize(deserializer)? {
                    Value::String(text) => Self::parse(&text),
                    other => Self::Unknown(other.to_string()),
                })
            }
        }
    };
}

/// Tells whether the service sends events to a webhook.
///
/// # Examples
/// ```
/// use gemini_webhooks::client::WebhookState;
///
/// let state = WebhookState::parse("DISABLED_DUE_TO_FAILED_DELIVERIES");
/// assert_eq!(state, WebhookState::DisabledDueToFailedDeliveries);
/// assert_eq!(WebhookState::parse("paused").as_str(), "paused");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookState {
    /// Events are sent.
    Enabled,
    /// Its owner turned it off.
    Disabled,
    /// The service turned it off, because too many deliveries failed: mend the receiver, then
    /// [enable](super::WebhookUpdate::enable) it.
    DisabledDueToFailedDeliveries,
    /// A state that is not documented, as the service wrote it.
    Unknown(String),
}

impl WebhookState {
    /// Reads a state, in lower case (observed) or upper case (Google's page).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "enabled" => Self::Enabled,
            "disabled" => Self::Disabled,
            "disabled_due_to_failed_deliveries" => Self::DisabledDueToFailedDeliveries,
            _ => Self::Unknown(text.to_owned()),
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::DisabledDueToFailedDeliveries => "disabled_due_to_failed_deliveries",
            Self::Unknown(text) => text,
        }
    }
}

word!(WebhookState);

/// Names a type of events that a webhook is subscribed to.
///
/// # Examples
/// ```
/// use gemini_webhooks::EventType;
/// use gemini_webhooks::client::SubscribedEvent;
///
/// let known = SubscribedEvent::parse("batch.succeeded");
/// assert_eq!(known, EventType::BatchSucceeded.into());
/// assert_eq!(SubscribedEvent::parse("batch.paused").as_str(), "batch.paused");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubscribedEvent {
    /// A type of the catalogue.
    Known(EventType),
    /// A type that this version does not know, by its name: the service decides whether there is
    /// one.
    Unknown(String),
}

impl SubscribedEvent {
    /// Reads a type, in lower or upper case.
    #[must_use]
    pub fn parse(name: &str) -> Self {
        let known = EventType::parse(&name.to_ascii_lowercase());
        known.map_or_else(|| Self::Unknown(name.to_owned()), Self::Known)
    }

    /// Returns its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(event_type) => event_type.as_str(),
            Self::Unknown(name) => name,
        }
    }
}

word!(SubscribedEvent);

impl From<EventType> for SubscribedEvent {
    fn from(event_type: EventType) -> Self {
        Self::Known(event_type)
    }
}

/// Says of a URI where it leads to, and nothing of its path or user, which may be secrets.
pub(super) struct ShownUri<'u>(pub(super) &'u str);

impl fmt::Debug for ShownUri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let uri: Option<http::Uri> = self.0.parse().ok();
        match uri.as_ref().and_then(|uri| uri.scheme_str().zip(uri.host())) {
            Some((scheme, host)) => write!(f, "{scheme}://{host}/..."),
            None => f.write_str("..."),
        }
    }
}

/// Reads a member, and what is not of its form like one that is not there.
fn what_fits<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + DeserializeOwned,
{
    Value::deserialize(deserializer).map(fitting)
}

/// Reads a list like [`what_fits`], and each of its entries.
fn each_that_fits<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Default + DeserializeOwned,
{
    let entries: Vec<Value> = what_fits(deserializer)?;
    Ok(entries.into_iter().map(fitting).collect())
}

fn fitting<T: Default + DeserializeOwned>(value: Value) -> T {
    T::deserialize(value).unwrap_or_default()
}

mod rfc3339 {
    use serde::ser::Error as _;

    use super::{Deserializer, OffsetDateTime, Rfc3339, Serialize, Serializer, what_fits};

    /// Reads a time. What is no RFC 3339 time is as good as none, and nothing else is lost with it.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<OffsetDateTime>, D::Error> {
        let text: Option<String> = what_fits(deserializer)?;
        Ok(text.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok()))
    }

    #[allow(clippy::ref_option)] // As serde calls it.
    pub(super) fn serialize<S: Serializer>(
        time: &Option<OffsetDateTime>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let text = time.map(|time| time.format(&Rfc3339)).transpose().map_err(S::Error::custom)?;
        text.serialize(serializer)
    }
}

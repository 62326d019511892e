//! How a delivery is shown: its scheme, its event and the members of `data`, and no user metadata.

use std::fmt;

use gemini_webhooks::{BodyAuthentication, Delivery, Event, Scheme};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::moment;
use crate::style::{BOLD, DIM};
use crate::text::Shown;

/// What is shown of a member that may hold a secret of the user's.
const REDACTED: &str = "[redacted]";

/// An authentic delivery, for a terminal or a program.
#[derive(Debug, Serialize)]
pub(crate) struct DeliveryView {
    id: String,
    sent_at: String,
    scheme: String,
    body: BodyAuthentication,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<Value>,
    #[serde(skip)]
    is_unknown: bool,
}

impl DeliveryView {
    pub(crate) fn new(delivery: &Delivery) -> Self {
        let event = delivery.event();
        let unreadable = match event {
            Event::Unreadable { reason, .. } => Some(reason.to_string()),
            _ => None,
        };
        Self {
            id: delivery.id().to_string(),
            sent_at: moment::rfc3339(delivery.timestamp().into()),
            scheme: scheme(delivery.scheme()),
            body: delivery.body_authentication(),
            type_name: event.type_name().map(str::to_owned),
            unreadable,
            event: event_json(delivery),
            is_unknown: matches!(event, Event::Unknown { .. }),
        }
    }

    /// The type, or what stands in its place.
    fn title(&self) -> String {
        self.type_name.clone().unwrap_or_else(|| "(no type)".to_owned())
    }
}

/// One line with the type, the id and the scheme, and one for each member of `data`.
impl fmt::Display for DeliveryView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.title();
        write!(f, "{BOLD}{}{BOLD:#} {}", Shown(&title), Shown(&self.id))?;
        write!(f, " {DIM}by {}{DIM:#}", Shown(&self.scheme))?;
        if self.body == BodyAuthentication::Unsigned {
            write!(f, "\n    the body is not signed: it is the bearer's word")?;
        }
        if self.is_unknown {
            write!(f, "\n    a type that is not in the catalogue")?;
        }
        if let Some(reason) = &self.unreadable {
            write!(f, "\n    authentic, but it cannot be read as an event: {reason}")?;
        }
        for (name, value) in data(self.event.as_ref()) {
            write!(f, "\n    {} {}", Shown(name), Shown(&scalar(value)))?;
        }
        Ok(())
    }
}

fn data(event: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    event.and_then(|event| event.get("data")).and_then(Value::as_object).into_iter().flatten()
}

fn scalar(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Says by which scheme and key a delivery was authenticated.
pub(crate) fn scheme(scheme: &Scheme) -> String {
    match scheme {
        Scheme::Static(secret) => format!("v1, secret {}", secret.position()),
        Scheme::Jwt(jwt) => format!("JWT, key {}", jwt.kid()),
        Scheme::Ed25519 => "v1a".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The event as it stands on the wire, without what the user put into it.
fn event_json(delivery: &Delivery) -> Option<Value> {
    let mut envelope = serde_json::to_value(delivery.envelope()?).ok()?;
    redact(envelope.as_object_mut()?);
    if let Some(data) = envelope.get_mut("data").and_then(Value::as_object_mut) {
        redact(data);
    }
    Some(envelope)
}

fn redact(members: &mut Map<String, Value>) {
    if let Some(metadata) = members.get_mut("user_metadata") {
        *metadata = REDACTED.into();
    }
}

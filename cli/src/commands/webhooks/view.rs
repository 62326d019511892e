//! How a webhook is shown.

use std::fmt;

use gemini_webhooks::client::{SubscribedEvent, Webhook, WebhookState};
use serde::Serialize;
use time::OffsetDateTime;

use crate::moment;
use crate::output::Report;
use crate::style::{BAD, BOLD, GOOD};
use crate::text::Shown;

/// A webhook, without the parts of its secrets that the service shows.
#[derive(Debug, Serialize)]
pub(super) struct View {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<WebhookState>,
    subscribed_events: Vec<SubscribedEvent>,
    secrets: Vec<SecretEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    updated: Option<String>,
}

#[derive(Debug, Serialize)]
struct SecretEnd {
    expires: Option<String>,
}

impl View {
    pub(super) fn new(webhook: Webhook) -> Self {
        let time = |time: Option<OffsetDateTime>| time.map(|time| moment::rfc3339(time.into()));
        let end = |end| SecretEnd { expires: time(end) };
        Self {
            secrets: webhook.signing_secrets.iter().map(|secret| end(secret.expire_time)).collect(),
            created: time(webhook.create_time),
            updated: time(webhook.update_time),
            id: webhook.id,
            name: webhook.name,
            uri: webhook.uri,
            state: webhook.state,
            subscribed_events: webhook.subscribed_events,
        }
    }
}

impl Report for View {
    const KIND: &'static str = "webhook";
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{BOLD}{}{BOLD:#}", Shown(&self.id))?;
        if let Some(name) = &self.name {
            write!(f, " {}", Shown(name))?;
        }
        match &self.state {
            None => {}
            Some(WebhookState::Enabled) => write!(f, " {GOOD}enabled{GOOD:#}")?,
            Some(other) => write!(f, " {BAD}{}{BAD:#}", Shown(other.as_str()))?,
        }
        write!(f, "\n  to {}", Shown(&self.uri))?;
        let events: Vec<String> =
            self.subscribed_events.iter().map(|event| Shown(event.as_str()).to_string()).collect();
        write!(f, "\n  of {}", events.join(", "))?;
        for secret in &self.secrets {
            match &secret.expires {
                Some(time) => write!(f, "\n  a secret until {time}")?,
                None => write!(f, "\n  a secret without an end")?,
            }
        }
        Ok(())
    }
}

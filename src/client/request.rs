//! What a caller asks for: a new webhook, or a change of one.

use std::fmt;

use http::Uri;
use serde_json::{Map, Value};

use super::error::RequestProblem;
use super::webhook::{ShownUri, SubscribedEvent};
use crate::event::EventType;
use crate::limits::{MAX_CALLBACK_URI_BYTES, MAX_WEBHOOK_NAME_BYTES};

impl EventType {
    /// The types that a webhook can be subscribed to: the catalogue without what is cancelled,
    /// since April 2026 (observed).
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::EventType;
    ///
    /// assert_eq!(EventType::subscribable().count(), 7);
    /// assert!(EventType::subscribable().all(EventType::is_subscribable));
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "client")))]
    pub fn subscribable() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|event_type| event_type.is_subscribable())
    }

    /// Tells whether a webhook can be subscribed to this type.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::EventType;
    ///
    /// assert!(!EventType::InteractionCancelled.is_subscribable());
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "client")))]
    #[must_use]
    pub const fn is_subscribable(self) -> bool {
        !matches!(self, Self::BatchCancelled | Self::InteractionCancelled)
    }
}

/// Describes a webhook to register. What is wrong with it is told by
/// [`create`](super::WebhookClient::create), before anything is sent.
///
/// # Examples
/// ```
/// use gemini_webhooks::EventType;
/// use gemini_webhooks::client::NewWebhook;
///
/// let events = [EventType::BatchSucceeded, EventType::BatchFailed];
/// let webhook = NewWebhook::new("https://my-api.com/gemini-callback", events).name("My batches");
///
/// let everything = NewWebhook::new("https://my-api.com/all", EventType::subscribable());
/// ```
#[derive(Clone)]
pub struct NewWebhook {
    fields: Fields,
}

impl NewWebhook {
    /// Describes a webhook by where its events go, an https URI, and which.
    #[must_use]
    pub fn new(
        uri: impl Into<String>,
        subscribed_events: impl IntoIterator<Item = impl Into<SubscribedEvent>>,
    ) -> Self {
        let subscribed_events = Some(subscribed_events.into_iter().map(Into::into).collect());
        Self { fields: Fields { uri: Some(uri.into()), subscribed_events, ..Fields::default() } }
    }

    /// Gives it a name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.fields.name = Some(name.into());
        self
    }

    pub(super) fn check(&self) -> Result<(), RequestProblem> {
        self.fields.check()
    }

    pub(super) fn to_json(&self) -> Value {
        self.fields.to_json()
    }
}

impl fmt::Debug for NewWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields.show(f.debug_struct("NewWebhook"))
    }
}

/// Describes a change of a webhook: what is not set stays as it is. What is wrong with it is told
/// by [`update`](super::WebhookClient::update), before anything is sent.
///
/// # Examples
/// ```
/// use gemini_webhooks::EventType;
/// use gemini_webhooks::client::WebhookUpdate;
///
/// let moved = WebhookUpdate::new().uri("https://my-api.com/new-callback");
/// let back_on = WebhookUpdate::new().enable();
/// let fewer = WebhookUpdate::new().subscribed_events([EventType::VideoGenerated]);
/// ```
#[derive(Clone, Default)]
#[must_use = "an update does nothing until it is sent"]
pub struct WebhookUpdate {
    fields: Fields,
}

impl WebhookUpdate {
    /// Describes no change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes the name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.fields.name = Some(name.into());
        self
    }

    /// Changes where events go, to an https URI.
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.fields.uri = Some(uri.into());
        self
    }

    /// Changes which events are sent, to these and no others.
    pub fn subscribed_events(
        mut self,
        events: impl IntoIterator<Item = impl Into<SubscribedEvent>>,
    ) -> Self {
        self.fields.subscribed_events = Some(events.into_iter().map(Into::into).collect());
        self
    }

    /// Has events sent, also after the service has turned the webhook off.
    pub fn enable(mut self) -> Self {
        self.fields.state = Some("enabled");
        self
    }

    /// Has no events sent.
    pub fn disable(mut self) -> Self {
        self.fields.state = Some("disabled");
        self
    }

    pub(super) fn check(&self) -> Result<(), RequestProblem> {
        self.fields.check()
    }

    /// The names of what is set, with commas between.
    pub(super) fn mask(&self) -> String {
        self.fields.set().map(|(name, _)| name).collect::<Vec<_>>().join(",")
    }

    pub(super) fn to_json(&self) -> Value {
        self.fields.to_json()
    }
}

impl fmt::Debug for WebhookUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields.show(f.debug_struct("WebhookUpdate"))
    }
}

/// Tells whether events can be sent to a URI: https, in ASCII, as RFC 3986 has it.
pub(super) fn check_uri(text: &str) -> Result<(), RequestProblem> {
    let bounded = text.is_ascii() && text.len() <= MAX_CALLBACK_URI_BYTES;
    let uri: Option<Uri> = if bounded { text.parse().ok() } else { None };
    let secure = uri.is_some_and(|uri| {
        uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty())
    });
    if secure { Ok(()) } else { Err(RequestProblem::CallbackUri) }
}

/// What a caller may set.
#[derive(Clone, Default)]
struct Fields {
    name: Option<String>,
    uri: Option<String>,
    subscribed_events: Option<Vec<SubscribedEvent>>,
    state: Option<&'static str>,
}

impl Fields {
    /// What is set, by the names of the API.
    fn set(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let Self { name, uri, subscribed_events, state } = self;
        let text = |text: &String| Value::from(text.as_str());
        let events = |events: &Vec<SubscribedEvent>| {
            events.iter().map(|event| Value::from(event.as_str())).collect()
        };
        [
            ("name", name.as_ref().map(text)),
            ("uri", uri.as_ref().map(text)),
            ("subscribed_events", subscribed_events.as_ref().map(events)),
            ("state", state.map(Value::from)),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    fn to_json(&self) -> Value {
        let members = self.set().map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect::<Map<_, _>>())
    }

    fn check(&self) -> Result<(), RequestProblem> {
        let Self { name, uri, subscribed_events, state: _ } = self;
        if self.set().next().is_none() {
            return Err(RequestProblem::NothingToUpdate);
        }
        if name.as_ref().is_some_and(|name| name.len() > MAX_WEBHOOK_NAME_BYTES) {
            return Err(RequestProblem::Name);
        }
        uri.as_deref().map_or(Ok(()), check_uri)?;
        subscribed_events.as_deref().map_or(Ok(()), check_events)
    }

    fn show(&self, mut f: fmt::DebugStruct<'_, '_>) -> fmt::Result {
        let Self { name, uri, subscribed_events, state } = self;
        f.field("name", name)
            .field("uri", &uri.as_deref().map(ShownUri))
            .field("subscribed_events", subscribed_events)
            .field("state", state)
            .finish()
    }
}

fn check_events(events: &[SubscribedEvent]) -> Result<(), RequestProblem> {
    let known = events.iter().filter_map(|event| EventType::parse(event.as_str()));
    let refused = known.into_iter().find(|event_type| !event_type.is_subscribable());
    match refused {
        Some(event_type) => Err(RequestProblem::NotSubscribable { event_type }),
        None if events.is_empty() => Err(RequestProblem::NoEvents),
        None => Ok(()),
    }
}

//! The `webhook_config` that binds a dynamic webhook to one job.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::Value;
use zeroize::Zeroizing;

use super::error::RequestProblem;
use super::request::check_uri;
use super::webhook::ShownUri;
use crate::event::Envelope;
use crate::limits::{MAX_CALLBACK_URIS, MAX_USER_METADATA_BYTES, MIN_BINDING_TOKEN_BYTES};

/// Binds dynamic webhooks to a job: the value of `webhook_config` in the request that starts it.
///
/// Serialises to what the API takes, `{"uris": [..], "user_metadata": {..}}`, whichever client
/// sends the request. A batch has it in `config` beside `display_name` (Google's page); an
/// interaction at the top level of its request, which also needs `"background": true` (observed).
/// `Debug` shows neither the paths of the URIs nor the metadata.
///
/// # Security
/// What it serialises to holds the token of the binding: do not log it.
///
/// # Examples
/// ```
/// use gemini_webhooks::client::WebhookConfig;
/// use serde_json::json;
///
/// let config = WebhookConfig::builder()
///     .uri("https://my-api.com/gemini-webhook-dynamic")
///     .metadata("job_group", "nightly-eval")
///     .binding_token("token", "8f2d6e0c-1a55-4f0b-9c0e-2d5a7b1c4e88")
///     .build()?;
/// let interaction = json!({
///     "model": "gemini-3-flash-preview",
///     "input": "Write a long story.",
///     "background": true,
///     "webhook_config": config,
/// });
/// assert_eq!(interaction["webhook_config"], json!({
///     "uris": ["https://my-api.com/gemini-webhook-dynamic"],
///     "user_metadata": {
///         "job_group": "nightly-eval",
///         "token": "8f2d6e0c-1a55-4f0b-9c0e-2d5a7b1c4e88",
///     },
/// }));
/// # Ok::<(), gemini_webhooks::client::RequestProblem>(())
/// ```
#[derive(Clone)]
pub struct WebhookConfig {
    uris: Vec<String>,
    metadata: Metadata,
}

impl WebhookConfig {
    /// Starts to set up a config.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::client::{RequestProblem, WebhookConfig};
    ///
    /// let nowhere = WebhookConfig::builder().build();
    /// assert_eq!(nowhere.unwrap_err(), RequestProblem::CallbackUriCount);
    /// let in_the_open = WebhookConfig::builder().uri("http://my-api.com/hook").build();
    /// assert_eq!(in_the_open.unwrap_err(), RequestProblem::CallbackUri);
    /// ```
    pub fn builder() -> WebhookConfigBuilder {
        WebhookConfigBuilder { config: Self { uris: Vec::new(), metadata: Metadata::default() } }
    }
}

impl Serialize for WebhookConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { uris, metadata } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("uris", uris)?;
        if !metadata.is_empty() {
            map.serialize_entry("user_metadata", metadata)?;
        }
        map.end()
    }
}

impl fmt::Debug for WebhookConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { uris, metadata: _ } = self;
        let uris: Vec<_> = uris.iter().map(|uri| ShownUri(uri)).collect();
        f.debug_struct("WebhookConfig")
            .field("uris", &uris)
            .field("user_metadata", &format_args!("[redacted]"))
            .finish()
    }
}

/// Sets up a [`WebhookConfig`]; made by [`WebhookConfig::builder`].
///
/// # Examples
/// See [`WebhookConfig`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct WebhookConfigBuilder {
    config: WebhookConfig,
}

impl WebhookConfigBuilder {
    /// Adds an https URI that the job's events are sent to, up to 8.
    pub fn uri(mut self, uri: impl Into<String>) -> Self {
        self.config.uris.push(uri.into());
        self
    }

    /// Adds a member to `user_metadata`, which comes back with every event of the job. Anybody who
    /// receives one can read it.
    pub fn metadata(mut self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.config.metadata.members.push((member.into(), value.into()));
        self
    }

    /// Puts the token of a binding into `user_metadata`, by which the endpoint knows that a
    /// delivery is its own: the same member and token as its `Binding::metadata_token` has.
    ///
    /// # Security
    /// A token belongs to one endpoint: whoever receives a delivery that holds it can re-post it to
    /// every endpoint which accepts that token. So it goes to one URI alone, and two endpoints have
    /// two tokens. It has at least 16 random bytes.
    ///
    /// # Examples
    #[cfg_attr(feature = "dynamic", doc = "```")]
    #[cfg_attr(not(feature = "dynamic"), doc = "```ignore")]
    /// use gemini_webhooks::Binding;
    /// use gemini_webhooks::client::{RequestProblem, WebhookConfig};
    ///
    /// let token = "8f2d6e0c-1a55-4f0b-9c0e-2d5a7b1c4e88";
    /// let on_the_endpoint = Binding::metadata_token("token", token)?;
    /// let on_the_job = WebhookConfig::builder().binding_token("token", token);
    ///
    /// let at_two = on_the_job.uri("https://my-api.com/one").uri("https://my-api.com/two").build();
    /// assert_eq!(at_two.unwrap_err(), RequestProblem::SharedToken);
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn binding_token(mut self, member: impl Into<String>, token: impl Into<String>) -> Self {
        let token = Zeroizing::new(token.into());
        self.config.metadata.tokens.push((member.into(), token));
        self
    }

    /// Makes the config.
    ///
    /// # Errors
    /// [`RequestProblem::CallbackUriCount`], [`RequestProblem::CallbackUri`],
    /// [`RequestProblem::BindingToken`], [`RequestProblem::SharedToken`],
    /// [`RequestProblem::UserMetadata`].
    pub fn build(self) -> Result<WebhookConfig, RequestProblem> {
        let WebhookConfig { uris, metadata } = &self.config;
        if !(1..=MAX_CALLBACK_URIS).contains(&uris.len()) {
            return Err(RequestProblem::CallbackUriCount);
        }
        uris.iter().try_for_each(|uri| check_uri(uri))?;
        if metadata.tokens.iter().any(|(_, token)| token.len() < MIN_BINDING_TOKEN_BYTES) {
            return Err(RequestProblem::BindingToken);
        }
        if !metadata.tokens.is_empty() && uris.len() > 1 {
            return Err(RequestProblem::SharedToken);
        }
        if !metadata.can_be_read_back() {
            return Err(RequestProblem::UserMetadata);
        }
        Ok(self.config)
    }
}

/// What comes back with every event.
#[derive(Clone, Default)]
struct Metadata {
    members: Vec<(String, Value)>,
    /// Wiped when they are dropped.
    tokens: Vec<(String, Zeroizing<String>)>,
}

impl Metadata {
    fn is_empty(&self) -> bool {
        self.members.is_empty() && self.tokens.is_empty()
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        self.members.iter().map(|(name, _)| name).chain(self.tokens.iter().map(|(name, _)| name))
    }

    /// Tells whether a verifier would read an event that carries it: at the deepest place where one
    /// looks for it.
    fn can_be_read_back(&self) -> bool {
        let Ok(json) = serde_json::to_string(self).map(Zeroizing::new) else {
            return false;
        };
        let event =
            Zeroizing::new(format!(r#"{{"type":"","data":{{"user_metadata":{}}}}}"#, *json));
        json.len() <= MAX_USER_METADATA_BYTES
            && self.names().collect::<BTreeSet<_>>().len() == self.names().count()
            && Envelope::from_slice(event.as_bytes()).is_ok()
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { members, tokens } = self;
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in members {
            map.serialize_entry(name, value)?;
        }
        for (name, token) in tokens {
            map.serialize_entry(name, token.as_str())?;
        }
        map.end()
    }
}

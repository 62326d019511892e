//! A client of Google's `WebhookService`, which registers static webhooks, and the `webhook_config`
//! that binds a dynamic webhook to one job.
//!
//! # Examples
//! ```no_run
//! use gemini_webhooks::client::{NewWebhook, WebhookClient};
//! use gemini_webhooks::{EventType, Revocation, StaticVerifier};
//! # fn store(secret: &str) -> std::io::Result<()> { Ok(()) }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = WebhookClient::from_env()?; // the API key is in GEMINI_API_KEY
//!
//! // The service shows a secret once: store it before anything else.
//! let events = [EventType::BatchSucceeded, EventType::BatchFailed];
//! let webhook = NewWebhook::new("https://my-api.com/gemini-callback", events);
//! let created = client.create(&webhook).await?;
//! store(created.new_signing_secret.expose_secret())?;
//! let secret = created.new_signing_secret.to_secret()?;
//! let verifier = StaticVerifier::builder().secret(secret).build()?;
//!
//! // A rotation, in the running server.
//! let previous = Revocation::After24Hours;
//! let new_secret = client.rotate(&created.webhook.id, previous).await?;
//! store(new_secret.expose_secret())?;
//! verifier.add_secret(new_secret.to_secret()?, previous)?;
//! # Ok(())
//! # }
//! ```

mod answer;
mod api_key;
mod builder;
mod call;
mod error;
mod job;
mod list;
mod new_secret;
mod request;
mod transport;
mod webhook;

use std::fmt;
use std::sync::Arc;

pub use self::api_key::ApiKey;
pub use self::builder::{GEMINI_API_URL, WebhookClientBuilder};
pub use self::call::Call;
use self::call::Request;
pub use self::error::{ClientError, RequestProblem};
pub use self::job::{WebhookConfig, WebhookConfigBuilder};
pub use self::list::{WebhookPage, WebhookStream};
pub use self::new_secret::{CreatedWebhook, NewSecret};
pub use self::request::{NewWebhook, WebhookUpdate};
use self::transport::Transport;
pub use self::webhook::{SigningSecretInfo, SubscribedEvent, Webhook, WebhookState};
use crate::error::ConfigError;
use crate::limits::DEFAULT_PAGE_SIZE;
use crate::verify_static::Revocation;

/// Where the API key is, for [`WebhookClient::from_env`]: the name that Google's SDKs read.
const API_KEY_VARIABLE: &str = "GEMINI_API_KEY";

/// Manages the static webhooks of a project, through the `WebhookService` of the Gemini API.
///
/// Cheap to clone, and to share between threads; needs a tokio runtime. A call that is safe to
/// repeat ([`Call::is_repeatable`]) is sent up to three times more when the service is busy or the
/// connection fails, after a growing wait or the one that the service asks for; `create`, `rotate`
/// and `ping` are sent once. Every call ends in 30 seconds, if not set otherwise.
///
/// # Security
/// Who holds the API key can do all that the project may. It is sent to the base URL alone: over
/// https, and never after a redirect. It is wiped from memory when the last clone goes, except for
/// what the HTTP client has written through its buffers.
///
/// # Examples
/// ```no_run
/// use gemini_webhooks::client::WebhookClient;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = WebhookClient::from_env()?;
/// let mut webhooks = client.list();
/// while let Some(webhook) = webhooks.next().await {
///     let webhook = webhook?;
///     println!("{} {:?} -> {}", webhook.id, webhook.name, webhook.uri);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct WebhookClient {
    transport: Arc<Transport>,
}

impl WebhookClient {
    /// Makes a client with the API key in the environment variable `GEMINI_API_KEY`.
    ///
    /// # Errors
    /// [`ConfigError::EnvMissing`], [`ConfigError::EnvNotUnicode`], [`ConfigError::ApiKey`],
    /// [`ConfigError::HttpClient`].
    ///
    /// # Examples
    /// ```no_run
    /// use gemini_webhooks::client::WebhookClient;
    ///
    /// let client = WebhookClient::from_env()?;
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder(ApiKey::from_env(API_KEY_VARIABLE)?).build()
    }

    /// Starts to set up a client.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use gemini_webhooks::client::{ApiKey, WebhookClient};
    ///
    /// let client = WebhookClient::builder(ApiKey::new("AIza-not-a-real-key")?)
    ///     .timeout(Duration::from_secs(10))
    ///     .build()?;
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn builder(api_key: ApiKey) -> WebhookClientBuilder {
        WebhookClientBuilder::new(api_key)
    }

    /// Registers a webhook. The answer has its first secret, which the service never shows again:
    /// store it before anything else.
    ///
    /// # Errors
    /// [`ClientError::InvalidRequest`] before anything is sent. [`ClientError::OutcomeUnknown`]
    /// when the answer was lost: then the webhook may be there. Else what [`get`](Self::get) gives.
    ///
    /// # Security
    /// Let the future run to its end: with it goes the secret. It is sent once and never repeated.
    ///
    /// # Examples
    /// ```no_run
    /// use gemini_webhooks::EventType;
    /// use gemini_webhooks::client::{NewWebhook, WebhookClient};
    /// # fn store(secret: &str) -> std::io::Result<()> { Ok(()) }
    ///
    /// # async fn example(client: WebhookClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let webhook = NewWebhook::new("https://my-api.com/hook", [EventType::BatchSucceeded]);
    /// let created = client.create(&webhook.name("MyBatchWebhook")).await?;
    /// store(created.new_signing_secret.expose_secret())?;
    /// println!("created {}", created.webhook.id);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create(&self, webhook: &NewWebhook) -> Result<CreatedWebhook, ClientError> {
        webhook.check()?;
        let request = Request::create(webhook);
        let answer = self.transport.call(&request).await?;
        answer::created(&answer).map_err(|error| error.after(request.call))
    }

    /// Looks a webhook up by its id.
    ///
    /// # Errors
    /// [`ClientError::InvalidRequest`] for what can be no id, before anything is sent.
    /// [`ClientError::Service`] with the HTTP status when the service refuses. And
    /// [`AnswerTooLarge`](ClientError::AnswerTooLarge),
    /// [`AnswerUnreadable`](ClientError::AnswerUnreadable),
    /// [`Interrupted`](ClientError::Interrupted), [`Redirected`](ClientError::Redirected),
    /// [`TimedOut`](ClientError::TimedOut), [`Unreachable`](ClientError::Unreachable).
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::client::{ApiKey, ClientError, RequestProblem, WebhookClient};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), gemini_webhooks::ConfigError> {
    /// let client = WebhookClient::builder(ApiKey::new("AIza-not-a-real-key")?).build()?;
    /// let refused = client.get("../models").await.unwrap_err();
    /// let problem = RequestProblem::WebhookId;
    /// assert_eq!(refused, ClientError::InvalidRequest { problem });
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, id: &str) -> Result<Webhook, ClientError> {
        answer::webhook(&self.transport.call(&Request::get(id)?).await?)
    }

    /// Lists all webhooks of the project, page by page as the stream is read.
    ///
    /// # Examples
    /// See [`WebhookStream`].
    #[must_use = "a stream does nothing until it is read"]
    pub fn list(&self) -> WebhookStream {
        WebhookStream::new(self.clone(), DEFAULT_PAGE_SIZE)
    }

    /// Lists one page of webhooks: the first without a token, else the one after the page that gave
    /// the token.
    ///
    /// # Errors
    /// [`ClientError::InvalidRequest`] when `page_size` is not 1 to 1000, or the token is empty or
    /// longer than 2 KiB. Else what [`get`](Self::get) gives.
    ///
    /// # Examples
    /// ```no_run
    /// use gemini_webhooks::client::WebhookClient;
    ///
    /// # async fn example(client: WebhookClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let first = client.list_page(100, None).await?;
    /// let second = match &first.next_page_token {
    ///     Some(token) => client.list_page(100, Some(token)).await?.webhooks,
    ///     None => Vec::new(),
    /// };
    /// # Ok(())
    /// # }
    /// ```
    pub async fn list_page(
        &self,
        page_size: u16,
        page_token: Option<&str>,
    ) -> Result<WebhookPage, ClientError> {
        let answer = self.transport.call(&Request::list(page_size, page_token)?).await?;
        answer::read::<WebhookPage>(&answer)?.checked()
    }

    /// Changes what is set in `update`, and nothing else.
    ///
    /// It says what a webhook is to be, not how to change it, so that sending it twice is sending
    /// it once: it is repeated like a `get`. As with any update without a version, the last one
    /// wins.
    ///
    /// # Errors
    /// [`ClientError::InvalidRequest`] for what can be no id, a URI that is not https, a name that is
    /// too long, events that are none or cannot be subscribed to, or an update that sets nothing,
    /// before anything is sent. Else what [`get`](Self::get) gives.
    ///
    /// # Examples
    /// ```no_run
    /// use gemini_webhooks::EventType;
    /// use gemini_webhooks::client::{WebhookClient, WebhookUpdate};
    ///
    /// # async fn example(client: WebhookClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let update = WebhookUpdate::new()
    ///     .subscribed_events([EventType::BatchSucceeded, EventType::VideoGenerated])
    ///     .enable();
    /// let webhook = client.update("0abc123def", &update).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn update(&self, id: &str, update: &WebhookUpdate) -> Result<Webhook, ClientError> {
        update.check()?;
        answer::webhook(&self.transport.call(&Request::update(id, update)?).await?)
    }

    /// Removes a webhook.
    ///
    /// When it had to be repeated after an attempt that may have been carried out (a connection that
    /// broke, a status of 5xx), a webhook that is not there any more counts as removed.
    ///
    /// # Errors
    /// What [`get`](Self::get) gives.
    ///
    /// # Examples
    /// ```no_run
    /// use gemini_webhooks::client::WebhookClient;
    ///
    /// # async fn example(client: WebhookClient) -> Result<(), Box<dyn std::error::Error>> {
    /// client.delete("0abc123def").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete(&self, id: &str) -> Result<(), ClientError> {
        self.transport.call(&Request::delete(id)?).await.map(drop)
    }

    /// Makes a new secret for a webhook, which the service never shows again: store it before
    /// anything else, then bring it to the receivers, in this process by
    /// [`StaticVerifier::add_secret`](crate::StaticVerifier::add_secret).
    ///
    /// # Errors
    /// [`ClientError::OutcomeUnknown`] when the answer was lost: then the secret may have been
    /// rotated. Rotate again at once and store what that gives; the secret that was lost goes with
    /// the previous ones. Else what [`get`](Self::get) gives, and the secret is what it was.
    ///
    /// # Security
    /// Let the future run to its end: with it goes the secret. It is sent once and never repeated.
    ///
    /// # Examples
    /// ```no_run
    /// use gemini_webhooks::client::WebhookClient;
    /// use gemini_webhooks::{Revocation, StaticVerifier};
    /// # fn store(secret: &str) -> std::io::Result<()> { Ok(()) }
    ///
    /// # async fn example(client: WebhookClient, verifier: StaticVerifier)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let previous = Revocation::After24Hours;
    /// let new_secret = client.rotate("0abc123def", previous).await?;
    /// store(new_secret.expose_secret())?;
    /// verifier.add_secret(new_secret.to_secret()?, previous)?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn rotate(&self, id: &str, previous: Revocation) -> Result<NewSecret, ClientError> {
        let request = Request::rotate(id, previous)?;
        let answer = self.transport.call(&request).await?;
        answer::rotated(&answer).map_err(|error| error.after(request.call))
    }

    /// Makes the service send an event to a webhook's URI, to see whether it arrives there.
    ///
    /// `Ok` says that the service has taken the call, even where the URI cannot be reached
    /// (observed). What it sends is in no catalogue: it arrives as
    /// [`Event::Unknown`](crate::Event::Unknown).
    ///
    /// # Errors
    /// [`ClientError::OutcomeUnknown`] when the answer was lost. Else what [`get`](Self::get)
    /// gives.
    ///
    /// # Examples
    /// ```no_run
    /// use gemini_webhooks::client::WebhookClient;
    ///
    /// # async fn example(client: WebhookClient) -> Result<(), Box<dyn std::error::Error>> {
    /// client.ping("0abc123def").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn ping(&self, id: &str) -> Result<(), ClientError> {
        self.transport.call(&Request::ping(id)?).await.map(drop)
    }
}

impl fmt::Debug for WebhookClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookClient")
            .field("host", &self.transport.host())
            .finish_non_exhaustive()
    }
}

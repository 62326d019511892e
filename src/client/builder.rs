//! How a client is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{ClientBuilder, Url};

use super::transport::Transport;
use super::{ApiKey, WebhookClient};
use crate::error::ConfigError;
use crate::http_client::{self, is_loopback};
use crate::limits::{CALL_SECONDS, DEFAULT_CALL_TIMEOUT};

/// Where the API is (observed; the samples on Google's page say `/v1`).
pub const GEMINI_API_URL: &str = "https://generativelanguage.googleapis.com/v1beta";

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sets up a [`WebhookClient`]; made by [`WebhookClient::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::ConfigError;
/// use gemini_webhooks::client::{ApiKey, WebhookClient};
///
/// let key = || ApiKey::new("AIza-not-a-real-key");
/// let client = WebhookClient::builder(key()?)
///     .base_url("https://generativelanguage.googleapis.com/v1")
///     .timeout(Duration::from_secs(10))
///     .build()?;
///
/// let plain = WebhookClient::builder(key()?).base_url("http://example.com/v1beta").build();
/// assert_eq!(plain.unwrap_err(), ConfigError::ApiUrl);
/// # Ok::<(), ConfigError>(())
/// ```
#[must_use = "a builder does nothing until `build` is called"]
pub struct WebhookClientBuilder {
    api_key: ApiKey,
    base_url: String,
    timeout: Duration,
    http: ClientBuilder,
}

impl WebhookClientBuilder {
    pub(super) fn new(api_key: ApiKey) -> Self {
        Self {
            api_key,
            base_url: GEMINI_API_URL.to_owned(),
            timeout: DEFAULT_CALL_TIMEOUT,
            http: ClientBuilder::new(),
        }
    }

    /// Sets where the API is; [`GEMINI_API_URL`] if not set. Plain http is for loopback addresses
    /// alone (`127.0.0.1`, `[::1]`), where a stand-in of the service runs.
    ///
    /// # Security
    /// The API key goes there.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets how long a call may take with its repeats, from 1 to 300 seconds; 30 if not set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets what the HTTP client is made of, for one that goes through a proxy or trusts other
    /// certificates. Redirects, repeats and its log of what is sent are turned off all the same,
    /// since reqwest would carry the API key along; that is why this takes no finished client. The
    /// time limits are those of this builder, no connection is kept for a later call, only https is
    /// spoken but to a loopback address, and to that never through a proxy.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::client::{ApiKey, WebhookClient};
    /// use gemini_webhooks::reqwest;
    ///
    /// let proxy = reqwest::Proxy::all("http://proxy.internal:3128")?;
    /// let client = WebhookClient::builder(ApiKey::new("AIza-not-a-real-key")?)
    ///     .http_client(reqwest::Client::builder().proxy(proxy))
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn http_client(mut self, client: ClientBuilder) -> Self {
        self.http = client;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    /// [`ConfigError::ApiUrl`], [`ConfigError::ApiTimeoutOutOfRange`]; [`ConfigError::HttpClient`]
    /// when there is no client to be had, for want of certificates for instance.
    pub fn build(self) -> Result<WebhookClient, ConfigError> {
        let Self { api_key, base_url, timeout, http } = self;
        if !CALL_SECONDS.contains(&timeout.as_secs()) {
            return Err(ConfigError::ApiTimeoutOutOfRange);
        }
        let url = api_url(&base_url).ok_or(ConfigError::ApiUrl)?;
        // What goes to this machine goes through no proxy, least of all in plain text.
        let http = if is_loopback(&url) { http.no_proxy() } else { http.https_only(true) };
        // A call that must not be repeated never meets a connection that was closed meanwhile.
        let http = http.pool_max_idle_per_host(0);
        let http = http_client::build(http, CONNECT_TIMEOUT, timeout)?;
        let transport = Transport::new(http, url, api_key, timeout);
        Ok(WebhookClient { transport: Arc::new(transport) })
    }
}

impl fmt::Debug for WebhookClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the URL nor the client: both can hold credentials.
        let Self { api_key, base_url: _, timeout, http: _ } = self;
        f.debug_struct("WebhookClientBuilder")
            .field("api_key", api_key)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}

/// A URL that calls can be appended to, and the API key be sent to.
fn api_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(&url));
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    (secure && bare).then_some(url)
}

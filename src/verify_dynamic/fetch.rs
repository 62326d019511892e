//! The fetcher over HTTPS, with everything bounded.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{AGE, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH};
use http::{HeaderValue, StatusCode};
use reqwest::{Client, ClientBuilder, Response, Url};

use super::cache::{
    CachedKeys, CachedKeysBuilder, Fetch, FetchFuture, FetchProblem, FetchRequest, Fetched,
};
use super::keys::KeySetProblem;
use crate::error::ConfigError;
#[cfg(feature = "testing")]
use crate::http_client::is_loopback;
use crate::http_client::{self, ReadProblem};
use crate::limits::{FETCH_TIMEOUT, MAX_JWKS_BYTES};

/// Where Google publishes the keys of Gemini webhooks (Google's page). The set of
/// `www.googleapis.com/oauth2/v3/certs`, which the page links in prose, signs ID tokens of other
/// products and must not be used.
pub const GOOGLE_KEYS_URL: &str = "https://generativelanguage.googleapis.com/.well-known/jwks.json";

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest `ETag` that is kept, in bytes.
const MAX_ETAG_BYTES: usize = 256;

/// Fetches a key document by reqwest: https with certificate checks, no redirects, status 200 only,
/// 5 seconds, 128 KiB.
///
/// # Examples
/// ```
/// use gemini_webhooks::{CachedKeys, ConfigError, HttpsFetch};
///
/// let url = "https://keys.example.com/jwks.json";
/// let keys = CachedKeys::builder(url, HttpsFetch::new(url)?).build()?;
/// assert_eq!(HttpsFetch::new("http://keys.example.com").unwrap_err(), ConfigError::KeyUrl);
/// # Ok::<(), ConfigError>(())
/// ```
#[derive(Clone)]
pub struct HttpsFetch {
    client: Client,
    url: Url,
}

impl HttpsFetch {
    /// Makes a fetcher with a client of its own.
    ///
    /// # Errors
    /// [`ConfigError::KeyUrl`] when the URL is not https, or has a user or a fragment in it;
    /// [`ConfigError::HttpClient`] when there is no client to be had, for want of certificates for
    /// instance.
    pub fn new(url: &str) -> Result<Self, ConfigError> {
        Self::build(https(url)?, Client::builder().https_only(true))
    }

    /// Makes a fetcher with a client of yours, for one that goes through a proxy.
    ///
    /// # Errors
    /// [`ConfigError::KeyUrl`] when the URL is not https, or has a user or a fragment in it.
    ///
    /// # Security
    /// Build the client without redirects and with certificate checks: whoever can answer in the
    /// endpoint's place can forge deliveries. An answer that came by a redirect is refused, and
    /// status, time and size are bounded all the same.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{HttpsFetch, reqwest};
    ///
    /// let client = reqwest::Client::builder()
    ///     .redirect(reqwest::redirect::Policy::none())
    ///     .https_only(true)
    ///     .build()?;
    /// let fetch = HttpsFetch::with_client(client, "https://keys.example.com/jwks.json")?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_client(client: Client, url: &str) -> Result<Self, ConfigError> {
        Ok(Self { client, url: https(url)? })
    }

    /// Makes a fetcher for a server of a test, over plain http on a loopback address.
    ///
    /// # Errors
    /// [`ConfigError::KeyUrl`] when the host is not a loopback address, or with a user or a fragment;
    /// [`ConfigError::HttpClient`] when there is no client to be had.
    #[cfg(feature = "testing")]
    pub fn loopback(url: &str) -> Result<Self, ConfigError> {
        match Url::parse(url) {
            Ok(url) if is_loopback(&url) && is_plain(&url) => {
                Self::build(url, Client::builder().no_proxy())
            }
            _ => Err(ConfigError::KeyUrl),
        }
    }

    fn build(url: Url, client: ClientBuilder) -> Result<Self, ConfigError> {
        let client = http_client::build(client, CONNECT_TIMEOUT, FETCH_TIMEOUT)?;
        Ok(Self { client, url })
    }

    async fn get(self, request: FetchRequest) -> Result<Fetched, FetchProblem> {
        let mut get = self.client.get(self.url.clone());
        if let Some(etag) = &request.etag {
            get = get.header(IF_NONE_MATCH, etag);
        }
        if request.forced {
            get = get.header(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        let response = get.send().await.map_err(|error| problem_of(&error))?;
        // A client of the caller's may follow redirects, and then somebody else has answered.
        if *response.url() != self.url {
            return Err(FetchProblem::Redirected);
        }
        let max_age = max_age(response.headers());
        match response.status() {
            StatusCode::OK => {
                let etag = text(response.headers(), &ETAG)
                    .filter(|etag| etag.len() <= MAX_ETAG_BYTES)
                    .map(str::to_owned);
                Ok(Fetched::Document { body: read(response).await?, max_age, etag })
            }
            StatusCode::NOT_MODIFIED if request.etag.is_some() => {
                Ok(Fetched::NotModified { max_age })
            }
            status => Err(FetchProblem::Status(status.as_u16())),
        }
    }
}

impl fmt::Debug for HttpsFetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the whole URL nor the client: both can hold credentials, the URL in its query.
        f.debug_struct("HttpsFetch").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Fetch for HttpsFetch {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        Box::pin(self.clone().get(request))
    }
}

impl CachedKeys {
    /// Keeps Google's keys for Gemini webhooks. Nothing is fetched before the first request.
    ///
    /// # Errors
    /// [`ConfigError::HttpClient`].
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{CachedKeys, DynamicVerifier};
    ///
    /// let verifier = DynamicVerifier::builder()
    ///     .audience("my-project-client-id")
    ///     .keys(CachedKeys::google()?)
    ///     .build()?;
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn google() -> Result<Self, ConfigError> {
        Self::google_builder()?.build()
    }

    /// Starts to set up a cache of Google's keys.
    ///
    /// # Errors
    /// [`ConfigError::HttpClient`].
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use gemini_webhooks::CachedKeys;
    ///
    /// let keys = CachedKeys::google_builder()?
    ///     .ttl(Duration::from_secs(300))
    ///     .on_event(|event| eprintln!("keys: {event:?}"))
    ///     .build()?;
    /// # Ok::<(), gemini_webhooks::ConfigError>(())
    /// ```
    pub fn google_builder() -> Result<CachedKeysBuilder, ConfigError> {
        Ok(Self::builder(GOOGLE_KEYS_URL, HttpsFetch::new(GOOGLE_KEYS_URL)?))
    }
}

fn https(url: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "https" && is_plain(url));
    url.ok_or(ConfigError::KeyUrl)
}

/// reqwest tells the URL that has answered without user and fragment, so that every answer would look
/// like one of somebody else; and a key set that needs a password is no public key set.
fn is_plain(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none() && url.fragment().is_none()
}

/// Reads a body, and stops at the limit.
async fn read(response: Response) -> Result<Bytes, FetchProblem> {
    let mut body = BytesMut::new();
    let read = http_client::read(response, MAX_JWKS_BYTES, |chunk| body.extend_from_slice(chunk));
    read.await.map_err(|problem| match problem {
        ReadProblem::TooLarge => FetchProblem::Document(KeySetProblem::TooLarge),
        ReadProblem::Broken(error) => problem_of(&error),
    })?;
    Ok(body.freeze())
}

fn problem_of(error: &reqwest::Error) -> FetchProblem {
    if error.is_timeout() { FetchProblem::Timeout } else { FetchProblem::Unreachable }
}

/// `max-age` less `Age` (RFC 9111 section 4.2); what must not be stored or reused without asking
/// has none left.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let lines = || headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let directives = || lines().flat_map(|line| line.split(',')).map(str::trim);
    let is = |wanted: &'static str| move |one: &str| one.eq_ignore_ascii_case(wanted);
    if directives().any(is("no-store")) || directives().any(is("no-cache")) {
        return Some(Duration::ZERO);
    }
    let max_age = directives().find_map(|one| {
        let (name, value) = one.split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse::<u64>().ok())?
    })?;
    let age = text(headers, &AGE).and_then(|age| age.parse().ok()).unwrap_or(0);
    Some(Duration::from_secs(max_age.saturating_sub(age)))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn age_of(headers: &[(&str, &str)]) -> Option<u64> {
        let parse = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap())
        };
        max_age(&headers.iter().map(parse).collect()).map(|age| age.as_secs())
    }

    #[test]
    fn max_age_is_what_is_left_of_it() {
        assert_eq!(age_of(&[]), None);
        let two = [("cache-control", "public"), ("cache-control", "max-age=300")];
        assert_eq!(age_of(&two), Some(300));
        assert_eq!(age_of(&[("cache-control", "public, max-age=300")]), Some(300));
        assert_eq!(age_of(&[("cache-control", "Max-Age=\"300\", public")]), Some(300));
        assert_eq!(age_of(&[("cache-control", "max-age=300"), ("age", "100")]), Some(200));
        assert_eq!(age_of(&[("cache-control", "max-age=300"), ("age", "400")]), Some(0));
        assert_eq!(age_of(&[("cache-control", "max-age=300, no-store")]), Some(0));
        assert_eq!(age_of(&[("cache-control", "no-cache")]), Some(0));
        assert_eq!(age_of(&[("cache-control", "s-maxage=300")]), None);
    }

    #[test]
    fn a_max_age_that_is_no_number_counts_as_none() {
        for value in ["max-age=", "max-age=-1", "max-age=1e9", "max-age=99999999999999999999"] {
            assert_eq!(age_of(&[("cache-control", value)]), None, "{value}");
        }
    }

    /// `PyJWT` followed redirects; a client that a caller hands in may do so too.
    #[cfg(all(feature = "testing", feature = "aws-lc-rs"))]
    #[tokio::test]
    async fn cv6_102267_an_answer_that_came_by_a_redirect_is_refused() {
        use crate::testing::{KeyAnswer, KeyServer, jwks};

        let elsewhere = KeyServer::start(KeyAnswer::document(jwks([]))).unwrap();
        let server = KeyServer::start(KeyAnswer::redirect(&elsewhere.url())).unwrap();
        let client = Client::builder().no_proxy().build().unwrap();
        let fetch = HttpsFetch { client, url: server.url().parse().unwrap() };
        let refused = fetch.fetch(FetchRequest::default()).await.unwrap_err();
        assert_eq!(refused, FetchProblem::Redirected);
        assert_eq!(elsewhere.fetches(), 1);
    }
}

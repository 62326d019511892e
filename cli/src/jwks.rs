//! Where the keys of dynamic webhooks come from: Google's endpoint, another URL, or a file.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use clap::Args;
use gemini_webhooks::limits::{FETCH_TIMEOUT, MAX_JWKS_BYTES};
use gemini_webhooks::{
    CachedKeys, Fetch, FetchFuture, FetchProblem, FetchRequest, Fetched, GOOGLE_KEYS_URL,
    HttpsFetch, KeyEvent, KeySetProblem,
};
use http::{HeaderMap, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::exit::Failure;
use crate::files;
use crate::output;
use crate::text::{Shown, count};
use crate::web::{self, chain, no_client};

/// How long a file is taken for the newest.
const FILE_MAX_AGE: Duration = Duration::from_secs(60);

/// How soon keys of this machine are looked for again: whoever tries things out makes new ones all the
/// time, and there is no server to be spared.
const LOCAL_COOLDOWN: Duration = Duration::from_secs(1);

/// Says where the keys are.
#[derive(Args, Debug, Default)]
pub(crate) struct JwksArgs {
    /// Where the keys of dynamic webhooks are: an https URL, a file, or http on 127.0.0.1
    /// [default: Google's]
    #[arg(long, value_name = "URL|FILE", help_heading = "Keys of dynamic webhooks")]
    pub(crate) jwks: Option<KeysFrom>,
}

impl JwksArgs {
    pub(crate) fn keys_from(&self) -> KeysFrom {
        self.jwks.clone().unwrap_or_default()
    }
}

/// A place with a key document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeysFrom {
    Url(String),
    Loopback(String),
    File(PathBuf),
}

impl Default for KeysFrom {
    fn default() -> Self {
        Self::Url(GOOGLE_KEYS_URL.to_owned())
    }
}

impl FromStr for KeysFrom {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("https", _)) => Ok(Self::Url(text.to_owned())),
            Some(("http", _)) if is_loopback(text) => Ok(Self::Loopback(text.to_owned())),
            Some(("http", _)) => Err("http is for 127.0.0.1 alone: whoever can answer in the \
                                      place of another server can forge deliveries"
                .to_owned()),
            Some(_) => Err("neither an https URL nor a file".to_owned()),
            None => Ok(Self::File(text.into())),
        }
    }
}

fn is_loopback(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.host_str() == Some("127.0.0.1"))
}

impl fmt::Display for KeysFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) | Self::Loopback(url) => match Url::parse(url) {
                Ok(url) => f.write_str(&web::shown(&url)),
                Err(_) => Shown(url).fmt(f),
            },
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl KeysFrom {
    /// Makes a fetcher for the library.
    pub(crate) fn fetcher(&self) -> Result<Fetcher, Failure> {
        match self {
            Self::Url(url) => HttpsFetch::new(url).map(Fetcher::Http),
            Self::Loopback(url) => HttpsFetch::loopback(url).map(Fetcher::Http),
            Self::File(path) => Ok(Fetcher::File(path.clone())),
        }
        .map_err(Failure::usage)
    }

    /// Makes a cache that tells on standard error what happens to the keys.
    pub(crate) fn cached(&self) -> Result<CachedKeys, Failure> {
        let mut cache = CachedKeys::builder(self.to_string(), self.fetcher()?).on_event(tell);
        if !matches!(self, Self::Url(_)) {
            cache = cache.cooldown(LOCAL_COOLDOWN);
        }
        cache.build().map_err(Failure::usage)
    }

    /// Gets the document once, with the headers that say how long it may be kept.
    pub(crate) async fn document(&self) -> Result<Document, Failure> {
        self.fetch().await.map_err(|Unfetched { problem, detail, .. }| {
            let failure =
                Failure::undecided(format_args!("{self}: {problem}{}", in_brackets(&detail)));
            failure.remedy("`gemini-webhooks doctor` says more")
        })
    }

    /// Gets the document once, or says why there is none.
    pub(crate) async fn fetch(&self) -> Result<Document, Unfetched> {
        let url = match self {
            Self::File(path) => {
                let read = files::read(path, MAX_JWKS_BYTES).map_err(|failure| Unfetched {
                    detail: failure.message,
                    ..Unfetched::from(FetchProblem::Unreachable)
                })?;
                return Ok(Document { body: read.into(), headers: HeaderMap::new() });
            }
            Self::Url(url) | Self::Loopback(url) => url,
        };
        let client = client(matches!(self, Self::Loopback(_))).map_err(|failure| Unfetched {
            detail: failure.message,
            ..Unfetched::from(FetchProblem::Unreachable)
        })?;
        get(&client, url).await
    }
}

/// Tells what happened to the keys.
fn tell(event: KeyEvent) {
    match event {
        KeyEvent::Fetched { usable, skipped } => {
            let usable = count(usable, "key");
            output::note(format_args!("keys fetched: {usable} usable, {skipped} skipped"));
        }
        KeyEvent::Failed { problem, .. } => output::warning(format_args!("keys: {problem}")),
        _ => {}
    }
}

/// A key document as it came.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) body: Bytes,
    pub(crate) headers: HeaderMap,
}

/// Makes a client that follows no redirect and waits no longer than the library does.
pub(crate) fn client(plain: bool) -> Result<Client, Failure> {
    let builder = Client::builder().redirect(Policy::none()).timeout(FETCH_TIMEOUT);
    let builder = if plain { builder.no_proxy() } else { builder.https_only(true) };
    builder.build().map_err(|error| no_client(&error))
}

async fn get(client: &Client, url: &str) -> Result<Document, Unfetched> {
    let mut response = client.get(url).send().await?;
    let headers = std::mem::take(response.headers_mut());
    if response.status() != StatusCode::OK {
        let problem = FetchProblem::Status(response.status().as_u16());
        return Err(Unfetched { headers, ..problem.into() });
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > MAX_JWKS_BYTES {
            return Err(FetchProblem::Document(KeySetProblem::TooLarge).into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Document { body: body.freeze(), headers })
}

/// Why there is no document, and the headers of the answer if there was one.
#[derive(Debug)]
pub(crate) struct Unfetched {
    pub(crate) problem: FetchProblem,
    pub(crate) detail: String,
    pub(crate) headers: HeaderMap,
}

impl From<FetchProblem> for Unfetched {
    fn from(problem: FetchProblem) -> Self {
        Self { problem, detail: String::new(), headers: HeaderMap::new() }
    }
}

impl From<reqwest::Error> for Unfetched {
    fn from(error: reqwest::Error) -> Self {
        let problem =
            if error.is_timeout() { FetchProblem::Timeout } else { FetchProblem::Unreachable };
        Self { detail: chain(&error.without_url()), ..problem.into() }
    }
}

/// A detail behind a text, if there is one.
pub(crate) fn in_brackets(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({})", Shown(detail)) }
}

/// Fetches by the library, or reads a file.
#[derive(Debug)]
pub(crate) enum Fetcher {
    Http(HttpsFetch),
    File(PathBuf),
}

impl Fetch for Fetcher {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        match self {
            Self::Http(fetch) => fetch.fetch(request),
            Self::File(path) => {
                let read = files::read(path, MAX_JWKS_BYTES)
                    .map(|body| Fetched::document(body, Some(FILE_MAX_AGE), None))
                    .map_err(|_| FetchProblem::Unreachable);
                Box::pin(std::future::ready(read))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_for_loopback_alone() {
        let from = |text: &str| text.parse::<KeysFrom>();
        assert_eq!(from("keys.json"), Ok(KeysFrom::File("keys.json".into())));
        assert!(matches!(from("https://example.com/k"), Ok(KeysFrom::Url(_))));
        assert!(matches!(from("http://127.0.0.1:9/k"), Ok(KeysFrom::Loopback(_))));
        for url in ["http://example.com", "http://127.0.0.1.example.com/", "ftp://x", "file:///x"] {
            assert!(from(url).is_err(), "{url}");
        }
    }
}

//! Passes a verified request on, byte by byte.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use reqwest::{Client, Url};
use serde::Serialize;

use crate::exit::Failure;
use crate::web;

/// What belongs to one connection (RFC 9110 section 7.6.1), and what the next one says anew.
const OF_ONE_CONNECTION: [HeaderName; 9] = [
    CONNECTION,
    CONTENT_LENGTH,
    HOST,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// How many connections are kept for the next request.
const IDLE_CONNECTIONS: usize = 8;

/// The receiver behind us.
#[derive(Clone, Debug)]
pub(super) struct Forwarder {
    client: Client,
    pub(super) url: Url,
}

/// How it went: the status that came back, or the one in its place.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Forwarded {
    pub(super) status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) problem: Option<&'static str>,
    pub(super) milliseconds: u64,
}

impl Forwarded {
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY)
    }
}

impl Forwarder {
    pub(super) fn new(url: Url, timeout: Duration) -> Result<Self, Failure> {
        let client = web::client(&url, timeout, IDLE_CONNECTIONS)?;
        Ok(Self { client, url })
    }

    /// Posts the same body with the same headers. The answer's body is nobody's business.
    pub(super) async fn pass_on(&self, headers: &HeaderMap, body: Bytes) -> Forwarded {
        let start = Instant::now();
        let request = self.client.post(self.url.clone()).headers(end_to_end(headers)).body(body);
        let (status, problem) = match request.send().await {
            Ok(answer) => (answer.status(), None),
            Err(error) if error.is_timeout() => {
                (StatusCode::SERVICE_UNAVAILABLE, Some("it did not answer in time"))
            }
            Err(error) if error.is_connect() => {
                (StatusCode::BAD_GATEWAY, Some("nobody listens there"))
            }
            Err(_) => (StatusCode::BAD_GATEWAY, Some("the connection broke")),
        };
        let milliseconds = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Forwarded { status: status.as_u16(), problem, milliseconds }
    }
}

/// All headers but those of the connection, which may name more of them.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let lines: Vec<_> = headers.get_all(CONNECTION).iter().cloned().collect();
    let named = lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
    for name in named.filter_map(|name| name.trim().parse::<HeaderName>().ok()) {
        headers.remove(name);
    }
    for name in OF_ONE_CONNECTION {
        headers.remove(name);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_the_connection_stays_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", "msg_1"),
            ("x-twice", "a"),
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("host", "example.com"),
            ("content-length", "2"),
        ] {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers.append("x-twice", "b".parse().unwrap());
        let passed = end_to_end(&headers);
        let names: Vec<_> = passed.keys().map(HeaderName::as_str).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert_eq!(passed.get_all("x-twice").iter().count(), 2);
    }
}

//! What every client that talks to Google has in common: no redirects, no silent repeats,
//! everything bounded.

#[cfg(any(feature = "client", feature = "testing"))]
use std::net::IpAddr;
use std::time::Duration;

#[cfg(any(feature = "client", feature = "testing"))]
use reqwest::Url;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, retry};

use crate::error::ConfigError;

/// Says why a body was not read to its end.
pub(crate) enum ReadProblem {
    /// It has more bytes than the limit.
    TooLarge,
    /// The connection failed.
    Broken(reqwest::Error),
}

/// Makes a client that asks the one server it is told to, once, and waits for a bounded time.
pub(crate) fn build(
    client: ClientBuilder,
    connect_timeout: Duration,
    timeout: Duration,
) -> Result<Client, ConfigError> {
    client
        .redirect(Policy::none())
        .retry(retry::never())
        .connection_verbose(false)
        .connect_timeout(connect_timeout)
        .timeout(timeout)
        .build()
        .map_err(|_| ConfigError::HttpClient)
}

/// Tells whether a URL names this machine, by an address that no name server can point elsewhere.
#[cfg(any(feature = "client", feature = "testing"))]
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Reads a body piece by piece, and stops at the limit.
pub(crate) async fn read(
    mut response: Response,
    limit: usize,
    mut keep: impl FnMut(&[u8]),
) -> Result<(), ReadProblem> {
    let mut left = limit;
    while let Some(chunk) = response.chunk().await.map_err(ReadProblem::Broken)? {
        left = left.checked_sub(chunk.len()).ok_or(ReadProblem::TooLarge)?;
        keep(&chunk);
    }
    Ok(())
}

#[cfg(all(test, any(feature = "client", feature = "testing")))]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_an_address_and_no_name() {
        for url in ["http://127.0.0.1/", "https://127.8.9.1:80/x", "http://127.1/", "http://[::1]/"]
        {
            assert!(is_loopback(&url.parse().unwrap()), "{url}");
        }
        for url in [
            "http://localhost/",
            "http://127.0.0.1.example.com/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://127.0.0.1@example.com/",
            "data:,127.0.0.1",
        ] {
            assert!(!is_loopback(&url.parse().unwrap()), "{url}");
        }
    }
}

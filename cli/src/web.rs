//! Plain HTTP to a place that the user names.

use std::net::IpAddr;
use std::time::Duration;

use http::Uri;
use reqwest::redirect::Policy;
use reqwest::{Client, Url};

use crate::exit::Failure;
use crate::text::Shown;

/// Reads an http or https URL.
pub(crate) fn url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("an http or https URL is needed, such as http://127.0.0.1:8000/".to_owned()),
    }
}

/// Reads the path of a URL that we serve.
pub(crate) fn path(text: &str) -> Result<String, String> {
    let is_sent_so = text.parse::<Uri>().is_ok_and(|uri| uri.path() == text);
    if text.starts_with('/') && is_sent_so {
        Ok(text.to_owned())
    } else {
        Err("a path as in a URL is needed, such as /hook".to_owned())
    }
}

/// The URL without what may be a secret of its owner's: a password, a query.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Neither fails for a URL that has a host, and one without has none of these.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.set_fragment(None);
    Shown(url.as_str()).to_string()
}

/// Makes a client for one URL, which follows no redirect and repeats nothing by itself. To this
/// machine it goes through no proxy.
pub(crate) fn client(url: &Url, timeout: Duration, connections: usize) -> Result<Client, Failure> {
    let client = Client::builder()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .timeout(timeout)
        .pool_max_idle_per_host(connections);
    let client = if is_local(url) { client.no_proxy() } else { client };
    client.build().map_err(|error| no_client(&error))
}

/// Says that there is no client to be had, and where to look.
pub(crate) fn no_client(error: &reqwest::Error) -> Failure {
    Failure::usage(format_args!("no HTTP client can be made: {}", chain(error)))
        .remedy("`gemini-webhooks doctor` looks for the certificates")
}

/// An error with what caused it.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    texts.join(": ")
}

fn is_local(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_http_and_has_a_host() {
        assert!(url("http://127.0.0.1:8000").is_ok() && url("https://example.com/hook").is_ok());
        for text in ["", "127.0.0.1:8000", "localhost:8000", "/hook", "ftp://x/", "http://"] {
            assert!(url(text).unwrap_err().contains("such as"), "{text}");
        }
    }

    #[test]
    fn a_path_begins_with_a_slash() {
        assert!(path("/").is_ok() && path("/a/b%20c").is_ok());
        for text in ["", "hook", "http://127.0.0.1/hook", "/hook?x=1", "/hook#x", "/a b", "*"] {
            assert!(path(text).unwrap_err().contains("such as"), "{text}");
        }
    }

    #[test]
    fn a_password_and_a_query_are_not_shown() {
        let full = url("https://user:PASSWORD@example.com:1/path?key=SECRET#part").unwrap();
        assert_eq!(shown(&full), "https://example.com:1/path?...");
        assert_eq!(shown(&url("http://127.0.0.1:8000").unwrap()), "http://127.0.0.1:8000/");
    }

    #[test]
    fn this_machine_needs_no_proxy() {
        for text in ["http://127.0.0.1/", "http://localhost:1/", "http://[::1]/"] {
            assert!(is_local(&url(text).unwrap()), "{text}");
        }
        for text in ["http://example.com/", "http://127.0.0.1.example.com/"] {
            assert!(!is_local(&url(text).unwrap()), "{text}");
        }
    }
}

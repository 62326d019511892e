//! The machine: its certificates, its way to the keys, its clock.

use std::env;
use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{AGE, DATE};

use super::{Check, State};
use crate::jwks::{Document, KeysFrom, Unfetched, in_brackets};
use crate::moment::distance;
use crate::text::count;

/// From so many seconds on a wrong clock is worth a warning: a server says whole seconds, and an
/// answer takes its time.
const CLOCK_WARNING: u64 = 10;

/// From so many seconds on deliveries are in danger: at 300 they are refused, and they take time.
const CLOCK_FAILURE: u64 = 120;

/// The certificates of this machine, without which no server can be trusted.
pub(super) fn certificates() -> Check {
    const CHECK: &str = "certificates";
    let loaded = rustls_native_certs::load_native_certs();
    let number = loaded.certs.len();
    let from = match (env::var_os("SSL_CERT_FILE"), env::var_os("SSL_CERT_DIR")) {
        (Some(file), _) => format!(", from $SSL_CERT_FILE ({})", file.display()),
        (None, Some(directory)) => format!(", from $SSL_CERT_DIR ({})", directory.display()),
        (None, None) => String::new(),
    };
    let found = format!("{} of authorities{from}", count(number, "certificate"));
    match (number, loaded.errors.first()) {
        (0, _) => Check::new(CHECK, State::Fail, found)
            .remedy("install them (the package ca-certificates), or correct SSL_CERT_FILE"),
        (_, Some(error)) => Check::new(CHECK, State::Warn, format_args!("{found}; {error}"))
            .remedy("some could not be read: see that the files are readable and whole"),
        (_, None) => Check::new(CHECK, State::Ok, found),
    }
}

/// A proxy, by the name of the variable alone: its value may hold a password.
pub(super) fn proxy() -> Check {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    match names.into_iter().find(|name| env::var_os(name).is_some()) {
        Some(name) => Check::new("proxy", State::Ok, format_args!("the one in ${name}")),
        None => Check::new("proxy", State::Ok, "none"),
    }
}

pub(super) fn egress(from: &KeysFrom, fetched: &Result<Document, Unfetched>) -> Check {
    const CHECK: &str = "egress";
    match (from, fetched) {
        (KeysFrom::File(_), Ok(_)) => Check::new(CHECK, State::Skipped, "the keys are in a file"),
        (_, Ok(_)) => Check::new(CHECK, State::Ok, format_args!("{from} answers")),
        (_, Err(Unfetched { problem, detail, .. })) => {
            let found = format!("{from}: {problem}{}", in_brackets(detail));
            Check::new(CHECK, State::Fail, found).remedy(
                "let this machine reach that host on port 443, through a proxy in HTTPS_PROXY if \
                 need be; static webhooks do not need it",
            )
        }
    }
}

/// This machine's clock against the server's, which both tell whole seconds.
pub(super) fn clock(headers: &HeaderMap, asked_at: SystemTime, answered_at: SystemTime) -> Check {
    const CHECK: &str = "clock";
    let date =
        headers.get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let Some(date) = date else {
        return Check::new(CHECK, State::Skipped, "no server has told its time");
    };
    // An answer may come out of a cache on the way, and tells the time when it went in.
    let age = seconds(headers.get(AGE)).unwrap_or(0);
    let date = date.checked_add(Duration::from_secs(age)).unwrap_or(date);
    let (ahead, behind) = (since(answered_at, date), since(date, asked_at));
    let (off, side) = if ahead > 0 { (ahead, "ahead of") } else { (behind, "behind") };
    let found = format!("{} {side} the server's", distance(off));
    match off {
        0..CLOCK_WARNING => {
            Check::new(CHECK, State::Ok, format_args!("within {CLOCK_WARNING} s of the server's"))
        }
        CLOCK_WARNING..CLOCK_FAILURE => Check::new(CHECK, State::Warn, found)
            .remedy("set it by NTP: from 300 s on every delivery is refused"),
        _ => Check::new(CHECK, State::Fail, found)
            .remedy("set it by NTP: deliveries are refused from 300 s on"),
    }
}

/// Whole seconds from `earlier` to `later`; 0 where it is the other way round.
fn since(later: SystemTime, earlier: SystemTime) -> u64 {
    later.duration_since(earlier).map_or(0, |since| since.as_secs())
}

pub(super) fn seconds(value: Option<&http::HeaderValue>) -> Option<u64> {
    value?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock_at(off: i64) -> State {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let by = Duration::from_secs(off.unsigned_abs());
        let server = if off > 0 { now - by } else { now + by };
        let mut headers = HeaderMap::new();
        headers.insert(DATE, httpdate::fmt_http_date(server).parse().unwrap());
        clock(&headers, now, now).state
    }

    #[test]
    fn a_clock_is_judged_on_both_sides() {
        for (off, state) in [
            (0, State::Ok),
            (9, State::Ok),
            (10, State::Warn),
            (119, State::Warn),
            (120, State::Fail),
            (100_000, State::Fail),
        ] {
            assert_eq!((clock_at(off), clock_at(-off)), (state, state), "{off}");
        }
        let nothing = clock(&HeaderMap::new(), SystemTime::now(), SystemTime::now());
        assert_eq!(nothing.state, State::Skipped);
    }

    #[test]
    fn a_time_out_of_a_cache_is_as_old_as_the_cache_says() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let mut headers = HeaderMap::new();
        headers.insert(
            DATE,
            httpdate::fmt_http_date(now - Duration::from_secs(3000)).parse().unwrap(),
        );
        assert_eq!(clock(&headers, now, now).state, State::Fail);
        headers.insert(AGE, "3000".parse().unwrap());
        assert_eq!(clock(&headers, now, now).state, State::Ok);
    }
}

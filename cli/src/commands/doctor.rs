//! `doctor`: looks whether this machine can receive and verify.

use std::env;
use std::fmt;
use std::time::{Duration, SystemTime};

use gemini_webhooks::KeySet;
use gemini_webhooks::client::WebhookState;
use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, DATE};
use serde::Serialize;

use crate::api::ApiArgs;
use crate::commands::secret::Checked;
use crate::exit::{Exit, Run};
use crate::jwks::{Document, JwksArgs, KeysFrom, Unfetched, in_brackets};
use crate::moment::distance;
use crate::output::{Output, Report};
use crate::secrets::{self, SecretArgs};
use crate::style::{BAD, DIM, GOOD, WARN};
use crate::text::{Shown, count};

/// From so many seconds on a wrong clock is worth a warning: a server says whole seconds, and an
/// answer takes its time.
const CLOCK_WARNING: u64 = 10;

/// From so many seconds on deliveries are in danger: at 300 they are refused, and they take time.
const CLOCK_FAILURE: u64 = 120;

/// How long the library keeps keys whose answer does not say.
const DEFAULT_TTL: u64 = 600;

/// Look whether this machine can receive and verify
///
/// Looks at its certificates, the way to the keys, its clock, the keys and the secrets, and says what
/// to do about each that is not as it should be.
#[derive(clap::Args, Debug)]
#[command(after_help = "\
Examples:
  gemini-webhooks doctor
  gemini-webhooks doctor --secret-file secret --api
  gemini-webhooks doctor --json | jq 'select(.state == \"fail\")'

Exit codes: 0 nothing failed (warnings may be there), 1 a check failed, 2 usage")]
pub(crate) struct Args {
    /// Ask the API for the webhooks of the project as well, and whether they are enabled
    #[arg(long)]
    api: bool,

    #[command(flatten)]
    secrets: SecretArgs,

    #[command(flatten)]
    jwks: JwksArgs,

    #[command(flatten)]
    client: ApiArgs,
}

pub(crate) async fn run(args: Args, output: Output) -> Run {
    let from = args.jwks.keys_from();
    let asked_at = SystemTime::now();
    let fetched = from.fetch().await;
    let answered_at = SystemTime::now();
    let headers = match &fetched {
        Ok(Document { headers, .. }) | Err(Unfetched { headers, .. }) => headers,
    };
    let mut checks = vec![
        certificates(),
        proxy(),
        egress(&from, &fetched),
        clock(headers, asked_at, answered_at),
        keys(&fetched),
        key_age(&fetched),
        secret(&args.secrets),
    ];
    if args.api {
        checks.extend(webhooks(&args.client).await);
    }
    for check in &checks {
        output.report(check)?;
    }
    let failed = checks.iter().any(|check| check.state == State::Fail);
    Ok(if failed { Exit::Refused } else { Exit::Ok })
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Warn,
    Fail,
    Skipped,
}

/// One check: what was found, and what to do.
#[derive(Debug, Serialize)]
struct Check {
    #[serde(rename = "check")]
    name: &'static str,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

impl Check {
    fn new(name: &'static str, state: State, found: impl fmt::Display) -> Self {
        Self { name, state, found: found.to_string(), remedy: None }
    }

    fn remedy(self, remedy: &'static str) -> Self {
        Self { remedy: Some(remedy), ..self }
    }
}

impl Report for Check {
    const KIND: &'static str = "check";
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, state, found, remedy } = self;
        let (style, word) = match state {
            State::Ok => (GOOD, "ok"),
            State::Warn => (WARN, "warn"),
            State::Fail => (BAD, "FAIL"),
            State::Skipped => (DIM, "skipped"),
        };
        write!(f, "{style}{word:<7}{style:#} {name:<12} {}", Shown(found))?;
        match remedy {
            Some(remedy) => write!(f, "\n{:21}{remedy}", ""),
            None => Ok(()),
        }
    }
}

/// The certificates of this machine, without which no server can be trusted.
fn certificates() -> Check {
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
fn proxy() -> Check {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    match names.into_iter().find(|name| env::var_os(name).is_some()) {
        Some(name) => Check::new("proxy", State::Ok, format_args!("the one in ${name}")),
        None => Check::new("proxy", State::Ok, "none"),
    }
}

fn egress(from: &KeysFrom, fetched: &Result<Document, Unfetched>) -> Check {
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
fn clock(headers: &HeaderMap, asked_at: SystemTime, answered_at: SystemTime) -> Check {
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

fn keys(fetched: &Result<Document, Unfetched>) -> Check {
    const CHECK: &str = "keys";
    let Ok(document) = fetched else {
        return Check::new(CHECK, State::Skipped, "there is no key set to look at");
    };
    match KeySet::from_json(&document.body) {
        Ok(keys) if keys.is_empty() => Check::new(CHECK, State::Fail, "no usable key")
            .remedy("`gemini-webhooks keys` says why: is this the right URL?"),
        Ok(keys) => {
            let rsa = count(keys.kids().count(), "RSA key");
            let ed25519 = count(keys.ed25519_count(), "Ed25519 key");
            let skipped = keys.skipped().len();
            Check::new(CHECK, State::Ok, format_args!("{rsa}, {ed25519}, {skipped} not usable"))
        }
        Err(problem) => Check::new(CHECK, State::Fail, problem)
            .remedy("is this the right URL, or does a proxy answer in its place?"),
    }
}

/// How old the answer is, and how long it may be kept.
fn key_age(fetched: &Result<Document, Unfetched>) -> Check {
    const CHECK: &str = "age of keys";
    let Ok(Document { headers, .. }) = fetched else {
        return Check::new(CHECK, State::Skipped, "there is no key set to look at");
    };
    let age = seconds(headers.get(AGE)).unwrap_or(0);
    let cache_control = headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
    let max_age = cache_control.and_then(|value| {
        value.split(',').find_map(|one| one.trim().strip_prefix("max-age=")?.parse::<u64>().ok())
    });
    let (age_text, age_is) = (distance(age), "spent in caches on the way");
    match max_age {
        Some(max_age) if age > max_age => {
            let found = format!("{age_text} {age_is}, over its max-age of {}", distance(max_age));
            Check::new(CHECK, State::Warn, found)
                .remedy("a proxy keeps it for too long: a withdrawn key lives on for as long")
        }
        Some(max_age) => {
            let found = format!("{age_text} {age_is}; to be kept for {}", distance(max_age));
            Check::new(CHECK, State::Ok, found)
        }
        None => {
            let kept = distance(DEFAULT_TTL);
            Check::new(
                CHECK,
                State::Ok,
                format_args!("{age_text} {age_is}; no max-age: kept for {kept}"),
            )
        }
    }
}

fn seconds(value: Option<&http::HeaderValue>) -> Option<u64> {
    value?.to_str().ok()?.parse().ok()
}

fn secret(args: &SecretArgs) -> Check {
    const CHECK: &str = "secret";
    match args.text() {
        Err(failure) => {
            Check::new(CHECK, State::Fail, failure.message).remedy("see `secret check`")
        }
        Ok(None) => {
            let found = format!("none in ${}", secrets::DEFAULT_VARIABLE);
            Check::new(CHECK, State::Warn, found)
                .remedy("static webhooks need one: in the environment, or by --secret-file")
        }
        Ok(Some(found)) => {
            let checked = Checked::new(args, &found);
            match (checked.usable, &checked.problem) {
                (true, None) => Check::new(CHECK, State::Ok, checked.summary()),
                (true, Some(problem)) => {
                    Check::new(CHECK, State::Warn, problem).remedy("see `secret check`")
                }
                (false, problem) => {
                    let problem = problem.as_deref().unwrap_or("it cannot be used");
                    Check::new(CHECK, State::Fail, format_args!("{}: {problem}", found.place))
                        .remedy("see `secret check`")
                }
            }
        }
    }
}

/// The webhooks of the project: one that failed too often is switched off by the service.
async fn webhooks(args: &ApiArgs) -> Vec<Check> {
    const CHECK: &str = "webhooks";
    let client = match args.client() {
        Ok(client) => client,
        Err(failure) => {
            return vec![
                Check::new(CHECK, State::Fail, failure.message)
                    .remedy("put the API key into the environment as GEMINI_API_KEY"),
            ];
        }
    };
    let (mut listed, mut checks) = (client.list(), Vec::new());
    while let Some(webhook) = listed.next().await {
        checks.push(match webhook {
            Err(error) => Check::new(CHECK, State::Fail, error).remedy("see `webhooks list`"),
            Ok(webhook) => match webhook.state {
                Some(WebhookState::DisabledDueToFailedDeliveries) => Check::new(
                    CHECK,
                    State::Fail,
                    format_args!("{} was disabled: too many deliveries failed", webhook.id),
                )
                .remedy("repair the receiver, then `webhooks update ID --enable`"),
                Some(WebhookState::Disabled) => {
                    Check::new(CHECK, State::Warn, format_args!("{} is disabled", webhook.id))
                        .remedy("`webhooks update ID --enable`, if it should send")
                }
                _ => Check::new(CHECK, State::Ok, format_args!("{} sends", webhook.id)),
            },
        });
    }
    if checks.is_empty() {
        checks.push(
            Check::new(CHECK, State::Warn, "none in the project").remedy("`webhooks create`"),
        );
    }
    checks
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

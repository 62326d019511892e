//! The setup: the keys, the secrets, the webhooks of the project.

use gemini_webhooks::KeySet;
use gemini_webhooks::client::WebhookState;
use http::header::{AGE, CACHE_CONTROL};

use super::machine::seconds;
use super::{Check, State};
use crate::api::ApiArgs;
use crate::commands::secret::Checked;
use crate::jwks::{Document, Unfetched};
use crate::moment::distance;
use crate::secrets::{self, SecretArgs};
use crate::text::count;

pub(super) fn keys(fetched: &Result<Document, Unfetched>) -> Check {
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

/// How old the answer is, and how old it may be.
pub(super) fn key_age(fetched: &Result<Document, Unfetched>) -> Check {
    const CHECK: &str = "age of keys";
    let Ok(Document { headers, .. }) = fetched else {
        return Check::new(CHECK, State::Skipped, "there is no key set to look at");
    };
    let age = seconds(headers.get(AGE)).unwrap_or(0);
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let max_age = lines.flat_map(|line| line.split(',')).find_map(|directive| {
        let (name, value) = directive.trim().split_once('=')?;
        name.eq_ignore_ascii_case("max-age").then(|| value.trim_matches('"').parse::<u64>().ok())?
    });
    let (age_text, age_is) = (distance(age), "spent in caches on the way");
    match max_age {
        Some(max_age) if age > max_age => {
            let found = format!("{age_text} {age_is}, over its max-age of {}", distance(max_age));
            Check::new(CHECK, State::Warn, found)
                .remedy("a proxy keeps it for too long: a withdrawn key lives on for as long")
        }
        Some(max_age) => {
            let found = format!("{age_text} {age_is}, its max-age is {}", distance(max_age));
            Check::new(CHECK, State::Ok, found)
        }
        None => Check::new(CHECK, State::Ok, format_args!("{age_text} {age_is}, no max-age")),
    }
}

pub(super) fn secret(args: &SecretArgs) -> Check {
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
pub(super) async fn webhooks(args: &ApiArgs) -> Vec<Check> {
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

//! What the service answers: read, or told as an error, and never trusted with a log.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use zeroize::Zeroizing;

use super::api_key::ApiKey;
use super::error::ClientError;
use super::new_secret::{CreatedWebhook, NewSecret};
use super::webhook::Webhook;
use crate::clock::unix_seconds;
use crate::limits::MAX_ERROR_TEXT_CHARS;

/// Reads an answer. What is wrong with it is not told, because that would show parts of it.
pub(super) fn read<T: DeserializeOwned>(answer: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(answer).map_err(|_| ClientError::AnswerUnreadable)
}

/// Reads a webhook that was asked for by its id, which the answer must have.
pub(super) fn webhook(answer: &[u8]) -> Result<Webhook, ClientError> {
    let webhook: Webhook = read(answer)?;
    if webhook.id.is_empty() { Err(ClientError::AnswerUnreadable) } else { Ok(webhook) }
}

/// Reads a new webhook. Its secret is not lost with anything that is odd beside it.
pub(super) fn created(answer: &[u8]) -> Result<CreatedWebhook, ClientError> {
    #[derive(Deserialize)]
    struct Answer {
        new_signing_secret: Option<SecretText>,
    }
    // Read twice, since serde would put the secret into a buffer of its own to read both at once.
    let new_signing_secret = new_secret(read::<Answer>(answer)?.new_signing_secret)?;
    Ok(CreatedWebhook { webhook: read(answer).unwrap_or_default(), new_signing_secret })
}

pub(super) fn rotated(answer: &[u8]) -> Result<NewSecret, ClientError> {
    #[derive(Deserialize)]
    struct Answer {
        secret: Option<SecretText>,
    }
    new_secret(read::<Answer>(answer)?.secret)
}

fn new_secret(text: Option<SecretText>) -> Result<NewSecret, ClientError> {
    match text {
        Some(SecretText(text)) if !text.is_empty() => Ok(NewSecret::new(text)),
        _ => Err(ClientError::NoSecretInAnswer),
    }
}

/// Reads the error that the service answered with, if the body is one at all.
pub(super) fn refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    api_key: &ApiKey,
) -> ClientError {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let error = body.as_ref().and_then(|body| body.get("error"));
    let text = |name| {
        let said = match error?.get(name)? {
            Value::String(said) => said.clone(),
            Value::Number(code) => code.to_string(),
            _ => return None,
        };
        Some(shown(&api_key.redact(&said))).filter(|said| !said.is_empty())
    };
    ClientError::Service {
        status,
        reason: text("status").or_else(|| text("code")),
        message: text("message"),
        retry_after: retry_after(headers, SystemTime::now()),
    }
}

/// A text of the service's as it may be logged: without secrets, on one line, and not too long.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    let words = text.split_inclusive(char::is_whitespace).map(|word| match word.find("whsec_") {
        Some(start) => (word.get(..start).unwrap_or_default(), "[redacted] "),
        None => (word, ""),
    });
    let chars = words.flat_map(|(word, instead)| word.chars().chain(instead.chars()));
    for c in chars.take(MAX_ERROR_TEXT_CHARS) {
        if c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() {
            shown.push(c);
        } else {
            shown.extend(c.escape_default());
        }
    }
    shown
}

/// How long the service asks to wait: seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp();
    let ahead = date.saturating_sub(unix_seconds(now));
    Some(Duration::from_secs(u64::try_from(ahead).unwrap_or(0)))
}

/// The text of a secret, wiped when it is dropped.
struct SecretText(Zeroizing<String>);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = SecretText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a secret")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText(Zeroizing::new(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text).map_err(|_| D::Error::custom("no secret"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        let now = UNIX_EPOCH + Duration::from_secs(784_111_770);
        let wait = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait("120"), Some(120));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7));
        assert_eq!(wait("Sun, 06 Nov 1994 08:49:30 GMT"), Some(0));
        assert_eq!(wait("Thu, 01 Jan 1500 00:00:00 GMT"), None);
        assert_eq!(wait("Fri, 31 Dec 1999 23:59:59 GMT"), Some(162_573_029));
        for text in ["", "soon", "-1", "1.5", "99999999999999999999", "1994-11-06T08:49:37Z"] {
            assert_eq!(wait(text), None, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_text_is_shown_on_one_line_and_cut() {
        assert_eq!(shown("Webhook not found."), "Webhook not found.");
        assert_eq!(shown("größe ५"), "größe ५");
        assert_eq!(shown("a\tb\nc\0\u{200b}\u{202e}"), r"a\tb\nc\u{0}\u{200b}\u{202e}");
        assert_eq!(shown(&"x".repeat(513)).len(), 512);
        assert_eq!(shown(&"\0".repeat(10_000)).len(), 512 * r"\u{0}".len());
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(shown("whsec_abc"), "[redacted] ");
        assert_eq!(shown("secret='whsec_abc', a whsec_def"), "secret='[redacted] a [redacted] ");
    }
}

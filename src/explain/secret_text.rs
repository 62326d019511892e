//! What is wrong with the text of a secret.

use super::cause::{Cause, Step};
use super::explanation::Explanation;
use super::finding::Finding;
use crate::error::ConfigError;
use crate::verify_static::Secret;

/// How to recognise a text that is no secret, and what is said of it.
type Mistaken = (fn(&str) -> bool, Cause, &'static str);

/// What the service shows beside the secret, and what a secret becomes when it is copied out of a
/// file: told before the text is read, which would name a lesser fault.
const MISTAKEN: &[Mistaken] = &[
    (is_api_key, Cause::SecretNotASecret, "the text has the form of an API key"),
    (is_webhook_id, Cause::SecretNotASecret, "the text has the form of a webhook's id"),
    (is_shortened, Cause::SecretMalformed, "the text is a secret of which only the start is shown"),
    (
        is_assignment,
        Cause::SecretMalformed,
        "the text has the name of a variable before the secret",
    ),
    (is_escaped, Cause::SecretMalformed, "the text has escapes in it, of JSON, a URL or a shell"),
    (has_invisible, Cause::SecretMalformed, "the text has a character in it that cannot be seen"),
];

/// Says what is wrong with the text of a secret: what an environment variable holds, one secret or
/// several with a space between.
///
/// The answer's cause is [`Cause::NothingWrong`] where the text is as it should be.
///
/// # Security
/// The answer shows no part of the secret.
///
/// # Examples
/// ```
/// use gemini_webhooks::explain::{Cause, secret_text};
///
/// let explanation = secret_text("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
/// assert_eq!(explanation.cause(), Cause::SecretMalformed);
/// assert!(explanation.to_string().contains("starts with `v1,`"));
/// ```
#[must_use]
pub fn secret_text(text: &str) -> Explanation {
    let mistaken = MISTAKEN.iter().find(|(is_so, ..)| is_so(text));
    let found = match mistaken {
        Some((_, cause, what)) => Finding::new(*cause, *what),
        None => match Secret::parse_list(text) {
            Err(error) => malformed(&error),
            Ok(_) if text.split(' ').any(is_legacy) => Finding::new(
                Cause::SecretPerhapsText,
                "the text has the form of those secrets from before 2026-05-04 whose characters are \
                 the key",
            ),
            Ok(_) => Finding::new(Cause::NothingWrong, "the text has the form of a secret"),
        },
    };
    let step = if found.cause == Cause::NothingWrong { Step::None } else { Step::Setup };
    Explanation::new(step, None, &found, None)
}

fn malformed(error: &ConfigError) -> Finding {
    let what = match error {
        ConfigError::InvalidSecret { position, problem } => {
            format!("secret {position} cannot be used ({problem})")
        }
        other => format!("the text cannot be used ({other})"),
    };
    Finding::new(Cause::SecretMalformed, what)
}

/// `whsec_` and 32 characters of `a-z0-9` (observed).
fn is_legacy(text: &str) -> bool {
    text.strip_prefix("whsec_").is_some_and(|rest| rest.len() == 32 && is_plain(rest))
}

/// 36 characters of `a-z0-9` (observed), which could also be base64.
fn is_webhook_id(text: &str) -> bool {
    text.len() == 36 && is_plain(text)
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn is_api_key(text: &str) -> bool {
    text.starts_with("AIza")
}

fn is_shortened(text: &str) -> bool {
    text.contains("...") || text.contains(['…', '*', '•'])
}

fn is_assignment(text: &str) -> bool {
    let name = text.split_once('=').map(|(name, _)| name.trim_start_matches("export "));
    let is_name = |name: &str| {
        name.contains('_') && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    name.is_some_and(is_name)
}

fn is_escaped(text: &str) -> bool {
    text.contains('\\')
        || ["%3D", "%2B", "%2F", "%3d", "%2b", "%2f"].iter().any(|one| text.contains(one))
}

/// A byte order mark, or one of the characters that have no width.
fn has_invisible(text: &str) -> bool {
    text.contains(['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{ad}'])
}

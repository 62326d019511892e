//! What a value looks like, in words of a closed list: never any part of the value.

use gemini_webhooks::EventType;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Longest name of a member that is shown.
const MAX_NAME: usize = 32;

/// Most digits in one: more of them make an id.
const MAX_DIGITS: usize = 2;

/// Longest type of an event that is shown.
const MAX_TYPE: usize = 48;

/// Collections that an id of the Gemini API may start with.
const COLLECTIONS: [&str; 6] =
    ["batches/", "files/", "interactions/", "models/", "operations/", "webhooks/"];

/// Says of what kind a value is.
pub(super) fn kind(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(number) if number.is_f64() => "number with a fraction".to_owned(),
        Value::Number(_) => "whole number".to_owned(),
        Value::String(text) => format!("text{}", scheme(text)),
        Value::Array(items) => format!("array of {}", few(items.len())),
        Value::Object(members) => format!("object of {}", few(members.len())),
    }
}

/// A number that tells no more than it must.
pub(super) fn few(number: usize) -> String {
    if number > 16 { "more than 16".to_owned() } else { number.to_string() }
}

fn scheme(text: &str) -> &'static str {
    if text.starts_with("gs://") {
        " (gs:// URI)"
    } else if text.starts_with("https://") {
        " (https URL)"
    } else if COLLECTIONS.iter().any(|collection| text.starts_with(collection)) {
        " (resource name)"
    } else {
        ""
    }
}

/// A member's name, if it is a word of a schema and cannot be somebody's value: letters and
/// underscores with two digits at most.
pub(super) fn safe_name(name: &str) -> Option<&str> {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts = name.starts_with(|first: char| first.is_ascii_lowercase());
    let has_words =
        name.split('_').all(|word| word.len() <= 16 && !has_neighbouring_capitals(word));
    let good = starts
        && has_words
        && name.len() <= MAX_NAME
        && digits <= MAX_DIGITS
        && name.bytes().all(is_word);
    good.then_some(name)
}

/// Camel case has none; what is encoded in base64 has.
fn has_neighbouring_capitals(word: &str) -> bool {
    let is_capital = |byte: &u8| byte.is_ascii_uppercase();
    word.as_bytes().windows(2).any(|pair| pair.iter().all(is_capital))
}

/// A type that may be shown: one of the catalogue, or a dotted word of a delivery that verified.
pub(super) fn event_type(name: Option<&str>) -> String {
    let Some(name) = name else { return "(no type)".to_owned() };
    let is_dotted = name.split('.').all(|part| safe_name(part).is_some());
    if EventType::parse(name).is_some() || name.len() <= MAX_TYPE && is_dotted {
        name.to_owned()
    } else {
        "(a type that is not shown)".to_owned()
    }
}

/// What an id looks like.
pub(super) fn id(text: &str) -> String {
    let (prefix, rest) = match COLLECTIONS.iter().find(|one| text.starts_with(**one)) {
        Some(collection) => (format!("{collection} and "), text.get(collection.len()..)),
        None => match ["msg_", "batch_", "v1_"].iter().find(|one| text.starts_with(**one)) {
            Some(prefix) => (format!("{prefix} and "), text.get(prefix.len()..)),
            None => (String::new(), Some(text)),
        },
    };
    format!("{prefix}{}", characters(rest.unwrap_or_default()))
}

/// Of which characters a text is made, and of how many.
fn characters(text: &str) -> String {
    let all = |test: fn(&u8) -> bool| text.bytes().all(|byte| test(&byte));
    if text.is_empty() {
        "nothing".to_owned()
    } else if uuid::Uuid::try_parse(text).is_ok() {
        "a UUID".to_owned()
    } else if all(u8::is_ascii_digit) {
        format!("{} digits", text.len())
    } else if all(u8::is_ascii_hexdigit) {
        format!("{} hexadecimal digits", text.len())
    } else if all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        format!("{} lower-case letters and digits", text.len())
    } else if all(u8::is_ascii_alphanumeric) {
        format!("{} letters and digits", text.len())
    } else if all(|byte| byte.is_ascii_alphanumeric() || b"-_=".contains(byte)) {
        format!("{} characters of base64url", text.len())
    } else {
        format!("{} other characters", text.len())
    }
}

/// What names somebody: an audience, an issuer, a subject.
pub(super) fn party(value: Option<&Value>) -> String {
    match value {
        None => "missing".to_owned(),
        Some(Value::String(text)) => party_text(text),
        Some(Value::Array(items)) => match items.as_slice() {
            [Value::String(text)] => format!("an array of one: {}", party_text(text)),
            items => format!("an array of {}", few(items.len())),
        },
        Some(other) => kind(other),
    }
}

fn party_text(text: &str) -> String {
    if text.starts_with("https://") {
        let path = text.splitn(4, '/').nth(3).is_some_and(|path| !path.is_empty());
        (if path { "an https URL with a path" } else { "an https URL without a path" }).to_owned()
    } else if text.ends_with(".apps.googleusercontent.com") {
        "a client id (.apps.googleusercontent.com)".to_owned()
    } else if text.ends_with(".gserviceaccount.com") {
        "a service account (.gserviceaccount.com)".to_owned()
    } else if text.contains('@') {
        "an address with @".to_owned()
    } else if text.starts_with("projects/") {
        "projects/ and more".to_owned()
    } else if is_project_id(text) {
        "the form of a project id".to_owned()
    } else {
        characters(text)
    }
}

/// 6 to 30 lower-case letters, digits and hyphens, a letter first (Google Cloud's rule).
fn is_project_id(text: &str) -> bool {
    (6..=30).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && text.contains('-')
}

/// How a time is written.
pub(super) fn timestamp(value: Option<&Value>) -> String {
    match value {
        None => "missing".to_owned(),
        Some(Value::String(text)) if OffsetDateTime::parse(text, &Rfc3339).is_ok() => {
            let digits = text
                .split_once('.')
                .map_or(0, |(_, fraction)| fraction.bytes().take_while(u8::is_ascii_digit).count());
            let zone = if text.ends_with(['Z', 'z']) { "Z" } else { "an offset" };
            format!("RFC 3339 with {zone}, {digits} digits of a second")
        }
        Some(Value::String(text)) => format!("a text of {}, not RFC 3339", characters(text)),
        Some(other) => kind(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_name_that_may_be_a_value_is_not_shown() {
        for name in ["id", "output_file_uri", "errorCode", "page2"] {
            assert_eq!(safe_name(name), Some(name));
        }
        for name in [
            "",
            "user@example.com",
            "4155551234",
            "AIzaSyB",
            "v1_ChdZOFJvYXZabc",
            "sk_live_51H8x2K",
            "abcdefghijklmnopqrstuvwxyzabcdef",
            "a b",
            "a.b",
            "naïve",
            "x\u{1b}[31m",
            "_private",
            "abc123",
        ] {
            assert_eq!(safe_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_type_is_shown_if_it_is_made_of_words() {
        for name in ["batch.succeeded", "webhook.ping", "ping"] {
            assert_eq!(event_type(Some(name)), name);
        }
        for name in ["", "customer.12345678", "A.B", "a..b", "x y", "\u{1b}"] {
            assert_eq!(event_type(Some(name)), "(a type that is not shown)", "{name}");
        }
    }

    #[test]
    fn ids_and_parties_are_told_by_their_form() {
        assert_eq!(id("msg_eef5d8d0-1d74-4f41-92cf-eafc17b5f308"), "msg_ and a UUID");
        assert_eq!(id("batches/123456"), "batches/ and 6 digits");
        assert_eq!(id("v1_ChdZOFJvYXZ"), "v1_ and 11 letters and digits");
        for (value, form) in [
            (json!("https://example.com/hook/s3cret"), "an https URL with a path"),
            (json!("https://example.com"), "an https URL without a path"),
            (json!("my-project-1"), "the form of a project id"),
            (json!("123456789012"), "12 digits"),
            (
                json!(["1-a.apps.googleusercontent.com"]),
                "an array of one: a client id (.apps.googleusercontent.com)",
            ),
            (json!(7), "whole number"),
        ] {
            assert_eq!(party(Some(&value)), form);
        }
    }

    #[test]
    fn times_are_told_by_their_form() {
        let form = |text: &str| timestamp(Some(&json!(text)));
        assert_eq!(form("2026-01-22T12:00:00Z"), "RFC 3339 with Z, 0 digits of a second");
        assert_eq!(
            form("2026-01-22T12:00:00.123+01:00"),
            "RFC 3339 with an offset, 3 digits of a second"
        );
        assert_eq!(form("yesterday"), "a text of 9 lower-case letters and digits, not RFC 3339");
    }
}

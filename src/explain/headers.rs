//! What is wrong with the three headers, and with the time that one of them tells.

use super::cause::Cause;
use super::finding::Finding;
use super::request::Request;
use super::shown::Shown;
use crate::error::{Error, HeaderProblem};
use crate::headers::{FoundHeaders, Lookup, WebhookHeader};

/// Explains an error that any verifier can have with the headers or the body's size.
pub(super) fn finding(error: &Error, request: &Request<'_>) -> Option<Finding> {
    Some(match error {
        Error::BodyTooLarge { limit } => {
            let bytes = request.body.len();
            Finding::new(
                Cause::BodyTooLarge,
                format!("the body has {bytes} bytes, and {limit} are allowed"),
            )
        }
        Error::MissingHeader { header } => missing(*header, request),
        Error::RepeatedHeader { header } => {
            Finding::new(Cause::HeaderRepeated, format!("{header} came more than once"))
        }
        Error::MalformedHeader { header: WebhookHeader::Timestamp, problem } => {
            timestamp(request).unwrap_or_else(|| malformed(WebhookHeader::Timestamp, problem))
        }
        // Perhaps in another spelling: that is the signature's affair.
        Error::MalformedHeader { problem: HeaderProblem::NoWellFormedEntry, .. } => return None,
        Error::MalformedHeader { header, problem } => malformed(*header, problem),
        Error::TooOld { age, limit } => clock(*age, *limit, true),
        Error::TooNew { ahead, limit } => clock(*ahead, *limit, false),
        _ => return None,
    })
}

fn malformed(header: WebhookHeader, problem: &HeaderProblem) -> Finding {
    Finding::new(Cause::HeaderMalformed, format!("{header} is malformed ({problem})"))
}

/// A header that is missing may be there under another name.
fn missing(header: WebhookHeader, request: &Request<'_>) -> Finding {
    if let Some(found) = look_alike(header, request) {
        let what = format!("{header} is missing, and {} is there", Shown(found));
        return Finding::new(Cause::HeaderRenamed, what);
    }
    let FoundHeaders { id, timestamp, signature } = request.headers.lookup();
    let own = match header {
        WebhookHeader::Id => id,
        WebhookHeader::Timestamp => timestamp,
        WebhookHeader::Signature => signature,
    };
    let what = if own != Lookup::Missing {
        format!("{header} is there, but empty")
    } else if [id, timestamp, signature].iter().all(|one| *one == Lookup::Missing) {
        "none of the three webhook-* headers is there".to_owned()
    } else {
        format!("{header} is missing, while others of the three are there")
    };
    Finding::new(Cause::HeaderMissing, what)
}

/// `svix-id`, `x-webhook-id`, `HTTP_WEBHOOK_ID`, `webhook_id` and the like.
fn look_alike<'r>(header: WebhookHeader, request: &Request<'r>) -> Option<&'r str> {
    let ending = header.name().strip_prefix("webhook")?;
    let mut found = None;
    request.headers.each(&mut |name, value| {
        let is_other = !value.is_empty() && !name.eq_ignore_ascii_case(header.name());
        let plain = name.to_ascii_lowercase().replace('_', "-");
        let alike = plain.strip_suffix(ending).is_some_and(|before| {
            before.ends_with("webhook") || before == "svix" || before.ends_with("-svix")
        });
        if alike && is_other && found.is_none() {
            found = Some(name);
        }
    });
    found
}

/// Names the unit or the form of a timestamp that is not whole seconds.
fn timestamp(request: &Request<'_>) -> Option<Finding> {
    let Lookup::One(value) = request.headers.lookup().timestamp else { return None };
    let digits = value.iter().all(u8::is_ascii_digit);
    let form = match value.len() {
        13 if digits => "in milliseconds",
        16 if digits => "in microseconds",
        19 if digits => "in nanoseconds",
        _ if digits => "out of range, or has a zero before it",
        _ if is_fraction(value) => "a number with a fraction",
        _ if value.contains(&b'-') && value.contains(&b':') => "a date",
        _ if value.iter().any(u8::is_ascii_alphabetic) => "a text",
        _ => return None,
    };
    Some(Finding::new(Cause::TimestampNotSeconds, format!("webhook-timestamp is {form}")))
}

fn is_fraction(value: &[u8]) -> bool {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<f64>().ok());
    number.is_some() && value.contains(&b'.')
}

/// Says which of the clocks is ahead, and by how much.
fn clock(off: u64, limit: u64, old: bool) -> Finding {
    let direction = if old { "behind" } else { "ahead of" };
    let off_by = format!("webhook-timestamp is {off} s {direction} this receiver's clock");
    let allowed = format!("and {limit} s are allowed");
    if let Some(span) = of_a_zone(off) {
        let what = format!("{off_by}, {span} as a local time can be, {allowed}");
        return Finding::new(Cause::TimestampInLocalTime, what);
    }
    let cause = if old { Cause::TimestampTooOld } else { Cause::TimestampTooNew };
    Finding::new(cause, format!("{off_by}, {allowed}"))
}

/// Says in hours what time zones can differ from UTC: quarter hours from 1 to 14 hours, give or take
/// half a minute.
fn of_a_zone(seconds: u64) -> Option<String> {
    let quarters = seconds.checked_add(450)? / 900;
    let is_whole = seconds.abs_diff(quarters.checked_mul(900)?) <= 30;
    let hours = quarters / 4;
    let name = if hours == 1 { "hour" } else { "hours" };
    let minutes = match quarters % 4 {
        1 => " and 15 minutes",
        2 => " and 30 minutes",
        3 => " and 45 minutes",
        _ => "",
    };
    (is_whole && (4..=56).contains(&quarters)).then(|| format!("{hours} {name}{minutes}"))
}

//! What a request looks like: its headers, its signature, its event.

use gemini_webhooks::{Delivery, HeaderLookup as _, Lookup, Scheme};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, USER_AGENT};
use serde_json::Value;

use super::evidence::{Evidence, Shape};
use super::form;
use super::judge::{Judged, Reading};
use super::shape;
use super::signature::Signature;
use super::token::Token;
use super::topic::Topic;

/// Takes note of all that can be told of a request.
pub(super) fn note(
    headers: &HeaderMap,
    body: &[u8],
    judged: &Judged,
    now: u64,
    evidence: &mut Evidence,
) {
    let is_verified = judged.result.is_ok();
    let signature = Signature::of(headers);
    note_headers(headers, &signature, is_verified, evidence);
    let token = match &signature {
        Signature::Token(token) => Some(&**token),
        _ => None,
    };
    if let Some(token) = token {
        token.note(is_verified, now, evidence);
        if is_verified && !token.holds_event() {
            let (type_name, members) = ("the claims alone".to_owned(), shape::lines(&token.claims));
            evidence.note_shape(Shape { type_name, form: "JWT", members });
        }
    }
    match &judged.result {
        Ok(delivery) => {
            evidence.verified = evidence.verified.saturating_add(1);
            note_event(delivery, evidence);
            note_place(delivery, body, evidence);
            note_secrets(judged, evidence);
            note_needs(delivery, judged, token, now, evidence);
        }
        Err(error) => {
            let times = evidence.refused.entry(error.code()).or_default();
            *times = times.saturating_add(1);
        }
    }
}

fn note_headers(
    headers: &HeaderMap,
    signature: &Signature,
    is_verified: bool,
    evidence: &mut Evidence,
) {
    let mut note = |topic, finding: String| evidence.note_of(is_verified, topic, finding);
    let id = match headers.lookup().id {
        Lookup::One(id) => {
            std::str::from_utf8(id).map_or_else(|_| "not ASCII".to_owned(), form::id)
        }
        Lookup::Missing => "missing".to_owned(),
        Lookup::Repeated => "repeated".to_owned(),
    };
    note(Topic::WebhookId, id);
    note(Topic::Form, signature.forms());
    if let Signature::List(entries) = signature {
        let both = if entries.v1 > 0 && entries.v1a > 0 { "yes" } else { "no" };
        note(Topic::Entries, entries.numbers());
        note(Topic::BothSchemes, both.to_owned());
    }
    let content_type =
        known(headers, &CONTENT_TYPE, &["application/json", "application/json; charset=utf-8"]);
    let encoding = known(headers, &CONTENT_ENCODING, &["gzip", "deflate", "br", "identity"]);
    let agent = known(headers, &USER_AGENT, &[]);
    note(
        Topic::Transport,
        format!("content-type {content_type}, content-encoding {encoding}, user-agent {agent}"),
    );
}

/// A header's value if it is one of these, in lower case; else only that there is one.
fn known<'w>(headers: &HeaderMap, name: &HeaderName, values: &[&'w str]) -> &'w str {
    let Some(value) = headers.get(name) else { return "missing" };
    let value = value.to_str().unwrap_or_default().to_ascii_lowercase();
    values.iter().find(|known| **known == value).map_or("another", |known| known)
}

fn note_event(delivery: &Delivery, evidence: &mut Evidence) {
    let event: Value = serde_json::from_slice(delivery.raw()).unwrap_or_default();
    let type_name = form::event_type(delivery.event().type_name());
    let in_event = |name: &str| event.get(name).filter(|value| !value.is_null());
    let in_data = |name: &str| event.get("data")?.get(name).filter(|value| !value.is_null());
    if delivery.event().event_type().is_none() {
        evidence.note(Topic::UnknownTypes, type_name.clone());
    }
    let id = in_data("id").map_or_else(
        || "missing".to_owned(),
        |id| id.as_str().map_or_else(|| form::kind(id), form::id),
    );
    evidence.note(Topic::JobId, format!("{type_name}: {id}"));
    if let Some(code) = in_data("error_code") {
        evidence.note(Topic::ErrorCode, form::kind(code));
    }
    evidence.note(Topic::EventTimestamp, form::timestamp(in_event("timestamp")));
    let place = match (in_event("user_metadata"), in_data("user_metadata")) {
        (None, None) => "nowhere".to_owned(),
        (Some(value), None) => format!("beside data: {}", form::kind(value)),
        (None, Some(value)) => format!("inside data: {}", form::kind(value)),
        (Some(_), Some(_)) => "in both places".to_owned(),
    };
    evidence.note(Topic::UserMetadata, place);
    let form = match delivery.scheme() {
        Scheme::Static(_) => "v1",
        Scheme::Jwt(_) => "JWT",
        _ => "v1a",
    };
    evidence.note_shape(Shape { type_name, form, members: shape::lines(&event) });
}

/// Where the event was, and what the body is beside a token.
fn note_place(delivery: &Delivery, body: &[u8], evidence: &mut Evidence) {
    if !matches!(delivery.scheme(), Scheme::Jwt(_)) {
        return;
    }
    let body: Option<Value> =
        serde_json::from_slice(body).ok().or((!body.is_empty()).then_some(Value::Null));
    let beside = match &body {
        None => "the body is empty",
        Some(body) if body.get("type").is_some() => "the body is an event",
        Some(Value::Object(_)) => "the body is JSON, and no event",
        Some(_) => "the body is something else",
    };
    let claims = match delivery.body_authentication() {
        gemini_webhooks::BodyAuthentication::Claims => "the claims hold the event",
        _ => "the claims do not hold the event",
    };
    evidence.note(Topic::EventPlace, format!("{claims}; {beside}"));
}

fn note_secrets(judged: &Judged, evidence: &mut Evidence) {
    if judged.matched.is_empty() {
        return;
    }
    let positions: Vec<String> =
        judged.matched.iter().map(|(position, _)| position.to_string()).collect();
    evidence.note(Topic::SecretMatched, format!("secret {}", positions.join(" and ")));
    for (_, reading) in &judged.matched {
        evidence.note(Topic::SecretReading, reading.in_words());
    }
}

fn note_needs(
    delivery: &Delivery,
    judged: &Judged,
    token: Option<&Token>,
    now: u64,
    evidence: &mut Evidence,
) {
    let needs = &mut evidence.needs;
    let odd =
        judged.matched.iter().map(|(_, reading)| *reading).find(|one| *one != Reading::Base64);
    match delivery.scheme() {
        Scheme::Static(_) => needs.secrets = true,
        Scheme::Jwt(_) => {
            if let Some(token) = token {
                needs.audience(form::party(token.claims.get("aud")));
                needs.unsigned_body |= !token.holds_event();
                needs.allowance.add(token.allowance(now));
            }
        }
        _ => needs.v1a = true,
    }
    needs.raw_secret = needs.raw_secret.or(odd.map(Reading::in_words));
}

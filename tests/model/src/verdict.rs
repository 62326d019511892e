//! What a verdict says, in the words of the model.

use gemini_webhooks::{
    BodyAuthentication, Delivery, Envelope, Error, ErrorCode, Event, HeaderProblem, Scheme,
    UnreadableReason,
};
use serde_json::{Map, Value, json};

pub fn of_request(verdict: &Result<Delivery, Error>) -> Value {
    match verdict {
        Ok(delivery) => json!({ "ok": of_delivery(delivery) }),
        Err(error) => json!({ "refused": of_error(error) }),
    }
}

pub fn of_event(read: &Result<Envelope, UnreadableReason>) -> Value {
    json!({ "ok": match read {
        Ok(envelope) => event_fields(envelope.event(), Some(envelope)),
        Err(reason) => Map::from_iter([("event".to_owned(), json!(format!("unreadable/{reason:?}")))]),
    }})
}

fn of_delivery(delivery: &Delivery) -> Map<String, Value> {
    let mut fields = event_fields(delivery.event(), delivery.envelope());
    let (scheme, by) = match delivery.scheme() {
        Scheme::Static(secret) => {
            let label = secret.label().unwrap_or_default();
            ("static", Some(format!("{}/{label}", secret.position())))
        }
        Scheme::Jwt(jwt) => ("jwt", Some(jwt.kid().to_owned())),
        Scheme::Ed25519 => ("v1a", None),
        _ => ("another", None),
    };
    fields.insert("scheme".to_owned(), scheme.into());
    fields.insert("id".to_owned(), delivery.id().as_str().into());
    fields.insert("sent_at".to_owned(), delivery.timestamp().unix_timestamp().into());
    fields.insert("raw".to_owned(), delivery.raw().len().into());
    if let Scheme::Jwt(jwt) = delivery.scheme() {
        let issued_at = jwt.issued_at().map(|time| time.unix_timestamp());
        fields.insert("times".to_owned(), json!([jwt.expires_at().unix_timestamp(), issued_at]));
    }
    if let Some(by) = by {
        fields.insert("by".to_owned(), by.into());
    }
    let auth = match delivery.body_authentication() {
        BodyAuthentication::Claims => "claims",
        BodyAuthentication::Signed => "signed",
        BodyAuthentication::Unsigned => "unsigned",
        _ => "another",
    };
    fields.insert("auth".to_owned(), auth.into());
    fields
}

fn event_fields(event: &Event, envelope: Option<&Envelope>) -> Map<String, Value> {
    let (kind, payload) = kind_and_payload(event);
    let mut fields = Map::new();
    fields.insert("event".to_owned(), kind.into());
    let Some(envelope) = envelope else { return fields };
    let time = envelope.timestamp().map(|time| time.unix_timestamp_nanos().to_string());
    fields.insert("type".to_owned(), event.type_name().into());
    fields.insert("payload".to_owned(), payload);
    fields.insert("job".to_owned(), envelope.job_id().into());
    fields.insert("version".to_owned(), envelope.version().into());
    fields.insert("time".to_owned(), time.into());
    fields.insert("user_metadata".to_owned(), envelope.user_metadata().cloned().into());
    fields
}

fn kind_and_payload(event: &Event) -> (String, Value) {
    let payload = match event {
        Event::Unknown { data, .. } => return ("unknown".to_owned(), data.clone()),
        Event::Unreadable { reason, .. } => return (format!("unreadable/{reason:?}"), Value::Null),
        Event::BatchSucceeded(batch) => {
            json!({ "id": batch.id, "output_file_uri": batch.output_file_uri })
        }
        Event::BatchFailed(failure) | Event::InteractionFailed(failure) => json!({
            "id": failure.id,
            "error_code": failure.error_code.as_ref().map(|code| match code {
                ErrorCode::Number(number) => json!(number),
                ErrorCode::Text(text) => json!(text),
            }),
            "error_message": failure.error_message,
        }),
        Event::BatchCancelled(job)
        | Event::BatchExpired(job)
        | Event::InteractionRequiresAction(job)
        | Event::InteractionCompleted(job)
        | Event::InteractionCancelled(job) => json!({ "id": job.id }),
        Event::VideoGenerated(video) => json!({
            "id": video.id,
            "output_file_uri": video.output_file_uri,
            "file_name": video.file_name,
            "video_uri": video.video_uri,
        }),
        _ => Value::Null,
    };
    (event.type_name().unwrap_or_default().to_owned(), payload)
}

/// The code, and the part and the problem where there are any.
fn of_error(error: &Error) -> String {
    let code = error.code();
    match error {
        Error::MissingHeader { header } => format!("{code}/{header:?}"),
        Error::RepeatedHeader { header } => format!("{code}/{header:?}/Repeated"),
        Error::MalformedHeader { header, problem } => {
            format!("{code}/{header:?}/{}", name(problem))
        }
        Error::MalformedToken { problem } => format!("{code}/{problem:?}"),
        Error::SchemeNotConfigured { saw } => format!("{code}/{}", saw.code()),
        Error::TooOld { age: off, limit } | Error::TooNew { ahead: off, limit } => {
            format!("{code}/{off}/{limit}")
        }
        _ => code.to_owned(),
    }
}

/// The name of the variant alone.
fn name(problem: &HeaderProblem) -> &'static str {
    match problem {
        HeaderProblem::ContainsDot => "ContainsDot",
        HeaderProblem::NoWellFormedEntry => "NoWellFormedEntry",
        HeaderProblem::NotUnixSeconds => "NotUnixSeconds",
        HeaderProblem::NotVisibleAscii => "NotVisibleAscii",
        HeaderProblem::TooLong { .. } => "TooLong",
        HeaderProblem::TooManyEntries { .. } => "TooManyEntries",
        _ => "another",
    }
}

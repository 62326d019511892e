//! Bodies: what is read of them, and what becomes of that.

use bytes::Bytes;
use gemini_webhooks::limits::MAX_JSON_DEPTH;
use gemini_webhooks::{Clock, Delivery, Envelope, Event, Record, UnreadableReason};
use serde_json::{Map, Value};

use super::{NOW, Peers};

/// Any body can be read, written and read again without a change, and arrives if it was signed.
pub fn event(body: &[u8]) {
    let read = Envelope::from_slice(body);
    match &read {
        Ok(envelope) => {
            assert_same_when_read_again(envelope);
            assert_nothing_is_lost(envelope, body);
        }
        Err(reason) => assert_fair_reason(*reason, body),
    }
    let peers = Peers::new(body, NOW);
    let request = peers.signer.sign("msg_1", peers.clock.now(), Bytes::copy_from_slice(body));
    let delivery = peers.verifier.verify(&request.headers, request.body).unwrap();
    assert_eq!(delivery.envelope(), read.as_ref().ok());
    match read {
        Ok(envelope) => assert_eq!(*delivery.event(), envelope.into_event()),
        Err(expected) => assert!(
            matches!(delivery.event(), Event::Unreadable { reason, .. } if *reason == expected)
        ),
    }
    assert_queue_keeps_event(delivery.event());
    assert_queue_keeps(delivery);
}

fn assert_same_when_read_again(envelope: &Envelope) {
    let json = serde_json::to_vec(envelope).unwrap();
    assert_eq!(Envelope::from_slice(&json).as_ref(), Ok(envelope));
    assert_eq!(serde_json::from_slice::<Envelope>(&json).unwrap(), *envelope);
    let tree = serde_json::to_value(envelope).unwrap();
    assert_eq!(serde_json::from_value::<Envelope>(tree).unwrap(), *envelope);
    assert_shown_by_its_fields(envelope);
    assert_read_under_either_name(envelope.event(), &envelope_data(envelope));
}

fn envelope_data(envelope: &Envelope) -> Value {
    serde_json::to_value(envelope).unwrap()["data"].take()
}

/// Where a video is, and what an error's code is, whichever of its two forms came.
fn assert_read_under_either_name(event: &Event, data: &Value) {
    match event {
        Event::VideoGenerated(video) => {
            let first = data["output_file_uri"].as_str();
            assert_eq!(video.uri(), first.or(data["video_uri"].as_str()));
        }
        Event::BatchFailed(failure) | Event::InteractionFailed(failure) => {
            let code = failure.error_code.as_ref().map(ToString::to_string);
            let came = &data["error_code"];
            let text = came.as_str().map(str::to_owned);
            assert_eq!(code, text.or(came.as_i64().map(|number| number.to_string())));
        }
        _ => {}
    }
}

/// Of free-form JSON the names are shown, and no value: with others it would look the same.
fn assert_shown_by_its_fields(envelope: &Envelope) {
    const FIELDS: [&str; 6] =
        ["id", "output_file_uri", "file_name", "video_uri", "error_code", "error_message"];
    let mut other = serde_json::to_value(envelope).unwrap();
    for (name, value) in other.as_object_mut().unwrap() {
        match (name.as_str(), value, envelope.event()) {
            // Shown as they are; and `data` may be why the event is unreadable.
            ("type" | "version" | "timestamp", Value::String(_), _)
            | ("data", _, Event::Unreadable { .. }) => {}
            ("data", value, Event::Unknown { .. }) => *value = Value::Null,
            ("data", Value::Object(members), _) => {
                let others =
                    members.iter_mut().filter(|(name, _)| !FIELDS.contains(&name.as_str()));
                others.for_each(|(_, value)| *value = Value::Null);
            }
            (_, value, _) => *value = Value::from(0),
        }
    }
    let other: Envelope = serde_json::from_value(other).unwrap();
    assert_eq!(format!("{other:?}"), format!("{envelope:?}"));
    assert_eq!(envelope.extra().is_empty(), envelope.extra().as_map().is_empty());
}

/// Each member of the body is a member of what is written, with the value that it came with.
fn assert_nothing_is_lost(envelope: &Envelope, body: &[u8]) {
    let came: Value = serde_json::from_slice(body).unwrap();
    let (members, depth) = members_and_depth(&came);
    assert_eq!(colons_outside_texts(body), members, "a name came twice");
    assert!(depth <= MAX_JSON_DEPTH);
    let written = serde_json::to_value(envelope).unwrap();
    for (name, value) in came.as_object().unwrap() {
        match (name.as_str(), written.get(name)) {
            // The same moment may be written in another way.
            ("timestamp", Some(_)) if envelope.timestamp().is_some() => {}
            ("data", kept) => assert_eq!(kept.map(without_nulls), Some(without_nulls(value))),
            (_, kept) => assert_eq!(kept, Some(value), "{name}"),
        }
    }
}

/// A documented member that is `null` is taken as absent.
fn without_nulls(data: &Value) -> Value {
    let mut data = data.clone();
    if let Some(members) = data.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    data
}

fn assert_fair_reason(reason: UnreadableReason, body: &[u8]) {
    use UnreadableReason as R;
    let is_text = std::str::from_utf8(body).is_ok();
    assert_eq!(reason == R::NotUtf8, !is_text);
    // What is not JSON may have another fault before that.
    let Ok(tree) = serde_json::from_slice::<Value>(body) else { return };
    let (members, depth) = members_and_depth(&tree);
    // Then the tree has one of the values only, and the reason may be about the other.
    let has_duplicate = colons_outside_texts(body) > members;
    let has_type = tree.get("type").is_some_and(Value::is_string);
    let is_fair = match reason {
        R::DuplicateMember => has_duplicate,
        R::NotAnEnvelope => !has_type || has_duplicate,
        R::TooDeep => depth > MAX_JSON_DEPTH || has_duplicate,
        _ => false,
    };
    assert!(is_fair, "{reason}");
}

fn members_and_depth(tree: &Value) -> (usize, usize) {
    let inner: Vec<_> = match tree {
        Value::Array(items) => items.iter().map(members_and_depth).collect(),
        Value::Object(members) => members.values().map(members_and_depth).collect(),
        _ => return (0, 0),
    };
    let own = tree.as_object().map_or(0, Map::len);
    let members = own + inner.iter().map(|(members, _)| members).sum::<usize>();
    let depth = 1 + inner.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
    (members, depth)
}

/// In JSON there is one for each member, also for those that a tree has lost to another of the
/// same name.
fn colons_outside_texts(json: &[u8]) -> usize {
    let (mut colons, mut in_text, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b':' if !in_text => colons += 1,
            _ => {}
        }
    }
    colons
}

fn assert_queue_keeps_event(event: &Event) {
    let message = serde_json::to_vec(event).unwrap();
    assert_eq!(serde_json::from_slice::<Event>(&message).unwrap(), *event);
}

fn assert_queue_keeps(delivery: Delivery) {
    let message = serde_json::to_vec(&delivery).unwrap();
    let record = delivery.into_record();
    assert_eq!(serde_json::to_vec(&record).unwrap(), message);
    assert_eq!(serde_json::from_slice::<Record>(&message).unwrap(), record);
}

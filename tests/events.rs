//! The envelope and the catalogue: nothing that is authentic is lost.

use gemini_webhooks::testing::{ManualClock, StaticSigner, sample_body_of};
use gemini_webhooks::{
    Clock, Delivery, Envelope, ErrorCode, Event, EventType, Record, Secret, StaticVerifier,
    UnreadableReason,
};
use serde_json::{Value, json};

fn read(value: &Value) -> Envelope {
    Envelope::from_slice(value.to_string().as_bytes()).unwrap()
}

fn event(type_name: &str, data: Value) -> Event {
    read(&json!({ "type": type_name, "version": "v1", "data": data })).into_event()
}

fn delivery(body: impl AsRef<[u8]>) -> Delivery {
    let secret = || Secret::from_raw_bytes([7; 32]).unwrap();
    let clock = ManualClock::at(1_800_000_000);
    let body = body.as_ref().to_vec();
    let request = StaticSigner::new(&secret()).sign("msg_1", clock.now(), body);
    let verifier = StaticVerifier::builder().secret(secret()).clock(clock).build().unwrap();
    verifier.verify(&request.headers, request.body).unwrap()
}

fn unreadable(body: impl AsRef<[u8]>) -> (Option<String>, UnreadableReason) {
    let delivery = delivery(&body);
    assert_eq!(delivery.raw(), body.as_ref());
    match delivery.event() {
        Event::Unreadable { type_name, reason } => (type_name.clone(), *reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_catalogue_has_these_nine_types() {
    let names: Vec<_> = EventType::ALL.iter().map(|known| known.as_str()).collect();
    assert_eq!(
        names,
        [
            "batch.succeeded",
            "batch.cancelled",
            "batch.expired",
            "batch.failed",
            "interaction.requires_action",
            "interaction.completed",
            "interaction.failed",
            "interaction.cancelled",
            "video.generated",
        ]
    );
    for known in EventType::ALL {
        assert_eq!(EventType::parse(known.as_str()), Some(*known));
        assert_eq!(delivery(sample_body_of(*known)).event().event_type(), Some(*known));
    }
}

#[test]
fn the_example_of_the_page_is_read() {
    let body = r#"{
      "type": "batch.succeeded",
      "version": "v1",
      "timestamp": "2026-01-22T12:00:00Z",
      "data": {
        "id": "batch_123456",
        "output_file_uri": "gs://my-bucket/results.jsonl"
      }
    }"#;
    let delivery = delivery(body);
    let envelope = delivery.envelope().unwrap();
    assert_eq!(envelope.version(), Some("v1"));
    assert_eq!(envelope.timestamp().unwrap().unix_timestamp(), 1_769_083_200);
    assert!(envelope.extra().is_empty() && delivery.user_metadata().is_none());
    let Event::BatchSucceeded(batch) = delivery.event() else { panic!() };
    assert_eq!(batch.id, "batch_123456");
    assert_eq!(batch.output_file_uri.as_deref(), Some("gs://my-bucket/results.jsonl"));
}

#[test]
fn an_inline_batch_has_no_output_file() {
    for data in [json!({"id": "b1"}), json!({"id": "b1", "output_file_uri": null})] {
        let Event::BatchSucceeded(batch) = event("batch.succeeded", data) else { panic!() };
        assert_eq!(batch.output_file_uri, None);
    }
}

#[test]
fn an_error_code_is_a_text_or_a_whole_number() {
    let code = |code: Value| {
        let data = json!({ "id": "b1", "error_code": code, "error_message": "why" });
        match event("batch.failed", data) {
            Event::BatchFailed(failure) => failure.error_code,
            _ => panic!("{code}"),
        }
    };
    assert_eq!(code(json!("INTERNAL")), Some(ErrorCode::Text("INTERNAL".to_owned())));
    assert_eq!(code(json!(-13)), Some(ErrorCode::Number(-13)));
    assert_eq!(code(json!(null)), None);
    let odd = json!({ "id": "b1", "error_code": [1] });
    assert!(matches!(event("batch.failed", odd), Event::Unreadable { .. }));
}

#[test]
fn everything_about_a_video_is_optional() {
    let Event::VideoGenerated(video) = event("video.generated", json!({})) else { panic!() };
    assert_eq!((video.id.as_ref(), video.uri()), (None, None));
    let data = json!({ "id": "op", "video_uri": "gs://a", "output_file_uri": "gs://b" });
    let Event::VideoGenerated(video) = event("video.generated", data) else { panic!() };
    assert_eq!((video.id.as_deref(), video.uri()), (Some("op"), Some("gs://b")));
}

#[test]
fn members_come_in_any_order() {
    let data_first = r#"{"data":{"output_file_uri":"gs://x","id":"b1"},"timestamp":
        "2026-01-22T12:00:00Z","user_metadata":{"a":[1]},"version":"v1","type":"batch.succeeded"}"#;
    let envelope = Envelope::from_slice(data_first.as_bytes()).unwrap();
    assert!(matches!(envelope.event(), Event::BatchSucceeded(batch) if batch.id == "b1"));
    assert_eq!(envelope.user_metadata(), Some(&json!({"a": [1]})));
}

#[test]
fn a_type_outside_the_catalogue_reaches_the_caller_with_its_data() {
    for (type_name, data) in [
        ("webhook.ping", json!({ "anything": [1, 2.5, null], "id": "p1" })),
        ("batch.succeeded.v2", json!("text")),
        ("", json!(7)),
        ("Batch.Succeeded", json!([{}])),
    ] {
        let unknown = event(type_name, data.clone());
        assert_eq!(unknown, Event::Unknown { type_name: type_name.to_owned(), data });
        assert_eq!(unknown.type_name(), Some(type_name));
    }
    let without_data = Envelope::from_slice(br#"{"type":"webhook.ping"}"#).unwrap();
    assert!(matches!(without_data.event(), Event::Unknown { data: Value::Null, .. }));
}

#[test]
fn unknown_members_are_kept_and_never_an_error() {
    let body = json!({
        "type": "batch.expired", "new_member": {"a": 1},
        "data": {"id": "b1", "region": "eu", "output_file_uri": "gs://odd"},
    });
    let envelope = read(&body);
    assert_eq!(envelope.extra().get("new_member"), Some(&json!({"a": 1})));
    let Event::BatchExpired(batch) = envelope.event() else { panic!() };
    assert_eq!(batch.extra.get("region"), Some(&json!("eu")));
    // A member that is documented for another type is no field here, and kept as well.
    assert_eq!(batch.extra.get("output_file_uri"), Some(&json!("gs://odd")));
}

#[test]
fn a_known_type_whose_data_does_not_fit_reaches_the_caller_as_such() {
    for data in
        [json!({}), json!({"id": 7}), json!(null), json!("b1"), json!([]), json!({"id": null})]
    {
        let body = json!({ "type": "batch.expired", "version": "v1", "data": data });
        let delivery = delivery(body.to_string());
        let reason = UnreadableReason::DataDoesNotFit;
        let type_name = Some("batch.expired".to_owned());
        assert_eq!(delivery.event(), &Event::Unreadable { type_name, reason });
        let envelope = delivery.envelope().unwrap();
        assert_eq!(envelope.extra().get("data"), Some(&data));
        assert_eq!(envelope.version(), Some("v1"));
    }
}

#[test]
fn a_timestamp_has_zero_to_nine_fractional_digits_and_any_offset() {
    let nanoseconds = |text: &str| {
        let body = json!({ "type": "webhook.ping", "timestamp": text });
        read(&body).timestamp().map(|time| time.unix_timestamp_nanos())
    };
    let base = 1_769_083_200_000_000_000;
    assert_eq!(nanoseconds("2026-01-22T12:00:00Z"), Some(base));
    assert_eq!(nanoseconds("2026-01-22T12:00:00.5Z"), Some(base + 500_000_000));
    assert_eq!(nanoseconds("2026-01-22T12:00:00.123456789Z"), Some(base + 123_456_789));
    assert_eq!(nanoseconds("2026-01-22T14:30:00+02:30"), Some(base));
    assert_eq!(nanoseconds("2026-01-22T04:00:00.000-08:00"), Some(base));
    assert_eq!(nanoseconds("2026-01-22 12:00:00z"), Some(base));
}

#[test]
fn an_odd_time_or_version_is_kept_and_costs_nothing_else() {
    for (member, value) in [
        ("timestamp", json!("yesterday")),
        ("timestamp", json!("2026-01-22]12:00:00Z")),
        ("timestamp", json!("2026-01-22112:00:00Z")),
        ("timestamp", json!(1_769_083_200)),
        ("timestamp", json!(null)),
        ("timestamp", json!(["2026-01-22T12:00:00Z"])),
        ("version", json!(2)),
        ("version", json!({"major": 1})),
    ] {
        let mut body = json!({ "type": "batch.expired", "data": {"id": "b1"} });
        body[member] = value.clone();
        let envelope = read(&body);
        assert!(matches!(envelope.event(), Event::BatchExpired(_)));
        assert_eq!((envelope.timestamp(), envelope.version()), (None, None));
        assert_eq!(envelope.extra().get(member), Some(&value));
    }
}

#[test]
fn user_metadata_is_found_at_the_top_level_then_inside_data() {
    let (outer, inner) = (json!({"at": "top"}), json!({"at": "data"}));
    let data = json!({ "id": "b1", "user_metadata": inner });
    let both = json!({ "type": "batch.expired", "data": data, "user_metadata": outer });
    assert_eq!(read(&both).user_metadata(), Some(&outer));
    for type_name in ["batch.expired", "batch.new_kind"] {
        let inside = json!({ "type": type_name, "data": data, "user_metadata": null });
        assert_eq!(read(&inside).user_metadata(), Some(&inner));
    }
}

#[test]
fn a_body_that_is_no_envelope_is_unreadable_with_its_reason() {
    use UnreadableReason as R;
    assert_eq!(unreadable(b"\xff{}"), (None, R::NotUtf8));
    for text in
        ["", "{", "nonsense", "{}x", "\u{feff}{}", r#"{"type":"a",}"#, "{\"type\":\"\\ud800\"}"]
    {
        assert_eq!(unreadable(text).1, R::NotJson, "{text}");
    }
    for text in ["[]", "null", "7", r#""text""#, "{}", r#"{"type":7}"#, r#"{"data":{"id":"b1"}}"#] {
        assert_eq!(unreadable(text).1, R::NotAnEnvelope, "{text}");
    }
}

#[test]
fn a_body_that_is_no_envelope_is_read_to_its_end_for_the_reason() {
    use UnreadableReason as R;
    let deep = format!("[{}{}]", "[".repeat(64), "]".repeat(64));
    for (text, reason) in [
        (r#"{"type":7,"#, R::NotJson),
        (r#"{"type":0x7}"#, R::NotJson),
        (r#"{"type":7} x"#, R::NotJson),
        (r#"["a","\ud800"]"#, R::NotJson),
        (r#"{"type":7,"type":"batch.expired","data":{"id":"b1"}}"#, R::DuplicateMember),
        (r#"[{"a":1,"a":1}]"#, R::DuplicateMember),
        (&deep, R::TooDeep),
    ] {
        assert_eq!(unreadable(text), (None, reason), "{text}");
    }
}

#[test]
fn duplicate_members_are_refused_at_every_level() {
    for text in [
        r#"{"type":"batch.expired","data":{"id":"b1"},"data":{"id":"b2"}}"#,
        r#"{"type":"batch.expired","data":{"id":"b1","\u0069d":"b2"}}"#,
        r#"{"type":"batch.expired","data":{"id":"b1","x":{"y":1,"y":2}}}"#,
        r#"{"type":"batch.expired","data":{"id":"b1"},"user_metadata":{"t":1,"t":2}}"#,
        r#"{"type":"batch.expired","data":{"id":"b1"},"version":"v1","version":"v1"}"#,
        r#"{"type":"batch.expired","data":{"id":"b1"},"z":1,"z":1}"#,
    ] {
        let (type_name, reason) = unreadable(text);
        assert_eq!(reason, UnreadableReason::DuplicateMember, "{text}");
        assert_eq!(type_name.as_deref(), Some("batch.expired"), "{text}");
    }
}

#[test]
fn of_two_types_neither_is_believed() {
    let twice = r#"{"type":"batch.expired","type":"batch.failed","data":{"id":"b1"}}"#;
    assert_eq!(unreadable(twice), (None, UnreadableReason::DuplicateMember));
}

#[test]
fn depth_is_bounded() {
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!(r#"{{"type":"batch.expired","data":{{"id":"b1","x":{open}{close}}}}}"#)
    };
    // The envelope and `data` are the first two levels.
    assert!(matches!(delivery(nested(62)).event(), Event::BatchExpired(_)));
    let type_name = Some("batch.expired".to_owned());
    assert_eq!(unreadable(nested(63)), (type_name.clone(), UnreadableReason::TooDeep));
    assert_eq!(unreadable(nested(100_000)), (type_name, UnreadableReason::TooDeep));
}

#[test]
fn an_envelope_goes_through_serde_and_back() {
    let samples = EventType::ALL.iter().map(|known| sample_body_of(*known).to_owned());
    let odd = [
        r#"{"type":"webhook.ping","data":{"a":[1,{"b":null}]},"x":1.5}"#.to_owned(),
        r#"{"type":"webhook.ping"}"#.to_owned(),
        r#"{"type":"webhook.ping","data":123456189012345678901234567890.125}"#.to_owned(),
        r#"{"type":"batch.expired","data":[1]}"#.to_owned(),
        r#"{"type":"batch.expired","timestamp":7,"version":{},"data":{"id":"b","y":2}}"#.to_owned(),
        r#"{"type":"batch.failed","data":{"id":"b","error_code":3},"user_metadata":null}"#
            .to_owned(),
    ];
    for body in samples.chain(odd) {
        let envelope = Envelope::from_slice(body.as_bytes()).unwrap();
        let text = serde_json::to_string(&envelope).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&text).unwrap(), envelope, "{body} {text}");
        let value = serde_json::to_value(&envelope).unwrap();
        assert_eq!(serde_json::from_value::<Envelope>(value).unwrap(), envelope, "{body}");
    }
}

#[test]
fn an_event_goes_through_serde_and_back() {
    for known in EventType::ALL {
        let event = delivery(sample_body_of(*known)).into_event();
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
    for body in ["", "[]", "\u{feff}", r#"{"type":"batch.expired","data":7}"#, r#"{"type":"new"}"#]
    {
        let event = delivery(body).into_event();
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event, "{text}");
    }
}

#[test]
fn a_record_goes_through_a_queue_and_back() {
    let readable = sample_body_of(EventType::VideoGenerated).as_bytes().to_vec();
    for body in [readable, b"\xff\x00".to_vec(), b"[]".to_vec(), Vec::new()] {
        let delivery = delivery(&body);
        let written = serde_json::to_string(&delivery).unwrap();
        let record = delivery.clone().into_record();
        assert_eq!(serde_json::to_string(&record).unwrap(), written);
        let read: Record = serde_json::from_str(&written).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.event(), delivery.event());
        assert_eq!((read.id(), read.timestamp()), (delivery.id(), delivery.timestamp()));
        assert_eq!(read.scheme(), delivery.scheme());
        assert_eq!(read.body_authentication(), delivery.body_authentication());
        assert_eq!(read.envelope(), delivery.envelope());
        let unreadable = delivery.envelope().is_none();
        assert_eq!(read.unreadable_bytes().is_some(), unreadable);
        if unreadable {
            assert_eq!(read.unreadable_bytes().unwrap(), &body);
        }
    }
}

#[test]
fn a_record_that_holds_neither_or_both_is_refused() {
    let base = json!({ "webhook_id": "a", "webhook_timestamp": 1, "scheme": {"static": {"position": 1}}, "body_authentication": "signed" });
    assert!(serde_json::from_value::<Record>(base.clone()).is_err());
    let mut both = base;
    both["raw"] = json!("e30=");
    assert!(serde_json::from_value::<Record>(both.clone()).is_ok());
    both["envelope"] = json!({ "type": "x" });
    assert!(serde_json::from_value::<Record>(both).is_err());
}

#[test]
fn an_id_that_was_written_down_is_under_the_rules_of_the_header() {
    for bad in ["", "a.b", "a\nb", "é", &"a".repeat(257)] {
        assert!(serde_json::from_value::<gemini_webhooks::WebhookId>(json!(bad)).is_err(), "{bad}");
    }
    let id: gemini_webhooks::WebhookId = serde_json::from_value(json!("msg_1")).unwrap();
    let (as_ref, displayed): (&str, _) = (id.as_ref(), format!("<{id}>"));
    assert_eq!((id.as_str(), as_ref, displayed.as_str()), ("msg_1", "msg_1", "<msg_1>"));
    assert_eq!(String::from(id), "msg_1");
}

#[test]
fn data_that_is_a_number_does_not_fit_in_whatever_form_it_arrives() {
    // With a feature of serde_json, which any crate of a build may turn on, numbers arrive so.
    for data in ["5", r#"{"$serde_json::private::Number":"5"}"#] {
        let is_number = serde_json::from_str::<Value>(data).unwrap().is_number();
        let body = format!(r#"{{"type":"video.generated","data":{data}}}"#);
        let envelope: Envelope = serde_json::from_str(&body).unwrap();
        assert_eq!(matches!(envelope.event(), Event::Unreadable { .. }), is_number, "{data}");
    }
    let object = r#"{"$serde_json::private::Number":"5","file_name":"files/1"}"#;
    let body = format!(r#"{{"type":"video.generated","data":{object}}}"#);
    let envelope: Envelope = serde_json::from_str(&body).unwrap();
    assert!(matches!(envelope.event(), Event::VideoGenerated(_)));
}

#[test]
fn a_delivery_hands_on_the_metadata_and_a_type_prints_as_it_is_written() {
    let metadata = json!({ "tenant": "t-1" });
    let body =
        json!({ "type": "batch.expired", "data": { "id": "b1" }, "user_metadata": metadata });
    assert_eq!(delivery(body.to_string()).user_metadata(), Some(&metadata));
    for event_type in EventType::ALL {
        assert_eq!(event_type.to_string(), event_type.as_str());
    }
}

//! The material of all cases: always the same.

use gemini_webhooks::EventType;
use gemini_webhooks::testing::sample_body_of;

/// Bodies as a receiver may get them; all are UTF-8, because both peers sign texts.
pub fn bodies() -> Vec<Vec<u8>> {
    let texts = [
        "",
        "{}",
        "\0",
        "no JSON at all",
        r#"{ "type":"batch.succeeded" ,"data" : {"id":  "batches/1"  } }"#,
        "\r\n{\r\n\t\"type\" : \"batch.failed\",\r\n\t\"data\" : { }\r\n}\r\n\n",
        r#"{"b":1.0e+1,"a":10,"a":1E1,"c":"\u00e9\/\ud83d\ude80"}"#,
        r#"{"id":"größer","text":"日本語, עברית, Ελληνικά","rocket":"🚀"}"#,
        "\u{feff}{\"composed\":\"\u{e9}\",\"decomposed\":\"e\u{301}\",\"lines\":\"\u{2028}\u{85}\"}",
        "a.b.1800000000.{}",
    ];
    let samples = EventType::ALL.iter().map(|event_type| sample_body_of(*event_type));
    let mut bodies: Vec<_> = texts.into_iter().chain(samples).map(Into::into).collect();
    bodies.push(of_64_kib());
    bodies
}

fn of_64_kib() -> Vec<u8> {
    let (start, end) = (r#"{"type":"batch.succeeded","padding":""#, r#""}"#);
    let padding = "0123456789abcdef".repeat(64 * 64);
    let padding = &padding[start.len() + end.len()..];
    [start, padding, end].concat().into_bytes()
}

/// Ids that this crate takes: up to 256 visible ASCII characters without a dot.
pub fn ids() -> Vec<String> {
    let visible = ('!'..='~').filter(|char| *char != '.').collect();
    vec![
        "0".to_owned(),
        "msg_1".to_owned(),
        "msg_0f8fad5b-d9cb-469f-a165-70867728950e".to_owned(),
        "v1,not=a+signature/".to_owned(),
        visible,
        "long".repeat(16),
        "long".repeat(64),
    ]
}

/// Seconds from now at which a request is sent: well within five minutes, so that a slow machine
/// changes nothing.
pub const SENT_AT: [i64; 3] = [0, -240, 240];

/// The same, well out of it.
pub const OUT_OF_TIME: [i64; 4] = [-360, 360, -86_400, 86_400];

/// A key of so many bytes, none the beginning of another; their base64 has `+` and `/` in it.
pub fn key(length: u8) -> Vec<u8> {
    (0..length).map(|n| n.wrapping_mul(151).wrapping_add(length)).collect()
}

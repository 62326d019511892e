//! What is authentic is accepted, whatever it is.

use gemini_webhooks::EventType;
use serde_json::{Value, json};

use super::Case;
use crate::gemini::Endpoint::{Both, Dynamic, Static};
use crate::gemini::{TOKEN, body, by_ed25519, by_jwt, by_secret, claims, event, jwt_signer};
use crate::server::Server;
use crate::wire::Request;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("every_event_of_a_static_webhook", Static, |server| {
            every_event(server, |event| by_secret(event.to_string()));
        }),
        Case::new("every_event_of_a_dynamic_webhook_by_a_jwt", Dynamic, |server| {
            every_event(server, by_jwt);
        }),
        Case::new("every_event_of_a_dynamic_webhook_by_v1a", Dynamic, |server| {
            every_event(server, by_ed25519);
        }),
        Case::new("one_endpoint_for_both_kinds", Both, |server| {
            every_event(server, |event| by_secret(event.to_string()));
            every_event(server, by_jwt);
            every_event(server, by_ed25519);
        }),
        Case::new("an_unknown_event", Both, unknown_event),
        Case::new("a_body_that_cannot_be_read", Both, |server| {
            for body in ["not JSON", "[1]", r#"{"type":1}"#, r#"{"type":"x","type":"y"}"#] {
                server.accepts(&by_secret(body), "Unreadable");
            }
            server.accepts(&by_secret("[".repeat(1000)), "Unreadable");
        }),
        Case::new("a_body_that_is_not_utf_8", Both, |server| {
            server.accepts(&by_secret(b"{\"type\":\"\xff\xfe\"}"), "Unreadable");
            server.accepts(&by_secret(b"\x00\x80\r\n\xff"), "Unreadable");
        }),
        Case::new("an_empty_body", Both, |server| {
            server.accepts(&by_secret(""), "Unreadable");
        }),
        Case::new("names_in_any_letter_case", Both, names_in_any_letter_case),
        Case::new("any_content_type_or_none", Both, any_content_type_or_none),
        Case::new("a_content_encoding_that_is_not_undone", Both, |server| {
            for encoding in ["gzip", "deflate", "br", "zstd"] {
                let request = by_secret(body()).and("content-encoding", encoding);
                server.accepts(&request, "BatchSucceeded");
            }
        }),
        Case::new("a_jwt_of_16_kib", Both, |server| {
            let request = jwt_of(16 * 1024);
            assert!(request.header("webhook-signature").len() >= 16 * 1024 - 1);
            server.accepts(&request, "BatchSucceeded");
        }),
        Case::new("another_header_of_16_kib", Both, |server| {
            let request = by_secret(body()).and("x-trace", "a".repeat(16 * 1024));
            server.accepts(&request, "BatchSucceeded");
        }),
    ]
}

fn every_event(server: &Server, sign: impl Fn(&Value) -> Request) {
    for event_type in EventType::ALL {
        server.accepts(&sign(&event(*event_type)), &format!("{event_type:?}("));
    }
}

fn unknown_event(server: &Server) {
    let event = json!({
        "type": "interaction.paused",
        "data": { "id": "i1" },
        "user_metadata": { "token": TOKEN },
    });
    server.accepts(&by_secret(event.to_string()), "interaction.paused");
    server.accepts(&by_jwt(&event), "interaction.paused");
    server.accepts(&by_ed25519(&event), "interaction.paused");
}

fn names_in_any_letter_case(server: &Server) {
    let title = |name: &str| {
        let parts = name.split('-').map(|part| part[..1].to_uppercase() + &part[1..]);
        parts.collect::<Vec<_>>().join("-")
    };
    let upper = |name: &str| name.to_uppercase();
    for spell in [&title as &dyn Fn(&str) -> String, &upper] {
        let mut request = by_secret(body());
        for (name, _) in &mut request.headers {
            *name = spell(name);
        }
        server.accepts(&request, "BatchSucceeded");
    }
}

fn any_content_type_or_none(server: &Server) {
    let request = by_secret(body()).without("content-type");
    server.accepts(&request, "BatchSucceeded");
    let types = [
        "application/json; charset=utf-16",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "text/plain",
        "///;;;=",
        "",
    ];
    for content_type in types {
        let request = by_secret(body()).with("content-type", content_type);
        server.accepts(&request, "BatchSucceeded");
    }
    let repeated = by_secret(body()).and("content-type", "text/plain");
    server.accepts(&repeated, "BatchSucceeded");
}

/// A delivery whose token has so many bytes, or one less: unpadded base64 has gaps.
fn jwt_of(bytes: usize) -> Request {
    let mut event = event(EventType::BatchSucceeded);
    let mut grow = |filler: usize| {
        event["data"]["filler"] = "a".repeat(filler).into();
        jwt_signer().token(&claims(&event)).len()
    };
    // Base64 makes four characters of three bytes.
    let room = (bytes - grow(0)) * 3 / 4;
    let filler = (room - 3..room + 3).rev().find(|filler| grow(*filler) <= bytes).unwrap();
    grow(filler);
    by_jwt(&event)
}

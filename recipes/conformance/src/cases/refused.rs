//! What is not authentic is refused, and the sender cannot tell why.

use std::time::SystemTime;

use gemini_webhooks::testing::{Ed25519Signer, JwtSigner, StaticSigner, TestRsaKey};
use gemini_webhooks::{EventType, Secret};
use serde_json::{Value, json};

use super::Case;
use crate::gemini::Endpoint::{self, Both, Dynamic, Static, WithoutKeys};
use crate::gemini::{
    AUDIENCE, HOUR, ID, body, by_ed25519, by_jwt, by_secret, by_secret_at, claims, event,
    jwt_signer, seconds_from_now,
};
use crate::server::Server;
use crate::wire::Request;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = headers();
    cases.extend(signatures());
    cases.extend(tokens());
    cases.extend(other_kind());
    cases.push(Case::new("keys_that_cannot_be_had_are_503", WithoutKeys, without_keys));
    cases
}

/// A request that is refused as a stranger's is, and whose reason has this code.
fn refused(
    name: impl Into<String>,
    code: &'static str,
    make: impl Fn() -> Request + Send + Sync + 'static,
) -> Case {
    refused_at(Both, name, code, make)
}

fn refused_at(
    endpoint: Endpoint,
    name: impl Into<String>,
    code: &'static str,
    make: impl Fn() -> Request + Send + Sync + 'static,
) -> Case {
    Case::new(name, endpoint, move |server| {
        let expected = server.answer_to_stranger();
        let request = make();
        let answer = server.ask(&request);
        assert_eq!(answer.all_that_tells(), expected.all_that_tells());
        server.told_code_of_case(code);
        server.accepted_nothing();
        said_nothing_of(&request, &server.log());
    })
}

/// Nothing that was sent is in the log, where strangers would write to it.
fn said_nothing_of(request: &Request, log: &str) {
    let values = request.headers.iter().filter(|(name, _)| name.starts_with("webhook-"));
    let sent = values.map(|(_, value)| value).chain([&request.body]);
    for bytes in sent.filter(|bytes| bytes.len() >= 8) {
        let text = String::from_utf8_lossy(bytes);
        assert!(!log.contains(&*text), "{text} is in the log: {log}");
    }
}

/// Each of the three headers must be there once.
fn headers() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut add = |what: &str, code, make: fn(Request, &str) -> Request| {
            let case = format!("{what}_{}", name.replace('-', "_"));
            cases.push(refused(case, code, move || make(by_secret(body()), name)));
        };
        add("no", "missing_header", Request::without);
        add("an_empty", "missing_header", |request, name| request.with(name, ""));
        add("two_equal", "bad_header", |request, name| {
            let value = request.header(name).to_vec();
            request.and(name, value)
        });
        add("two_different", "bad_header", |request, name| request.and(name, "other"));
        add("two_in_two_letter_cases", "bad_header", |request, name| {
            request.and(&name.to_uppercase(), "other")
        });
        add("an_empty_second", "bad_header", |request, name| request.and(name, ""));
        add("a_second_that_is_not_utf_8", "bad_header", |request, name| request.and(name, b"\xff"));
    }
    cases
}

/// Signatures over id, timestamp and body.
fn signatures() -> Vec<Case> {
    let stranger = || Secret::from_raw_bytes([8; 32]).unwrap();
    vec![
        refused("a_wrong_secret", "signature_mismatch", move || {
            StaticSigner::new(&stranger()).sign(ID, SystemTime::now(), body()).into()
        }),
        refused("a_changed_body", "signature_mismatch", || {
            let mut request = by_secret(body());
            request.body.push(b' ');
            request
        }),
        refused("a_changed_id", "signature_mismatch", || {
            by_secret(body()).with("webhook-id", "msg_00000000-0000")
        }),
        refused("a_changed_timestamp", "signature_mismatch", || {
            let now = seconds_from_now(-1).to_string();
            by_secret_at(SystemTime::now() - HOUR, body()).with("webhook-timestamp", now)
        }),
        refused("a_stale_delivery", "timestamp_too_old", || {
            by_secret_at(SystemTime::now() - HOUR, body())
        }),
        refused("a_delivery_from_the_future", "timestamp_too_new", || {
            by_secret_at(SystemTime::now() + HOUR, body())
        }),
        refused("a_timestamp_that_is_none", "bad_header", || {
            by_secret(body()).with("webhook-timestamp", "+1800000000")
        }),
        refused("an_unknown_scheme", "scheme_not_configured", || {
            by_secret(body()).with("webhook-signature", "v2,QUJDREVGR0hJSktMTU5PUA==")
        }),
        refused("a_signature_header_over_16_kib", "bad_header", || {
            by_secret(body()).with("webhook-signature", "a".repeat(16 * 1024 + 1))
        }),
        refused("a_v1a_signature_by_another_key", "signature_mismatch", || {
            let event = event(EventType::BatchSucceeded).to_string();
            Ed25519Signer::from_seed([8; 32]).sign(ID, SystemTime::now(), event).into()
        }),
        refused("a_v1a_delivery_of_another_tenant", "not_ours", || {
            let mut event = event(EventType::BatchSucceeded);
            event["user_metadata"]["token"] = "the token of somebody else".into();
            by_ed25519(&event)
        }),
    ]
}

/// Tokens, and what they claim.
fn tokens() -> Vec<Case> {
    fn claiming(change: fn(&mut Value)) -> Request {
        let event = event(EventType::BatchSucceeded);
        let mut claims = claims(&event);
        change(&mut claims);
        jwt_signer().sign(ID, SystemTime::now(), &claims, event.to_string()).into()
    }
    fn signed_by(signer: &JwtSigner) -> Request {
        let event = event(EventType::BatchSucceeded);
        signer.sign(ID, SystemTime::now(), &claims(&event), event.to_string()).into()
    }
    vec![
        refused("a_jwt_for_another_audience", "wrong_audience", || {
            claiming(|claims| claims["aud"] = "another-project".into())
        }),
        refused("a_jwt_that_has_expired", "token_expired", || {
            claiming(|claims| claims["exp"] = seconds_from_now(-1000).into())
        }),
        refused("a_jwt_without_expiry", "bad_token", || {
            claiming(|claims| _ = claims.as_object_mut().unwrap().remove("exp"))
        }),
        refused("a_jwt_without_an_event", "body_not_signed", || {
            claiming(|claims| {
                *claims = json!({ "aud": AUDIENCE, "exp": seconds_from_now(300) });
            })
        }),
        refused("a_jwt_with_the_body_of_another_event", "body_differs", || {
            let other = event(EventType::BatchFailed).to_string();
            Request { body: other.into(), ..claiming(|_| ()) }
        }),
        refused("a_jwt_by_an_unknown_key", "unknown_key", || {
            signed_by(&JwtSigner::new("key-2", TestRsaKey::One))
        }),
        refused("a_jwt_by_another_key_under_a_known_name", "signature_mismatch", || {
            signed_by(&JwtSigner::new("key-1", TestRsaKey::Two))
        }),
        refused("a_jwt_without_a_signature", "bad_token", || {
            let request = claiming(|_| ());
            let claims = claims(&event(EventType::BatchSucceeded)).to_string();
            let unsigned = jwt_signer().token_of(r#"{"alg":"none","kid":"key-1"}"#, claims);
            let (signed, _) = unsigned.rsplit_once('.').unwrap();
            request.with("webhook-signature", format!("{signed}."))
        }),
    ]
}

/// An endpoint for one kind refuses the other.
fn other_kind() -> Vec<Case> {
    let code = "scheme_not_configured";
    vec![
        refused_at(Static, "a_jwt_at_an_endpoint_for_static_webhooks", code, || {
            by_jwt(&event(EventType::BatchSucceeded))
        }),
        refused_at(Static, "v1a_at_an_endpoint_for_static_webhooks", code, || {
            by_ed25519(&event(EventType::BatchSucceeded))
        }),
        refused_at(Dynamic, "v1_at_an_endpoint_for_dynamic_webhooks", code, || by_secret(body())),
    ]
}

fn without_keys(server: &Server) {
    let event = event(EventType::BatchSucceeded);
    for request in [by_jwt(&event), by_ed25519(&event)] {
        let answer = server.ask(&request);
        server.told_code("keys_unreachable");
        server.is_refusal(&answer, 503);
        server.accepted_nothing();
        said_nothing_of(&request, &server.log());
    }
    // Static webhooks are served as ever.
    server.accepts(&by_secret(body()), "BatchSucceeded");
}

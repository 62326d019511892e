//! Captured requests, at a given time.

use std::time::{Duration, UNIX_EPOCH};

use crate::common::{
    Directory, OTHER_SECRET, SECRET, assert_shown, run, run_with_input, run_with_secret,
};
use gemini_webhooks::Secret;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, KeyAnswer, KeyServer, SignedRequest, StaticSigner, TestRsaKey, jwks,
    sample_body,
};
use serde_json::{Value, json};

const AT: u64 = 1_769_083_200;
const AT_TEXT: &str = "2026-01-22T12:00:00Z";

fn signed(body: &'static str) -> SignedRequest {
    let secret = Secret::parse(SECRET).unwrap();
    StaticSigner::new(&secret).sign("msg_1", UNIX_EPOCH + Duration::from_secs(AT), body)
}

/// The request as on the wire.
fn message(request: &SignedRequest) -> Vec<u8> {
    let mut message = b"POST /hook HTTP/1.1\r\nHost: example.com\r\n".to_vec();
    for (name, value) in &request.headers {
        message.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    message.extend(format!("Content-Length: {}\r\n\r\n", request.body.len()).as_bytes());
    message.extend(&request.body);
    message
}

#[test]
fn a_request_is_judged_at_the_time_that_is_given() {
    let directory = Directory::new("verify");
    let file =
        directory.file("request.http", message(&signed(sample_body("batch.failed").unwrap())));
    let verify = |arguments: &[&str]| run_with_secret(&[&["verify", &file], arguments].concat());
    let accepted = verify(&["--at", AT_TEXT]);
    assert_eq!(accepted.code, 0);
    assert_shown!("verify_accepted", accepted.whole());
    let as_json = ["--at", AT_TEXT, "--json"];
    let v1a = Ed25519Signer::from_seed([7; 32]);
    let v1a = v1a.sign("msg_1", UNIX_EPOCH + Duration::from_secs(AT), "{}");
    let v1a = directory.file("v1a", message(&v1a));
    let without_keys = ["verify", &v1a, "--job", "b1", "--jwks", "/no/such/file"];
    let undecided = run(&[&without_keys[..], &as_json].concat());
    let said = [verify(&as_json), verify(&["--at", "1769083501", "--json"]), undecided];
    assert_shown!("verify_json", said.map(|ran| ran.whole()).join("\n"));
    for (at, code) in [("1769083200", 0), ("1769083500", 0), ("1769083501", 1), ("1769082899", 1)] {
        assert_eq!(verify(&["--at", at]).code, code, "{at}");
    }
    let now = verify(&["--json"]);
    assert_eq!((now.code, &now.json()[0]["error"]["code"]), (1, &json!("timestamp_too_old")));
    let own = verify(&["--at-its-own-time"]);
    assert_eq!(own.code, 0);
    assert!(own.stderr.contains("the replay check passes by itself"), "{}", own.stderr);
    assert_eq!(verify(&["--at", "yesterday"]).code, 2);
    assert_eq!(verify(&["--at", AT_TEXT, "--at-its-own-time"]).code, 2);
}

#[test]
fn what_was_changed_is_explained() {
    let directory = Directory::new("explain");
    let mut request = signed(r#"{"type": "batch.expired", "data": {"id": "b1"}}"#);
    request.body = r#"{"type":"batch.expired","data":{"id":"b1"}}"#.into();
    let file = directory.file("request.http", message(&request));
    let ran = run_with_secret(&["verify", &file, "--at", AT_TEXT]);
    assert_eq!(ran.code, 1);
    assert_shown!("verify_refused", ran.whole());
}

#[test]
fn headers_and_body_may_stand_in_two_files_or_come_in() {
    let directory = Directory::new("parts");
    let request = signed("{}\n");
    let mut lines = String::new();
    for (name, value) in &request.headers {
        lines += &format!("{name}: {}\n", value.to_str().unwrap());
    }
    let object: serde_json::Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()))
        .collect();
    let body = directory.file("body", &request.body);
    for headers in [lines, Value::Object(object).to_string()] {
        let headers = directory.file("headers", headers);
        let arguments = ["verify", "--headers", &headers, "--body", &body, "--at", AT_TEXT];
        assert_eq!(run_with_secret(&arguments).code, 0, "{headers}");
    }
    let ran = run_with_input(&["verify", "-", "--at", AT_TEXT], &message(&request));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(run_with_secret(&["verify"]).code, 2);
    assert_eq!(run_with_secret(&["verify", "--headers", &body]).code, 2);
    assert_eq!(run_with_secret(&["verify", "/no/such/file"]).code, 2);
}

#[test]
fn a_header_that_is_there_twice_is_refused_in_json_too() {
    let directory = Directory::new("twice");
    let request = signed("{}");
    let mut members: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| format!("{:?}:{:?}", name.as_str(), value.to_str().unwrap()))
        .collect();
    members.insert(0, r#""webhook-id":"msg_2""#.to_owned());
    let headers = directory.file("headers", format!("{{{}}}", members.join(",")));
    let body = directory.file("body", &request.body);
    let arguments = ["verify", "--headers", &headers, "--body", &body, "--at", AT_TEXT, "--json"];
    let ran = run_with_secret(&arguments);
    assert_eq!((ran.code, &ran.json()[0]["error"]["code"]), (1, &json!("bad_header")));
    assert!(ran.json()[0]["error"]["text"].as_str().unwrap().contains("more than once"), "{ran:?}");
}

#[test]
fn what_an_older_secret_signed_is_refused_and_told() {
    let directory = Directory::new("older");
    let old = directory.private("old", format!("{OTHER_SECRET}\n{SECRET}\n"));
    let current = directory.private("current", OTHER_SECRET);
    let file = directory.file("request.http", message(&signed("{}")));
    let verify = ["verify", &file, "--at", AT_TEXT, "--json", "--secret-file", &current];
    let without = run(&verify);
    assert_eq!(
        (without.code, &without.json()[0]["explanation"]["code"]),
        (1, &json!("unexplained"))
    );
    let with = run(&[&verify[..], &["--old-secret-file", &old]].concat());
    assert_eq!((with.code, &with.json()[0]["explanation"]["code"]), (1, &json!("secret_retired")));
    let bad = directory.private("bad", "v1,SECRET");
    let ran = run(&[&verify[..], &["--old-secret-file", &bad]].concat());
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn what_an_editor_adds_is_noticed() {
    let directory = Directory::new("editor");
    let mut message = message(&signed("{}"));
    message.push(b'\n');
    let file = directory.file("request.http", &message);
    let ran = run_with_secret(&["verify", &file, "--at", AT_TEXT, "--json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.json()[0]["notes"][0].as_str().unwrap().contains("an editor"), "{}", ran.stdout);
    message.truncate(message.len() - 2);
    let file = directory.file("request.http", &message);
    let ran = run_with_secret(&["verify", &file, "--at", AT_TEXT, "--json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.json()[0]["notes"][0].as_str().unwrap().contains("cut off"), "{}", ran.stdout);
}

#[test]
fn dynamic_deliveries_are_judged_by_the_keys_of_a_file_or_a_server() {
    let directory = Directory::new("dynamic");
    let (jwt, v1a) = (JwtSigner::new("key-1", TestRsaKey::One), Ed25519Signer::from_seed([7; 32]));
    let document = jwks([jwt.jwk(), v1a.jwk()]);
    let (server, keys) = (
        KeyServer::start(KeyAnswer::document(&document)).unwrap(),
        directory.file("keys", &document),
    );
    let time = UNIX_EPOCH + Duration::from_secs(AT);
    let mut claims: Value = serde_json::from_str(sample_body("batch.succeeded").unwrap()).unwrap();
    claims["aud"] = "me".into();
    claims["exp"] = (AT + 300).into();
    let token = directory.file("jwt", message(&jwt.sign("msg_1", time, &claims, "")));
    let signed = directory
        .file("v1a", message(&v1a.sign("msg_1", time, r#"{"type":"x","data":{"id":"b1"}}"#)));
    let url = server.url();
    for from in [&keys, &url] {
        let verify = |file: &str, arguments: &[&str]| {
            run(&[&["verify", file, "--at", AT_TEXT, "--json", "--jwks", from], arguments].concat())
        };
        assert_eq!(verify(&token, &["--audience", "me"]).code, 0);
        assert_eq!(
            verify(&token, &["--audience", "you"]).json()[0]["error"]["code"],
            "wrong_audience"
        );
        assert_eq!(verify(&signed, &["--job", "b1"]).code, 0);
        assert_eq!(verify(&signed, &["--job", "b2"]).json()[0]["error"]["code"], "not_ours");
        let not_set_up = verify(&signed, &["--audience", "me"]);
        assert_eq!(not_set_up.json()[0]["error"]["code"], "scheme_not_configured");
        assert!(not_set_up.json()[0]["error"]["hint"].as_str().unwrap().contains("--job"));
    }
    let other = directory.file("other", jwks([Ed25519Signer::from_seed([8; 32]).jwk()]));
    let forged =
        run(&["verify", &signed, "--at", AT_TEXT, "--job", "b1", "--jwks", &other, "--json"]);
    assert_eq!(
        (forged.code, &forged.json()[0]["error"]["code"]),
        (1, &json!("signature_mismatch"))
    );
}

#[test]
fn keys_that_cannot_be_had_are_no_verdict() {
    let directory = Directory::new("no_keys");
    let v1a = Ed25519Signer::from_seed([7; 32]);
    let request = v1a.sign("msg_1", UNIX_EPOCH + Duration::from_secs(AT), "{}");
    let file = directory.file("v1a", message(&request));
    for (answer, text) in [
        (KeyAnswer::status(500), "status 500"),
        (KeyAnswer::redirect("http://127.0.0.1:9/"), "status 302"),
        (KeyAnswer::document("<html>"), "not a JSON object"),
        (KeyAnswer::document(r#"{"keys":[]}"#), "no usable key"),
        (KeyAnswer::outage(), "could not be reached"),
        (KeyAnswer::oversized(), "more than"),
    ] {
        let server = KeyServer::start(answer).unwrap();
        let arguments = ["verify", &file, "--at", AT_TEXT, "--job", "b1", "--jwks", &server.url()];
        let ran = run(&arguments);
        assert_eq!(ran.code, 3, "{text}: {ran:?}");
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
        assert!(ran.stdout.contains("undecided"), "{}", ran.stdout);
    }
}

#[test]
fn a_static_delivery_asks_for_no_keys() {
    let directory = Directory::new("static");
    let file = directory.file("request.http", message(&signed("{}")));
    let server = KeyServer::start(KeyAnswer::outage()).unwrap();
    let arguments = ["verify", &file, "--at", AT_TEXT, "--job", "b1", "--jwks", &server.url()];
    assert_eq!(run_with_secret(&arguments).code, 0);
    assert_eq!(server.fetches(), 0);
}

#[test]
fn a_key_that_is_not_in_the_set_is_told_apart_from_a_set_that_was_not_read() {
    let directory = Directory::new("unknown_key");
    let time = UNIX_EPOCH + Duration::from_secs(AT);
    let claims = json!({"aud": "me", "exp": AT + 300, "type": "x", "data": {}});
    let request = JwtSigner::new("key-2", TestRsaKey::Two).sign("msg_1", time, &claims, "");
    let request = directory.file("jwt", message(&request));
    let other = jwks([JwtSigner::new("key-1", TestRsaKey::One).jwk()]);
    for (document, code, found) in [
        (other.as_str(), 1, "is not among the 1 RSA keys"),
        (r#"{"keys":[{"kty":"RSA","kid":"key-2","n":"AQ","e":"AQAB"}]}"#, 3, "was skipped"),
        (r#"{"keys":[]}"#, 3, "is not among the 0 RSA keys"),
    ] {
        let keys = directory.file("keys", document);
        let arguments = ["--at", AT_TEXT, "--audience", "me", "--jwks", &keys];
        let ran = run(&[&["verify", &request][..], &arguments].concat());
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stdout.contains(found), "{found}: {ran:?}");
    }
}

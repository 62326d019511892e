//! The key set, the secrets, and the state of this machine.

use std::time::{Duration, SystemTime};

use crate::common::{Directory, SECRET, assert_shown, finish, mode, program, run, run_with_secret};
use gemini_webhooks::testing::{Ed25519Signer, JwtSigner, KeyAnswer, KeyServer, TestRsaKey, jwks};
use serde_json::{Value, json};

fn good_keys() -> Vec<Value> {
    vec![JwtSigner::new("key-1", TestRsaKey::One).jwk(), Ed25519Signer::from_seed([7; 32]).jwk()]
}

fn odd_keys() -> Vec<Value> {
    let mut keys = good_keys();
    let mut encrypting = keys[0].clone();
    encrypting["kid"] = "key-2".into();
    encrypting["use"] = "enc".into();
    keys.push(encrypting);
    keys.push(json!({"kty": "EC", "crv": "P-256", "kid": "\u{1b}[31mred"}));
    keys.push(json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "small"}));
    keys.push(
        json!({"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}),
    );
    keys.push(json!("no object"));
    keys
}

#[test]
fn each_key_is_shown_or_why_it_is_not_used() {
    let answer = KeyAnswer::document(jwks(odd_keys()))
        .with_max_age(Duration::from_secs(3600))
        .with_age(Duration::from_secs(7))
        .with_header("content-type", "application/json");
    let server = KeyServer::start(answer).unwrap();
    let ran = run(&["keys", "--jwks", &server.url()]);
    assert_eq!(ran.code, 0);
    assert!(!ran.stdout.contains('\x1b'));
    assert_shown!("keys", ran.whole());
    let line = run(&["keys", "--jwks", &server.url(), "--json"]).json().pop().unwrap();
    assert_eq!((&line["usable"], line["keys"].as_array().unwrap().len()), (&json!(2), 7));
    assert_eq!(
        line["headers"][0],
        json!({"name": "cache-control", "value": "public, max-age=3600"})
    );
}

#[test]
fn a_set_without_a_usable_key_is_refused_and_one_that_cannot_be_had_is_undecided() {
    let directory = Directory::new("keys");
    for (document, code) in [
        (jwks(good_keys()), 0),
        (jwks([]), 1),
        (jwks([json!({"kty": "EC"})]), 1),
        ("<html>".to_owned(), 1),
    ] {
        let file = directory.file("keys.json", &document);
        assert_eq!(run(&["keys", "--jwks", &file]).code, code, "{document}");
    }
    for answer in [KeyAnswer::outage(), KeyAnswer::status(404), KeyAnswer::oversized()] {
        let server = KeyServer::start(answer).unwrap();
        assert_eq!(run(&["keys", "--jwks", &server.url()]).code, 3);
    }
    assert_eq!(run(&["keys", "--jwks", "http://example.com/"]).code, 2);
    assert_eq!(run(&["keys", "--jwks", "/no/such/file"]).code, 3);
}

#[test]
fn a_new_secret_goes_where_it_is_told_and_nowhere_else() {
    let directory = Directory::new("secret");
    let file = directory.path("secret");
    let ran = run(&["secret", "new", "--secret-file", &file]);
    let secret = std::fs::read_to_string(&file).unwrap();
    assert_eq!((ran.code, mode(&file)), (0, 0o600));
    assert!(!ran.whole().contains(secret.trim().strip_prefix("whsec_").unwrap()));
    let mut said = ran.whole();
    assert_eq!(secret.trim().len(), 50);
    assert!(gemini_webhooks::Secret::parse(secret.trim()).is_ok());

    let again = run(&["secret", "new", "--secret-file", &file]);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), secret, "nothing is overwritten");
    said += &again.whole();
    said += &run(&["secret", "new", "--json", "--secret-file", &directory.path("other")]).whole();
    assert_shown!("secret_new", said);

    let shown = run(&["secret", "new", "--show-secret"]);
    assert!(gemini_webhooks::Secret::parse(shown.stdout.trim_end()).is_ok());
    assert_ne!(shown.stdout, secret);
    assert_eq!(run(&["secret", "new"]).code, 2, "nowhere to put it");
}

#[test]
fn a_secret_is_checked_without_being_shown() {
    let mut said = String::new();
    for (what, text) in [
        ("as the service gives it", format!("whsec_{}=", "A".repeat(43))),
        ("two of them", format!("{SECRET} {SECRET}")),
        ("with quotes", format!("\"{SECRET}\"")),
        ("with the version", format!("v1,{SECRET}")),
        ("with a line end", format!("{SECRET}\n")),
        ("cut off", SECRET.get(..20).unwrap().to_owned()),
        ("from before May 2026", "whsec_0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s".to_owned()),
        ("an id of a webhook", "0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s0k3v".to_owned()),
        ("empty", String::new()),
    ] {
        let mut command = program(&["secret", "check"]);
        command.env("WEBHOOK_SIGNING_SECRET", &text);
        let ran = finish(command);
        assert!(!ran.whole().contains("0k3v9x2m"), "{what}");
        said += &format!("# {what}\n{}\n", ran.whole());
    }
    assert_shown!("secret_check", said);
    assert_eq!(run(&["secret", "check"]).code, 2, "there is none");
}

fn dated(skew: i64) -> KeyAnswer {
    let now = SystemTime::now();
    let by = Duration::from_secs(skew.unsigned_abs());
    let date = if skew < 0 { now - by } else { now + by };
    KeyAnswer::document(jwks(good_keys()))
        .with_max_age(Duration::from_secs(3600))
        .with_header("date", &httpdate::fmt_http_date(date))
}

#[test]
fn a_healthy_machine_passes() {
    let directory = Directory::new("doctor");
    let secret = directory.private("secret", SECRET);
    let server = KeyServer::start(dated(0)).unwrap();
    let ran = run(&["doctor", "--secret-file", &secret, "--jwks", &server.url()]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_shown!("doctor_healthy", ran.whole());
    let checks =
        run(&["doctor", "--secret-file", &secret, "--jwks", &server.url(), "--json"]).json();
    let names: Vec<_> = checks.iter().map(|check| check["check"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["certificates", "proxy", "egress", "clock", "keys", "age of keys", "secret"]
    );
    assert!(checks.iter().all(|check| check["state"] == "ok"), "{checks:?}");
}

#[test]
fn each_fault_has_a_remedy() {
    let state = |ran: &crate::common::Ran, name: &str| {
        let checks = ran.json();
        let check = checks.iter().find(|check| check["check"] == name).unwrap().clone();
        if check["state"] == "fail" || check["state"] == "warn" {
            assert!(check["remedy"].is_string(), "{check}");
        }
        check["state"].as_str().unwrap().to_owned()
    };
    for (skew, expected, code) in
        [(60, "warn", 0), (-60, "warn", 0), (900, "fail", 1), (-900, "fail", 1)]
    {
        let server = KeyServer::start(dated(skew)).unwrap();
        let ran = run_with_secret(&["doctor", "--jwks", &server.url(), "--json"]);
        assert_eq!((state(&ran, "clock").as_str(), ran.code), (expected, code), "{skew}");
    }
    let server = KeyServer::start(KeyAnswer::outage()).unwrap();
    let ran = run_with_secret(&["doctor", "--jwks", &server.url(), "--json"]);
    assert_eq!(
        (state(&ran, "egress"), state(&ran, "clock"), ran.code),
        ("fail".into(), "skipped".into(), 1)
    );

    let broken = KeyServer::start(KeyAnswer::status(503)).unwrap();
    let ran = run(&["doctor", "--jwks", &broken.url()]);
    assert_shown!("doctor_faults", ran.whole());

    let server =
        KeyServer::start(KeyAnswer::document(jwks([])).with_age(Duration::from_secs(9))).unwrap();
    let ran = run(&["doctor", "--jwks", &server.url(), "--json"]);
    assert_eq!((state(&ran, "keys"), state(&ran, "secret")), ("fail".into(), "warn".into()));

    let mut command = program(&["doctor", "--jwks", &server.url(), "--json"]);
    command
        .env("SSL_CERT_FILE", "/no/such/file")
        .env("WEBHOOK_SIGNING_SECRET", format!("'{SECRET}'"));
    command.env("HTTPS_PROXY", "http://user:PASSWORD@127.0.0.1:9");
    let ran = finish(command);
    assert_eq!(
        (state(&ran, "certificates"), state(&ran, "secret")),
        ("fail".into(), "fail".into())
    );
    assert!(!ran.whole().contains("PASSWORD"), "{ran:?}");
    let kept_too_long = KeyAnswer::document(jwks(good_keys()))
        .with_max_age(Duration::from_secs(60))
        .with_age(Duration::from_secs(600));
    let server = KeyServer::start(kept_too_long).unwrap();
    assert_eq!(state(&run(&["doctor", "--jwks", &server.url(), "--json"]), "age of keys"), "warn");
}

//! The reference libraries' test cases of Standard Webhooks, each at a fixed clock.

use std::time::{Duration, UNIX_EPOCH};

use gemini_webhooks::{ConfigError, Error, ReplayWindow, Secret, StaticVerifier};
use serde_json::Value;

/// What our stricter reading says where the file leaves the verdict to policy.
fn policy(name: &str) -> &'static str {
    match name {
        "go-old-timestamp-exactly-tolerance" => "valid",
        "python-unpadded-secret-31-chars-23-bytes"
        | "python-unpadded-secret-34-chars-25-bytes"
        | "python-unpadded-secret-34-chars-25-bytes-prefix" => "secret_error",
        other => panic!("a case of policy that nobody has decided: {other}"),
    }
}

#[test]
fn every_case_of_the_reference_libraries() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/standard-webhooks.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let mut judged = 0;
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let expected = match case["expect"].as_str().unwrap() {
            "policy" => policy(name),
            // Headers of another brand: we read webhook-* alone, so that none is there.
            "not_applicable" => "invalid",
            // An Ed25519 signature is for the dynamic verifier; the static one has no key for it.
            "valid_if_v1a_supported" => continue,
            expected => expected,
        };
        assert_eq!(verdict(case), expected, "{name}");
        judged += 1;
    }
    assert_eq!((cases.len(), judged), (65, 64));
}

fn verdict(case: &Value) -> &'static str {
    let secret = match case["secret"].as_str() {
        Some(text) => Secret::parse(text),
        None => Secret::from_raw_bytes([]),
    };
    let secret = match secret {
        Ok(secret) => secret,
        Err(ConfigError::InvalidSecret { .. }) => return "secret_error",
        Err(other) => panic!("{other}"),
    };
    let Ok(window) = window(case) else { return "config_error" };
    let verifier = StaticVerifier::builder().secret(secret).replay_window(window).build().unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(now(case));
    match verifier.verify_at(&headers(case), body(case), now) {
        Ok(_) => "valid",
        Err(error) => {
            assert_ne!(error.status(), 500, "{error}");
            "invalid"
        }
    }
}

fn window(case: &Value) -> Result<ReplayWindow, ConfigError> {
    if below_the_window(case) {
        return Ok(ReplayWindow::FIVE_MINUTES);
    }
    let Some(tolerance) = case["tolerance"].as_i64() else { return Ok(ReplayWindow::FIVE_MINUTES) };
    // A window cannot even be asked for with a negative length.
    let seconds = u64::try_from(tolerance).map_err(|_| ConfigError::ReplayWindowOutOfRange)?;
    ReplayWindow::new(Duration::from_secs(seconds), Duration::from_secs(seconds))
}

/// The variants without a clock, and a tolerance of three centuries: no window of ours is open or
/// wide enough, so that these are judged at the time of their own timestamp.
fn below_the_window(case: &Value) -> bool {
    let far_off = case["tolerance"].as_i64().is_some_and(|seconds| seconds > 3600);
    far_off || case["ignore_timestamp"] == true
}

fn now(case: &Value) -> u64 {
    let own_time = case["timestamp"].as_str().and_then(|text| text.parse().ok());
    match own_time {
        Some(own_time) if below_the_window(case) => own_time,
        _ => case["now"].as_u64().unwrap(),
    }
}

fn headers(case: &Value) -> Vec<(String, String)> {
    if let Some(headers) = case["headers"].as_array() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        return headers.iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect();
    }
    let named = [
        ("webhook-id", "id"),
        ("webhook-timestamp", "timestamp"),
        ("webhook-signature", "signature"),
    ];
    let present = named.iter().filter_map(|(name, field)| Some((*name, case[field].as_str()?)));
    present.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn body(case: &Value) -> Vec<u8> {
    if let Some(text) = case["body"].as_str() {
        return text.as_bytes().to_vec();
    }
    let repeat = &case["body_repeat"];
    let byte = repeat["byte"].as_str().unwrap().as_bytes()[0];
    vec![byte; usize::try_from(repeat["count"].as_u64().unwrap()).unwrap()]
}

#[test]
fn a_v1a_signature_is_named_and_not_tried() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/standard-webhooks.json");
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    let v1a = cases.iter().find(|case| case["name"] == "v1a-presented-to-hmac-verifier").unwrap();
    let secret = Secret::parse(v1a["secret"].as_str().unwrap()).unwrap();
    let verifier = StaticVerifier::builder().secret(secret).build().unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(now(v1a));
    let error = verifier.verify_at(&headers(v1a), body(v1a), now).unwrap_err();
    assert!(matches!(error, Error::SchemeNotConfigured { .. }), "{error}");
    assert!(error.to_string().contains("v1a"), "{error}");
}

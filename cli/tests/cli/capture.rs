//! The shape of deliveries, and nothing that they hold.

use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::common::{
    Directory, OTHER_SECRET, SECRET, assert_shown, post, program, run, run_with_secret,
};
use crate::stand_in::StandIn;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, KeyAnswer, KeyServer, ManualClock, TestRsaKey, jwks,
};
use gemini_webhooks::{DynamicVerifier, KeySet};
use serde_json::{Value, json};

/// A capture that runs: its address, and its report at the end.
struct Capture {
    child: Child,
    url: String,
    notes: std::io::Lines<std::io::BufReader<std::process::ChildStderr>>,
}

impl Capture {
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut notes = std::io::BufReader::new(child.stderr.take().unwrap()).lines();
        let first = notes.by_ref().map(Result::unwrap).find(|line| line.contains("listening on"));
        let url =
            first.unwrap().split_whitespace().nth(2).unwrap().trim_end_matches(',').to_owned();
        Self { child, url, notes }
    }

    fn with(arguments: &[&str]) -> Self {
        let mut command = program(&["capture", "--listen", "127.0.0.1:0"]);
        command.args(arguments).env("WEBHOOK_SIGNING_SECRET", format!("{SECRET} {OTHER_SECRET}"));
        Self::start(command)
    }

    fn end(self) -> (i32, String) {
        drop(self.notes.map_while(Result::ok).last());
        let output = self.child.wait_with_output().unwrap();
        let report = String::from_utf8(output.stdout).unwrap();
        crate::common::assert_no_secret(&report);
        (output.status.code().unwrap(), report)
    }
}

#[test]
fn a_report_tells_shapes_and_builder_calls_and_no_value() {
    let directory = Directory::new("capture");
    let (jwt, v1a) = (directory.path("jwt"), directory.path("v1a"));
    let keys = |name: &str| directory.path(&format!("{name}.jwks"));
    for (form, key) in [("jwt", &jwt), ("v1a", &v1a)] {
        let send = [
            "send",
            "http://127.0.0.1:9/",
            "--audience",
            "x",
            "--as",
            form,
            "--key-file",
            key,
            "--jwks-out",
            &keys(form),
        ];
        assert_eq!(run(&send).code, 3);
    }
    let key = |name: &str| -> Value {
        let set: Value =
            serde_json::from_str(&std::fs::read_to_string(keys(name)).unwrap()).unwrap();
        set["keys"][0].clone()
    };
    let both = directory.file("both.jwks", jwks([key("jwt"), key("v1a")]));

    let capture = Capture::with(&["--jwks", &both, "--count", "8"]);
    let url = capture.url.clone();
    let send = |arguments: &[&str]| run_with_secret(&[&["send", &url], arguments].concat()).code;
    let body = json!({
        "type": "webhook.ping", "version": "v1", "timestamp": "2026-01-22T12:00:00.123Z",
        "data": {"id": "batches/PLANTED1", "error_code": 13, "PLANTED@example.com": 1, "new_member": [{"x": 1.5}]},
        "user_metadata": {"planted_name": "PLANTED3"},
    });
    let file = directory.file("body", body.to_string());
    let bearer = [
        "--as",
        "jwt",
        "--audience",
        "https://PLANTED4.example.com/PLANTED5",
        "--issuer",
        "https://PLANTED6.example.com",
        "--bearer",
        "--lifetime",
        "30h",
        "--key-file",
        &jwt,
    ];
    assert_eq!(send(&[]), 0);
    assert_eq!(send(&["--file", &file, "--id", "msg_PLANTED7"]), 0);
    assert_eq!(send(&bearer), 0);
    assert_eq!(send(&["--as", "jwt", "--audience", "my-project-1", "--key-file", &jwt]), 0);
    assert_eq!(send(&["--as", "v1a", "--key-file", &v1a]), 0);
    assert_eq!(send(&["--tamper", "body", "--expect", "400"]), 0);
    assert_eq!(send(&["--as", "v1a", "--expect", "400"]), 0, "by a key that nobody publishes");
    let stranger = directory.file("stranger", r#"{"PLANTED8":"PLANTED9"}"#);
    assert_eq!(
        send(&[
            "--tamper",
            "signature",
            "--file",
            &stranger,
            "--id",
            "PLANTED0",
            "--expect",
            "400"
        ]),
        0
    );

    let (code, report) = capture.end();
    assert_eq!(code, 0);
    for hidden in ["PLANTED", "planted", "batch_123456", "gs://my-bucket", "msg_", "eyJ", "local-"]
    {
        let shown = report.replace("msg_ and", "").replace("(gs:// URI)", "");
        assert!(!shown.contains(hidden), "{hidden} in {report}");
    }
    assert_shown!("capture_report", report);
}

#[test]
fn the_attempts_of_one_delivery_are_compared() {
    let capture = Capture::with(&[
        "--jwks",
        "/no/such/file",
        "--refuse-first",
        "2",
        "--count",
        "3",
        "--json",
    ]);
    let url = capture.url.clone();
    let send = ["send", &url, "--id", "msg_1", "--file", "/dev/null"];
    assert_eq!(run_with_secret(&[&send[..], &["--expect", "503"]].concat()).code, 0);
    assert_eq!(run_with_secret(&[&send[..], &["--expect", "503", "--age", "1s"]].concat()).code, 0);
    assert_eq!(run_with_secret(&send).code, 0);
    let (code, report) = capture.end();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((code, &report["kind"], &report["verified"]), (0, &json!("capture"), &json!(3)));
    let answers = |topic: &str| {
        let questions = report["questions"].as_array().unwrap();
        let question = questions.iter().find(|question| question["topic"] == topic).unwrap();
        question["answers"].to_string()
    };
    assert!(answers("retries").contains("body the same"), "{}", answers("retries"));
    assert!(answers("retry_intervals").contains("before attempt 2"), "{report}");
    assert!(answers("secret_matched").contains("secret 1"));
    assert!(answers("secret_reading").contains("its base64"));
    assert!(answers("key_kinds").contains("could not be reached"), "{report}");
}

#[test]
fn a_legacy_secret_is_recognised_by_the_reading_that_matches() {
    let old = "whsec_0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s";
    let mut command =
        program(&["capture", "--listen", "127.0.0.1:0", "--jwks", "/no/such/file", "--count", "1"]);
    command.env("WEBHOOK_SIGNING_SECRET", old);
    let capture = Capture::start(command);
    let mut send = program(&["send", &capture.url, "--raw-secret"]);
    send.env("WEBHOOK_SIGNING_SECRET", old);
    assert_eq!(crate::common::finish(send).code, 0);
    let (code, report) = capture.end();
    assert_eq!(code, 0);
    assert!(report.contains("its text behind whsec_"), "{report}");
    assert!(report.contains("Secret::from_raw_bytes(text)"), "{report}");
    assert!(!report.contains("0k3v9x2m"), "{report}");
}

#[test]
fn the_key_set_alone_is_told_without_listening() {
    let keys = jwks([
        Ed25519Signer::from_seed([7; 32]).jwk(),
        json!({"kty": "EVIL\u{1b}", "alg": "EVIL", "kid": "EVIL"}),
    ]);
    let answer =
        KeyAnswer::document(keys).with_header("cache-control", "public, max-age=21600, evil=1");
    let server = KeyServer::start(answer).unwrap();
    let ran = run(&["capture", "--keys-only", "--jwks", &server.url(), "--json"]);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout.contains("OKP Ed25519: usable"), "{}", ran.stdout);
    assert!(ran.stdout.contains("public, max-age=21600;"), "{}", ran.stdout);
    assert!(ran.stdout.contains("kid missing, use missing, alg missing"), "{}", ran.stdout);
    assert!(!ran.stdout.to_lowercase().contains("evil"), "{}", ran.stdout);
    let down = KeyServer::start(KeyAnswer::outage()).unwrap();
    assert_eq!(run(&["capture", "--keys-only", "--jwks", &down.url()]).code, 3);
}

#[test]
fn it_asks_for_a_ping_and_ends_at_its_time() {
    let service = StandIn::start(|_| (200, "{}".to_owned()));
    let directory = Directory::new("ping");
    let report = directory.path("report.md");
    let mut command = program(&["capture", "--listen", "127.0.0.1:0", "--jwks", "/no/such/file"]);
    command.args([
        "--ping",
        "abc",
        "--base-url",
        &service.url,
        "--for",
        "300ms",
        "--report",
        &report,
    ]);
    command.env("GEMINI_API_KEY", "AIza-not-a-real-key");
    let (code, said) = Capture::start(command).end();
    assert_eq!((code, said.as_str()), (1, ""), "nothing verified");
    assert_eq!(service.seen()[0].path, "/webhooks/abc:ping");
    assert!(
        std::fs::read_to_string(&report).unwrap().starts_with("## What Gemini webhooks look like")
    );
}

#[test]
fn what_is_missing_in_a_token_that_is_refused_is_told_as_not_verified() {
    let jwt = JwtSigner::new("key-1", TestRsaKey::One);
    let server = KeyServer::start(KeyAnswer::document(jwks([jwt.jwk()]))).unwrap();
    let capture = Capture::with(&["--jwks", &server.url(), "--count", "1"]);
    let claims = json!({"aud": "my-project-1", "iat": 1_769_083_200, "planted": "PLANTED", "type": "planted"});
    let request = jwt.sign("msg_1", SystemTime::now(), &claims, "{}");
    assert_eq!(post(&capture.url, &request), 400);
    let (code, report) = capture.end();
    assert_eq!(code, 1);
    assert!(report.contains("1 × `bad_token`"), "{report}");
    assert!(report.contains("exp: missing (not verified)"), "{report}");
    assert!(report.contains("the form of a project id (not verified)"), "{report}");
    assert!(!report.to_lowercase().contains("planted"), "{report}");
}

/// The seconds of a call of the report, if it is there.
fn seconds(report: &str, call: &str) -> Option<Duration> {
    let call = format!(".{call}(Duration::from_secs(");
    let seconds = report.split_once(&call)?.1.split_once(')')?.0;
    Some(Duration::from_secs(seconds.parse().unwrap()))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// Three quarters of a second later.
fn fraction(seconds: u64) -> Value {
    serde_json::from_str(&format!("{seconds}.75")).unwrap()
}

/// Sets the times of a token that is sent now.
type Times = fn(&mut Value, u64);

#[test]
fn the_builder_calls_of_the_report_accept_what_came() {
    let jwt = JwtSigner::new("key-1", TestRsaKey::One);
    let keys = jwks([jwt.jwk()]);
    let server = KeyServer::start(KeyAnswer::document(&keys)).unwrap();
    let (day, hour) = (24 * 3600, 3600);
    let cases: [(&str, Times, &[&str]); 5] = [
        ("plain", |claims, now| claims["exp"] = (now + 300).into(), &[]),
        ("no iat", |claims, now| claims["exp"] = (now + 30 * 3600).into(), &["longest_token_life"]),
        (
            "fractions",
            |claims, now| {
                claims["iat"] = fraction(now - 1);
                claims["exp"] = fraction(now + 26 * 3600);
            },
            &["longest_token_life"],
        ),
        (
            "clocks",
            |claims, now| {
                claims["iat"] = (now + 200).into();
                claims["nbf"] = (now + 250).into();
                claims["exp"] = (now + 500).into();
            },
            &["leeway"],
        ),
        (
            "late",
            |claims, now| {
                claims["iat"] = (now - 2 * 3600).into();
                claims["exp"] = (now - 100).into();
            },
            &["max_token_age", "leeway"],
        ),
    ];
    for (name, set_times, calls) in cases {
        let capture = Capture::with(&["--jwks", &server.url(), "--count", "1"]);
        let before = now();
        let mut claims = json!({"aud": "me", "type": "x", "data": {}});
        set_times(&mut claims, before);
        let request = jwt.sign("msg_1", SystemTime::now(), &claims, "");
        assert_eq!(post(&capture.url, &request), 204, "{name}");
        let after = now();
        let (code, report) = capture.end();
        assert_eq!(code, 0, "{name}");
        for call in ["longest_token_life", "max_token_age", "leeway"] {
            let is_asked = seconds(&report, call).is_some();
            assert_eq!(is_asked, calls.contains(&call), "{name}: {call} in {report}");
        }
        let verified = (before..=after).any(|at| {
            let mut verifier = DynamicVerifier::builder().audience("me").clock(ManualClock::at(at));
            if let Some(life) = seconds(&report, "longest_token_life") {
                assert!((day + hour..=day + 6 * hour).contains(&life.as_secs()), "{life:?}");
                verifier = verifier.longest_token_life(life);
            }
            if let Some(age) = seconds(&report, "max_token_age") {
                verifier = verifier.max_token_age(age);
            }
            if let Some(leeway) = seconds(&report, "leeway") {
                verifier = verifier.leeway(leeway);
            }
            let set = KeySet::from_json(keys.as_bytes()).unwrap();
            let verifier = verifier.build().unwrap();
            verifier.verify_with(&set, &request.headers, request.body.clone()).is_ok()
        });
        assert!(verified, "{name}: {report}");
    }
}

#[test]
fn a_ping_that_cannot_be_had_throws_no_capture_away() {
    let service = StandIn::start(|_| (404, "{}".to_owned()));
    let mut command = program(&["capture", "--listen", "127.0.0.1:0", "--jwks", "/no/such/file"]);
    command.args(["--ping", "abc", "--base-url", &service.url, "--count", "1"]);
    command.env("GEMINI_API_KEY", "AIza-not-a-real-key").env("WEBHOOK_SIGNING_SECRET", SECRET);
    let mut capture = Capture::start(command);
    let warned = capture.notes.by_ref().map(Result::unwrap).find(|line| line.contains("no ping"));
    assert!(warned.is_some_and(|line| line.contains("404")));
    assert_eq!(run_with_secret(&["send", &capture.url]).code, 0);
    let (code, report) = capture.end();
    assert_eq!(code, 0);
    assert!(report.contains("1 verified"), "{report}");

    let ran = run(&["capture", "--listen", "203.0.113.1:1", "--ping", "abc"]);
    assert!(ran.stderr.contains("there is no API key"), "before it listens: {ran:?}");
}

#[test]
fn a_report_is_json_where_that_is_asked_for_and_replaces_nothing() {
    let directory = Directory::new("report");
    let (report, keys) = (directory.path("report"), directory.file("keys", r#"{"keys":[]}"#));
    let look = ["capture", "--keys-only", "--jwks", &keys, "--report", &report];
    assert_eq!(run(&[&look[..], &["--json"]].concat()).code, 0);
    let written = std::fs::read_to_string(&report).unwrap();
    let value: Value = serde_json::from_str(&written).unwrap();
    assert_eq!((&value["kind"], written.lines().count()), (&json!("capture"), 1));
    let again = run(&look);
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("is there already"), "{again:?}");
    assert_eq!(std::fs::read_to_string(&report).unwrap(), written);
}

#[test]
fn a_report_that_cannot_be_written_is_said() {
    let directory = Directory::new("no_report");
    let keys = directory.file("keys", r#"{"keys":[]}"#);
    let report = directory.path("no_such_place/report");
    let ran = run(&["capture", "--keys-only", "--jwks", &keys, "--report", &report]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stderr.contains("cannot write"), "{ran:?}");
    assert!(ran.stdout.starts_with("## What Gemini webhooks look like"), "{ran:?}");
}

#[test]
fn a_key_set_replaces_a_key_set_and_nothing_else() {
    let directory = Directory::new("jwks_out");
    let send = |file: &str| {
        let send = ["send", "http://127.0.0.1:9/", "--as", "v1a", "--jwks-out", file];
        run(&send)
    };
    let notes = directory.file("notes", "mine");
    let refused = send(&notes);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), "mine");
    let keys = directory.path("keys");
    assert_eq!(send(&keys).code, 3, "nobody listens there");
    let first = std::fs::read_to_string(&keys).unwrap();
    assert_eq!(send(&keys).code, 3);
    assert_ne!(std::fs::read_to_string(&keys).unwrap(), first, "another key");
}

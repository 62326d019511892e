//! The shape of deliveries, and nothing that they hold.

use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};

use crate::common::{
    Directory, OTHER_SECRET, SECRET, assert_shown, post, program, run, run_with_secret,
};
use crate::stand_in::StandIn;
use gemini_webhooks::testing::{Ed25519Signer, JwtSigner, KeyAnswer, KeyServer, TestRsaKey, jwks};
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
    let request = jwt.sign("msg_1", std::time::SystemTime::now(), &claims, "{}");
    assert_eq!(post(&capture.url, &request), 400);
    let (code, report) = capture.end();
    assert_eq!(code, 1);
    assert!(report.contains("1 × `bad_token`"), "{report}");
    assert!(report.contains("exp: missing (not verified)"), "{report}");
    assert!(report.contains("the form of a project id (not verified)"), "{report}");
    assert!(!report.to_lowercase().contains("planted"), "{report}");
}

//! A sender and a receiver, over real HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use crate::common::{
    Directory, Listener, OTHER_SECRET, Running, SECRET, assert_shown, finish, program, run,
    run_with_secret,
};
use crate::stand_in::StandIn;
use gemini_webhooks::testing::{KeyAnswer, KeyServer};
use serde_json::json;

const ANY: [&str; 3] = ["--audience", "me", "--dangerous-any-tenant"];

/// A port that nobody listens on.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn a_newcomers_first_deliveries() {
    let directory = Directory::new("first");
    let secret = directory.path("secret");
    assert_eq!(run(&["secret", "new", "--secret-file", &secret]).code, 0);
    let arguments = ["listen", "--listen", "127.0.0.1:0", "--count", "9", "--secret-file", &secret];
    let listener = Running::start(program(&arguments));
    let mut said = listener.line() + "\n";
    let url = said.split_whitespace().nth(2).unwrap().trim_end_matches(',').to_owned();
    let mut sent = String::new();
    let sends: [&[&str]; 8] = [
        &[],
        &["--event", "video.generated", "--duplicates", "1"],
        &["--event", "interaction.failed", "--id", "msg_1"],
        &["--age", "10m", "--expect", "400"],
        &["--tamper", "rewritten-body", "--expect", "400"],
        &["--tamper", "body"],
        &["--tamper", "no-signature"],
        &["--as", "v1a"],
    ];
    for arguments in sends {
        let ran = run(&[&["send", &url, "--secret-file", &secret], arguments].concat());
        sent += &format!("$ send {}\n{}\n", arguments.join(" "), ran.whole());
    }
    let ended = listener.end();
    said += &ended.whole();
    assert_shown!("first_deliveries_sent", sent);
    assert_shown!("first_deliveries_received", said);
    assert_eq!(ended.code, 1, "some were refused");
}

#[test]
fn programs_are_told_the_same_in_json() {
    let upstream = StandIn::start(|_| (202, String::new()));
    let listener = Listener::start(&["--forward", &upstream.url, "--count", "4"]);
    let sends: [&[&str]; 4] = [
        &["--id", "msg_1", "--expect", "202"],
        &["--id", "msg_1", "--expect", "202"],
        &["--id", "msg_2", "--tamper", "rewritten-body"],
        &["--event", "video.generated", "--count", "1", "--as", "v1a"],
    ];
    let mut sent = String::new();
    for arguments in sends {
        let ran = listener.send(&[arguments, &["--json"]].concat());
        sent += &format!("$ send {}\n{}\n", arguments.join(" "), ran.whole());
    }
    assert_shown!("json_sent", sent);
    assert_shown!("json_received", listener.running.end().whole());
}

#[test]
fn every_event_is_accepted_in_every_form() {
    let keys = format!("127.0.0.1:{}", closed_port());
    let jwks = format!("http://{keys}/jwks.json");
    let listener = Listener::start(&[&ANY[..], &["--jwks", &jwks]].concat());
    let types = [
        "batch.succeeded",
        "batch.cancelled",
        "batch.expired",
        "batch.failed",
        "interaction.requires_action",
        "interaction.completed",
        "interaction.failed",
        "interaction.cancelled",
        "video.generated",
    ];
    // One key over all deliveries: what is fetched once is kept.
    let directory = Directory::new("forms");
    for form in ["static", "jwt", "v1a"] {
        let key = directory.path(form);
        let mut arguments = vec!["--as", form, "--event", "all"];
        if form != "static" {
            arguments.extend(["--audience", "me", "--serve-jwks", &keys, "--key-file", &key]);
        }
        let ran = listener.send(&arguments);
        assert_eq!(ran.code, 0, "{form}: {ran:?}");
        for expected in types {
            let line = listener.next();
            assert_eq!(line["verdict"], "accepted", "{line}");
            assert_eq!(line["delivery"]["type"], expected);
            assert_eq!(line["delivery"]["event"]["type"], expected);
            assert!(line["delivery"]["event"]["data"]["id"].is_string());
            let scheme = line["delivery"]["scheme"].as_str().unwrap().to_owned();
            let starts = if form == "static" { "v1, secret 1" } else { &form.to_uppercase()[..1] };
            assert!(scheme.to_uppercase().starts_with(&starts.to_uppercase()), "{form}: {scheme}");
        }
    }
}

#[test]
fn whatever_is_changed_on_the_way_is_refused_and_explained() {
    let listener = Listener::start(&[]);
    for (tamper, code, cause) in [
        ("body", "signature_mismatch", None),
        ("rewritten-body", "signature_mismatch", Some("body_rewritten")),
        ("id", "signature_mismatch", None),
        ("timestamp", "signature_mismatch", None),
        ("signature", "signature_mismatch", None),
        ("no-signature", "missing_header", Some("header_missing")),
    ] {
        let ran = listener.send(&["--tamper", tamper, "--expect", "400"]);
        assert_eq!(ran.code, 0, "{tamper}: {ran:?}");
        let line = listener.next();
        assert_eq!((&line["verdict"], &line["status"]), (&json!("refused"), &json!(400)), "{line}");
        assert_eq!(line["error"]["code"], code, "{tamper}");
        let found = line["explanation"]["code"].as_str().unwrap();
        assert!(!line["explanation"]["text"].as_str().unwrap().is_empty());
        if let Some(cause) = cause {
            assert_eq!(found, cause, "{tamper}");
        }
    }
}

#[test]
fn the_sender_learns_a_status_and_nothing_else() {
    let listener = Listener::start(&[]);
    let address = listener.url.strip_prefix("http://").unwrap().trim_end_matches('/');
    let mut answers = Vec::new();
    for headers in [
        "",
        "webhook-id: a\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,AAAA\r\n",
        "webhook-id: a.b\r\nwebhook-timestamp: x\r\nwebhook-signature: a.b.c\r\n",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n{headers}\r\n{{}}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(body, "");
        let lines = head.lines().filter(|line| !line.starts_with("date:"));
        answers.push(lines.collect::<Vec<_>>().join("\n"));
        assert_eq!(listener.next()["verdict"], "refused");
    }
    assert!(answers[0].starts_with("HTTP/1.1 400"), "{}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[test]
fn what_is_no_post_to_the_path_is_not_looked_at() {
    let listener = Listener::start(&["--path", "/hook"]);
    assert!(listener.url.ends_with("/hook"));
    let answer = plain_get(&listener.url);
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    let elsewhere = listener.url.replace("/hook", "/other");
    assert_eq!(run_with_secret(&["send", &elsewhere, "--expect", "404"]).code, 0);
    assert_eq!(listener.send(&[]).code, 0);
    assert_eq!(listener.next()["verdict"], "accepted");
}

#[test]
fn a_path_that_nobody_could_ask_for_is_refused() {
    for command in ["listen", "capture"] {
        let ran = run_with_secret(&[command, "--listen", "203.0.113.1:1", "--path", "hook"]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.stderr.contains("such as /hook"), "{ran:?}");
    }
}

#[test]
fn what_an_older_secret_signed_is_recognised() {
    let directory = Directory::new("older_secret");
    let old = directory.private("old", OTHER_SECRET);
    let listener = Listener::start(&["--old-secret-file", &old]);
    let ran = run(&["send", &listener.url, "--secret-file", &old, "--expect", "400"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let line = listener.next();
    assert_eq!((&line["verdict"], &line["status"]), (&json!("refused"), &json!(400)), "{line}");
    assert_eq!(line["explanation"]["code"], "secret_retired", "{line}");
}

/// What is answered to a GET.
fn plain_get(url: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_rotation_accepts_either_secret_and_both_in_one_header() {
    let directory = Directory::new("rotation");
    let both = directory.private("both", format!("{SECRET}\n{OTHER_SECRET}\n"));
    let old = directory.private("old", OTHER_SECRET);
    let mut command =
        program(&["listen", "--json", "--listen", "127.0.0.1:0", "--secret-file", &both]);
    command.env("WEBHOOK_SIGNING_SECRET", "is not read");
    let listener = Listener::from(command);
    for (file, position) in [(&both, 1), (&old, 2)] {
        assert_eq!(run(&["send", &listener.url, "--secret-file", file]).code, 0);
        let line = listener.next();
        assert_eq!(line["delivery"]["scheme"], format!("v1, secret {position}"));
    }
    let only_new = Listener::start(&[]);
    assert_eq!(
        run(&["send", &only_new.url, "--secret-file", &both]).code,
        0,
        "two entries, one known"
    );
    assert_eq!(run(&["send", &only_new.url, "--secret-file", &old]).code, 1);
}

#[test]
fn a_retry_is_recognised_and_a_replay_refused() {
    let listener = Listener::start(&[]);
    assert_eq!(listener.send(&["--duplicates", "2"]).code, 0);
    let repeated: Vec<_> = (0..3).map(|_| listener.next()["repeated"].clone()).collect();
    assert_eq!(repeated, [false, true, true]);
    for (arguments, code) in [
        (["--age", "301s"], "timestamp_too_old"),
        (["--at", "2026-01-22T12:00:00Z"], "timestamp_too_old"),
        (["--at", "253402300799"], "timestamp_too_new"),
    ] {
        assert_eq!(listener.send(&[&arguments[..], &["--expect", "400"]].concat()).code, 0);
        assert_eq!(listener.next()["error"]["code"], code);
    }
}

#[test]
fn a_token_that_does_not_hold_the_event_is_accepted_on_demand_alone() {
    let directory = Directory::new("bearer");
    let (key, jwks) = (directory.path("key"), directory.path("jwks"));
    let send =
        ["--as", "jwt", "--audience", "me", "--bearer", "--key-file", &key, "--jwks-out", &jwks];
    assert_eq!(run(&[&["send", "http://127.0.0.1:9/"], &send[..]].concat()).code, 3);
    let strict = Listener::start(&["--audience", "me", "--jwks", &jwks]);
    assert_eq!(strict.send(&send).code, 1);
    assert_eq!(strict.next()["error"]["code"], "body_not_signed");
    let lax = Listener::start(&["--audience", "me", "--jwks", &jwks, "--accept-unsigned-body"]);
    assert_eq!(lax.send(&send).code, 0);
    assert_eq!(lax.next()["delivery"]["body"], "unsigned");
    assert_eq!(crate::common::mode(&key), 0o600);
}

#[test]
fn deliveries_of_other_tenants_are_refused() {
    let directory = Directory::new("tenants");
    let (key, jwks) = (directory.path("key"), directory.path("jwks"));
    let v1a = ["--as", "v1a", "--key-file", &key, "--jwks-out", &jwks];
    run(&[&["send", "http://127.0.0.1:9/"], &v1a[..]].concat());
    let token = directory.private("token", "0123456789abcdef0123\n");
    let jobs = directory.file("jobs", "batch_1\nbatch_2\n");
    let by_job = Listener::start(&["--jwks", &jwks, "--jobs-file", &jobs, "--job", "batch_3"]);
    for (id, code) in [("batch_1", 0), ("batch_3", 0), ("batch_4", 1)] {
        assert_eq!(by_job.send(&[&v1a[..], &["--job-id", id]].concat()).code, code, "{id}");
    }
    let by_token = Listener::start(&["--jwks", &jwks, "--metadata-token-file", &token]);
    assert_eq!(by_token.send(&[&v1a[..], &["--metadata-token-file", &token]].concat()).code, 0);
    let line = by_token.running.line();
    assert!(!line.contains("0123456789abcdef"), "the token is not shown: {line}");
    assert!(line.contains(r#""user_metadata":"[redacted]""#), "{line}");
    assert_eq!(by_token.send(&v1a).code, 1);
    assert_eq!(by_token.next()["error"]["code"], "not_ours");
}

#[test]
fn without_keys_nothing_is_judged_and_the_sender_shall_come_again() {
    let jwks = format!("http://127.0.0.1:{}/", closed_port());
    let arguments = [&ANY[..], &["--jwks", &jwks, "--count", "2"]].concat();
    let listener = Listener::start(&arguments);
    for arguments in [&["--as", "v1a"][..], &["--as", "jwt", "--audience", "me"]] {
        let ran = listener.send(&[arguments, &["--expect", "503"]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let line = listener.next();
        assert_eq!((&line["verdict"], &line["status"]), (&json!("undecided"), &json!(503)));
        assert_eq!(line["error"]["code"], "keys_unreachable");
    }
    let ended = listener.running.end();
    assert_eq!(ended.code, 3);
    assert!(ended.stderr.contains("could not be reached"), "{}", ended.stderr);
}

#[test]
fn keys_come_from_a_server_on_loopback() {
    let server = KeyServer::start(KeyAnswer::document(r#"{"keys":[]}"#)).unwrap();
    let arguments = ["--jwks", &server.url(), "--dangerous-any-tenant", "--count", "1"];
    let listener = Listener::start(&arguments);
    listener.send(&["--as", "v1a"]);
    assert_eq!(listener.next()["verdict"], "undecided", "an empty set is no set");
    assert!(server.fetches() >= 1);
}

#[test]
fn what_verifies_is_passed_on_unchanged() {
    let upstream = StandIn::start(|seen| {
        (if seen.body.len() > 300 { 422 } else { 201 }, "secret text".into())
    });
    let listener = Listener::start(&["--forward", &format!("{}/app/hook?x=1", upstream.url)]);
    let directory = Directory::new("forward");
    let body = "{ \"type\" : \"odd\",\r\n \"data\":{\"n\":1.00} }\n";
    let file = directory.file("body", body);
    assert_eq!(listener.send(&["--file", &file, "--id", "msg_7", "--expect", "201"]).code, 0);
    let line = listener.next();
    assert_eq!((&line["status"], &line["forwarded"]["status"]), (&json!(201), &json!(201)));
    let seen = upstream.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", "/app/hook?x=1"));
    assert_eq!(seen[0].body, body);
    assert_eq!(seen[0].headers["webhook-id"], "msg_7");
    assert_eq!(seen[0].headers["content-type"], "application/json");
    for name in ["webhook-timestamp", "webhook-signature"] {
        assert_eq!(seen[0].headers.get_all(name).iter().count(), 1);
    }
    // It still verifies there: the same bytes under the same headers.
    let secret = gemini_webhooks::Secret::parse(SECRET).unwrap();
    let verifier = gemini_webhooks::StaticVerifier::builder().secret(secret).build().unwrap();
    assert!(verifier.check(&seen[0].headers, &seen[0].body).is_ok());

    assert_eq!(listener.send(&["--tamper", "body", "--expect", "400"]).code, 0);
    assert_eq!(upstream.seen().len(), 1, "what does not verify is not passed on");
    let large = directory
        .file("large", format!(r#"{{"type":"odd","data":{{"x":"{}"}}}}"#, "x".repeat(400)));
    assert_eq!(listener.send(&["--file", &large, "--expect", "422"]).code, 0);
}

#[test]
fn an_upstream_that_is_down_or_slow_makes_the_sender_come_again() {
    let down = Listener::start(&["--forward", &format!("http://127.0.0.1:{}/", closed_port())]);
    assert_eq!(down.send(&["--expect", "502"]).code, 0);
    let line = down.next();
    assert_eq!(line["verdict"], "accepted");
    assert_eq!(line["forwarded"]["problem"], "nobody listens there");
    let slow = StandIn::delayed(Duration::from_secs(5), |_| (204, String::new()));
    let slow = Listener::start(&["--forward", &slow.url, "--forward-timeout", "100ms"]);
    assert_eq!(slow.send(&["--expect", "503"]).code, 0);
    assert_eq!(slow.next()["forwarded"]["problem"], "it did not answer in time");
}

#[test]
fn what_strangers_write_cannot_command_the_terminal() {
    let directory = Directory::new("hostile");
    let hostile = "\x1b]0;owned\x07\u{9b}31m\u{202e}\u{7f}";
    let body = json!({ "type": hostile, "data": { hostile: hostile, "id": hostile } }).to_string();
    let file = directory.file("body", body);
    let mut command = program(&["listen", "--listen", "127.0.0.1:0", "--count", "2"]);
    command.env("WEBHOOK_SIGNING_SECRET", SECRET);
    let human = Running::start(command);
    let first = human.line();
    let url = first.split_whitespace().nth(2).unwrap().trim_end_matches(',').to_owned();
    let json = Listener::start(&["--count", "2"]);
    for url in [&url, &json.url] {
        run_with_secret(&["send", url, "--file", &file]);
        run_with_secret(&["send", url, "--file", &file, "--id", "\u{9b}31m", "--expect", "400"]);
    }
    for said in [human.end().stdout, json.running.end().stdout] {
        for bad in ['\x1b', '\x07', '\u{9b}', '\u{202e}', '\u{7f}'] {
            assert!(!said.contains(bad), "{bad:?} in {said:?}");
        }
        assert!(said.contains("owned"), "{said}");
    }
}

#[test]
fn no_secret_is_in_the_list_of_processes_unless_somebody_puts_it_there() {
    let listener = Listener::start(&[]);
    let arguments = std::fs::read(format!("/proc/{}/cmdline", listener.running.id())).unwrap();
    crate::common::assert_no_secret(&String::from_utf8_lossy(&arguments));
    let ran = run(&["send", &listener.url, "--insecure-secret-on-command-line", SECRET]);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("others can read it"), "{}", ran.stderr);
}

#[test]
fn no_password_of_a_url_is_shown() {
    let keys = "http://127.0.0.1:9/keys?key=PASSWORD";
    let hidden = "http://user:PASSWORD@127.0.0.1:9/hook?key=PASSWORD";
    let arguments = [
        "listen",
        "--listen",
        "127.0.0.1:0",
        "--audience",
        "me",
        "--jwks",
        keys,
        "--forward",
        hidden,
    ];
    let mut command = program(&arguments);
    command.env("WEBHOOK_SIGNING_SECRET", SECRET);
    let listener = Running::start(command);
    let first = listener.line();
    let url = first.split_whitespace().nth(2).unwrap().trim_end_matches(',').to_owned();
    run(&["send", &url, "--as", "jwt", "--audience", "me"]);
    run_with_secret(&["send", &url]);
    let said = listener.terminate();
    assert!(said.stdout.contains("http://127.0.0.1:9/hook?..."), "{said:?}");
    assert!(!said.whole().contains("PASSWORD"), "{said:?}");
}

#[test]
fn a_load_is_counted_and_timed() {
    let listener = Listener::start(&[]);
    let ran = listener.send(&["--count", "200", "--concurrency", "8", "--json"]);
    let summary = ran.json().pop().unwrap();
    assert_eq!((ran.code, ran.json().len()), (0, 1), "too many to tell one by one");
    assert_eq!(summary["kind"], "summary");
    assert_eq!((&summary["sent"], &summary["answers"]["204"]), (&json!(200), &json!(200)));
    let latency = |name: &str| summary["latency_ms"][name].as_f64().unwrap();
    assert!(latency("p50") <= latency("p90") && latency("p99") <= latency("max"));
    assert!(ran.stderr.is_empty(), "no bar where there is no terminal: {}", ran.stderr);
    for _ in 0..200 {
        assert_eq!(listener.next()["verdict"], "accepted");
    }
    assert_eq!(listener.running.terminate().code, 0);
}

#[test]
fn nobody_there_is_told_apart_from_a_refusal() {
    let url = format!("http://127.0.0.1:{}/", closed_port());
    let ran = run_with_secret(&["send", &url, "--json"]);
    assert_eq!(ran.code, 3);
    assert_eq!(ran.json()[0]["answer"], "no connection");
    let slow = StandIn::delayed(Duration::from_secs(5), |_| (204, String::new()));
    let ran = run_with_secret(&["send", &slow.url, "--timeout", "100ms"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stdout.contains("no answer in time"), "{}", ran.stdout);
}

#[test]
fn a_setup_that_cannot_work_fails_before_anything_is_tried() {
    let directory = Directory::new("setup");
    let quoted = directory.private("quoted", format!("\"{SECRET}\""));
    let open = directory.file("open", SECRET);
    crate::common::set_mode(open.as_ref(), 0o644);
    let cases: [(&[&str], &str); 12] = [
        (&["listen"], "nothing is accepted yet"),
        (&["listen", "--secret-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        (&["listen", "--secret-file", "/no/such/file"], "cannot read /no/such/file"),
        (&["listen", "--secret-file", &quoted], "quotes"),
        (&["listen", "--audience", "me", "--jwks", "http://example.com/"], "http is for 127.0.0.1"),
        (&["listen", "--job", "a", "--dangerous-any-tenant"], "cannot be used with"),
        (&["listen", "--metadata-token-env", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set"),
        (&["send", "http://127.0.0.1:9/"], "there is no signing secret"),
        (&["send", "ftp://127.0.0.1/", "--as", "v1a"], "an http or https URL is needed"),
        (&["send", "http://127.0.0.1:9/", "--as", "jwt"], "say --audience"),
        (&["send", "http://127.0.0.1:9/", "--as", "v1a", "--serve-jwks", "0.0.0.0:0"], "loopback"),
        (&["send", "http://127.0.0.1:9/", "--event", "no.such"], "invalid value"),
    ];
    for (arguments, text) in cases {
        let ran = run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(text), "{arguments:?}: {}", ran.stderr);
    }
    let ran = run(&["send", "http://127.0.0.1:9/", "--secret-file", &open]);
    assert!(ran.stderr.contains("others may read"), "{}", ran.stderr);
}

#[test]
fn a_failure_is_json_too() {
    let ran = run(&["listen", "--json"]);
    let line = ran.json().pop().unwrap();
    assert_eq!((&line["kind"], &line["exit_code"]), (&json!("error"), &json!(2)));
    assert!(line["remedy"].as_str().unwrap().contains("--secret-file"));
}

#[test]
fn arguments_that_are_not_understood_are_json_too() {
    for arguments in [&["listen", "--json", "--no-such-flag"][..], &["--json"], &["--json", "no"]] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.json().len()), (2, 1), "{ran:?}");
        let line = &ran.json()[0];
        assert_eq!((&line["kind"], &line["exit_code"]), (&json!("error"), &json!(2)));
        assert!(line["message"].as_str().unwrap().contains("Usage: "), "{line}");
        assert!(ran.stderr.contains("Usage: "), "people are told as well: {ran:?}");
    }
    assert_eq!(run(&["listen", "--no-such-flag"]).stdout, "");
    assert_eq!(run(&["--help", "--json"]).code, 0);
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let coloured = |name: &str, value: &str, arguments: &[&str]| {
        let mut command = program(&["secret", "check"]);
        command.args(arguments).env("WEBHOOK_SIGNING_SECRET", SECRET);
        if !name.is_empty() {
            command.env(name, value);
        }
        finish(command).stdout.contains('\x1b')
    };
    assert!(!coloured("", "", &[]));
    assert!(coloured("", "", &["--color", "always"]));
    assert!(coloured("CLICOLOR_FORCE", "1", &[]));
    assert!(!coloured("CLICOLOR_FORCE", "1", &["--color", "never"]));
    assert!(!coloured("NO_COLOR", "1", &[]));
}

/// `script`, of util-linux, gives a program a terminal.
#[test]
fn on_a_terminal_there_are_colours_and_a_bar() {
    let listener = Listener::start(&[]);
    let on_a_terminal = |before: &str, arguments: &str| {
        let program = program(&[]);
        let line = format!("{before} {} {arguments}", program.get_program().to_str().unwrap());
        let mut script = std::process::Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.env("WEBHOOK_SIGNING_SECRET", SECRET).env("TERM", "xterm-256color");
        script.env_remove("NO_COLOR");
        finish(script)
    };
    let few = on_a_terminal("", &format!("send {}", listener.url));
    assert_eq!(few.code, 0, "{few:?}");
    assert!(few.stdout.contains("\x1b[1m\x1b[32m204"), "{few:?}");
    let plain = on_a_terminal("NO_COLOR=1", &format!("send {}", listener.url));
    assert!(plain.stdout.starts_with("204 msg_"), "{plain:?}");
    let many = on_a_terminal("", &format!("send {} --count 300", listener.url));
    assert!(many.stdout.contains("300 deliveries"), "{many:?}");
    assert!(many.stdout.contains("/300"), "a bar: {many:?}");
    let json = on_a_terminal("", &format!("send {} --count 300 --json", listener.url));
    assert!(!json.stdout.contains('\x1b'), "{json:?}");
}

#[test]
fn it_ends_when_it_is_told_to_whoever_holds_on() {
    let listener = Listener::start(&[]);
    let address = listener.url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let mut stuck = TcpStream::connect(&address).unwrap();
    write!(stuck, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n").unwrap();
    let mut silent = TcpStream::connect(&address).unwrap();
    write!(silent, "POST").unwrap();
    assert_eq!(listener.send(&[]).code, 0);
    assert_eq!(listener.next()["verdict"], "accepted");
    let start = std::time::Instant::now();
    assert_eq!(listener.running.terminate().code, 0);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn a_body_over_the_limit_is_answered_413() {
    let directory = Directory::new("large");
    let listener = Listener::start(&[]);
    let exact = directory.file("exact", "x".repeat(1024 * 1024));
    assert_eq!(listener.send(&["--file", &exact]).code, 0);
    assert_eq!(listener.next()["verdict"], "accepted");
    let over = directory.file("over", "x".repeat(1024 * 1024 + 1));
    assert_eq!(listener.send(&["--file", &over, "--expect", "413"]).code, 0);
    let line = listener.next();
    assert_eq!((&line["error"]["code"], &line["status"]), (&json!("body_too_large"), &json!(413)));
    assert!(line["explanation"].is_null(), "of a body that was not read: {line}");
}

#[test]
fn it_ends_when_nobody_reads_what_it_tells() {
    let mut command = program(&["listen", "--json", "--listen", "127.0.0.1:0"]);
    command.env("WEBHOOK_SIGNING_SECRET", SECRET).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    let listening: serde_json::Value = serde_json::from_str(&line).unwrap();
    run_with_secret(&["send", listening["url"].as_str().unwrap()]);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(141), &[][..]));
}

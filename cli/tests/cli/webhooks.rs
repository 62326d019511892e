//! The client on the command line, against a stand-in of the service.

use std::process::Command;
use std::time::Duration;

use crate::common::{
    Directory, OTHER_SECRET, Ran, Running, SECRET, assert_shown, finish, mode, program,
};
use crate::stand_in::{Seen, StandIn};
use serde_json::{Value, json};

const API_KEY: &str = "AIzaSyNotARealKeyButLooksLikeOne";
const ID: &str = "0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1sabcd";

fn webhook(state: &str) -> Value {
    json!({
        "id": ID,
        "name": "my \u{1b}[31mhook",
        "uri": "https://example.com/hook",
        "subscribed_events": ["batch.succeeded", "video.generated"],
        "state": state,
        "signing_secrets": [
            {"truncated_secret": "whsec_TRUNC"},
            {"truncated_secret": "whsec_TRUNC", "expire_time": "2026-01-23T12:00:00Z"},
        ],
        "create_time": "2026-01-22T12:00:00Z",
    })
}

/// Answers as the service was seen to do.
fn service(seen: &Seen) -> (u16, String) {
    assert_eq!(seen.headers["x-goog-api-key"], API_KEY);
    let path = seen.path.split('?').next().unwrap();
    let one = format!("/webhooks/{ID}");
    let answer = match (seen.method.as_str(), path.strip_prefix(&one).unwrap_or(path)) {
        ("POST", "/webhooks") => {
            let mut created = webhook("enabled");
            created["new_signing_secret"] = SECRET.into();
            created
        }
        ("GET", "/webhooks") => {
            json!({"webhooks": [webhook("enabled"), webhook("disabled_due_to_failed_deliveries")]})
        }
        ("GET" | "PATCH", "") => webhook("disabled"),
        ("POST", ":rotateSigningSecret") => json!({"secret": SECRET}),
        ("POST", ":ping") | ("DELETE", "") => json!({}),
        _ => {
            let error = json!({"error": {"code": 404, "message": "no \u{1b}[31msuch webhook", "status": "NOT_FOUND"}});
            return (404, error.to_string());
        }
    };
    (200, answer.to_string())
}

struct Project {
    service: StandIn,
    directory: Directory,
}

impl Project {
    fn new(name: &str) -> Self {
        Self { service: StandIn::start(service), directory: Directory::new(name) }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = program(&["webhooks", "--base-url", &self.service.url]);
        command.args(arguments).env("GEMINI_API_KEY", API_KEY);
        let ran = finish(command);
        assert!(!ran.whole().contains(API_KEY) && !ran.whole().contains("TRUNC"), "{ran:?}");
        assert!(!ran.whole().contains('\x1b'), "{ran:?}");
        ran
    }

    fn last(&self) -> Seen {
        self.service.seen().pop().unwrap()
    }
}

#[test]
fn a_webhook_from_its_creation_to_its_end() {
    let project = Project::new("webhooks");
    let file = project.directory.path("secret");
    let mut said = String::new();
    let create = [
        "create",
        "https://example.com/hook",
        "--event",
        "batch.succeeded",
        "--name",
        "n",
        "--secret-file",
        &file,
    ];
    let calls: [&[&str]; 7] = [
        &create,
        &["list"],
        &["get", ID],
        &["update", ID, "--event", "video.generated", "--enable"],
        &["rotate", ID, "--secret-file", &file],
        &["ping", ID],
        &["delete", ID, "--yes"],
    ];
    for call in calls {
        let ran = project.run(call);
        assert_eq!(ran.code, 0, "{call:?}: {ran:?}");
        said += &format!("$ webhooks {}\n{}\n", call[0], ran.whole());
    }
    assert_shown!("webhooks", said);
    let seen = project.service.seen();
    let calls: Vec<_> = seen.iter().map(|seen| format!("{} {}", seen.method, seen.path)).collect();
    assert_eq!(
        calls,
        [
            "POST /webhooks".to_owned(),
            "GET /webhooks?page_size=50".to_owned(),
            format!("GET /webhooks/{ID}"),
            format!("PATCH /webhooks/{ID}?update_mask=subscribed_events%2Cstate"),
            format!("POST /webhooks/{ID}:rotateSigningSecret"),
            format!("POST /webhooks/{ID}:ping"),
            format!("DELETE /webhooks/{ID}"),
        ]
    );
}

#[test]
fn a_new_secret_goes_into_a_file_of_its_owners_or_is_shown_on_demand() {
    let project = Project::new("new_secret");
    let file = project.directory.path("secret");
    let create = ["create", "https://example.com/hook", "--all-events"];
    assert_eq!(project.run(&create).code, 2, "nowhere to put it");
    assert_eq!(
        project.run(&[&create[..], &["--secret-file", "/no/such/place/secret"]].concat()).code,
        2
    );
    assert!(project.service.seen().is_empty(), "nothing is created whose secret has no place");

    assert_eq!(project.run(&[&create[..], &["--secret-file", &file]].concat()).code, 0);
    assert_eq!(
        (std::fs::read_to_string(&file).unwrap(), mode(&file)),
        (format!("{SECRET}\n"), 0o600)
    );
    let body: Value = serde_json::from_slice(&project.last().body).unwrap();
    assert_eq!(body["subscribed_events"].as_array().unwrap().len(), 7);

    assert_eq!(
        project.run(&[&create[..], &["--secret-file", &file]].concat()).code,
        2,
        "is there already"
    );
    assert_eq!(project.service.seen().len(), 1);

    let mut command = program(&["webhooks", "--base-url", &project.service.url]);
    command.args(create).args(["--show-secret", "--json"]).env("GEMINI_API_KEY", API_KEY);
    let shown = command.output().unwrap();
    assert!(String::from_utf8(shown.stdout).unwrap().contains(SECRET));
}

#[test]
fn a_rotation_puts_the_new_secret_before_the_old_one() {
    let project = Project::new("rotate");
    let file = project.directory.private("secret", format!("{OTHER_SECRET}\n"));
    assert_eq!(project.run(&["rotate", ID, "--secret-file", &file]).code, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{SECRET}\n{OTHER_SECRET}\n"));
    assert_eq!(mode(&file), 0o600);
    let body: Value = serde_json::from_slice(&project.last().body).unwrap();
    assert_eq!(body["revocation_behavior"], "revoke_previous_secrets_after_h24");

    let file = project.directory.private("other", OTHER_SECRET);
    assert_eq!(project.run(&["rotate", ID, "--immediately", "--secret-file", &file]).code, 0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{SECRET}\n"));
    let body: Value = serde_json::from_slice(&project.last().body).unwrap();
    assert_eq!(body["revocation_behavior"], "revoke_previous_secrets_immediately");
}

#[test]
fn failures_are_told_apart() {
    let project = Project::new("failures");
    let refused = project.run(&["get", "another"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("NOT_FOUND"), "{}", refused.stderr);
    assert_eq!(project.run(&["get", "../models"]).code, 2, "what can be no id");
    assert_eq!(project.run(&["delete", ID]).code, 2, "without --yes");
    assert_eq!(project.run(&["update", ID]).code, 2, "nothing to change");
    assert_eq!(
        project.run(&["create", "http://example.com", "--all-events", "--show-secret"]).code,
        2
    );
    let event = "batch.cancelled";
    assert_eq!(
        project.run(&["create", "https://example.com", "--event", event, "--show-secret"]).code,
        2
    );

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = program(&["webhooks", "ping", ID, "--base-url", &format!("http://{closed}")]);
    command.env("GEMINI_API_KEY", API_KEY);
    assert_eq!(finish(command).code, 3);

    let without_key = finish(program(&["webhooks", "list"]));
    assert_eq!(without_key.code, 2);
    assert!(without_key.stderr.contains("GEMINI_API_KEY"), "{}", without_key.stderr);
}

#[test]
fn an_answer_that_is_lost_is_no_verdict_and_leaves_no_file() {
    let service = StandIn::start(|_| (500, String::new()));
    let directory = Directory::new("lost");
    let file = directory.path("secret");
    let mut command =
        program(&["webhooks", "--base-url", &service.url, "rotate", ID, "--secret-file", &file]);
    command.env("GEMINI_API_KEY", API_KEY);
    let ran = finish(command);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("rotate again"), "{}", ran.stderr);
    assert_eq!(service.seen().len(), 1, "sent once");
    assert_eq!(std::fs::read_dir(directory.path("")).unwrap().count(), 0);
}

#[test]
fn a_service_that_has_a_problem_has_refused_nothing() {
    for (status, code) in [(400, 1), (404, 1), (429, 3), (500, 3), (503, 3)] {
        let service = StandIn::start(move |_| (status, String::new()));
        let mut get = program(&["webhooks", "--base-url", &service.url, "--api-timeout", "2s"]);
        get.args(["update", ID, "--enable"]).env("GEMINI_API_KEY", API_KEY);
        let ran = finish(get);
        assert_eq!(ran.code, code, "{status}: {ran:?}");
        assert!(ran.stderr.contains(&status.to_string()), "{status}: {ran:?}");
    }
}

#[test]
fn the_doctor_sees_webhooks_that_were_disabled() {
    let project = Project::new("doctor_api");
    let directory = &project.directory;
    let keys = directory.file("keys", r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#);
    let mut command = program(&[
        "doctor",
        "--api",
        "--json",
        "--jwks",
        &keys,
        "--base-url",
        &project.service.url,
    ]);
    command.env("GEMINI_API_KEY", API_KEY);
    let ran = finish(command);
    let states: Vec<_> = ran
        .json()
        .iter()
        .filter(|check| check["check"] == "webhooks")
        .map(|check| check["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!((states, ran.code), (vec!["ok".to_owned(), "fail".to_owned()], 1));
}

#[test]
fn nobody_interrupts_a_call_that_brings_a_secret() {
    let service = StandIn::delayed(Duration::from_secs(2), service);
    let directory = Directory::new("interrupted");
    let started = ["INT", "TERM", "HUP"].map(|signal| {
        let file = directory.path(signal);
        let running = Running::start(rotate(&service, &["--secret-file", &file]));
        (signal, file, running)
    });
    std::thread::sleep(Duration::from_secs(1));
    for (signal, _, running) in &started {
        let arguments = [format!("-{signal}"), running.id().to_string()];
        assert!(Command::new("kill").args(arguments).status().unwrap().success());
    }
    for (signal, file, running) in started {
        let ran = running.end();
        assert_eq!(ran.code, 0, "{signal}: {ran:?}");
        assert!(ran.stderr.contains("wait for it"), "{signal}: {ran:?}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{SECRET}\n"), "{signal}");
    }
}

/// The writing end of a pipe that nobody reads.
fn unread() -> std::io::PipeWriter {
    std::io::pipe().unwrap().1
}

#[test]
fn a_secret_that_nobody_was_shown_is_told_to_be_lost() {
    let project = Project::new("unread");
    let mut shown = rotate(&project.service, &["--show-secret"]);
    let ran = shown.stdout(unread()).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(said.contains(&format!("the secret is lost: rotate it, webhook {ID}")), "{said}");
    assert_eq!(project.service.seen().len(), 1);
}

#[test]
fn a_pipe_that_is_closed_is_no_success_and_nothing_to_talk_about() {
    let project = Project::new("closed_pipe");
    let mut list = program(&["webhooks", "--base-url", &project.service.url, "get", ID]);
    let ran = list.env("GEMINI_API_KEY", API_KEY).stdout(unread()).output().unwrap();
    assert_eq!((ran.status.code(), ran.stderr.as_slice()), (Some(141), &[][..]));
}

#[test]
fn a_standard_error_that_cannot_be_written_stops_nothing() {
    let project = Project::new("no_stderr");
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut list = program(&["webhooks", "--base-url", &project.service.url, "list"]);
    let ran = list.env("GEMINI_API_KEY", API_KEY).stderr(full()).output().unwrap();
    assert_eq!(ran.status.code(), Some(0), "a note");
    let ran = program(&["webhooks", "list"]).stderr(full()).output().unwrap();
    assert_eq!(ran.status.code(), Some(2), "an error");
}

#[test]
fn an_id_of_the_service_cannot_command_the_terminal() {
    let directory = Directory::new("hostile_id");
    let file = directory.path("secret");
    let taken = file.clone();
    let service = StandIn::start(move |seen| {
        let mut created: Value = serde_json::from_str(&service(seen).1).unwrap();
        created["id"] = "a\u{1b}]0;owned\u{7}\nb".into();
        let _ = std::fs::create_dir_all(&taken);
        (200, created.to_string())
    });
    for place in [&["--secret-file", &file][..], &["--show-secret"]] {
        let mut create = program(&["webhooks", "--base-url", &service.url, "create"]);
        create.args(["https://example.com/hook", "--all-events"]).args(place);
        let ran = create.env("GEMINI_API_KEY", API_KEY).stdout(unread()).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(3), "{said}");
        assert!(!said.contains('\x1b') && !said.contains('\x07'), "{said:?}");
        assert_eq!(said.lines().count(), 2, "{said}");
    }
}

/// A service that does something of ours while it makes a secret.
fn meanwhile(act: impl Fn() + Send + Sync + 'static) -> StandIn {
    StandIn::start(move |seen| {
        if seen.path.ends_with(":rotateSigningSecret") {
            act();
        }
        service(seen)
    })
}

fn rotate(service: &StandIn, arguments: &[&str]) -> Command {
    let mut command = program(&["webhooks", "--base-url", &service.url, "rotate", ID]);
    command.args(arguments).env("GEMINI_API_KEY", API_KEY);
    command
}

#[test]
fn a_secret_whose_file_cannot_take_its_place_is_kept_beside_it() {
    let directory = Directory::new("kept");
    let file = directory.path("secret");
    let taken = file.clone();
    let service = meanwhile(move || std::fs::create_dir_all(format!("{taken}/full")).unwrap());
    let ran = finish(rotate(&service, &["--secret-file", &file]));
    assert_eq!(ran.code, 3, "it is rotated: {ran:?}");
    let said = ran.stderr.split_once("what belongs there is in ").expect(&ran.stderr).1;
    let kept = said.split_once(": move it").unwrap().0;
    assert_eq!(std::fs::read_to_string(kept).unwrap(), format!("{SECRET}\n"));
    assert_eq!(mode(kept), 0o600);
}

#[test]
fn what_is_no_regular_file_is_refused_before_the_call() {
    let project = Project::new("no_file");
    let directory = project.directory.path("");
    for file in [directory.as_str(), "/dev/null"] {
        let ran = project.run(&["rotate", ID, "--immediately", "--secret-file", file]);
        assert_eq!(ran.code, 2, "{file}: {ran:?}");
        assert!(ran.stderr.contains("is no regular file"), "{file}: {ran:?}");
    }
    assert!(project.service.seen().is_empty());
    assert_eq!(std::fs::read_dir(directory).unwrap().count(), 0, "nothing is left");
}

/// `ulimit -f` bounds a file as a full disk does: in blocks of 512 or 1024 bytes.
#[test]
fn a_disk_that_is_full_is_noticed_before_the_call() {
    let project = Project::new("full");
    let file = project.directory.path("secret");
    let rotate = rotate(&project.service, &["--secret-file", &file]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]);
    limited.arg(rotate.get_program()).args(rotate.get_args()).env("GEMINI_API_KEY", API_KEY);
    let ran = finish(limited);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("cannot write"), "{ran:?}");
    assert!(project.service.seen().is_empty());
    assert_eq!(std::fs::read_dir(project.directory.path("")).unwrap().count(), 0);
}

#[test]
fn a_file_that_holds_no_secrets_is_not_replaced() {
    let project = Project::new("notes");
    for text in ["my notes\nof years", "export WEBHOOK_SIGNING_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8I"] {
        let file = project.directory.private("notes", text);
        for arguments in [&["--secret-file", &file][..], &["--secret-file", &file, "--immediately"]]
        {
            let ran = project.run(&[&["rotate", ID][..], arguments].concat());
            assert_eq!(ran.code, 2, "{ran:?}");
            assert!(ran.stderr.contains("something else than secrets"), "{ran:?}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
    assert!(project.service.seen().is_empty());
    let empty = project.directory.private("empty", "");
    assert_eq!(project.run(&["rotate", ID, "--secret-file", &empty]).code, 0);
    let legacy = project.directory.private("legacy", "whsec_not*base64*but*raw*bytes!");
    assert_eq!(project.run(&["rotate", ID, "--secret-file", &legacy]).code, 0);
}

#[test]
fn a_link_stays_one_and_a_file_keeps_its_mode() {
    let project = Project::new("link");
    let file = project.directory.private("secret", OTHER_SECRET);
    crate::common::set_mode(file.as_ref(), 0o640);
    let link = project.directory.path("link");
    std::os::unix::fs::symlink("secret", &link).unwrap();
    assert_eq!(project.run(&["rotate", ID, "--secret-file", &link]).code, 0);
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), format!("{SECRET}\n{OTHER_SECRET}\n"));
    assert_eq!(mode(&file), 0o640);
}

//! What the examples print and answer, as real processes.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsString;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::marks::{Marks, mark};
use crate::requests::{
    AUDIENCE, Request, claims, jwt_request, refused, secret_text, secrets, static_request,
};

const SECRETS: &str = "WEBHOOK_SIGNING_SECRET";

/// The examples, built; their paths by their names.
static EXAMPLES: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(|| {
    let build = Command::new(env!("CARGO"))
        .args(["build", "--locked", "--quiet", "--all-features", "--examples"])
        .args(["--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(build.status.success(), "the examples do not build");
    let messages = String::from_utf8(build.stdout).unwrap();
    let artifacts = messages.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let program = |artifact: Value| {
        let is_example =
            artifact["target"]["kind"] == "example" || artifact["target"]["kind"][0] == "example";
        let path = artifact["executable"].as_str().filter(|_| is_example)?;
        Some((artifact["target"]["name"].as_str()?.to_owned(), path.into()))
    };
    artifacts.filter_map(program).collect()
});

/// Those that serve requests until they are stopped.
const SERVERS: [&str; 5] = ["actix_web", "axum_mixed", "metrics", "receiver", "tower"];

/// Those that play something, and come to an end.
const SCENARIOS: [&str; 4] = ["answer_first", "quickstart", "reconcile", "redis_stream"];

#[test]
fn every_example_is_run() {
    let run: BTreeSet<_> = SERVERS.into_iter().chain(SCENARIOS).collect();
    assert_eq!(run, EXAMPLES.keys().map(String::as_str).collect());
}

/// A running example, with what it has printed so far.
struct Program {
    process: Child,
    printed: Arc<Mutex<Vec<u8>>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Program {
    /// Starts an example with its settings, each marked.
    fn start(name: &str, arguments: &[&str], variables: &[(&str, OsString)]) -> Self {
        let mut process = Command::new(&EXAMPLES[name])
            .args(arguments)
            .env("LISTEN", "127.0.0.1:0")
            // Nobody outside is asked for keys.
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .env("GEMINI_AUDIENCE", AUDIENCE)
            .env("GEMINI_TOKEN", mark("token"))
            .env(SECRETS, both_secrets())
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = Arc::default();
        let (out, err) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        let readers = vec![copy(out, &printed), copy(err, &printed)];
        Self { process, printed, readers }
    }

    fn printed(&self) -> String {
        String::from_utf8_lossy(&self.printed.lock().unwrap()).into_owned()
    }

    /// Waits until it has printed something that this finds.
    fn wait_for<T>(&mut self, mut find: impl FnMut(&str) -> Option<T>) -> T {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(found) = find(&self.printed()) {
                return found;
            }
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < end, "{ended:?}: {}", self.printed());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for its end, but not for ever; tells whether it succeeded, and all that it printed.
    fn finish(mut self, patience: Duration) -> (Option<bool>, String) {
        let end = Instant::now() + patience;
        let mut status = self.process.try_wait().unwrap();
        while status.is_none() && Instant::now() < end {
            thread::sleep(Duration::from_millis(10));
            status = self.process.try_wait().unwrap();
        }
        (status.map(|status| status.success()), self.stop())
    }

    /// Ends it, and returns all that it printed.
    fn stop(mut self) -> String {
        let _ = self.process.kill();
        self.process.wait().unwrap();
        for reader in std::mem::take(&mut self.readers) {
            reader.join().unwrap();
        }
        self.printed()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn copy(mut from: impl Read + Send + 'static, to: &Arc<Mutex<Vec<u8>>>) -> thread::JoinHandle<()> {
    let to = Arc::clone(to);
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(bytes @ 1..) = from.read(&mut buffer) {
            to.lock().unwrap().extend_from_slice(&buffer[..bytes]);
        }
    })
}

fn both_secrets() -> OsString {
    let [new, old] = ["secret", "old secret"].map(|name| secret_text(mark(name).as_bytes()));
    format!("{new} {old}").into()
}

/// Sends a request, and returns the whole answer.
fn send(port: u16, request: &Request) -> String {
    let mut message =
        b"POST /gemini-callback HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n".to_vec();
    for (name, value) in &request.headers {
        message.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    message.extend(format!("content-length: {}\r\n\r\n", request.body.len()).bytes());
    message.extend(&request.body);
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // A server that refuses by the headers alone may hang up before the body is sent.
    let _ = connection.write_all(&message);
    let mut answer = Vec::new();
    let _ = connection.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// What HTTP can carry, under an id of its own.
fn refused_over_http() -> Vec<Request> {
    let is_clean = |value: &[u8]| value.iter().all(|byte| !b"\r\n\0".contains(byte));
    let clean = |request: &Request| request.headers.iter().all(|(_, value)| is_clean(value));
    // A list of headers that is over a server's own limit is another matter.
    let small = |request: &Request| {
        request.headers.iter().map(|(_, value)| value.len()).sum::<usize>() < 7000
    };
    let tampered = static_request().with("webhook-id", mark("header"));
    refused().into_iter().filter(clean).filter(small).chain([tampered]).collect()
}

fn port_in(printed: &str) -> Option<u16> {
    let (_, rest) = printed.split_once("127.0.0.1:")?;
    let (digits, _) = rest.split_once(|c: char| !c.is_ascii_digit())?;
    digits.parse().ok()
}

#[test]
fn no_server_prints_or_answers_what_it_should_not() {
    // The requests are signed after this, which may take its time.
    LazyLock::force(&EXAMPLES);
    for name in SERVERS {
        let mut server = Program::start(name, &[], &[]);
        let port = server.wait_for(port_in);
        let mut marks = secrets().and_all(Marks::named(["body", "header"]));
        for request in refused_over_http() {
            marks = marks.and_all(request.signatures());
            let answer = send(port, &request);
            assert!(!answer.starts_with("HTTP/1.1 2"), "{name}: {answer}");
            marks.must_not_be_in(name, &answer);
        }
        let unreachable = send(port, &jwt_request(&claims()));
        assert!(unreachable.contains(" 400 ") || unreachable.contains(" 503 "), "{unreachable}");
        // What was refused is not told of; that an event was accepted is, by its documented fields.
        Marks::named(["field"]).must_not_be_in(name, &server.printed());
        let accepted = static_request();
        let answer = send(port, &accepted);
        assert!(answer.starts_with("HTTP/1.1 204"), "{name}: {answer}");
        server.wait_for(|printed| printed.contains(&mark("field")).then_some(()));
        marks.and_all(accepted.signatures()).must_not_be_in(name, &server.stop());
    }
}

#[test]
fn no_program_prints_a_setting_that_it_cannot_use() {
    let text = secret_text(mark("secret").as_bytes());
    let not_unicode = |text: &str| OsString::from_vec([text.as_bytes(), b"\xff"].concat());
    let secrets_wrong = [
        format!("'{text}'").into(),
        format!("{text} v1,{text}").into(),
        text[..20].into(),
        not_unicode(&text),
    ];
    for name in SERVERS {
        for wrong in &secrets_wrong {
            refuses_to_start(name, &[], &[(SECRETS, wrong.clone())]);
        }
    }
    refuses_to_start("axum_mixed", &[], &[("GEMINI_TOKEN", not_unicode(&mark("token")))]);
    refuses_to_start("axum_mixed", &[], &[("GEMINI_TOKEN", mark("token")[..15].into())]);
    let password = mark("password");
    for arguments in [&["receiver"][..], &["worker", "one"]] {
        for url in ["redis:/user:PASSWORD@127.0.0.1/", "PASSWORD"] {
            let url = url.replace("PASSWORD", &password);
            refuses_to_start("redis_stream", arguments, &[("REDIS_URL", url.into())]);
        }
        refuses_to_start("redis_stream", arguments, &[("REDIS_URL", not_unicode(&password))]);
        // Where nobody listens may be a server that is down, which these go on trying to reach.
        let down = format!("redis://user:{password}@127.0.0.1:1/");
        let program = Program::start("redis_stream", arguments, &[("REDIS_URL", down.into())]);
        let (succeeded, printed) = program.finish(Duration::from_secs(2));
        assert_eq!(succeeded, None, "{arguments:?}: {printed}");
        secrets().must_not_be_in("redis_stream", &printed);
    }
}

/// Starts a program that cannot run so: it fails, and says something.
fn refuses_to_start(name: &str, arguments: &[&str], variables: &[(&str, OsString)]) {
    let program = Program::start(name, arguments, variables);
    let (succeeded, printed) = program.finish(Duration::from_secs(60));
    assert_eq!(succeeded, Some(false), "{name} {arguments:?} {variables:?}: {printed}");
    assert!(!printed.is_empty(), "{name} {arguments:?} {variables:?}");
    secrets().must_not_be_in(name, &printed);
}

#[test]
fn no_scenario_prints_what_looks_like_a_secret() {
    for name in SCENARIOS {
        let (succeeded, printed) = Program::start(name, &[], &[]).finish(Duration::from_secs(300));
        assert_eq!(succeeded, Some(true), "{name}: {printed}");
        assert!(!printed.is_empty(), "{name}");
        // Their keys are bytes that are all the same.
        let marks = (0..=9).fold(secrets(), |marks, n| marks.and("a key", [n; 32]));
        marks.must_not_be_in(name, &printed);
        assert_eq!(like_secrets(&printed), Vec::<&str>::new(), "{name}: {printed}");
    }
}

/// What has the form of a secret, a signature or a token.
fn like_secrets(text: &str) -> Vec<&str> {
    let forms = [("whsec_", 16), ("whsk_", 16), ("v1,", 40), ("v1a,", 80), ("eyJ", 16)];
    let starts = |(prefix, length): (&'static str, usize)| {
        text.match_indices(prefix).map(move |(at, _)| (&text[at..], prefix.len(), length))
    };
    let found = forms.into_iter().flat_map(starts);
    found
        .filter_map(|(text, prefix, length)| {
            let base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c);
            let rest = &text[prefix..];
            let end = rest.find(|c| !base64(c)).unwrap_or(rest.len());
            (end >= length).then(|| &text[..prefix + end])
        })
        .collect()
}

#[test]
fn what_has_the_form_of_a_secret_is_found() {
    let shown = static_request().headers.pop().unwrap().1;
    let text = format!("a {} b {}", secret_text(&[7; 32]), String::from_utf8(shown).unwrap());
    assert_eq!(like_secrets(&text).len(), 3);
    let token = jwt_request(&claims()).headers.pop().unwrap().1;
    assert!(!like_secrets(&String::from_utf8(token).unwrap()).is_empty());
    assert!(like_secrets("v1, v1a,short whsec_... eyJ").is_empty());
}

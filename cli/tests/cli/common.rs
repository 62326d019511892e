//! Runs the real program, against real servers on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use gemini_webhooks::testing::SignedRequest;
use serde_json::Value;

/// A secret that must never be seen in any output.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// How long a server may take for one line.
const PATIENCE: Duration = Duration::from_secs(20);

/// The program, without what the environment of the tests would tell it.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gemini-webhooks"));
    let told = [
        "WEBHOOK_SIGNING_SECRET",
        "GEMINI_API_KEY",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "CLICOLOR",
        "HTTPS_PROXY",
        "https_proxy",
        "ALL_PROXY",
        "all_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "COLUMNS",
    ];
    for name in told {
        command.env_remove(name);
    }
    command.args(arguments);
    command
}

/// What a program that has ended has said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Both, with the code, for a snapshot.
    pub(crate) fn whole(&self) -> String {
        let mut whole = format!("exit code {}\n--- stdout\n{}", self.code, self.stdout);
        if !self.stderr.is_empty() {
            whole += &format!("--- stderr\n{}", self.stderr);
        }
        whole
    }

    /// The JSON lines.
    pub(crate) fn json(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

/// Runs a command to its end.
pub(crate) fn finish(mut command: Command) -> Ran {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let ran = Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert_no_secret(&ran.stdout);
    assert_no_secret(&ran.stderr);
    ran
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    finish(program(arguments))
}

/// Runs the program with the secret in its environment.
pub(crate) fn run_with_secret(arguments: &[&str]) -> Ran {
    let mut command = program(arguments);
    command.env("WEBHOOK_SIGNING_SECRET", SECRET);
    finish(command)
}

/// Runs the program with something on its standard input.
pub(crate) fn run_with_input(arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = program(arguments);
    command.env("WEBHOOK_SIGNING_SECRET", SECRET);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// No part of a secret, but its prefix.
pub(crate) fn assert_no_secret(text: &str) {
    for secret in [SECRET, OTHER_SECRET] {
        let part = secret.get(6..18).unwrap();
        assert!(!text.contains(part), "a secret is shown: {text}");
    }
}

/// A server of ours that runs, with what it says line by line.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    errors: Option<thread::JoinHandle<String>>,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut text = String::new();
            let _ = stderr.read_to_string(&mut text);
            text
        });
        Self { child, lines, errors: Some(errors) }
    }

    /// The next line; there must be one soon.
    pub(crate) fn line(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE).expect("no line came");
        assert_no_secret(&line);
        line
    }

    pub(crate) fn json(&self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).expect(&line)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end, and returns what was left.
    pub(crate) fn end(mut self) -> Ran {
        let code = self.child.wait().unwrap().code().unwrap();
        let stdout: String = self.lines.iter().map(|line| line + "\n").collect();
        let stderr = self.errors.take().unwrap().join().unwrap();
        assert_no_secret(&stdout);
        assert_no_secret(&stderr);
        Ran { code, stdout, stderr }
    }

    /// Stops it as a service manager does, and waits for the end.
    pub(crate) fn terminate(self) -> Ran {
        let kill = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(kill.success());
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A receiver on a free port.
pub(crate) struct Listener {
    pub(crate) running: Running,
    pub(crate) url: String,
}

impl Listener {
    /// Starts `listen --json` with the secret in its environment.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = program(&["listen", "--json", "--listen", "127.0.0.1:0"]);
        command.args(arguments).env("WEBHOOK_SIGNING_SECRET", SECRET);
        Self::from(command)
    }

    pub(crate) fn from(command: Command) -> Self {
        let running = Running::start(command);
        let listening = running.json();
        assert_eq!(listening["kind"], "listening");
        Self { url: listening["url"].as_str().unwrap().to_owned(), running }
    }

    /// What it says of the next request.
    pub(crate) fn next(&self) -> Value {
        let line = self.running.json();
        assert_eq!(line["kind"], "delivery");
        line
    }

    /// Sends with the same secret.
    pub(crate) fn send(&self, arguments: &[&str]) -> Ran {
        let mut all = vec!["send", &self.url];
        all.extend(arguments);
        run_with_secret(&all)
    }
}

/// Posts a request that the program would not send, and returns the status.
pub(crate) fn post(url: &str, request: &SignedRequest) -> u16 {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = request.body.len();
    write!(stream, "POST /{path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n").unwrap();
    for (name, value) in &request.headers {
        write!(stream, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    stream.write_all(b"connection: close\r\n\r\n").unwrap();
    stream.write_all(&request.body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// A directory of the test's own, removed at its end.
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("gemini-webhooks-cli-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Writes a file and returns its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The same, for its owner alone.
    pub(crate) fn private(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.file(name, content);
        set_mode(Path::new(&path), 0o600);
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
pub(crate) fn mode(path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Compares with a snapshot in which times, ports, ids and places have names.
macro_rules! assert_shown {
    ($name:expr, $text:expr) => {
        insta::with_settings!({
            omit_expression => true,
            filters => vec![
                (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
                (r"(?m)^\d\d:\d\d:\d\d ", "[clock] "),
                (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[uuid]"),
                (r"local-[\w-]{8}", "local-[kid]"),
                (r"\d+(\.\d+)? ms\b", "[n] ms"),
                (r#"(milliseconds|_ms)":\d+(\.\d+)?"#, "$1\":[n]"),
                (r"\b\d+ certificates", "[n] certificates"),
                (r"in \d+\.\d+ s\b", "in [n] s"),
                (r#"[^\s"]*/gemini-webhooks-cli-[a-z_]+-\d+/"#, "[directory]/"),
            ],
        }, { insta::assert_snapshot!($name, $text); });
    };
}
pub(crate) use assert_shown;

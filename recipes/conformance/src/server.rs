//! Starts a program, and listens to what it says.

use std::any::Any;
use std::cell::Cell;
use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::gemini::{Endpoint, VARIABLES, by_secret};
use crate::wire::{Answer, Connection, Request};

/// How long a program may take to start, or to write a line.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program that is to be checked.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    name: &'static str,
    program: &'static str,
    front: Option<fn() -> Front>,
}

/// What stands before a program that does not listen itself.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    /// What the program must know of it.
    pub environment: Vec<(&'static str, String)>,
    /// Ends it when dropped.
    pub running: Box<dyn Any>,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Front").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Subject {
    /// Names a program that listens on `$LISTEN`, and says on standard output where that is.
    #[must_use]
    pub const fn program(name: &'static str, program: &'static str) -> Self {
        Self { name, program, front: None }
    }

    /// Names a program that gets its requests from a front.
    #[must_use]
    pub const fn behind(name: &'static str, program: &'static str, front: fn() -> Front) -> Self {
        Self { name, program, front: Some(front) }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    /// Starts it; where an exception says so, refusals are to have another code.
    pub(crate) fn start(&self, endpoint: Endpoint, other_code: Option<&'static str>) -> Server {
        let front = self.front.map(|start| start());
        let (process, output, log) = self.spawn(&endpoint.environment(), front.as_ref());
        let address = match &front {
            Some(front) => front.address,
            None => address(&output.find(0, "listening on http://").1),
        };
        Server { address, process, log, heard: Cell::new(0), other_code, _front: front }
    }

    /// Checks that it does not start where nothing says what to verify by.
    pub(crate) fn needs_a_configuration(&self) {
        let front = self.front.map(|start| start());
        let (process, _, log) = self.spawn(&[], front.as_ref());
        log.find(0, "WEBHOOK_SIGNING_SECRET");
        assert!(!process.0.lock().unwrap().wait().unwrap().success());
    }

    /// Starts it with these variables; returns what it writes to its output and to its log as well.
    fn spawn(
        &self,
        environment: &[(&'static str, String)],
        front: Option<&Front>,
    ) -> (Process, Lines, Lines) {
        let mut command = Command::new(self.program);
        command.env("LISTEN", "127.0.0.1:0").stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in VARIABLES {
            command.env_remove(name);
        }
        let of_front = front.iter().flat_map(|front| &front.environment);
        command.envs(environment.iter().chain(of_front).map(|(name, value)| (name, value)));
        let mut child = command.spawn().unwrap();
        let output = Lines::of(child.stdout.take().unwrap());
        let log = Lines::of(child.stderr.take().unwrap());
        (Process(Mutex::new(child)), output, log)
    }
}

/// Reads an address out of `listening on http://<address>/<path>`.
fn address(line: &str) -> SocketAddr {
    let (_, url) = line.split_once("http://").unwrap();
    url.split('/').next().unwrap().parse().unwrap()
}

/// A program that runs until this is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    process: Process,
    log: Lines,
    /// How many lines of the log are past.
    heard: Cell<usize>,
    other_code: Option<&'static str>,
    /// Serves as long as it is held.
    _front: Option<Front>,
}

impl Server {
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.address)
    }

    /// Sends a request over a connection of its own.
    pub(crate) fn ask(&self, request: &Request) -> Answer {
        let mut connection = self.connect();
        connection.send(request.bytes());
        connection.answer()
    }

    /// Waits until the log has one more line with this text, and returns it.
    pub(crate) fn told(&self, text: &str) -> String {
        let (number, line) = self.log.find(self.heard.get(), text);
        self.heard.set(number + 1);
        line
    }

    /// Waits until the log has one more refusal, for the reason with this code.
    pub(crate) fn told_code(&self, code: &str) {
        self.told(&format!("code={code:?}"));
    }

    /// Waits for the refusal of what a case is about.
    pub(crate) fn told_code_of_case(&self, code: &str) {
        self.told_code(self.other_code.unwrap_or(code));
    }

    /// Returns the answer to a request without any of the three headers.
    pub(crate) fn answer_to_stranger(&self) -> Answer {
        let answer = self.ask(&Request { headers: Vec::new(), ..by_secret("{}") });
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{answer:?}");
        self.told_code("missing_header");
        answer
    }

    /// Checks that an answer has this status, and says nothing that a stranger would not be told.
    pub(crate) fn is_refusal(&self, answer: &Answer, status: u16) {
        assert_eq!(answer.status, status, "{answer:?}");
        let (_, expected) = self.answer_to_stranger().all_that_tells();
        assert_eq!(answer.all_that_tells().1, expected);
    }

    /// Checks that a request is accepted, and that the handler saw this event.
    pub(crate) fn accepts(&self, request: &Request, event: &str) {
        let answer = self.ask(request);
        assert!(answer.is_success() && answer.body.is_empty(), "{answer:?}");
        let line = self.told("accepted");
        assert!(line.contains(event), "not {event}: {line}");
    }

    /// Checks that nothing was accepted since the last line that was heard.
    pub(crate) fn accepted_nothing(&self) {
        let log = self.log.from(self.heard.get());
        assert!(!log.contains("accepted"), "{log}");
    }

    /// Returns all that was written to the log so far.
    pub(crate) fn log(&self) -> String {
        self.log.from(0)
    }

    pub(crate) fn is_still_there(&self) {
        let ended = self.process.0.lock().unwrap().try_wait().unwrap();
        assert!(ended.is_none(), "{ended:?}: {}", self.log());
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
    }
}

/// A process that ends when this is dropped.
struct Process(Mutex<Child>);

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The lines of a stream, read as they come.
struct Lines(Arc<(Mutex<Vec<String>>, Condvar)>);

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let lines = Arc::clone(&shared);
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                lines.0.lock().unwrap().push(String::from_utf8_lossy(&line).into_owned());
                lines.1.notify_all();
            }
        });
        Self(shared)
    }

    /// Waits for a line with this text, from the one of this number on.
    fn find(&self, first: usize, text: &str) -> (usize, String) {
        let (lines, more) = &*self.0;
        let find =
            |lines: &[String]| (first..lines.len()).find(|number| lines[*number].contains(text));
        let (lines, _) = more
            .wait_timeout_while(lines.lock().unwrap(), PATIENCE, |lines| find(lines).is_none())
            .unwrap();
        match find(&lines) {
            Some(number) => (number, lines[number].clone()),
            None => panic!("{text:?} is not in {:?}", &lines[first..]),
        }
    }

    fn from(&self, first: usize) -> String {
        self.0.0.lock().unwrap()[first..].join("\n")
    }
}

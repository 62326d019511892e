//! A server of keys on loopback that answers as it is told.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::key_answer::{Ending, KeyAnswer};
use crate::verify_dynamic::FetchRequest;

/// Plays the endpoint that publishes the keys: over plain HTTP on a port of 127.0.0.1, until it is
/// dropped.
///
/// It answers every request alike, whatever its path, until it is told otherwise; so a test plays a
/// rotation, an outage, or an endpoint that is slow or broken.
///
/// # Examples
/// ```
/// # #[cfg(all(feature = "aws-lc-rs", feature = "fetch"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use gemini_webhooks::testing::{Ed25519Signer, KeyAnswer, KeyServer, ManualClock, jwks};
/// use gemini_webhooks::{Binding, CachedKeys, Clock, DynamicVerifier, HttpsFetch};
/// use std::time::Duration;
///
/// let (old, new) = (Ed25519Signer::from_seed([1; 32]), Ed25519Signer::from_seed([2; 32]));
/// let server = KeyServer::start(KeyAnswer::document(jwks([old.jwk()])))?;
/// let clock = ManualClock::at(1_800_000_000);
/// let keys = CachedKeys::builder(server.url(), HttpsFetch::loopback(&server.url())?)
///     .clock(clock.clone())
///     .build()?;
/// let verifier = DynamicVerifier::builder()
///     .binding(Binding::dangerous_any_tenant())
///     .keys(keys)
///     .clock(clock.clone())
///     .build()?;
///
/// let request = old.sign("msg_1", clock.now(), "{}");
/// assert!(verifier.verify(&request.headers, request.body).await.is_ok());
///
/// // A rotation costs one fetch more.
/// server.answer(KeyAnswer::document(jwks([new.jwk()])));
/// let request = new.sign("msg_2", clock.now(), "{}");
/// assert!(verifier.verify(&request.headers, request.body.clone()).await.is_ok());
/// assert_eq!(server.fetches(), 2);
///
/// // An outage stops nobody whose key is at hand.
/// server.answer(KeyAnswer::outage());
/// clock.advance(Duration::from_secs(200));
/// assert!(verifier.verify(&request.headers, request.body).await.is_ok());
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "aws-lc-rs", feature = "fetch")))]
/// # fn main() {}
/// ```
pub struct KeyServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Ends once every connection has ended.
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    script: Mutex<Script>,
    /// Wakes whoever waits before an answer when the server goes.
    stop: Condvar,
}

/// What changes under the lock, which is held for instants.
struct Script {
    answer: KeyAnswer,
    next: VecDeque<KeyAnswer>,
    requests: Vec<FetchRequest>,
    /// By the other end, which is another for each.
    connections: HashMap<SocketAddr, TcpStream>,
    stopped: bool,
}

/// Most bytes of a request's head: a fetcher's has a few hundred.
const MAX_HEAD_BYTES: u64 = 16 * 1024;

/// A piece of a body without an end, as a chunk of 1024 bytes.
const CHUNK: (&str, usize, &str) = ("400\r\n", 0x400, "\r\n");

impl KeyServer {
    /// Starts a server that gives this answer.
    ///
    /// # Errors
    /// What the operating system says when there is no port or no thread to be had.
    pub fn start(answer: KeyAnswer) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let script = Script {
            answer,
            next: VecDeque::new(),
            requests: Vec::new(),
            connections: HashMap::new(),
            stopped: false,
        };
        let shared = Arc::new(Shared { script: Mutex::new(script), stop: Condvar::new() });
        let accepting = Arc::clone(&shared);
        let accepting = thread::Builder::new()
            .name("key server".to_owned())
            .spawn(move || accepting.accept(&listener))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    /// Returns where the keys are: `http://127.0.0.1:<port>/jwks.json`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    /// Gives this answer to every request from now on.
    pub fn answer(&self, answer: KeyAnswer) {
        self.shared.lock().answer = answer;
    }

    /// Gives this answer to one request; called again, to the one after it.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "fetch")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gemini_webhooks::testing::{KeyAnswer, KeyServer};
    /// use gemini_webhooks::{Fetch, FetchProblem, FetchRequest, HttpsFetch};
    ///
    /// let server = KeyServer::start(KeyAnswer::document(r#"{"keys":[]}"#))?;
    /// server.answer_next(KeyAnswer::status(503));
    /// let fetch = HttpsFetch::loopback(&server.url())?;
    /// let failed = fetch.fetch(FetchRequest::default()).await.unwrap_err();
    /// assert_eq!(failed, FetchProblem::Status(503));
    /// assert!(fetch.fetch(FetchRequest::default()).await.is_ok());
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "fetch"))]
    /// # fn main() {}
    /// ```
    pub fn answer_next(&self, answer: KeyAnswer) {
        self.shared.lock().next.push_back(answer);
    }

    /// Returns how many requests have come, those of an outage included.
    #[must_use]
    pub fn fetches(&self) -> usize {
        self.shared.lock().requests.len()
    }

    /// Returns what was asked, in the order in which it came.
    ///
    /// # Examples
    /// ```
    /// # #[cfg(feature = "fetch")]
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use gemini_webhooks::testing::{KeyAnswer, KeyServer};
    /// use gemini_webhooks::{Fetch, FetchRequest, Fetched, HttpsFetch};
    ///
    /// let server = KeyServer::start(KeyAnswer::document(r#"{"keys":[]}"#).with_etag("\"one\""))?;
    /// let request = FetchRequest::new(Some("\"one\"".to_owned()), false);
    /// let fetched = HttpsFetch::loopback(&server.url())?.fetch(request).await?;
    /// assert!(matches!(fetched, Fetched::NotModified { .. }));
    ///
    /// let [asked] = &server.requests()[..] else { unreachable!() };
    /// assert_eq!(asked.etag.as_deref(), Some("\"one\""));
    /// assert!(!asked.forced);
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "fetch"))]
    /// # fn main() {}
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<FetchRequest> {
        self.shared.lock().requests.clone()
    }
}

/// Ends every connection and waits for the threads, so that nothing of it is left.
impl Drop for KeyServer {
    fn drop(&mut self) {
        let mut script = self.shared.lock();
        script.stopped = true;
        for connection in script.connections.values() {
            let _ = connection.shutdown(Shutdown::Both);
        }
        drop(script);
        self.shared.stop.notify_all();
        // Where this connection fails, the thread that waits for one cannot be woken.
        if TcpStream::connect(self.address).is_ok()
            && let Some(accepting) = self.accepting.take()
        {
            let _ = accepting.join();
        }
    }
}

impl fmt::Debug for KeyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyServer").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves each connection in a thread of its own, until the server goes.
    fn accept(&self, listener: &TcpListener) {
        thread::scope(|threads| {
            while self.wait(Duration::ZERO).is_ok() {
                let Ok((stream, peer)) = listener.accept() else {
                    // Out of handles, say: soon there may be some again.
                    let _ = self.wait(Duration::from_millis(10));
                    continue;
                };
                if !self.note(&stream, peer) {
                    return;
                }
                let serve = thread::Builder::new().spawn_scoped(threads, move || {
                    // The other end may go away whenever it likes.
                    let _ = self.serve(&stream);
                    self.lock().connections.remove(&peer);
                });
                if serve.is_err() {
                    self.lock().connections.remove(&peer);
                }
            }
        });
    }

    /// Keeps a handle on a connection, to end it by; there is none once the server goes.
    fn note(&self, stream: &TcpStream, peer: SocketAddr) -> bool {
        let mut script = self.lock();
        if let Ok(handle) = stream.try_clone() {
            script.connections.insert(peer, handle);
        }
        !script.stopped
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream);
        while let Some(Asked { request, keep_alive }) = Asked::read(&mut reader)? {
            let etag = request.etag.clone();
            let answer = self.answer_to(request).for_holder_of(etag.as_deref());
            self.give(&answer, stream)?;
            if answer.ending != Ending::Complete || !keep_alive {
                break;
            }
        }
        Ok(())
    }

    fn answer_to(&self, request: FetchRequest) -> KeyAnswer {
        let mut script = self.lock();
        script.requests.push(request);
        script.next.pop_front().unwrap_or_else(|| script.answer.clone())
    }

    fn give(&self, answer: &KeyAnswer, mut stream: &TcpStream) -> io::Result<()> {
        self.wait(answer.delay)?;
        let (head, body) = (answer.head(), answer.body());
        match answer.ending {
            Ending::AtOnce => Ok(()),
            Ending::Midway => {
                let whole = [head.as_bytes(), body].concat();
                let half = whole.len() >> 1;
                stream.write_all(whole.get(..half).unwrap_or_default())
            }
            Ending::Never => {
                stream.write_all(head.as_bytes())?;
                let (length, bytes, end) = CHUNK;
                let chunk = [length, &" ".repeat(bytes), end].concat();
                loop {
                    self.wait(answer.pause)?;
                    stream.write_all(chunk.as_bytes())?;
                }
            }
            Ending::Complete if answer.pause.is_zero() => {
                stream.write_all(&[head.as_bytes(), body].concat())
            }
            Ending::Complete => {
                stream.write_all(head.as_bytes())?;
                for byte in body {
                    self.wait(answer.pause)?;
                    stream.write_all(&[*byte])?;
                }
                Ok(())
            }
        }
    }

    /// Waits for this long, unless the server goes meanwhile.
    fn wait(&self, time: Duration) -> io::Result<()> {
        let goes_on = |script: &mut Script| !script.stopped;
        let waited = self.stop.wait_timeout_while(self.lock(), time, goes_on);
        let (script, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if script.stopped { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

/// A request, as far as it matters here.
#[derive(Default)]
struct Asked {
    request: FetchRequest,
    keep_alive: bool,
}

impl Asked {
    /// Reads a request's head; `None` when there is none, or more than may be.
    fn read(stream: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut head = stream.by_ref().take(MAX_HEAD_BYTES);
        let mut line = String::new();
        head.read_line(&mut line)?;
        // What else may follow, a body for one, is not read: such a connection ends.
        let mut asked = Self { keep_alive: line.starts_with("GET "), ..Self::default() };
        loop {
            line.clear();
            head.read_line(&mut line)?;
            let Some(line) = line.strip_suffix('\n') else { return Ok(None) };
            if line.trim().is_empty() {
                return Ok(Some(asked));
            }
            asked.note(line);
        }
    }

    fn note(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "if-none-match" => self.request.etag = Some(value.to_owned()),
            "cache-control" => self.request.forced |= value.eq_ignore_ascii_case("no-cache"),
            "connection" => self.keep_alive &= !value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> KeyServer {
        KeyServer::start(KeyAnswer::document("one").with_etag("\"1\"")).unwrap()
    }

    fn connect(server: &KeyServer) -> BufReader<TcpStream> {
        let stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        BufReader::new(stream)
    }

    fn send(stream: &mut BufReader<TcpStream>, request: &str) {
        stream.get_mut().write_all(request.as_bytes()).unwrap();
    }

    /// Reads until the other end closes.
    fn rest(stream: &mut BufReader<TcpStream>) -> String {
        let mut rest = Vec::new();
        // Whoever is cut off with unread bytes sees a reset; but nobody is left to wait.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
        String::from_utf8(rest).unwrap()
    }

    const ONE: &str = "HTTP/1.1 200 \r\netag: \"1\"\r\ncontent-length: 3\r\n\r\none";

    #[test]
    fn a_connection_is_kept_until_the_client_says_otherwise() {
        let server = server();
        let mut stream = connect(&server);
        let mut answer = [0; ONE.len()];
        for _ in 0..3 {
            send(&mut stream, "GET / HTTP/1.1\r\nhost: x\r\n\r\n");
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(answer, ONE.as_bytes());
        }
        send(&mut stream, "GET / HTTP/1.1\r\nConnection: Close\r\n\r\n");
        assert_eq!(rest(&mut stream), ONE);
        assert_eq!(server.fetches(), 4);
    }

    #[test]
    fn who_has_the_document_is_told_so_without_a_body() {
        let server = server();
        let mut stream = connect(&server);
        send(&mut stream, "GET / HTTP/1.1\r\nif-none-match: \"1\"\r\nconnection: close\r\n\r\n");
        assert_eq!(rest(&mut stream), "HTTP/1.1 304 \r\netag: \"1\"\r\n\r\n");
        let mut stream = connect(&server);
        send(&mut stream, "GET / HTTP/1.1\r\nif-none-match: \"2\"\r\nconnection: close\r\n\r\n");
        assert_eq!(rest(&mut stream), ONE);
    }

    #[test]
    fn a_request_that_is_none_or_too_long_is_no_request() {
        let server = server();
        for request in ["", "GET / HTTP/1.1\r\n", "\0\u{7f}"] {
            let mut stream = connect(&server);
            send(&mut stream, request);
            stream.get_mut().shutdown(Shutdown::Write).unwrap();
            assert_eq!(rest(&mut stream), "", "{request:?}");
        }
        let mut stream = connect(&server);
        // It may be cut off while it still sends.
        let _ = stream.get_mut().write_all(&vec![b'a'; 1 << 20]);
        assert_eq!(rest(&mut stream), "");
        assert_eq!(server.fetches(), 0);
    }

    #[test]
    fn whoever_is_connected_is_let_go_when_the_server_goes() {
        let server = server();
        let mut idle = connect(&server);
        let mut waiting = connect(&server);
        server.answer(KeyAnswer::endless().delayed(Duration::MAX));
        send(&mut waiting, "GET / HTTP/1.1\r\n\r\n");
        while server.fetches() == 0 {
            thread::yield_now();
        }
        let address = server.address;
        drop(server);
        assert_eq!(rest(&mut idle), "");
        assert_eq!(rest(&mut waiting), "");
        assert!(TcpStream::connect(address).is_err());
    }
}

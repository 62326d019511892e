//! HTTP/1.1 byte by byte, because a client would hide what a stranger can send.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use gemini_webhooks::testing::SignedRequest;

/// How long an answer may take: nothing here takes a second, but a machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request, of which any part can be changed.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl From<SignedRequest> for Request {
    fn from(signed: SignedRequest) -> Self {
        let headers = signed.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
        let request = Self {
            method: "POST",
            path: "/gemini-callback",
            headers: headers.collect(),
            body: signed.body.to_vec(),
        };
        request.and("content-type", "application/json")
    }
}

impl Request {
    /// Adds a header, beside those of the same name.
    pub(crate) fn and(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self
    }

    /// Replaces a header.
    pub(crate) fn with(self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.without(name).and(name, value)
    }

    /// Returns the value of a header that is there once.
    pub(crate) fn header(&self, name: &str) -> &[u8] {
        let mut values = self.headers.iter().filter(|(other, _)| other == name);
        let (Some((_, value)), None) = (values.next(), values.next()) else {
            panic!("{name} is not there once");
        };
        value
    }

    /// Returns the head, with this header to say how long the body is.
    pub(crate) fn head(&self, framing: &str) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nhost: x\r\n", self.method, self.path).into_bytes();
        for (name, value) in &self.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        head.extend([framing.as_bytes(), b"\r\n\r\n"].concat());
        head
    }

    /// Returns the whole request.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = format!("content-length: {}", self.body.len());
        [self.head(&length), self.body.clone()].concat()
    }

    /// Returns the whole request, the body in chunks of so many bytes.
    pub(crate) fn chunked(&self, size: usize) -> Vec<u8> {
        let chunks = self.body.chunks(size).flat_map(chunk);
        let head = self.head("transfer-encoding: chunked");
        head.into_iter().chain(chunks).chain(*b"0\r\n\r\n").collect()
    }
}

/// Returns one chunk of a body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// One connection to a server.
pub(crate) struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, read: Vec::new() }
    }

    /// Sends without waiting until the other end has read it: it may answer first.
    pub(crate) fn send(&self, bytes: impl Into<Vec<u8>>) {
        let (mut stream, bytes) = (self.stream.try_clone().unwrap(), bytes.into());
        thread::spawn(move || stream.write_all(&bytes));
    }

    /// Sends a head, and then the same bytes again and again until the other end hangs up.
    pub(crate) fn send_for_ever(&self, head: Vec<u8>, bytes: Vec<u8>) {
        let mut stream = self.stream.try_clone().unwrap();
        thread::spawn(move || {
            let mut next = &head;
            while stream.write_all(next).is_ok() {
                next = &bytes;
            }
        });
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end_sending(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads an answer; `None` when the other end hangs up without one.
    pub(crate) fn try_answer(&mut self) -> Option<Answer> {
        loop {
            if let Some((answer, bytes)) = Answer::parse(&self.read) {
                self.read.drain(..bytes);
                return Some(answer);
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(bytes) => self.read.extend(&piece[..bytes]),
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("no answer: {error}"),
            }
        }
    }

    /// Reads an answer.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().expect("the server hung up without an answer")
    }
}

impl Drop for Connection {
    /// Whoever still sends stops now.
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// An answer as it stands on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads an answer at the start of these bytes, and says where it ends.
    fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut headers);
        let httparse::Status::Complete(start) = response.parse(bytes).unwrap() else { return None };
        let length = match response.headers.iter().find(|header| is(header, "content-length")) {
            Some(length) => str::from_utf8(length.value).unwrap().parse().unwrap(),
            None => 0,
        };
        let chunked = response.headers.iter().any(|header| is(header, "transfer-encoding"));
        assert!(!chunked, "an answer in chunks: {}", String::from_utf8_lossy(bytes));
        let body = bytes.get(start..start + length)?.to_vec();
        let status = response.code.unwrap();
        Some((Self { status, head: bytes[..start].to_vec(), body }, start + length))
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Returns all that a sender could tell answers apart by, the status line and the rest, but for
    /// the time of day and whether the connection is kept: that tells whether the body was read,
    /// which the sender sees anyway.
    pub(crate) fn all_that_tells(&self) -> (String, String) {
        let head = String::from_utf8(self.head.clone()).unwrap();
        let (status, headers) = head.split_once("\r\n").unwrap();
        let mut headers: Vec<_> = headers.split_terminator("\r\n").collect();
        headers.retain(|line| !["connection:", "date:"].iter().any(|name| starts_with(line, name)));
        // Rocket sends them in another order each time.
        headers.sort_unstable();
        let body = String::from_utf8_lossy(&self.body);
        (status.to_owned(), format!("{}\n\n{body}", headers.join("\n")))
    }
}

fn starts_with(line: &str, name: &str) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn is(header: &httparse::Header<'_>, name: &str) -> bool {
    header.name.eq_ignore_ascii_case(name)
}

//! The fetcher over real HTTP, against a server that answers as it is told.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use gemini_webhooks::testing::{Ed25519Signer, jwks};
use gemini_webhooks::{
    CachedKeys, Error, Fetch as _, FetchProblem, FetchRequest, Fetched, HttpsFetch, KeyEvent,
    KeySetProblem,
};

/// What the server writes after it has read a request.
type Answer = fn(&mut TcpStream) -> std::io::Result<()>;

/// Answers every request in the same way, and keeps what it was asked.
struct KeyServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl KeyServer {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests: Arc<Mutex<Vec<_>>> = Arc::default();
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                seen.lock().unwrap().push(read_head(&mut stream));
                // The client may have gone away, as it should.
                let _ = answer(&mut stream);
            }
        });
        Self { address, requests }
    }

    fn url(&self) -> String {
        format!("http://{}/jwks.json", self.address)
    }

    async fn fetch(&self, request: FetchRequest) -> Result<Fetched, FetchProblem> {
        HttpsFetch::loopback(&self.url()).unwrap().fetch(request).await
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap().to_ascii_lowercase()
}

fn write(stream: &mut TcpStream, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
}

fn document() -> String {
    jwks([Ed25519Signer::from_seed([7; 32]).jwk()])
}

fn good(stream: &mut TcpStream) -> std::io::Result<()> {
    let headers = "cache-control: public, max-age=300\r\nage: 100\r\netag: \"one\"\r\n";
    write(stream, "200 OK", headers, &document())
}

fn problem(answer: Result<Fetched, FetchProblem>) -> FetchProblem {
    answer.unwrap_err()
}

#[tokio::test]
async fn a_document_comes_with_its_age_and_etag() {
    let server = KeyServer::start(good);
    match server.fetch(FetchRequest::default()).await.unwrap() {
        Fetched::Document { body, max_age, etag } => {
            assert_eq!(body, document());
            assert_eq!(max_age, Some(Duration::from_secs(200)));
            assert_eq!(etag.as_deref(), Some("\"one\""));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_forced_fetch_asks_the_server_itself_and_an_etag_is_sent() {
    let server = KeyServer::start(|stream| write(stream, "304 Not Modified", "", ""));
    let request = FetchRequest::new(Some("\"one\"".to_owned()), true);
    let answer = server.fetch(request).await.unwrap();
    assert!(matches!(answer, Fetched::NotModified { max_age: None }));
    let asked = server.requests().remove(0);
    assert!(asked.contains("cache-control: no-cache"), "{asked}");
    assert!(asked.contains("if-none-match: \"one\""), "{asked}");
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_a_failure() {
    let server = KeyServer::start(|stream| write(stream, "304 Not Modified", "", ""));
    assert_eq!(problem(server.fetch(FetchRequest::default()).await), FetchProblem::Status(304));
}

#[tokio::test]
async fn no_status_but_200_is_taken_whatever_the_body() {
    let answers: [(u16, Answer); 4] = [
        (201, |stream| write(stream, "201 Created", "", &document())),
        (206, |stream| write(stream, "206 Partial Content", "", &document())),
        (404, |stream| write(stream, "404 Not Found", "", &document())),
        (500, |stream| write(stream, "500 Internal Server Error", "", &document())),
    ];
    for (status, answer) in answers {
        let server = KeyServer::start(answer);
        let found = problem(server.fetch(FetchRequest::default()).await);
        assert_eq!(found, FetchProblem::Status(status));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let server = KeyServer::start(|stream| {
        write(stream, "302 Found", "location: /elsewhere\r\n", &document())
    });
    assert_eq!(problem(server.fetch(FetchRequest::default()).await), FetchProblem::Status(302));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn reading_stops_at_the_limit() {
    let too_large = FetchProblem::Document(KeySetProblem::TooLarge);
    let announced = KeyServer::start(|stream| write(stream, "200 OK", "", &" ".repeat(131_073)));
    assert_eq!(problem(announced.fetch(FetchRequest::default()).await), too_large);
    let at_the_limit = KeyServer::start(|stream| write(stream, "200 OK", "", &" ".repeat(131_072)));
    assert!(at_the_limit.fetch(FetchRequest::default()).await.is_ok());
    let endless = KeyServer::start(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
        loop {
            write!(stream, "400\r\n{}\r\n", " ".repeat(0x400))?;
        }
    });
    assert_eq!(problem(endless.fetch(FetchRequest::default()).await), too_large);
}

#[tokio::test]
async fn a_slow_server_is_given_five_seconds_in_all() {
    let silent = KeyServer::start(|_| {
        thread::sleep(Duration::from_secs(20));
        Ok(())
    });
    let trickling = KeyServer::start(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")?;
        for _ in 0..200 {
            stream.write_all(b" ")?;
            thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    });
    let started = std::time::Instant::now();
    let (silent, trickling) = tokio::join!(
        silent.fetch(FetchRequest::default()),
        trickling.fetch(FetchRequest::default()),
    );
    assert_eq!(problem(silent), FetchProblem::Timeout);
    assert_eq!(problem(trickling), FetchProblem::Timeout);
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_server_that_is_gone_or_hangs_up_is_unreachable() {
    let gone = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let fetch = HttpsFetch::loopback(&format!("http://{gone}/")).unwrap();
    let refused = fetch.fetch(FetchRequest::default()).await;
    assert_eq!(problem(refused), FetchProblem::Unreachable);
    let hangs_up = KeyServer::start(|stream| stream.write_all(b"HTTP/1.1 200 OK\r\n"));
    let broken = hangs_up.fetch(FetchRequest::default()).await;
    assert_eq!(problem(broken), FetchProblem::Unreachable);
}

#[tokio::test]
async fn the_cache_works_over_http() {
    let server = KeyServer::start(good);
    let events: Arc<Mutex<Vec<_>>> = Arc::default();
    let told = Arc::clone(&events);
    let keys = CachedKeys::builder(server.url(), HttpsFetch::loopback(&server.url()).unwrap())
        .on_event(move |event| told.lock().unwrap().push(event))
        .build()
        .unwrap();
    keys.warm_up().await.unwrap();
    assert_eq!(keys.health().usable, 1);
    assert_eq!(*events.lock().unwrap(), [KeyEvent::Fetched { usable: 1, skipped: 0 }]);
    let html = KeyServer::start(|stream| write(stream, "200 OK", "", "<html>"));
    let keys = CachedKeys::builder(html.url(), HttpsFetch::loopback(&html.url()).unwrap());
    assert_eq!(keys.build().unwrap().warm_up().await, Err(Error::KeysUnreachable));
}

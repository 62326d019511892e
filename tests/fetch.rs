//! The fetcher over real HTTP, against a server that answers as it is told, and over TLS.

use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gemini_webhooks::testing::{Ed25519Signer, KeyAnswer, KeyServer, jwks};
use gemini_webhooks::{
    CachedKeys, ConfigError, Error, Fetch as _, FetchProblem, FetchRequest, Fetched,
    GOOGLE_KEYS_URL, HttpsFetch, KeyEvent, KeySetProblem,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{AlertDescription, ServerConfig, ServerConnection};

fn start(answer: KeyAnswer) -> KeyServer {
    KeyServer::start(answer).unwrap()
}

async fn fetch(server: &KeyServer, request: FetchRequest) -> Result<Fetched, FetchProblem> {
    HttpsFetch::loopback(&server.url()).unwrap().fetch(request).await
}

/// Fetches once from a server that gives this answer.
async fn fetched(answer: KeyAnswer) -> Result<Fetched, FetchProblem> {
    fetch(&start(answer), FetchRequest::default()).await
}

fn document() -> String {
    jwks([Ed25519Signer::from_seed([7; 32]).jwk()])
}

fn good() -> KeyAnswer {
    KeyAnswer::document(document())
        .with_max_age(Duration::from_secs(300))
        .with_age(Duration::from_secs(100))
        .with_etag("\"one\"")
}

fn problem(answer: Result<Fetched, FetchProblem>) -> FetchProblem {
    answer.unwrap_err()
}

#[tokio::test]
async fn a_document_comes_with_its_age_and_etag() {
    match fetched(good()).await.unwrap() {
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
    let server = start(KeyAnswer::document(document()).with_etag("\"one\""));
    let request = FetchRequest::new(Some("\"one\"".to_owned()), true);
    let answer = fetch(&server, request).await.unwrap();
    assert!(matches!(answer, Fetched::NotModified { max_age: None }));
    let [asked] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert!(asked.forced);
    assert_eq!(asked.etag.as_deref(), Some("\"one\""));
}

#[tokio::test]
async fn a_plain_fetch_asks_for_neither() {
    let server = start(good());
    assert!(fetch(&server, FetchRequest::default()).await.is_ok());
    let [asked] = &server.requests()[..] else { panic!("{:?}", server.requests()) };
    assert!(!asked.forced && asked.etag.is_none());
}

#[tokio::test]
async fn a_304_that_nobody_asked_for_is_a_failure() {
    assert_eq!(problem(fetched(KeyAnswer::status(304)).await), FetchProblem::Status(304));
}

#[tokio::test]
async fn no_status_but_200_is_taken_whatever_the_body() {
    for status in [201, 206, 404, 500] {
        let found = problem(fetched(KeyAnswer::document(document()).with_status(status)).await);
        assert_eq!(found, FetchProblem::Status(status));
    }
}

#[tokio::test]
async fn cv6_102267_redirects_are_not_followed() {
    let server = start(good());
    server.answer_next(KeyAnswer::redirect("/elsewhere"));
    let found = problem(fetch(&server, FetchRequest::default()).await);
    assert_eq!(found, FetchProblem::Status(302));
    assert_eq!(server.fetches(), 1);
}

/// `PyJWT` fetched whatever the URL named.
#[test]
fn cv6_48522_no_scheme_but_https_is_fetched() {
    let other_schemes =
        ["http://example.com/", "file:///etc/passwd", "ftp://example.com/", "data:,{}"];
    let odd = ["https://user@example.com", "https://:pw@example.com", "https://example.com/#x"];
    let client = reqwest::Client::new();
    for url in other_schemes.into_iter().chain(odd).chain(["x", ""]) {
        assert_eq!(HttpsFetch::new(url).unwrap_err(), ConfigError::KeyUrl, "{url}");
        let with_client = HttpsFetch::with_client(client.clone(), url);
        assert_eq!(with_client.unwrap_err(), ConfigError::KeyUrl, "{url}");
    }
}

#[test]
fn for_tests_loopback_alone_is_fetched_without_tls() {
    let elsewhere = ["http://example.com", "http://127.0.0.1.example.com/", "http://localhost/"];
    let odd = ["http://user@127.0.0.1/", "http://:pw@127.0.0.1/", "http://127.0.0.1/#x", "x", ""];
    for url in elsewhere.into_iter().chain(odd) {
        assert_eq!(HttpsFetch::loopback(url).unwrap_err(), ConfigError::KeyUrl, "{url}");
    }
    assert!(HttpsFetch::loopback("http://127.0.0.1/").is_ok());
}

/// The set that the keys of live deliveries were observed in. The one that Google's page links,
/// `oauth2/v3/certs`, holds keys of other products.
#[test]
fn googles_keys_are_those_of_the_gemini_api() {
    let observed = "https://generativelanguage.googleapis.com/.well-known/jwks.json";
    assert_eq!(GOOGLE_KEYS_URL, observed);
}

const CERTIFICATE: &[u8] = include_bytes!("data/tls/certificate.pem");
const KEY: &[u8] = include_bytes!("data/tls/key.pem");

/// Serves the document once over TLS, by a certificate that nobody vouches for. Tells what arrived.
fn start_tls() -> (String, Receiver<io::Result<String>>) {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY).unwrap();
    let config = ServerConfig::builder().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let (tell, told) = channel();
    thread::spawn(move || tell.send(answer_over_tls(config, &listener)));
    (url, told)
}

fn answer_over_tls(config: Arc<ServerConfig>, listener: &TcpListener) -> io::Result<String> {
    let (mut connection, _) = listener.accept()?;
    let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = rustls::Stream::new(&mut tls, &mut connection);
    let mut request = [0; 4096];
    let length = stream.read(&mut request)?;
    let document = document();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", document.len());
    stream.write_all((head + &document).as_bytes())?;
    Ok(String::from_utf8_lossy(&request[..length]).into_owned())
}

fn arrived(told: &Receiver<io::Result<String>>) -> io::Result<String> {
    told.recv_timeout(Duration::from_secs(10)).expect("nobody came to the server")
}

#[tokio::test]
async fn a_server_whose_certificate_nobody_vouches_for_is_asked_nothing() {
    let (url, told) = start_tls();
    let answer = HttpsFetch::new(&url).unwrap().fetch(FetchRequest::default()).await;
    assert_eq!(problem(answer), FetchProblem::Unreachable);
    // The client came, looked at the certificate, and went away without a request.
    let ended = arrived(&told).unwrap_err().downcast::<rustls::Error>().unwrap();
    assert_eq!(ended, rustls::Error::AlertReceived(AlertDescription::UnknownCA));
}

#[tokio::test]
async fn a_server_whose_certificate_the_client_trusts_is_asked() {
    let (url, told) = start_tls();
    let certificate = reqwest::Certificate::from_pem(CERTIFICATE).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([certificate]);
    let fetcher = HttpsFetch::with_client(client.build().unwrap(), &url).unwrap();
    let answer = fetcher.fetch(FetchRequest::default()).await.unwrap();
    assert!(matches!(answer, Fetched::Document { body, .. } if body == document()));
    assert!(arrived(&told).unwrap().starts_with("GET / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn reading_stops_at_the_limit() {
    let too_large = FetchProblem::Document(KeySetProblem::TooLarge);
    assert_eq!(problem(fetched(KeyAnswer::oversized()).await), too_large);
    assert!(fetched(KeyAnswer::document(" ".repeat(131_072))).await.is_ok());
    assert_eq!(problem(fetched(KeyAnswer::document(" ".repeat(131_073))).await), too_large);
    assert_eq!(problem(fetched(KeyAnswer::endless()).await), too_large);
}

#[tokio::test]
async fn a_slow_server_is_given_five_seconds_in_all() {
    let silent = good().delayed(Duration::from_secs(20));
    let trickling = KeyAnswer::document(" ".repeat(1000)).trickling(Duration::from_millis(100));
    let started = Instant::now();
    let (silent, trickling) = tokio::join!(fetched(silent), fetched(trickling));
    assert_eq!(problem(silent), FetchProblem::Timeout);
    assert_eq!(problem(trickling), FetchProblem::Timeout);
    // The servers are gone too: that they wait keeps nobody.
    assert!(started.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn a_server_that_is_gone_or_hangs_up_is_unreachable() {
    let gone = start(good()).url();
    let refused = HttpsFetch::loopback(&gone).unwrap().fetch(FetchRequest::default()).await;
    assert_eq!(problem(refused), FetchProblem::Unreachable);
    // In the head, in the body, and before either.
    for answer in [KeyAnswer::status(200).hanging_up(), good().hanging_up(), KeyAnswer::outage()] {
        assert_eq!(problem(fetched(answer).await), FetchProblem::Unreachable);
    }
}

#[tokio::test]
async fn the_cache_works_over_http() {
    let server = start(good());
    let events: Arc<Mutex<Vec<_>>> = Arc::default();
    let told = Arc::clone(&events);
    let keys = CachedKeys::builder(server.url(), HttpsFetch::loopback(&server.url()).unwrap())
        .on_event(move |event| told.lock().unwrap().push(event))
        .build()
        .unwrap();
    keys.warm_up().await.unwrap();
    assert_eq!(keys.health().usable, 1);
    assert_eq!(*events.lock().unwrap(), [KeyEvent::Fetched { usable: 1, skipped: 0 }]);
    let html = start(KeyAnswer::document("<html>"));
    let keys = CachedKeys::builder(html.url(), HttpsFetch::loopback(&html.url()).unwrap());
    assert_eq!(keys.build().unwrap().warm_up().await, Err(Error::KeysUnreachable));
}

#[tokio::test]
async fn the_server_of_these_tests_serves_many_at_once_and_one_after_the_other() {
    let server = start(good());
    let shared = HttpsFetch::loopback(&server.url()).unwrap();
    for _ in 0..3 {
        assert!(shared.fetch(FetchRequest::default()).await.is_ok());
    }
    let slow = good().delayed(Duration::from_secs(20));
    server.answer_next(slow);
    let waiting = tokio::spawn(shared.fetch(FetchRequest::default()));
    while server.fetches() < 4 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..3 {
        assert!(fetch(&server, FetchRequest::default()).await.is_ok());
    }
    assert_eq!(server.fetches(), 7);
    let started = Instant::now();
    drop(server);
    assert_eq!(problem(waiting.await.unwrap()), FetchProblem::Unreachable);
    assert!(started.elapsed() < Duration::from_secs(2));
}

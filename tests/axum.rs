//! The axum extractor, over real HTTP on loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::FromRef;
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::Verified;
use gemini_webhooks::testing::{SignedRequest, StaticSigner, sample_body};
use gemini_webhooks::{Secret, StaticVerifier, Verifier};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

#[derive(Clone)]
struct App {
    verifier: Verifier,
    handled: Arc<AtomicUsize>,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

async fn hook(
    axum::extract::State(app): axum::extract::State<App>,
    Verified(delivery): Verified,
) -> (StatusCode, String) {
    app.handled.fetch_add(1, Ordering::Relaxed);
    (StatusCode::OK, delivery.event().type_name().unwrap_or_default().to_owned())
}

async fn serve() -> (SocketAddr, Arc<AtomicUsize>) {
    serve_with(|router| router).await
}

async fn serve_with(layers: fn(Router) -> Router) -> (SocketAddr, Arc<AtomicUsize>) {
    let verifier = StaticVerifier::builder().secret(secret()).max_body_bytes(4096).build().unwrap();
    let app = App { verifier: verifier.into(), handled: Arc::default() };
    let handled = Arc::clone(&app.handled);
    let router = layers(Router::new().route("/hook", post(hook)).with_state(app));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, handled)
}

fn signed(body: impl Into<bytes::Bytes>) -> SignedRequest {
    StaticSigner::new(&secret()).sign("msg_1", std::time::SystemTime::now(), body)
}

async fn send(address: SocketAddr, request: SignedRequest) -> (u16, String) {
    let url = format!("http://{address}/hook");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client.post(url).headers(request.headers).body(request.body).send().await.unwrap();
    (sent.status().as_u16(), sent.text().await.unwrap())
}

/// Sends raw bytes and returns the status line.
async fn send_raw(address: SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer[..read]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn an_authentic_delivery_reaches_the_handler_whatever_its_content_type() {
    let (address, handled) = serve().await;
    let body = sample_body("video.generated").unwrap();
    assert_eq!(send(address, signed(body)).await, (200, "video.generated".to_owned()));
    let mut odd = signed(body);
    odd.headers.insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(send(address, odd).await.0, 200);
    assert_eq!(handled.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn every_failure_to_authenticate_has_one_answer_without_detail() {
    let (address, handled) = serve().await;
    let mut tampered = signed("{}");
    tampered.body = "{ }".into();
    let mut unsigned = signed("{}");
    unsigned.headers.clear();
    let mut repeated = signed("{}");
    repeated.headers.append("webhook-id", "msg_2".parse().unwrap());
    let mut jwt = signed("{}");
    jwt.headers.insert("webhook-signature", "a.b.c".parse().unwrap());
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
    let stale = StaticSigner::new(&secret()).sign("msg_1", long_ago, "{}");
    for request in [tampered, unsigned, repeated, jwt, stale] {
        assert_eq!(send(address, request).await, (400, String::new()));
    }
    assert_eq!(handled.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_one_at_the_limit_passes() {
    let (address, _) = serve().await;
    assert_eq!(send(address, signed(vec![b'x'; 4096])).await.0, 200);
    assert_eq!(send(address, signed(vec![b'x'; 4097])).await, (413, String::new()));
}

/// The head of a signed request, whose body is to follow.
fn signed_head(rest: &str) -> String {
    let request = signed("{}");
    let lines = request
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()));
    format!("POST /hook HTTP/1.1\r\nhost: x\r\n{}{rest}\r\n", lines.collect::<String>())
}

#[tokio::test]
async fn a_body_that_announces_too_much_is_refused_before_it_is_read() {
    let (address, _) = serve().await;
    let head = signed_head("content-length: 999999999\r\n");
    assert_eq!(send_raw(address, head.as_bytes()).await, "HTTP/1.1 413 Payload Too Large");
}

#[tokio::test]
async fn headers_that_are_refused_are_refused_before_the_body_is_read() {
    let (address, _) = serve().await;
    // The body never comes: the answer must not wait for it.
    let unsigned = "POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n";
    assert_eq!(send_raw(address, unsigned.as_bytes()).await, "HTTP/1.1 400 Bad Request");
}

#[tokio::test]
async fn a_limit_that_a_layer_sets_is_413_too() {
    let (address, _) = serve_with(|router| {
        router.layer(axum::middleware::map_request(async |request: axum::extract::Request| {
            request.map(|body| axum::body::Body::new(http_body_util::Limited::new(body, 10)))
        }))
    })
    .await;
    assert_eq!(send(address, signed(vec![b'x'; 100])).await, (413, String::new()));
}

#[tokio::test]
async fn a_chunked_body_is_bounded_while_it_streams() {
    let (address, _) = serve().await;
    let mut request = signed_head("transfer-encoding: chunked\r\n").into_bytes();
    for _ in 0..5 {
        request.extend_from_slice(b"400\r\n");
        request.extend_from_slice(&[b'x'; 1024]);
        request.extend_from_slice(b"\r\n");
    }
    // The last chunk never comes: the answer must not wait for it.
    assert_eq!(send_raw(address, &request).await, "HTTP/1.1 413 Payload Too Large");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let (address, handled) = serve().await;
    let broken = signed_head("transfer-encoding: chunked\r\n") + "zz\r\nnonsense\r\n";
    assert_eq!(send_raw(address, broken.as_bytes()).await, "HTTP/1.1 400 Bad Request");
    assert_eq!(handled.load(Ordering::Relaxed), 0);
}

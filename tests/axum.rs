//! What is the axum extractor's own; the conformance suite in `recipes` has the rest, over real HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::http::StatusCode;
use axum::middleware::map_request;
use axum::response::Response;
use axum::routing::post;
use gemini_webhooks::axum::Verified;
use gemini_webhooks::testing::{SignedRequest, StaticSigner, sample_body};
use gemini_webhooks::{Error, Secret, StaticVerifier, Verifier};
use http_body_util::{BodyExt as _, Limited};
use tower::ServiceExt as _;

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

async fn hook(State(app): State<App>, Verified(delivery): Verified) -> (StatusCode, String) {
    app.handled.fetch_add(1, Ordering::Relaxed);
    (StatusCode::OK, delivery.event().type_name().unwrap_or_default().to_owned())
}

/// Calls an application with these layers around it, and says how often its handler was called.
async fn call_with(layers: fn(Router) -> Router, request: SignedRequest) -> (Response, usize) {
    let verifier = StaticVerifier::builder().secret(secret()).max_body_bytes(4096).build().unwrap();
    let app = App { verifier: verifier.into(), handled: Arc::default() };
    let handled = Arc::clone(&app.handled);
    let router = layers(Router::new().route("/hook", post(hook)).with_state(app));
    let mut call = Request::post("/hook").body(Body::from(request.body)).unwrap();
    call.headers_mut().extend(request.headers);
    (router.oneshot(call).await.unwrap(), handled.load(Ordering::Relaxed))
}

async fn call(request: SignedRequest) -> (Response, usize) {
    call_with(|router| router, request).await
}

fn signed(body: impl Into<bytes::Bytes>) -> SignedRequest {
    StaticSigner::new(&secret()).sign("msg_1", std::time::SystemTime::now(), body)
}

#[tokio::test]
async fn a_verifier_is_taken_from_a_state_of_several_parts() {
    let (response, handled) = call(signed(sample_body("video.generated").unwrap())).await;
    assert_eq!((response.status(), handled), (StatusCode::OK, 1));
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&body[..], b"video.generated");
}

#[tokio::test]
async fn a_refusal_is_a_status_without_a_body_and_its_reason_is_an_extension() {
    let mut tampered = signed("{}");
    tampered.body = "{ }".into();
    let (response, handled) = call(tampered).await;
    assert_eq!((response.status(), handled), (StatusCode::BAD_REQUEST, 0));
    assert_eq!(response.extensions().get::<Error>(), Some(&Error::SignatureMismatch));
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn the_limit_of_a_body_is_the_verifiers() {
    let (response, _) = call(signed(vec![b'x'; 4096])).await;
    assert_eq!(response.status(), StatusCode::OK);
    let (response, handled) = call(signed(vec![b'x'; 4097])).await;
    assert_eq!((response.status(), handled), (StatusCode::PAYLOAD_TOO_LARGE, 0));
    assert_eq!(response.extensions().get(), Some(&Error::BodyTooLarge { limit: 4096 }));
}

#[tokio::test]
async fn a_limit_that_a_layer_sets_is_413_too() {
    let limited = |router: Router| {
        router.layer(map_request(async |request: Request| {
            request.map(|body| Body::new(Limited::new(body, 10)))
        }))
    };
    let (response, handled) = call_with(limited, signed(vec![b'x'; 100])).await;
    assert_eq!((response.status(), handled), (StatusCode::PAYLOAD_TOO_LARGE, 0));
}

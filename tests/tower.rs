//! What is the tower layer's own; the conformance suite in `recipes` has the rest, over real HTTP.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use gemini_webhooks::testing::{SignedRequest, StaticSigner, sample_body};
use gemini_webhooks::tower::VerifyLayer;
use gemini_webhooks::{Delivery, Error, Secret, StaticVerifier, WebhookHeader};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use tower::{Layer as _, Service, ServiceExt};

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

fn layer() -> VerifyLayer {
    VerifyLayer::new(StaticVerifier::builder().secret(secret()).build().unwrap())
}

fn signed(body: impl Into<Bytes>) -> SignedRequest {
    StaticSigner::new(&secret()).sign("msg_1", std::time::SystemTime::now(), body)
}

fn request<B>(signed: &SignedRequest, body: B) -> Request<B> {
    let mut request = Request::post("/hook?x=1").body(body).unwrap();
    *request.headers_mut() = signed.headers.clone();
    request
}

/// A body of these frames.
struct Frames<E>(VecDeque<Result<Frame<Bytes>, E>>);

impl<E: Unpin> Body for Frames<E> {
    type Data = Bytes;
    type Error = E;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        Poll::Ready(self.0.pop_front())
    }
}

/// Answers with the id of the delivery and the body, and counts how often it is called.
async fn call<B>(request: Request<B>) -> (Response<Full<Bytes>>, usize)
where
    B: Body<Error: Into<Box<dyn std::error::Error + Send + Sync>>, Data: Send> + Send + 'static,
{
    let called = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&called);
    let service = tower::service_fn(move |request: Request<Full<Bytes>>| {
        let counter = Arc::clone(&counter);
        async move {
            counter.fetch_add(1, Ordering::Relaxed);
            let id = request.extensions().get::<Delivery>().unwrap().id().as_str().to_owned();
            let line = format!("{id} {} {}", request.method(), request.uri());
            let body = request.into_body().collect().await.unwrap().to_bytes();
            let answer = [line.as_bytes(), b"\n", &body].concat();
            Ok::<_, Infallible>(Response::new(Full::new(answer.into())))
        }
    });
    let response = layer().layer(service).oneshot(request).await.unwrap();
    (response, called.load(Ordering::Relaxed))
}

#[tokio::test]
async fn the_service_gets_the_delivery_and_the_request_as_it_arrived() {
    let body = sample_body("video.generated").unwrap();
    let signed = signed(body);
    let (response, called) = call(request(&signed, Full::new(signed.body.clone()))).await;
    let answer = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(answer, format!("msg_1 POST /hook?x=1\n{body}"));
    assert_eq!(called, 1);
}

#[tokio::test]
async fn a_refusal_is_a_status_without_a_body_and_its_reason_is_an_extension() {
    let mut tampered = signed("{}");
    tampered.body = "{ }".into();
    let (response, called) = call(request(&tampered, Full::new(tampered.body.clone()))).await;
    assert_eq!((response.status().as_u16(), called), (400, 0));
    assert_eq!(response.extensions().get::<Error>(), Some(&Error::SignatureMismatch));
    assert!(response.headers().is_empty());
    assert!(response.into_body().is_end_stream());

    let (response, called) = call(Request::new(Full::new(Bytes::new()))).await;
    assert_eq!((response.status().as_u16(), called), (400, 0));
    let header = WebhookHeader::Id;
    assert_eq!(response.extensions().get::<Error>(), Some(&Error::MissingHeader { header }));
}

#[tokio::test]
async fn a_body_that_fails_is_interrupted() {
    let failing = Frames([Ok(Frame::data(Bytes::from("{"))), Err(io::Error::other("gone"))].into());
    let (response, called) = call(request(&signed("{}"), failing)).await;
    assert_eq!(response.extensions().get::<Error>(), Some(&Error::BodyInterrupted));
    assert_eq!((response.status().as_u16(), called), (400, 0));
}

#[tokio::test]
async fn trailers_are_not_part_of_the_body() {
    let mut trailers = http::HeaderMap::new();
    trailers.insert("webhook-id", "msg_2".parse().unwrap());
    let frames = Frames::<Infallible>(
        [
            Ok(Frame::data(Bytes::from("{"))),
            Ok(Frame::data(Bytes::from("}"))),
            Ok(Frame::trailers(trailers)),
        ]
        .into(),
    );
    let (response, called) = call(request(&signed("{}"), frames)).await;
    assert_eq!((response.status().as_u16(), called), (200, 1));
    let answer = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(&answer[..], b"msg_1 POST /hook?x=1\n{}");
}

/// A service whose every instance takes one request, once it has been asked whether it is ready.
#[derive(Default)]
struct OneAtATime {
    ready: bool,
}

impl Clone for OneAtATime {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<B> Service<Request<B>> for OneAtATime {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called before it was ready");
        std::future::ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn the_instance_that_was_ready_is_the_one_that_is_called() {
    let mut service = layer().layer(OneAtATime::default());
    for _ in 0..2 {
        let signed = signed("{}");
        let request = request(&signed, Full::new(signed.body.clone()));
        let ready = ServiceExt::<Request<Full<Bytes>>>::ready(&mut service).await.unwrap();
        let response = ready.call(request).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
    }
}

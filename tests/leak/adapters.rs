//! What the types of the adapters and of the test helpers print.

use std::convert::Infallible;

use actix_web::FromRequest as _;
use axum::extract::FromRequest as _;
use bytes::Bytes;
use gemini_webhooks::Clock as _;
use gemini_webhooks::testing::{
    JwtSigner, KeyAnswer, KeyServer, SignedRequest, StaticSigner, TestRsaKey, jwks,
};
use gemini_webhooks::tower::VerifyLayer;
use http_body_util::Full;
use tower::Layer as _;

use crate::marks::mark;
use crate::requests::{Request, clock, ed25519, event, jwt, secret, static_request, verifier};
use crate::shown::Shown;
use crate::source::public_in;

#[tokio::test]
async fn no_adapter_shows_more_than_it_should() {
    let request = static_request();
    let mut shown = Shown { signatures: request.signatures(), ..Shown::default() };
    let http = |body: Bytes| {
        let mut http = http::Request::post("/");
        for (name, value) in &request.headers {
            http = http.header(name, value.as_slice());
        }
        http.body(Full::new(body)).unwrap()
    };
    let verified = |body| {
        let request = http(body).map(axum::body::Body::new);
        async move { gemini_webhooks::axum::Verified::from_request(request, &verifier()).await }
    };
    shown.nothing("Verified", &verified(request.body.clone()).await.unwrap());
    shown.nothing("Rejection", &verified(Bytes::new()).await.unwrap_err());
    assert_eq!(shown.seen, public_in("axum.rs"));

    shown.seen.clear();
    let layer = VerifyLayer::new(verifier());
    shown.nothing("VerifyLayer", &layer);
    let answer = |_: http::Request<Full<Bytes>>| async {
        Ok::<_, Infallible>(http::Response::new(String::new()))
    };
    let mut service = layer.layer(tower::service_fn(answer));
    shown.nothing("Verify", &service);
    shown.nothing("ResponseFuture", &tower::Service::call(&mut service, http(Bytes::new())));
    assert_eq!(shown.seen, public_in("tower.rs"));

    shown.seen.clear();
    let verified = |body: Bytes| {
        let test = actix_web::test::TestRequest::post().app_data(verifier()).set_payload(body);
        let headers = request.headers.iter();
        let (request, mut payload) = headers
            .fold(test, |test, (name, value)| test.append_header((name.as_str(), value.as_slice())))
            .to_http_parts();
        async move { gemini_webhooks::actix_web::Verified::from_request(&request, &mut payload).await }
    };
    shown.nothing("Verified", &verified(request.body.clone()).await.unwrap());
    shown.nothing("Rejection", &verified(Bytes::new()).await.unwrap_err());
    assert_eq!(shown.seen, public_in("actix_web.rs"));
}

#[test]
fn no_test_helper_shows_more_than_it_should() {
    let mut shown = Shown::default();
    let signer = StaticSigner::new(&secret("secret"));
    let request: SignedRequest = signer.sign(&mark("id"), clock().now(), event().to_string());
    shown.signatures = Request::from(request.clone()).signatures();
    shown.nothing("StaticSigner", &signer);
    shown.nothing("SignedRequest", &request);
    shown.nothing("ManualClock", &clock());
    shown.nothing("Ed25519Signer", &ed25519());
    shown.nothing("JwtSigner", &JwtSigner::new("key-1", TestRsaKey::One));
    shown.nothing("TestRsaKey", &TestRsaKey::One);
    let answer = KeyAnswer::document(jwks([jwt().jwk()]));
    shown.nothing("KeyAnswer", &answer);
    shown.nothing("KeyServer", &KeyServer::start(answer).unwrap());
    let files = ["mod.rs", "dynamic.rs", "key_answer.rs", "key_server.rs"];
    let all = files.iter().flat_map(|file| public_in(&format!("testing/{file}")));
    assert_eq!(shown.seen, all.collect());
}

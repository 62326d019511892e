//! What is actix-web's own; the conformance suite in `recipes` has the rest, over real HTTP.

use actix_web::dev::{Service as _, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, HttpResponse, rt, web};
use gemini_webhooks::actix_web::{Rejection, Verified};
use gemini_webhooks::testing::{SignedRequest, StaticSigner};
use gemini_webhooks::{Error, HeaderLookup as _, Lookup, Secret, StaticVerifier, Verifier};

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

fn verifier() -> Verifier {
    StaticVerifier::builder().secret(secret()).max_body_bytes(1024).build().unwrap().into()
}

fn signed(body: impl Into<bytes::Bytes>) -> SignedRequest {
    StaticSigner::new(&secret()).sign("msg_1", std::time::SystemTime::now(), body)
}

fn request(signed: &SignedRequest) -> TestRequest {
    let headers = signed.headers.iter();
    headers.fold(TestRequest::post().uri("/hook"), |request, (name, value)| {
        request.append_header((name.as_str(), value.as_bytes()))
    })
}

async fn hook(Verified(delivery): Verified) -> HttpResponse {
    HttpResponse::Ok().body(delivery.id().as_str().to_owned())
}

type Configure = fn(&mut web::ServiceConfig);

/// Calls an application that was set up by `configure`.
fn call(configure: Configure, request: TestRequest) -> ServiceResponse {
    rt::System::new().block_on(async {
        let app = App::new().configure(configure).route("/hook", web::post().to(hook));
        let response = init_service(app).await.call(request.to_request()).await;
        response.unwrap()
    })
}

fn reason(response: &ServiceResponse) -> Option<Rejection> {
    response.response().error()?.as_error::<Rejection>().cloned()
}

#[test]
fn the_verifier_is_taken_from_the_data_in_either_form() {
    let with_data: [Configure; 2] = [
        |config| _ = config.app_data(verifier()),
        |config| _ = config.app_data(web::Data::new(verifier())),
    ];
    for configure in with_data {
        let signed = signed("{}");
        let response = call(configure, request(&signed).set_payload(signed.body.clone()));
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(reason(&response), None);
    }
}

#[test]
fn without_a_verifier_nothing_passes_and_the_logs_say_why() {
    let signed = signed("{}");
    let response = call(|_| (), request(&signed).set_payload(signed.body.clone()));
    assert_eq!(response.status().as_u16(), 500);
    assert_eq!(reason(&response), Some(Rejection::NoVerifier));
}

#[test]
fn the_reason_of_a_refusal_is_the_error_of_the_response() {
    let configure: Configure = |config| _ = config.app_data(verifier());
    let tampered = request(&signed("{}")).set_payload("{ }");
    let response = call(configure, tampered);
    assert_eq!(response.status().as_u16(), 400);
    assert_eq!(reason(&response), Some(Rejection::Refused(Error::SignatureMismatch)));

    let large = signed(vec![b'x'; 1025]);
    let response = call(configure, request(&large).set_payload(large.body.clone()));
    assert_eq!(response.status().as_u16(), 413);
    let limit = 1024;
    assert_eq!(reason(&response), Some(Rejection::Refused(Error::BodyTooLarge { limit })));
}

#[test]
fn headers_are_looked_up_without_loss() {
    let request = TestRequest::post()
        .append_header(("Webhook-Id", "msg_1"))
        .append_header(("webhook-id", "msg_1"))
        .append_header(("WEBHOOK-SIGNATURE", &b"\xff"[..]))
        .to_http_request();
    let found = request.headers().lookup();
    assert_eq!((found.id, found.timestamp), (Lookup::Repeated, Lookup::Missing));
    assert_eq!(found.signature, Lookup::One(b"\xff"));
}

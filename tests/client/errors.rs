//! Whatever comes instead of an answer is an error that says what happened.

use std::time::{Duration, Instant};

use gemini_webhooks::client::{ApiKey, ClientError, WebhookClient};
use serde_json::json;

use crate::service::{API_KEY, Fault, Reply, Service};
use crate::{client, impatient_client};

/// What a `get` makes of this.
async fn get(fault: Fault) -> ClientError {
    let service = Service::start();
    service.fail_next(fault);
    client(&service).get("a").await.unwrap_err()
}

fn said(error: &ClientError) -> (u16, Option<&str>, Option<&str>) {
    let ClientError::Service { status, reason, message, .. } = error else { panic!("{error:?}") };
    (status.as_u16(), reason.as_deref(), message.as_deref())
}

async fn get_error(error: serde_json::Value) -> ClientError {
    get(Fault::answer(400, json!({ "error": error }).to_string())).await
}

#[tokio::test]
async fn errors_come_with_a_number_or_a_word() {
    let service = Service::start();
    let missing = client(&service).get("a").await.unwrap_err();
    assert_eq!(said(&missing), (404, Some("not_found"), Some("Webhook not found.")));
    assert_eq!(missing.code(), "not_found");

    let builder = WebhookClient::builder(ApiKey::new("another-key").unwrap());
    let stranger = builder.base_url(service.url()).build().unwrap();
    let refused = stranger.get("a").await.unwrap_err();
    let message = "API key not valid. Please pass a valid API key.";
    assert_eq!(said(&refused), (400, Some("INVALID_ARGUMENT"), Some(message)));
    assert_eq!(
        refused.to_string(),
        format!(
            "the service does not accept the request (status 400, INVALID_ARGUMENT, {message})"
        )
    );
}

#[tokio::test]
async fn an_error_that_is_none_of_the_api_keeps_its_status() {
    for body in
        ["", "<html>Bad Gateway</html>", "null", "[]", "{", r#"{"error":"x"}"#, "\u{feff}{}"]
    {
        assert_eq!(said(&get(Fault::answer(418, body)).await), (418, None, None), "{body}");
    }
    assert_eq!(said(&get_error(json!({"code": null, "message": ["x"]})).await), (400, None, None));
    assert_eq!(
        said(&get_error(json!({"code": 7.5, "status": ""})).await),
        (400, Some("7.5"), None)
    );
    let endless = get(Fault::instead(Reply::Endless(403))).await;
    assert_eq!(said(&endless), (403, None, None));
}

#[tokio::test]
async fn each_status_has_a_code() {
    for (status, code) in [
        (400, "bad_request"),
        (401, "not_authorized"),
        (403, "not_authorized"),
        (404, "not_found"),
        (409, "conflict"),
        (418, "refused"),
        (429, "rate_limited"),
        (500, "service_failed"),
        (501, "service_failed"),
    ] {
        let service = Service::start();
        // Longer than any call may take, so that nothing is repeated.
        service.fail_next(Fault::status(status, &[("retry-after", "1000")]));
        let error = client(&service).get("a").await.unwrap_err();
        assert_eq!((error.code(), error.status().unwrap().as_u16()), (code, status));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(1000)));
        assert!(error.to_string().contains("retry after 1000 s"), "{error}");
    }
}

#[tokio::test]
async fn what_the_service_says_is_cut_escaped_and_freed_of_secrets() {
    let long = get_error(json!({"message": "x".repeat(10_000)})).await;
    assert_eq!(said(&long).2, Some("x".repeat(512).as_str()));

    let lines = json!({"message": "a\r\nb\u{1b}[31m\u{202e}c ü", "status": "X\tY"});
    let lines = get_error(lines).await;
    assert_eq!(said(&lines), (400, Some(r"X\tY"), Some(r"a\r\nb\u{1b}[31m\u{202e}c ü")));

    let echo = json!({
        "message": format!("bad key '{API_KEY}', secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw too"),
        "status": API_KEY,
    });
    let echoed = get_error(echo).await;
    assert_eq!(said(&echoed).1, Some("[redacted]"));
    assert_eq!(said(&echoed).2, Some("bad key '[redacted]', secret [redacted] too"));
}

#[tokio::test]
async fn a_success_that_is_none_is_unreadable() {
    for body in
        ["", "<html>Hello</html>", "null", "[]", "{}", r#"{"id":7}"#, r#"{"id":"a","id":"b"}"#]
    {
        assert_eq!(get(Fault::answer(200, body)).await, ClientError::AnswerUnreadable, "{body}");
    }
}

#[tokio::test]
async fn an_error_that_nests_deep_is_none_of_the_api() {
    let deep = format!(r#"{{"error":{}{}}}"#, "[".repeat(7_000), "]".repeat(7_000));
    assert_eq!(said(&get(Fault::answer(400, deep)).await), (400, None, None));
}

#[tokio::test]
async fn an_answer_is_bounded_while_it_is_read() {
    let limit = 64 * 1024;
    let webhook = |bytes: usize| {
        let start = r#"{"id":"a""#;
        format!("{start}{}}}", " ".repeat(bytes - start.len() - 1))
    };
    let service = Service::start();
    service.fail_next(Fault::answer(200, webhook(limit)));
    client(&service).get("a").await.unwrap();
    let too_large = ClientError::AnswerTooLarge { limit };
    assert_eq!(get(Fault::answer(200, webhook(limit + 1))).await, too_large);
    assert_eq!(get(Fault::instead(Reply::Endless(200))).await, too_large);

    let limit = 4 * 1024 * 1024;
    service.fail_next(Fault::instead(Reply::Endless(200)));
    let page = client(&service).list_page(50, None).await.unwrap_err();
    assert_eq!(page, ClientError::AnswerTooLarge { limit });
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_key_goes_nowhere_else() {
    let (elsewhere, service) = (Service::start(), Service::start());
    service.fail_always(Fault::redirect(elsewhere.url() + "/webhooks/a"));
    let follows = || {
        let http = reqwest::Client::builder();
        http.redirect(reqwest::redirect::Policy::limited(10))
    };
    let builder = || WebhookClient::builder(ApiKey::new(API_KEY).unwrap()).base_url(service.url());
    for client in [builder().build(), builder().http_client(follows()).build()] {
        let client = client.unwrap();
        let errors = [
            client.get("a").await.unwrap_err(),
            client.create(&crate::new_webhook()).await.unwrap_err(),
            client.delete("a").await.unwrap_err(),
        ];
        for error in errors {
            assert_eq!((error.code(), error.status().unwrap().as_u16()), ("redirected", 307));
        }
    }
    assert_eq!(elsewhere.lines(), [""; 0]);
}

#[tokio::test]
async fn a_service_that_is_gone_is_unreachable() {
    let service = Service::start();
    let client = client(&service);
    drop(service);
    assert_eq!(client.get("a").await.unwrap_err(), ClientError::Unreachable);
    // Also where nothing is repeated: nothing was sent, and so nothing has happened.
    let created = client.create(&crate::new_webhook()).await;
    assert_eq!(created.unwrap_err(), ClientError::Unreachable);
}

#[tokio::test]
async fn a_call_ends_in_its_time() {
    let service = Service::start();
    service.fail_always(Fault::after(Reply::Late(Duration::from_secs(20))));
    let started = Instant::now();
    let error = impatient_client(&service, 1).list_page(50, None).await.unwrap_err();
    assert_eq!(error, ClientError::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(service.lines().len(), 1);
}

#[tokio::test]
async fn a_slow_answer_in_time_is_an_answer() {
    let service = Service::start();
    let id = &service.fill(1)[0];
    service.fail_next(Fault::after(Reply::Late(Duration::from_millis(500))));
    assert_eq!(client(&service).get(id).await.unwrap().id, *id);
}

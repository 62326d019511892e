//! Listings: all of it, page by page, and an end whatever the service answers.

use futures_util::{Stream, TryStreamExt as _};
use gemini_webhooks::client::{
    ClientError, RequestProblem, SigningSecretInfo, SubscribedEvent, Webhook, WebhookState,
    WebhookStream,
};
use serde_json::{Value, json};

use crate::client;
use crate::service::{Fault, Service};

async fn ids(stream: impl Stream<Item = Result<Webhook, ClientError>>) -> Vec<String> {
    stream.map_ok(|webhook| webhook.id).try_collect().await.unwrap()
}

/// Reads a stream to its end, which must come: how many webhooks, and the error.
async fn drain(mut stream: WebhookStream) -> (usize, Option<ClientError>) {
    let mut count = 0;
    while let Some(next) = stream.next().await {
        match next {
            Ok(_) => count += 1,
            Err(error) => {
                assert!(stream.next().await.is_none(), "it goes on after {error}");
                return (count, Some(error));
            }
        }
    }
    assert!(stream.next().await.is_none());
    (count, None)
}

fn page(token: &str) -> Fault {
    let page =
        json!({"webhooks": [{"id": "a", "uri": "https://a.com/"}], "next_page_token": token});
    Fault::answer(200, page.to_string())
}

#[tokio::test]
async fn a_project_without_webhooks_has_an_empty_listing() {
    let service = Service::start();
    assert_eq!(drain(client(&service).list()).await, (0, None));
    assert_eq!(service.lines(), ["GET /v1beta/webhooks?page_size=50"]);
    for empty in ["{}", r#"{"webhooks":null,"next_page_token":null}"#, r#"{"next_page_token":""}"#]
    {
        service.fail_next(Fault::answer(200, empty));
        assert_eq!(drain(client(&service).list()).await, (0, None), "{empty}");
    }
}

#[tokio::test]
async fn every_page_is_fetched_when_it_is_needed() {
    let service = Service::start();
    let expected = service.fill(120);
    let client = client(&service);
    assert_eq!(ids(client.list()).await, expected);
    let pages = ["", "&page_token=t%2F50", "&page_token=t%2F100"];
    assert_eq!(
        service.lines(),
        pages.map(|page| format!("GET /v1beta/webhooks?page_size=50{page}"))
    );

    assert_eq!(ids(client.list().page_size(60)).await, expected);
    assert_eq!(service.lines().len(), 5);
    let mut stream = client.list();
    assert_eq!(service.lines().len(), 5);
    for _ in 0..50 {
        assert!(stream.next().await.unwrap().is_ok());
    }
    assert_eq!(service.lines().len(), 6);
}

#[tokio::test]
async fn a_page_at_a_time() {
    let service = Service::start();
    let expected = service.fill(3);
    let client = client(&service);
    let first = client.list_page(2, None).await.unwrap();
    assert_eq!(
        first.webhooks.iter().map(|webhook| &webhook.id).collect::<Vec<_>>(),
        [&expected[0], &expected[1],]
    );
    let token = first.next_page_token.unwrap();
    let second = client.list_page(2, Some(&token)).await.unwrap();
    assert_eq!(second.webhooks[0].id, expected[2]);
    assert_eq!(second.next_page_token, None);
}

#[tokio::test]
async fn pages_have_1_to_1000_webhooks() {
    let service = Service::start();
    let client = client(&service);
    for size in [1, 1000] {
        client.list_page(size, None).await.unwrap();
    }
    let invalid = |problem| ClientError::InvalidRequest { problem };
    for size in [0, 1001, u16::MAX] {
        let page_size = invalid(RequestProblem::PageSize);
        assert_eq!(client.list_page(size, None).await.unwrap_err(), page_size);
        assert_eq!(drain(client.list().page_size(size)).await, (0, Some(page_size)));
    }
    for token in [String::new(), "x".repeat(2049)] {
        let page_token = invalid(RequestProblem::PageToken);
        assert_eq!(client.list_page(50, Some(&token)).await.unwrap_err(), page_token);
    }
    assert_eq!(service.lines().len(), 2);
}

#[tokio::test]
async fn a_page_token_is_sent_back_as_it_came() {
    let service = Service::start();
    let odd = "a b&page_size=1#?ü/%00\u{0}\"";
    service.fail_next(page(odd));
    let client = client(&service);
    let token = client.list_page(50, None).await.unwrap().next_page_token.unwrap();
    assert_eq!(token, odd);
    service.fail_next(Fault::answer(200, "{}"));
    client.list_page(50, Some(&token)).await.unwrap();
    let sent = "a+b%26page_size%3D1%23%3F%C3%BC%2F%2500%00%22";
    assert_eq!(service.lines()[1], format!("GET /v1beta/webhooks?page_size=50&page_token={sent}"));
}

#[tokio::test]
async fn a_repeated_page_token_ends_the_listing() {
    let service = Service::start();
    service.fail_always(page("again"));
    let (count, error) = drain(client(&service).list()).await;
    assert_eq!((count, error), (1, Some(ClientError::PagesDoNotEnd)));
    assert_eq!(service.lines().len(), 2);

    // Also where others come between.
    for token in ["x", "y", "x"] {
        service.fail_next(page(token));
    }
    let (count, error) = drain(client(&service).list()).await;
    assert_eq!((count, error), (2, Some(ClientError::PagesDoNotEnd)));
}

#[tokio::test]
async fn a_listing_ends_after_a_thousand_pages() {
    let service = Service::start();
    // Pages without webhooks, so that nobody would notice but by the time it takes.
    for n in 0..1001 {
        let page = json!({"webhooks": [], "next_page_token": format!("{n}")});
        service.fail_next(Fault::answer(200, page.to_string()));
    }
    let (count, error) = drain(client(&service).list()).await;
    assert_eq!((count, error), (0, Some(ClientError::PagesDoNotEnd)));
    assert_eq!(service.lines().len(), 1000);
}

#[tokio::test]
async fn a_page_token_that_is_too_long_to_send_back_is_not_read() {
    let service = Service::start();
    service.fail_next(page(&"x".repeat(2048)));
    client(&service).list_page(50, None).await.unwrap();
    service.fail_next(page(&"x".repeat(2049)));
    let error = client(&service).list_page(50, None).await.unwrap_err();
    assert_eq!(error, ClientError::AnswerUnreadable);
}

#[tokio::test]
async fn an_error_ends_a_listing_after_what_was_read() {
    let service = Service::start();
    service.fail_next(page("x"));
    service.fail_next(Fault::status(403, &[]));
    let (count, error) = drain(client(&service).list()).await;
    assert_eq!((count, error.unwrap().code()), (1, "not_authorized"));
}

#[tokio::test]
async fn what_is_not_known_of_a_webhook_is_no_error() {
    let service = Service::start();
    let webhook = json!({
        "id": "a",
        "uri": null,
        "subscribed_events": ["batch.succeeded", "batch.paused"],
        "state": "paused",
        "signing_secrets": [{"kind": "v2"}],
        "create_time": "yesterday",
        "update_time": "2026-05-04T12:00:00.123456789+02:00",
        "labels": {"a": ["b"]},
    });
    let answer = json!({"webhooks": [webhook, {"id": "b"}], "total": 2});
    service.fail_next(Fault::answer(200, answer.to_string()));
    let page = client(&service).list_page(50, None).await.unwrap();
    let [odd, bare] = &page.webhooks[..] else { panic!("{page:?}") };
    assert_eq!(odd.state.as_ref().unwrap().as_str(), "paused");
    assert_eq!(odd.subscribed_events[1].as_str(), "batch.paused");
    assert_eq!((odd.create_time, odd.update_time.unwrap().nanosecond()), (None, 123_456_789));
    assert_eq!((bare.id.as_str(), bare.uri.as_str(), bare.state.as_ref()), ("b", "", None));

    // It is written as it is read.
    let written: Value = serde_json::to_value(odd).unwrap();
    assert_eq!(written["subscribed_events"], webhook["subscribed_events"]);
    assert_eq!(serde_json::from_value::<Webhook>(written).unwrap(), *odd);
}

#[tokio::test]
async fn one_odd_webhook_does_not_spoil_the_others() {
    let service = Service::start();
    let odd = json!({
        "id": 7,
        "name": ["x"],
        "uri": {"https": "a"},
        "subscribed_events": ["batch.failed", {"type": "batch.expired"}, null],
        "state": 2,
        "signing_secrets": [null, "whsec_", {"truncated_secret": 1, "expire_time": 1}, {}],
        "create_time": 1_800_000_000,
        "update_time": {"seconds": 1},
    });
    let odder = json!({"id": "c", "subscribed_events": "all", "signing_secrets": {}});
    let answer = json!({"webhooks": [{"id": "a"}, odd, odder]});
    service.fail_next(Fault::answer(200, answer.to_string()));
    let page = client(&service).list_page(50, None).await.unwrap();
    let [even, odd, odder] = &page.webhooks[..] else { panic!("{page:?}") };
    assert_eq!((even.id.as_str(), odder.id.as_str()), ("a", "c"));
    assert_eq!((odd.id.as_str(), odd.name.as_ref(), odd.uri.as_str()), ("", None, ""));
    let events: Vec<_> = odd.subscribed_events.iter().map(SubscribedEvent::as_str).collect();
    assert_eq!(events, ["batch.failed", r#"{"type":"batch.expired"}"#, "null"]);
    assert_eq!(odd.state, Some(WebhookState::Unknown("2".to_owned())));
    // As many as there are, though nothing is known of them.
    assert_eq!(odd.signing_secrets, vec![SigningSecretInfo::default(); 4]);
    assert_eq!((odd.create_time, odd.update_time), (None, None));
    assert!(odder.subscribed_events.is_empty() && odder.signing_secrets.is_empty());
    let written: Value = serde_json::to_value(odd).unwrap();
    assert_eq!(serde_json::from_value::<Webhook>(written).unwrap(), *odd);
}

#[tokio::test]
async fn what_would_end_a_listing_early_is_no_page() {
    let service = Service::start();
    for page in [
        json!({"webhooks": {"id": "a"}}),
        json!({"webhooks": [null]}),
        json!({"webhooks": ["a"]}),
        json!({"webhooks": [], "next_page_token": 7}),
    ] {
        service.fail_next(Fault::answer(200, page.to_string()));
        let error = client(&service).list_page(50, None).await.unwrap_err();
        assert_eq!(error, ClientError::AnswerUnreadable, "{page}");
    }
}

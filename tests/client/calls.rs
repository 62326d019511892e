//! What each call sends, and what comes of it.

use std::process::Command;

use gemini_webhooks::client::{
    ApiKey, ClientError, NewWebhook, RequestProblem, SubscribedEvent, WebhookClient, WebhookState,
    WebhookUpdate,
};
use gemini_webhooks::testing::StaticSigner;
use gemini_webhooks::{ConfigError, EventType, Revocation, Secret, StaticVerifier};
use serde_json::{Value, json};

use crate::service::{API_KEY, EVENTS, Fault, Seen, Service};
use crate::{URI, client, new_webhook};

fn last(service: &Service) -> Seen {
    service.seen().pop().unwrap()
}

fn invalid<T>(result: Result<T, ClientError>) -> RequestProblem {
    match result {
        Err(ClientError::InvalidRequest { problem }) => problem,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was sent"),
    }
}

#[tokio::test]
async fn create_registers_a_webhook_and_gives_its_secret() {
    let service = Service::start();
    let created = client(&service).create(&new_webhook()).await.unwrap();
    let seen = last(&service);
    assert_eq!(seen.line, "POST /v1beta/webhooks");
    assert_eq!(seen.headers["x-goog-api-key"], API_KEY);
    assert_eq!(seen.headers["content-type"], "application/json");
    let expected = json!({
        "name": "MyBatchWebhook",
        "uri": URI,
        "subscribed_events": ["batch.succeeded", "batch.failed"],
    });
    assert_eq!(seen.body, expected);

    let webhook = created.webhook;
    assert_eq!(webhook.name.as_deref(), Some("MyBatchWebhook"));
    assert_eq!(webhook.uri, URI);
    let events = [EventType::BatchSucceeded, EventType::BatchFailed].map(SubscribedEvent::from);
    assert_eq!(webhook.subscribed_events, events);
    assert_eq!(webhook.state, Some(WebhookState::Enabled));
    assert!(webhook.create_time.is_some() && webhook.update_time.is_some());
    let [shown] = &webhook.signing_secrets[..] else { panic!("{:?}", webhook.signing_secrets) };
    let truncated = shown.truncated_secret.as_deref().unwrap();
    let text = created.new_signing_secret.expose_secret();
    assert!(text.starts_with(truncated.trim_end_matches('.')));
    assert_eq!(shown.expire_time, None);
    assert_eq!(service.secrets(&webhook.id), [text]);
}

#[tokio::test]
async fn the_secret_of_create_verifies_what_is_signed_with_it() {
    let service = Service::start();
    let created = client(&service).create(&new_webhook()).await.unwrap();
    let signer =
        StaticSigner::new(&Secret::parse(&service.secrets(&created.webhook.id)[0]).unwrap());
    let secret = created.new_signing_secret.to_secret().unwrap();
    let verifier = StaticVerifier::builder().secret(secret).build().unwrap();
    let request = signer.sign("msg_1", std::time::SystemTime::now(), "{}");
    verifier.verify(&request.headers, request.body).unwrap();
}

#[tokio::test]
async fn no_oddity_beside_a_new_secret_loses_it() {
    let service = Service::start();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let deep = format!(r#""id":"a","uri":{}{}"#, "[".repeat(200), "]".repeat(200));
    for (members, id, name) in [
        (r#""id":"a","signing_secrets":[null]"#, "a", None),
        (r#""id":"a","create_time":1800000000,"update_time":{}"#, "a", None),
        (r#""id":"a","subscribed_events":[{"type":"batch.failed"}]"#, "a", None),
        (r#""id":"a","state":2,"uri":[]"#, "a", None),
        (r#""name":"webhooks/a""#, "", Some("webhooks/a")),
        (r#""id":null"#, "", None),
        (r#""id":"a","id":"b""#, "", None),
        (&deep, "", None),
    ] {
        for answer in [
            format!(r#"{{"new_signing_secret":"{secret}",{members}}}"#),
            format!(r#"{{{members},"new_signing_secret":"{secret}"}}"#),
        ] {
            service.fail_next(Fault::answer(200, &*answer));
            let created = client(&service).create(&new_webhook()).await.unwrap();
            assert_eq!(created.new_signing_secret.expose_secret(), secret, "{answer}");
            assert_eq!(created.webhook.id, id, "{answer}");
            assert_eq!(created.webhook.name.as_deref(), name, "{answer}");
        }
    }
}

#[tokio::test]
async fn without_a_name_none_is_sent() {
    let service = Service::start();
    let webhook = NewWebhook::new(URI, EventType::subscribable());
    drop(client(&service).create(&webhook).await.unwrap());
    let body = last(&service).body;
    assert_eq!(body.get("name"), None);
    let mut sent: Vec<_> = body["subscribed_events"].as_array().unwrap().iter().collect();
    sent.sort_by_key(|event| event.as_str());
    let mut expected: Vec<_> = EVENTS.iter().map(|event| json!(event)).collect();
    expected.sort_by_key(|event| event.as_str().map(str::to_owned));
    assert_eq!(sent, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_the_service_could_only_refuse_is_not_sent() {
    let service = Service::start();
    let client = client(&service);
    let create = async |webhook: NewWebhook| invalid(client.create(&webhook).await);
    let at = |uri: &str| NewWebhook::new(uri, [EventType::BatchSucceeded]);
    for uri in [
        "",
        "x",
        "http://my-api.com/",
        "http://127.0.0.1/",
        "https://",
        "https:///x",
        "https://:443/",
        "https://@/",
        "ftp://a/",
    ] {
        assert_eq!(create(at(uri)).await, RequestProblem::CallbackUri, "{uri}");
    }
    for uri in
        ["https://my-api.com/ü", "https://my api.com/", " https://a.com/", "https://a.com/\n"]
    {
        assert_eq!(create(at(uri)).await, RequestProblem::CallbackUri, "{uri}");
    }
    let long = |bytes: usize| format!("https://a.com/{}", "x".repeat(bytes - 14));
    assert_eq!(create(at(&long(2049))).await, RequestProblem::CallbackUri);
    let none: [EventType; 0] = [];
    assert_eq!(create(NewWebhook::new(URI, none)).await, RequestProblem::NoEvents);
    for event_type in [EventType::BatchCancelled, EventType::InteractionCancelled] {
        let webhook = NewWebhook::new(URI, [EventType::BatchFailed, event_type]);
        assert_eq!(create(webhook).await, RequestProblem::NotSubscribable { event_type });
    }
    assert_eq!(create(at(URI).name("x".repeat(1025))).await, RequestProblem::Name);
    let empty = WebhookUpdate::new();
    assert_eq!(invalid(client.update("a", &empty).await), RequestProblem::NothingToUpdate);
    let update = WebhookUpdate::new().uri("http://my-api.com/");
    assert_eq!(invalid(client.update("a", &update).await), RequestProblem::CallbackUri);
    assert_eq!(service.lines(), [""; 0]);

    // At the limit it is sent.
    drop(client.create(&at(&long(2048)).name("x".repeat(1024))).await.unwrap());
}

#[tokio::test]
async fn an_id_leads_to_no_other_path() {
    let service = Service::start();
    let client = client(&service);
    let long = "a".repeat(129);
    for id in
        ["", ".", "..", "a/b", "../models", "a:ping", "a?x", "a#x", "a%2fb", "a b", "ä", &long]
    {
        let update = WebhookUpdate::new().enable();
        assert_eq!(invalid(client.get(id).await), RequestProblem::WebhookId, "{id}");
        assert_eq!(invalid(client.update(id, &update).await), RequestProblem::WebhookId);
        assert_eq!(invalid(client.delete(id).await), RequestProblem::WebhookId);
        assert_eq!(invalid(client.ping(id).await), RequestProblem::WebhookId);
        let rotated = client.rotate(id, Revocation::Immediate).await;
        assert_eq!(invalid(rotated), RequestProblem::WebhookId);
    }
    assert_eq!(service.lines(), [""; 0]);
    assert_eq!(client.get(&long[1..]).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn get_looks_one_up() {
    let service = Service::start();
    let ids = service.fill(3);
    let webhook = client(&service).get(&ids[1]).await.unwrap();
    assert_eq!(webhook.id, ids[1]);
    let seen = last(&service);
    assert_eq!(seen.line, format!("GET /v1beta/webhooks/{}", ids[1]));
    assert_eq!(seen.headers["x-goog-api-key"], API_KEY);
    assert_eq!(seen.body, Value::Null);
}

#[tokio::test]
async fn words_are_read_in_upper_case_too() {
    let service = Service::start();
    let id = &service.fill(1)[0];
    service.write_upper_case();
    for (state, expected) in [
        ("enabled", WebhookState::Enabled),
        ("disabled", WebhookState::Disabled),
        ("disabled_due_to_failed_deliveries", WebhookState::DisabledDueToFailedDeliveries),
        ("paused_by_admin", WebhookState::Unknown("PAUSED_BY_ADMIN".to_owned())),
    ] {
        service.set_state(id, state);
        let webhook = client(&service).get(id).await.unwrap();
        assert_eq!(webhook.state, Some(expected));
        assert_eq!(webhook.subscribed_events, [EventType::BatchSucceeded.into()]);
    }
}

#[tokio::test]
async fn update_changes_what_is_set_and_nothing_else() {
    let service = Service::start();
    let client = client(&service);
    let before = client.create(&new_webhook()).await.unwrap().webhook;
    let update = WebhookUpdate::new().subscribed_events([EventType::VideoGenerated]).disable();
    let after = client.update(&before.id, &update).await.unwrap();
    let seen = last(&service);
    let path = format!("PATCH /v1beta/webhooks/{}?update_mask=", before.id);
    assert_eq!(seen.line, format!("{path}subscribed_events%2Cstate"));
    let expected = json!({"subscribed_events": ["video.generated"], "state": "disabled"});
    assert_eq!(seen.body, expected);
    assert_eq!(after.subscribed_events, [EventType::VideoGenerated.into()]);
    assert_eq!(after.state, Some(WebhookState::Disabled));
    assert_eq!((after.name, &after.uri), (before.name, &before.uri));

    let elsewhere = "https://my-api.com/new";
    let update = WebhookUpdate::new().uri(elsewhere).name("new").enable();
    let after = client.update(&before.id, &update).await.unwrap();
    assert_eq!(last(&service).line, format!("{path}name%2Curi%2Cstate"));
    assert_eq!((after.name.as_deref(), after.uri.as_str()), (Some("new"), elsewhere));
    assert_eq!(after.state, Some(WebhookState::Enabled));
    assert_eq!(after.subscribed_events, [EventType::VideoGenerated.into()]);
}

#[tokio::test]
async fn delete_removes_one() {
    let service = Service::start();
    let ids = service.fill(2);
    client(&service).delete(&ids[0]).await.unwrap();
    assert_eq!(last(&service).line, format!("DELETE /v1beta/webhooks/{}", ids[0]));
    assert_eq!(service.count(), 1);
    let again = client(&service).delete(&ids[0]).await.unwrap_err();
    assert_eq!((again.code(), again.status().unwrap().as_u16()), ("not_found", 404));
}

#[tokio::test]
async fn ping_is_sent_once() {
    let service = Service::start();
    let id = &service.fill(1)[0];
    client(&service).ping(id).await.unwrap();
    let seen = last(&service);
    assert_eq!(seen.line, format!("POST /v1beta/webhooks/{id}:ping"));
    assert_eq!(seen.body, json!({}));
    assert_eq!(service.pings(), 1);
}

#[tokio::test]
async fn a_base_url_may_end_with_a_slash() {
    let service = Service::start();
    let builder = WebhookClient::builder(ApiKey::new(API_KEY).unwrap());
    let client = builder.base_url(service.url() + "/").build().unwrap();
    client.list_page(1, None).await.unwrap();
    assert_eq!(service.lines(), ["GET /v1beta/webhooks?page_size=1"]);
}

#[test]
fn the_api_key_goes_over_https_or_stays_on_this_machine() {
    let build = |url: &str| {
        let builder = WebhookClient::builder(ApiKey::new(API_KEY).unwrap());
        builder.base_url(url).build().map(drop)
    };
    for url in [
        "",
        "x",
        "ftp://example.com/",
        "http://example.com/v1beta",
        "http://localhost/v1beta",
        "http://127.0.0.1.example.com/",
        "http://10.0.0.1/",
        "http://[2001:db8::1]/",
        "https://user@example.com/v1beta",
        "https://user:password@example.com/v1beta",
        "https://example.com/v1beta?key=x",
        "https://example.com/v1beta#x",
    ] {
        assert_eq!(build(url), Err(ConfigError::ApiUrl), "{url}");
    }
    for url in
        ["https://example.com", "http://127.0.0.1:1/v1beta", "http://[::1]:1/", "http://127.9/"]
    {
        assert_eq!(build(url), Ok(()), "{url}");
    }
}

#[test]
fn an_api_key_is_read_strictly() {
    let long = "a".repeat(1025);
    for key in ["", " ", "a b", "a\n", "\"a\"", "'a'", "ä", "a\0", "${KEY}", "<key>", &long] {
        assert_eq!(ApiKey::new(key).unwrap_err(), ConfigError::ApiKey, "{key}");
    }
    for key in [API_KEY, "AQ.Ab8RN6-x_y~z+/=:", &long[1..]] {
        assert!(ApiKey::new(key).is_ok(), "{key}");
    }
}

/// Each environment in a process of its own: this one's must not be changed while others read it.
#[test]
fn the_api_key_is_read_from_the_environment() {
    const EXPECTED: &str = "EXPECTED_OF_FROM_ENV";
    if let Ok(expected) = std::env::var(EXPECTED) {
        let client = WebhookClient::from_env();
        assert_eq!(
            client.map_or_else(|error| format!("{error:?}"), |c| format!("{c:?}")),
            expected
        );
        return;
    }
    let (name, refused) = ("GEMINI_API_KEY".to_owned(), ConfigError::ApiKey);
    let missing = ConfigError::EnvMissing { name };
    let builder = WebhookClient::builder(ApiKey::new(API_KEY).unwrap());
    let google = "https://generativelanguage.googleapis.com/v1beta";
    let client = builder.base_url(google).build().unwrap();
    for (key, expected) in [
        (Some(API_KEY), format!("{client:?}")),
        (Some("a key"), format!("{refused:?}")),
        (None, format!("{missing:?}")),
    ] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "calls::the_api_key_is_read_from_the_environment"]);
        child.env_remove("GEMINI_API_KEY").env(EXPECTED, expected);
        child.envs(key.map(|key| ("GEMINI_API_KEY", key)));
        let output = child.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
}

#[test]
fn the_time_for_a_call_is_bounded() {
    let build = |millis: u64| {
        let builder = WebhookClient::builder(ApiKey::new(API_KEY).unwrap());
        builder.timeout(std::time::Duration::from_millis(millis)).build().map(drop)
    };
    assert_eq!(build(999), Err(ConfigError::ApiTimeoutOutOfRange));
    assert_eq!(build(1000), Ok(()));
    assert_eq!(build(300_000), Ok(()));
    assert_eq!(build(301_000), Err(ConfigError::ApiTimeoutOutOfRange));
}

//! Neither the API key nor a secret is in any text that may be logged.

use std::sync::Mutex;

use gemini_webhooks::Revocation;
use gemini_webhooks::client::{
    ApiKey, Call, ClientError, NewWebhook, WebhookClient, WebhookUpdate,
};
use serde_json::json;

use crate::service::{API_KEY, Fault, Reply, Service};
use crate::{client, new_webhook};

/// What an error shows, with all that is behind it.
fn all_of(error: &ClientError) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text += &format!(" {error} {error:?}");
        source = error.source();
    }
    text
}

#[tokio::test]
async fn no_debug_text_shows_the_key_a_secret_or_the_path_of_a_uri() {
    let service = Service::start();
    let key = ApiKey::new(API_KEY).unwrap();
    let builder = WebhookClient::builder(key).base_url(service.url());
    let mut shown = format!("{builder:?}{:?}", ApiKey::new(API_KEY).unwrap());
    let client = builder.build().unwrap();
    shown += &format!("{client:?}{:?}", client.list());
    let webhook = NewWebhook::new(
        "https://my-api.com/PATH-SECRET?SECRET#SECRET",
        [gemini_webhooks::EventType::BatchFailed],
    );
    let update = WebhookUpdate::new().uri("https://user:SECRET@my-api.com/PATH-SECRET");
    let created = client.create(&webhook).await.unwrap();
    shown += &format!("{webhook:?}{webhook:#?}{update:?}{created:?}{created:#?}");
    let id = &created.webhook.id;
    let rotated = client.rotate(id, Revocation::After24Hours).await.unwrap();
    let page = client.list_page(50, None).await.unwrap();
    shown += &format!("{rotated:?}{page:?}{:?}", client.get(id).await.unwrap());
    for secret in service.secrets(id).iter().chain([&API_KEY.to_owned(), &"SECRET".to_owned()]) {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    // Nor the beginning of a secret, which the service shows.
    assert!(!shown.contains("whsec_"), "{shown}");
    assert!(shown.contains("https://my-api.com/..."), "{shown}");
}

#[tokio::test]
async fn no_error_shows_the_key_or_a_secret() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let echo = format!("key={API_KEY} secret={secret}");
    let error = json!({"error": {"code": echo, "message": echo, "status": echo}}).to_string();
    let cut = format!(r#"{{"id":"a","secret":"{secret}","new_signing_secret":"{secret}""#);
    let odd =
        format!(r#"{{"id":7,"secret":["{secret}"],"new_signing_secret":{{"x":"{secret}"}}}}"#);
    for fault in [
        Fault::answer(400, error.clone()),
        Fault::answer(500, error),
        Fault::answer(200, echo.clone()),
        Fault::answer(200, cut),
        Fault::answer(200, odd),
        Fault::redirect(format!("https://example.com/?{echo}")),
        Fault::instead(Reply::HangUp),
        Fault::instead(Reply::BreakOff),
        Fault::instead(Reply::Endless(200)),
    ] {
        for call in [Call::Create, Call::Get, Call::Rotate] {
            let service = Service::start();
            service.fail_next(fault.clone());
            // What a `get` repeats does not succeed then either.
            service.fail_next(Fault::status(400, &[]));
            let client = client(&service);
            let error = match call {
                Call::Create => client.create(&new_webhook()).await.map(drop),
                Call::Get => client.get("a").await.map(drop),
                _ => client.rotate("a", Revocation::Immediate).await.map(drop),
            };
            let text = all_of(&error.unwrap_err());
            for secret in [API_KEY, secret, "whsec_Mf"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
    }
}

/// Collects what is logged, by `tracing` as by `log`, which the HTTP client writes to.
#[derive(Clone, Copy)]
struct Log;

static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        WRITTEN.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut writer = *self;
        std::io::Write::write_fmt(&mut writer, format_args!("{}\n", record.args())).unwrap();
    }

    fn flush(&self) {}
}

#[test]
fn no_trace_shows_the_key_or_a_secret() {
    log::set_logger(&Log).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| Log)
        .finish();
    let service = Service::start();
    let secrets = tracing::subscriber::with_default(subscriber, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let http = reqwest::Client::builder().connection_verbose(true);
            let builder = WebhookClient::builder(ApiKey::new(API_KEY).unwrap());
            let client = builder.base_url(service.url()).http_client(http).build().unwrap();
            let id = client.create(&new_webhook()).await.unwrap().webhook.id;
            service.fail_next(Fault::status(503, &[]));
            client.get(&id).await.unwrap();
            drop(client.rotate(&id, Revocation::After24Hours).await.unwrap());
            service.secrets(&id)
        })
    });
    let text = String::from_utf8_lossy(&WRITTEN.lock().unwrap()).into_owned();
    assert!(text.contains("starting new connection"), "reqwest logs elsewhere: {text}");
    if cfg!(feature = "tracing") {
        assert!(text.contains("repeating") && text.contains("service_failed"), "{text}");
    }
    for secret in secrets.iter().map(String::as_str).chain([API_KEY, "whsec_"]) {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
}

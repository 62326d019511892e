//! Neither the API key nor a secret is in any text that may be logged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Mutex;
use std::time::Duration;

use gemini_webhooks::client::{
    ApiKey, Call, ClientError, NewWebhook, RequestProblem, WebhookClient, WebhookConfig,
    WebhookConfigBuilder, WebhookUpdate,
};
use gemini_webhooks::{EventType, Revocation};
use serde_json::json;

use crate::service::{API_KEY, Fault, Reply, Service};
use crate::source::{exported, public_in, variants};
use crate::{URI, client, impatient_client, new_webhook};

/// What each type shows, by its name.
#[derive(Default)]
struct Shown(BTreeMap<String, String>);

impl Shown {
    fn add(&mut self, name: &str, value: &dyn Debug) {
        self.0.insert(name.to_owned(), format!("{value:?} {value:#?}"));
    }
}

#[tokio::test]
async fn no_debug_text_shows_the_key_a_secret_or_the_path_of_a_uri() {
    let service = Service::start();
    let mut shown = Shown::default();
    what_is_asked_for(&mut shown);
    let secrets = what_is_answered(&mut shown, &service).await;
    let all = format!("{:?}", shown.0.values());
    for secret in secrets.iter().map(String::as_str).chain([API_KEY, "SECRET"]) {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    // Nor the beginning of a secret, which the service shows.
    assert!(!all.contains("whsec_"), "{all}");
    for name in ["NewWebhook", "WebhookUpdate", "WebhookConfig", "WebhookConfigBuilder"] {
        assert!(shown.0[name].contains("https://my-api.com/..."), "{all}");
    }
    let types = &exported("client/mod.rs") | &public_in("client/mod.rs");
    assert_eq!(shown.0.into_keys().collect::<BTreeSet<_>>(), types);
}

fn what_is_asked_for(shown: &mut Shown) {
    shown.add("ApiKey", &ApiKey::new(API_KEY).unwrap());
    shown.add("Call", &Call::Rotate);
    let types = [EventType::BatchFailed];
    let webhook = NewWebhook::new("https://my-api.com/PATH-SECRET?SECRET#SECRET", types);
    shown.add("NewWebhook", &webhook);
    let update = WebhookUpdate::new().uri("https://user:SECRET@my-api.com/PATH-SECRET");
    shown.add("WebhookUpdate", &update);
    let config = || {
        let config = WebhookConfig::builder().uri("https://my-api.com/PATH-SECRET");
        config.metadata("SECRET", "SECRET").binding_token("token", "SECRET".repeat(3))
    };
    shown.add("WebhookConfigBuilder", &config());
    shown.add("WebhookConfig", &config().build().unwrap());
    // These two hold little; below every variant is searched.
    shown.add("ClientError", &ClientError::NoSecretInAnswer);
    shown.add("RequestProblem", &RequestProblem::BindingToken);
}

/// Returns the secrets that were shown by the service, too.
async fn what_is_answered(shown: &mut Shown, service: &Service) -> Vec<String> {
    let builder = WebhookClient::builder(ApiKey::new(API_KEY).unwrap()).base_url(service.url());
    shown.add("WebhookClientBuilder", &builder);
    let client = builder.build().unwrap();
    shown.add("WebhookClient", &client);
    shown.add("WebhookStream", &client.list());
    let webhook = NewWebhook::new("https://my-api.com/PATH-SECRET", [EventType::BatchFailed]);
    let created = client.create(&webhook).await.unwrap();
    shown.add("CreatedWebhook", &created);
    let id = &created.webhook.id;
    shown.add("NewSecret", &client.rotate(id, Revocation::After24Hours).await.unwrap());
    shown.add("WebhookPage", &client.list_page(50, None).await.unwrap());
    let webhook = client.get(id).await.unwrap();
    shown.add("SigningSecretInfo", &webhook.signing_secrets);
    shown.add("SubscribedEvent", &webhook.subscribed_events);
    shown.add("WebhookState", &webhook.state);
    shown.add("Webhook", &webhook);
    service.secrets(id)
}

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

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[tokio::test]
async fn no_error_shows_the_key_or_a_secret() {
    let mut errors = not_sent().await;
    errors.extend(odd_answers().await);
    errors.extend(no_answers().await);
    let all: String = errors.iter().map(all_of).collect();
    for secret in [API_KEY, SECRET, "whsec_Mf", "PRIVATE"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    let words: BTreeSet<_> = all.split(|c: char| !c.is_alphanumeric()).collect();
    for name in ["ClientError", "RequestProblem"] {
        for variant in variants("client/error.rs", name) {
            assert!(words.contains(variant.as_str()), "{name}::{variant} was not provoked");
        }
    }
}

async fn not_sent() -> Vec<ClientError> {
    let service = Service::start();
    let client = client(&service);
    let new = |uri: &str, types: &[EventType]| NewWebhook::new(uri, types.iter().copied());
    let webhooks = [
        new("http://PRIVATE", &[EventType::BatchFailed]),
        new(URI, &[]),
        new(URI, &[EventType::BatchCancelled]),
        new_webhook().name("PRIVATE".repeat(1000)),
    ];
    let mut errors = Vec::new();
    for webhook in webhooks {
        errors.push(client.create(&webhook).await.unwrap_err());
    }
    errors.push(client.update("a", &WebhookUpdate::new()).await.unwrap_err());
    errors.push(client.get("PRIVATE/").await.unwrap_err());
    errors.push(client.list_page(0, None).await.unwrap_err());
    errors.push(client.list_page(50, Some(&"PRIVATE".repeat(1000))).await.unwrap_err());
    let at_one = || WebhookConfig::builder().uri(URI);
    let with_token =
        |config: WebhookConfigBuilder| config.binding_token("PRIVATE", "PRIVATE".repeat(3));
    let configs = [
        WebhookConfig::builder().metadata("PRIVATE", "PRIVATE"),
        at_one().metadata("PRIVATE", 1).metadata("PRIVATE", 2),
        at_one().binding_token("PRIVATE", "PRIVATE"),
        with_token(at_one().uri(URI)),
    ];
    errors.extend(configs.map(|config| config.build().unwrap_err().into()));
    assert_eq!(service.lines(), [""; 0]);
    errors
}

async fn odd_answers() -> Vec<ClientError> {
    let echo = format!("key={API_KEY} secret={SECRET}");
    let error = json!({"error": {"code": echo, "message": echo, "status": echo}}).to_string();
    let cut = format!(r#"{{"id":"a","secret":"{SECRET}","new_signing_secret":"{SECRET}""#);
    let odd =
        format!(r#"{{"id":7,"secret":["{SECRET}"],"new_signing_secret":{{"x":"{SECRET}"}}}}"#);
    let mut errors = Vec::new();
    for fault in [
        Fault::answer(400, error.clone()),
        Fault::answer(500, error),
        Fault::answer(200, echo.clone()),
        Fault::answer(200, cut),
        Fault::answer(200, odd),
        Fault::answer(200, "{}"),
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
            let result = match call {
                Call::Create => client.create(&new_webhook()).await.map(drop),
                Call::Get => client.get("a").await.map(drop),
                _ => client.rotate("a", Revocation::Immediate).await.map(drop),
            };
            errors.push(result.unwrap_err());
        }
    }
    errors
}

async fn no_answers() -> Vec<ClientError> {
    let service = Service::start();
    service.fail_always(Fault::after(Reply::Late(Duration::from_secs(20))));
    let late = impatient_client(&service, 1).get("a").await.unwrap_err();
    service.fail_always(Fault::answer(200, json!({"next_page_token": "PRIVATE"}).to_string()));
    let client = client(&service);
    let endless = client.list().next().await.unwrap().unwrap_err();
    drop(service);
    vec![late, endless, client.get("a").await.unwrap_err()]
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

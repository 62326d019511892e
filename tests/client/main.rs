//! The client against a stand-in of the service, over real HTTP.

mod calls;
mod errors;
mod job;
mod leaks;
mod lists;
mod repeats;
mod rotation;
mod service;
#[path = "../leak/source.rs"]
mod source;

use std::time::Duration;

use gemini_webhooks::EventType;
use gemini_webhooks::client::{ApiKey, NewWebhook, WebhookClient};

use self::service::{API_KEY, Service};

const URI: &str = "https://my-api.com/gemini-callback";

/// A client of the stand-in that gives a call five seconds.
fn client(service: &Service) -> WebhookClient {
    impatient_client(service, 5)
}

fn impatient_client(service: &Service, seconds: u64) -> WebhookClient {
    WebhookClient::builder(ApiKey::new(API_KEY).unwrap())
        .base_url(service.url())
        .timeout(Duration::from_secs(seconds))
        .build()
        .unwrap()
}

fn new_webhook() -> NewWebhook {
    NewWebhook::new(URI, [EventType::BatchSucceeded, EventType::BatchFailed]).name("MyBatchWebhook")
}

//! Every error, provoked by requests and settings full of marks, with all that is traced meanwhile.

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{Debug, Display};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::FromRequest as _;
use axum::response::IntoResponse as _;
use bytes::Bytes;
use gemini_webhooks::axum::Verified;
use gemini_webhooks::client::{ApiKey, WebhookClient, WebhookClientBuilder};
use gemini_webhooks::tower::VerifyLayer;
use gemini_webhooks::{
    Binding, CachedKeys, ConfigError, Dedup, DynamicVerifier, Envelope, Error, Event, HttpsFetch,
    KeySet, KeySnapshot, MemoryStore, Record, RedisStore, ReplayWindow, Secret, StaticVerifier,
    WebhookId,
};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use serde_json::json;
use tower::{Layer as _, ServiceExt as _};

use crate::log;
use crate::marks::{Marks, mark};
use crate::requests::{
    Request, accepted, cache_without_keys, contents, dynamic_builder, refused, secret, secret_text,
    secrets, set_up_wrongly, static_builder, static_request, verifier,
};
use crate::source::{variants, word};

/// All that must not be in an error or a log.
fn marks() -> Marks {
    secrets().and_all(contents())
}

#[tokio::test]
async fn no_refusal_shows_what_was_sent() {
    log::start();
    let mut errors = Vec::new();
    for request in refused() {
        errors.push(judge(&verifier(), &request).await.expect_err("a refusal"));
    }
    for (verifier, request) in set_up_wrongly() {
        errors.push(judge(&verifier, &request).await.expect_err("a refusal"));
    }
    for request in accepted() {
        judge(&verifier(), &request).await.unwrap();
    }
    errors.push(interrupted().await);
    let seen: BTreeSet<_> =
        errors.iter().map(|error| word(&format!("{error:?}")).to_owned()).collect();
    assert_eq!(seen, variants("error.rs", "Error"));
    let all = format!("{errors:?}");
    for (file, name) in
        [("error/problem.rs", "HeaderProblem"), ("error/problem.rs", "TokenProblem")]
    {
        for variant in variants(file, name) {
            assert!(all.contains(&variant), "{name}::{variant} was not provoked");
        }
    }
    assert!(log::written().contains("verify_webhook"), "nothing was traced");
    marks().must_not_be_in("the log", &log::written());
}

/// Gives a request to the verifier and to the adapters, and searches what comes of it.
async fn judge(verifier: &gemini_webhooks::Verifier, request: &Request) -> Result<(), Error> {
    let marks = marks().and_all(request.signatures());
    let verdict = verifier.verify(&request.headers, request.body.clone()).await;
    let result =
        verdict.map(|delivery| marks.must_not_be_in("a delivery", &format!("{delivery:?}")));
    if let Err(error) = &result {
        marks.must_not_be_in("an error", &shown(error));
    }
    marks.must_not_be_in("the log", &log::written());
    if let Some(request) = as_http(request) {
        let response = through_axum(verifier, request.clone().map(axum::body::Body::new)).await;
        marks.must_not_be_in("axum's answer", &response);
        let response = through_tower(verifier, request).await;
        marks.must_not_be_in("tower's answer", &response);
    }
    result
}

/// An error with all that caused it.
fn shown(error: &dyn StdError) -> String {
    let own = format!("{error} {error:?} {error:#?}");
    error.source().map_or(own.clone(), |source| own + &shown(source))
}

/// As far as HTTP can carry it.
fn as_http(request: &Request) -> Option<http::Request<Full<Bytes>>> {
    let mut http = http::Request::post("/hook");
    for (name, value) in &request.headers {
        http = http.header(name, value.as_slice());
    }
    http.body(Full::new(request.body.clone())).ok()
}

async fn through_axum(
    verifier: &gemini_webhooks::Verifier,
    request: http::Request<axum::body::Body>,
) -> String {
    match Verified::from_request(request, verifier).await {
        Ok(delivery) => format!("{delivery:?}"),
        Err(rejection) => {
            let shown = format!("{rejection:?} {}", rejection.error());
            let (parts, body) = rejection.into_response().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            assert!(body.is_empty(), "the sender is told something");
            format!("{shown} {parts:?}")
        }
    }
}

async fn through_tower(
    verifier: &gemini_webhooks::Verifier,
    request: http::Request<Full<Bytes>>,
) -> String {
    let service = tower::service_fn(|request: http::Request<Full<Bytes>>| async move {
        let delivery = request.extensions().get::<gemini_webhooks::Delivery>().unwrap();
        Ok::<_, std::convert::Infallible>(http::Response::new(format!("{delivery:?}")))
    });
    let service = VerifyLayer::new(verifier.clone()).layer(service);
    let debug = format!("{service:?}");
    format!("{debug} {:?}", service.oneshot(request).await.unwrap())
}

/// A body that breaks off, with an error that shows a mark.
struct Broken;

impl Body for Broken {
    type Data = Bytes;
    type Error = String;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, String>>> {
        Poll::Ready(Some(Err(mark("body"))))
    }
}

async fn interrupted() -> Error {
    let request = as_http(&static_request()).unwrap().map(|_| axum::body::Body::new(Broken));
    let rejection = Verified::from_request(request, &verifier()).await.unwrap_err();
    marks().must_not_be_in("a rejection", &format!("{rejection:?}"));
    rejection.error().clone()
}

fn client() -> WebhookClientBuilder {
    WebhookClient::builder(ApiKey::new(mark("secret")).unwrap())
}

#[test]
fn no_error_of_the_setup_shows_what_was_given() {
    log::start();
    let day = Duration::from_secs(24 * 3600);
    let many = || (0..9).map(|_| secret("secret"));
    let mut errors = secrets_pasted_wrongly();
    errors.extend([
        StaticVerifier::from_env("NOT_SET").unwrap_err(),
        StaticVerifier::builder().build().unwrap_err(),
        static_builder().secrets(many()).build().unwrap_err(),
        static_builder().secret(secret("secret")).max_body_bytes(1).build().unwrap_err(),
        DynamicVerifier::builder().build().unwrap_err(),
        DynamicVerifier::builder()
            .binding(Binding::dangerous_any_tenant())
            .issuer(mark("token"))
            .build()
            .unwrap_err(),
        dynamic_builder().audience("").build().unwrap_err(),
        dynamic_builder().leeway(day).build().unwrap_err(),
        ReplayWindow::new(day, day).unwrap_err(),
        Binding::metadata_token("token", &mark("token")[..15]).unwrap_err(),
        Binding::metadata_tokens("token", vec![mark("token"); 5]).unwrap_err(),
        Dedup::builder(MemoryStore::new()).keep(Duration::ZERO).build().unwrap_err(),
        CachedKeys::builder("", crate::requests::Down).ttl(Duration::ZERO).build().unwrap_err(),
        HttpsFetch::new(&format!("https://user:{}@example.com", mark("password"))).unwrap_err(),
        RedisStore::new(&format!("redis:/user:{}@example.com", mark("password"))).unwrap_err(),
        ApiKey::new(format!("{} pasted with a word", mark("secret"))).unwrap_err(),
        client()
            .base_url(format!("http://user:{}@example.com", mark("password")))
            .build()
            .unwrap_err(),
        client().timeout(Duration::ZERO).build().unwrap_err(),
        // These two depend on the machine and on the build, and hold nothing.
        ConfigError::HttpClient,
        ConfigError::NoBackend,
        // This one holds the name of a variable: `programs` provokes it.
        ConfigError::EnvNotUnicode { name: "NAME".to_owned() },
    ]);
    let seen: BTreeSet<_> =
        errors.iter().map(|error| word(&format!("{error:?}")).to_owned()).collect();
    assert_eq!(seen, variants("error/config.rs", "ConfigError"));
    for error in errors {
        marks().must_not_be_in("an error of the setup", &shown(&error));
    }
    marks().must_not_be_in("the log", &log::written());
}

/// A secret, and what people make of it.
fn secrets_pasted_wrongly() -> Vec<ConfigError> {
    let key = mark("secret");
    let (text, long) = (secret_text(key.as_bytes()), secret_text(key.repeat(5).as_bytes()));
    let wrong = [
        String::new(),
        format!("\"{text}\""),
        format!("{text}\n"),
        format!("v1,{text}"),
        text.replace("whsec", "whsk"),
        text.replace("whsec", "whpk"),
        text.replace("whsec", "WHSEC"),
        format!("{text}-"),
        format!("{}*", &text[..49]),
        format!("{text}A"),
        text[..30].to_owned(),
        long,
    ];
    let mut errors: Vec<_> = wrong.iter().map(|text| Secret::parse(text).unwrap_err()).collect();
    let all = format!("{errors:?}");
    for variant in variants("error/config.rs", "SecretProblem") {
        assert!(all.contains(&variant), "SecretProblem::{variant} was not provoked");
    }
    errors.extend(
        wrong.iter().map(|text| Secret::parse_list(&format!("{text} {text}")).unwrap_err()),
    );
    errors.push(Secret::from_raw_bytes(&key.as_bytes()[..20]).unwrap_err());
    errors
}

#[test]
fn no_error_of_reading_shows_what_was_read() {
    log::start();
    let (body, document) = (mark("body"), format!(r#"{{"keys":"{}"}}"#, mark("body")));
    let not_events = [
        body.clone(),
        format!("{{{body}}}"),
        format!(r#""{body}""#),
        format!(r#"["{body}"]"#),
        format!(r#"{{"type":["{body}"]}}"#),
        format!(r#"{{"type":"{body}","{body}":1,"{body}":2}}"#),
        format!(r#"{{"type":"{body}","x":{}}}"#, "[".repeat(100)),
        format!(r#"{{"unreadable":"{body}"}}"#),
    ];
    for json in &not_events {
        let texts = [
            Envelope::from_slice(json.as_bytes()).err().map(|error| both(&error)),
            Some(both(&serde_json::from_str::<Envelope>(json).unwrap_err())),
            Some(both(&serde_json::from_str::<Event>(json).unwrap_err())),
        ];
        marks().must_not_be_in("an error of reading an event", &format!("{texts:?}"));
    }
    let record = json!({
        "webhook_id": "msg_1",
        "webhook_timestamp": 1,
        "scheme": "ed25519",
        "body_authentication": "signed",
        "envelope": { "type": "webhook.ping" },
    });
    let fields: Vec<_> = record.as_object().unwrap().keys().map(String::as_str).collect();
    let records = fields.into_iter().chain(["raw"]).flat_map(|field| {
        [json!(body), json!([body]), json!({ &body: body })].map(|value| {
            let mut record = record.clone();
            record[field] = value;
            record.to_string()
        })
    });
    for json in records {
        if let Err(error) = serde_json::from_str::<Record>(&json) {
            marks().must_not_be_in("an error of reading a record", &both(&error));
        }
    }
    let error = WebhookId::try_from(format!("{body} ")).unwrap_err();
    marks().must_not_be_in("an error of reading an id", &format!("{error} {error:?}"));
    let error = KeySet::from_json(document.as_bytes()).unwrap_err();
    marks().must_not_be_in("an error of reading keys", &both(&error));
    let snapshot = format!(r#"{{"url":"https://{body}","fetched_at":1,"document":"{body}"}}"#);
    let snapshot: KeySnapshot = serde_json::from_str(&snapshot).unwrap();
    let error = cache_without_keys().import(&snapshot).unwrap_err();
    marks().must_not_be_in("an error of importing keys", &both(&error));
}

fn both<E: Display + Debug>(error: &E) -> String {
    format!("{error} {error:?}")
}

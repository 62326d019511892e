//! A receiver for static and dynamic webhooks at one endpoint, on hyper, behind the tower layer.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...     # of the registered webhook: 1 to 8, one space between
//! export GEMINI_AUDIENCE=my-project-client-id # whom a JWT must be addressed to
//! export GEMINI_TOKEN=$(openssl rand -hex 16) # also `user_metadata.token` of your webhook_config
//! cargo run --example tower                   # listens on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! The service inside is called for authentic requests alone; a layer around it logs the others.
//! For webhooks of one kind alone, give the layer that verifier. `recipes/hyper` does without tower.

use std::convert::Infallible;
use std::env;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use gemini_webhooks::tower::VerifyLayer;
use gemini_webhooks::{Binding, CachedKeys, Delivery, DynamicVerifier, StaticVerifier, Verifier};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::ServiceBuilder;

type Answer = Response<Full<Bytes>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let layer = VerifyLayer::new(verifier()?);
    let service = ServiceBuilder::new().map_response(log).layer(layer).service_fn(hook);
    let service = TowerToHyperService::new(service);
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let Ok((connection, _)) = listener.accept().await else {
            // Out of handles, say: soon there may be some again.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            if let Err(error) = server.serve_connection(TokioIo::new(connection), service).await {
                eprintln!("{error}");
            }
        });
    }
}

fn verifier() -> Result<Verifier, Box<dyn Error>> {
    let static_webhooks = StaticVerifier::from_env("WEBHOOK_SIGNING_SECRET")?;
    let dynamic_webhooks = DynamicVerifier::builder()
        .audience(variable("GEMINI_AUDIENCE")?)
        .binding(Binding::metadata_token("token", variable("GEMINI_TOKEN")?)?)
        .keys(CachedKeys::google()?)
        .build()?;
    Ok(Verifier::new(static_webhooks, dynamic_webhooks))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set, or is not text"))
}

async fn hook(request: Request<Full<Bytes>>) -> Result<Answer, Infallible> {
    let status = match request.extensions().get::<Delivery>() {
        Some(delivery) if request.method() == Method::POST => {
            println!("{}: {:?}", delivery.id(), delivery.event());
            StatusCode::NO_CONTENT
        }
        _ => StatusCode::METHOD_NOT_ALLOWED,
    };
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    Ok(answer)
}

/// The sender learns the status alone.
fn log(answer: Answer) -> Answer {
    if let Some(error) = answer.extensions().get::<gemini_webhooks::Error>() {
        eprintln!("refused, {}: {error}", error.code());
    }
    answer
}

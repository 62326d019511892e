//! A receiver for static webhooks on hyper, behind the tower layer.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...   # 1 to 8 secrets, one space between
//! cargo run --example tower                 # listens on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! The service inside is called for authentic requests alone; a layer around it logs the others.
//! For dynamic webhooks, or both kinds, give it another verifier: see `axum_mixed.rs`.

use std::convert::Infallible;
use std::env;
use std::error::Error;

use bytes::Bytes;
use gemini_webhooks::tower::VerifyLayer;
use gemini_webhooks::{Delivery, StaticVerifier};
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
    let verifier = StaticVerifier::from_env("WEBHOOK_SIGNING_SECRET")?;
    let service =
        ServiceBuilder::new().map_response(log).layer(VerifyLayer::new(verifier)).service_fn(hook);
    let service = TowerToHyperService::new(service);
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (connection, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            if let Err(error) = server.serve_connection(TokioIo::new(connection), service).await {
                eprintln!("{error}");
            }
        });
    }
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

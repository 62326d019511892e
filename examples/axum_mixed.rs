//! A receiver for static and dynamic webhooks at one endpoint, on axum.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...     # of the registered webhook: 1 to 8, one space between
//! export GEMINI_AUDIENCE=my-project-client-id # whom a JWT must be addressed to
//! export GEMINI_TOKEN=$(openssl rand -hex 16) # also `user_metadata.token` of your webhook_config
//! cargo run --example axum_mixed              # listens on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! The syntax of `webhook-signature` decides who verifies a request. Google's keys are fetched when
//! the first dynamic webhook arrives; while they cannot be had, those are answered with 503, and
//! static webhooks are served as ever.
//!
//! `examples/receiver.rs` shows what to do with a delivery, and how to stop.

use std::env;
use std::error::Error;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::{Rejection, Verified};
use gemini_webhooks::{Binding, CachedKeys, DynamicVerifier, Scheme, StaticVerifier, Verifier};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = Router::new().route("/gemini-callback", post(hook)).with_state(verifier()?);
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
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

/// Reads a setting. The error of `env::var` would show one that is not text.
fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set, or is not text"))
}

/// Tells of authentic deliveries. A refusal is logged here; the sender learns the status alone.
async fn hook(verified: Result<Verified, Rejection>) -> Result<StatusCode, Rejection> {
    let Verified(delivery) = verified.inspect_err(|rejection| {
        eprintln!("refused, {}: {}", rejection.error().code(), rejection.error());
    })?;
    let scheme = match delivery.scheme() {
        Scheme::Static(_) => "static",
        Scheme::Jwt(_) => "dynamic, by a JWT",
        Scheme::Ed25519 => "dynamic, by v1a",
        _ => "of another kind",
    };
    println!("{}, {scheme}: {:?}", delivery.id(), delivery.event());
    Ok(StatusCode::NO_CONTENT)
}

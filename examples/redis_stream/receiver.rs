//! A receiver: verifies, puts into the stream, answers.

use std::env;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::{Rejection, Verified};
use gemini_webhooks::{StaticVerifier, Verifier};
use tokio::net::TcpListener;

use super::Result;
use super::intake::Intake;

#[derive(Clone)]
struct App {
    verifier: Verifier,
    intake: Intake,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

pub(crate) async fn run(redis_url: &str) -> Result<()> {
    let verifier = StaticVerifier::from_env("WEBHOOK_SIGNING_SECRET")?.into();
    let intake = Intake::new(redis_url)?;
    let app =
        Router::new().route("/gemini-callback", post(hook)).with_state(App { verifier, intake });
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/gemini-callback", listener.local_addr()?);
    // Nothing is in this process that a sudden end could lose.
    Ok(axum::serve(listener, app).await?)
}

async fn hook(
    State(app): State<App>,
    Verified(delivery): Verified,
) -> Result<StatusCode, Rejection> {
    Ok(match app.intake.accept(delivery).await {
        Ok(_new_or_duplicate) => StatusCode::NO_CONTENT,
        Err(error) => {
            eprintln!("not accepted: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        }
    })
}

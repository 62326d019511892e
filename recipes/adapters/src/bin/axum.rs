//! The extractor for axum.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::{Rejection, Verified};
use recipe_adapters::{Problem, accepted, refused};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Problem> {
    recipe_setup::log();
    let app = Router::new().route("/gemini-callback", post(hook));
    let app = app.with_state(recipe_setup::verifier()?);
    let listener = TcpListener::bind(recipe_setup::address()).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn hook(verified: Result<Verified, Rejection>) -> Result<StatusCode, Rejection> {
    let Verified(delivery) = verified.inspect_err(|rejection| refused(rejection.error()))?;
    accepted(&delivery);
    Ok(StatusCode::NO_CONTENT)
}

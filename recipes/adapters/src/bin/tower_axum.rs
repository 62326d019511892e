//! The layer for tower, under axum.

use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router, middleware};
use gemini_webhooks::tower::VerifyLayer;
use gemini_webhooks::{Delivery, Error};
use recipe_adapters::{Problem, accepted, refused};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Problem> {
    recipe_setup::log();
    let verified = post(hook)
        .layer(VerifyLayer::new(recipe_setup::verifier()?))
        .layer(middleware::map_response(log));
    let app = Router::new().route("/gemini-callback", verified);
    let listener = TcpListener::bind(recipe_setup::address()).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    Ok(axum::serve(listener, app).await?)
}

async fn hook(Extension(delivery): Extension<Delivery>) -> StatusCode {
    accepted(&delivery);
    StatusCode::NO_CONTENT
}

async fn log(answer: Response) -> Response {
    answer.extensions().get::<Error>().inspect(|error| refused(error));
    answer
}

//! A receiver for static webhooks, as you would run it.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...   # 1 to 8 secrets, one space between
//! cargo run --example receiver              # listens on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! It verifies, answers 2xx at once, and hands the event to a task: the sender waits a few seconds
//! at most, and retries everything else for 24 hours. When the task falls behind, the answer is
//! 503, and the sender comes again. It stops on Ctrl-C and SIGTERM, once the queue is empty.
//!
//! The queue is in memory: what was answered is lost if the process is killed. Where that matters,
//! write a `Record` of the delivery to a database or a queue before the answer.

use std::env;
use std::error::Error;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::post;
use gemini_webhooks::axum::{Rejection, Verified};
use gemini_webhooks::{Delivery, Event, StaticVerifier, Verifier};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// How many deliveries may wait for the task.
const QUEUE: usize = 1024;

#[derive(Clone)]
struct App {
    verifier: Verifier,
    queue: mpsc::Sender<Delivery>,
}

impl FromRef<App> for Verifier {
    fn from_ref(app: &App) -> Self {
        app.verifier.clone()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let verifier = StaticVerifier::from_env("WEBHOOK_SIGNING_SECRET")?.into();
    let (queue, deliveries) = mpsc::channel(QUEUE);
    let task = tokio::spawn(work(deliveries));
    let app =
        Router::new().route("/gemini-callback", post(hook)).with_state(App { verifier, queue });
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    let mut terminated = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => (),
            _ = terminated.recv() => (),
        }
    };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    // The router is gone and with it the queue's sender: the task ends when the queue is empty.
    Ok(task.await?)
}

/// Hands authentic deliveries on. A refusal is logged here; the sender learns the status alone.
async fn hook(
    State(app): State<App>,
    verified: Result<Verified, Rejection>,
) -> Result<StatusCode, Rejection> {
    let Verified(delivery) = verified.inspect_err(|rejection| {
        eprintln!("refused, {}: {}", rejection.error().code(), rejection.error());
    })?;
    Ok(match app.queue.try_send(delivery) {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    })
}

/// Works through the deliveries, which come at least once and in any order: a real task runs each by
/// `Dedup::process_once`, since beside a JWT the id is not signed.
async fn work(mut deliveries: mpsc::Receiver<Delivery>) {
    while let Some(delivery) = deliveries.recv().await {
        let id = delivery.id();
        match delivery.event() {
            Event::BatchSucceeded(batch) => {
                println!("{id}: batch {:?} succeeded: {:?}", batch.id, batch.output_file_uri);
            }
            Event::BatchFailed(failure) | Event::InteractionFailed(failure) => {
                println!("{id}: {:?} failed: {:?}", failure.id, failure.error_message);
            }
            Event::VideoGenerated(video) => println!("{id}: video at {:?}", video.uri()),
            other => println!("{id}: {other:?}"),
        }
    }
}

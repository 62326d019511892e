//! A receiver for static and dynamic webhooks at one endpoint, on actix-web.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...     # of the registered webhook: 1 to 8, one space between
//! export GEMINI_AUDIENCE=my-project-client-id # whom a JWT must be addressed to
//! export GEMINI_TOKEN=$(openssl rand -hex 16) # also `user_metadata.token` of your webhook_config
//! cargo run --features actix-web --example actix_web   # on 127.0.0.1:8000, or on $LISTEN
//! ```
//!
//! It verifies, answers 2xx at once, and hands the event to a task: the sender waits a few seconds
//! at most, and retries everything else for 24 hours. When the task falls behind, the answer is
//! 503, and the sender comes again. It stops on Ctrl-C and SIGTERM, once the queue is empty.
//!
//! For webhooks of one kind alone, give it that verifier, by `into()`.

use std::env;
use std::error::Error;

use actix_web::rt::{System, spawn};
use actix_web::{App, HttpResponse, HttpServer, web};
use gemini_webhooks::actix_web::{Rejection, Verified};
use gemini_webhooks::{Binding, CachedKeys, Delivery, DynamicVerifier, StaticVerifier, Verifier};
use tokio::sync::mpsc;

/// How many deliveries may wait for the task.
const QUEUE: usize = 1024;

type Queue = mpsc::Sender<Delivery>;

fn main() -> Result<(), Box<dyn Error>> {
    System::new().block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let verifier = verifier()?;
    let (queue, deliveries) = mpsc::channel(QUEUE);
    let task = spawn(work(deliveries));
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(verifier.clone())
            .app_data(web::Data::new(queue.clone()))
            .route("/gemini-callback", web::post().to(hook))
    })
    .bind(address)?;
    println!("listening on {:?}", server.addrs());
    server.run().await?;
    // The workers are gone and with them the queue's senders: the task ends when it is empty.
    Ok(task.await?)
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

/// Hands authentic deliveries on. A refusal is logged here; the sender learns the status alone.
async fn hook(
    verified: Result<Verified, Rejection>,
    queue: web::Data<Queue>,
) -> Result<HttpResponse, Rejection> {
    let Verified(delivery) = verified.inspect_err(|reason| eprintln!("refused: {reason}"))?;
    Ok(match queue.try_send(delivery) {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::ServiceUnavailable().finish(),
    })
}

/// Works through the deliveries, which come at least once and in any order: a real task runs each by
/// `Dedup::process_once`, since beside a JWT the id is not signed.
async fn work(mut deliveries: mpsc::Receiver<Delivery>) {
    while let Some(delivery) = deliveries.recv().await {
        println!("{}: {:?}", delivery.id(), delivery.event());
    }
}

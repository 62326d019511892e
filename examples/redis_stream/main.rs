//! Answer first, work later, on several machines: the queue is a stream in Redis (6.2 or later).
//!
//! ```text
//! cargo run --features redis --example redis_stream                 # plays it all, and checks it
//!
//! export REDIS_URL=redis://127.0.0.1/ WEBHOOK_SIGNING_SECRET=whsec_...
//! cargo run --features redis --example redis_stream -- receiver     # on $LISTEN
//! cargo run --features redis --example redis_stream -- worker NAME  # as many as you like
//! ```
//!
//! A receiver verifies, and then in one atomic step claims the event and appends it to the stream: so
//! that it answers 2xx to what is in the stream, once, and to nothing else. Workers share the stream
//! as a consumer group; what a worker had in hand when it died is taken over by the others.
//!
//! What a worker does to Redis in the transaction that takes the event off the stream happens exactly
//! once. Everything else that it does happens *at least* once, since it may die between that and the
//! transaction: let the receiving side deduplicate, by the webhook-id for instance.
//!
//! Redis must keep what it acknowledges: `appendonly yes`, `maxmemory-policy noeviction`.

mod intake;
mod receiver;
mod scenario;
mod server;
mod worker;

use std::env;
use std::error::Error;

pub(crate) type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["receiver"] => receiver::run(&redis_url()?).await,
        ["worker", name] => worker::run(&redis_url()?, name).await,
        _ => scenario::run().await,
    }
}

/// Reads where Redis is, which may hold a password: the error of `env::var` would show it.
fn redis_url() -> Result<String> {
    env::var("REDIS_URL").map_err(|_| "REDIS_URL is not set".into())
}

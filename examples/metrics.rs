//! A receiver that counts its verdicts, for Prometheus.
//!
//! ```text
//! export WEBHOOK_SIGNING_SECRET=whsec_...   # 1 to 8 secrets, one space between
//! cargo run --example metrics               # listens on 127.0.0.1:8000, or on $LISTEN
//! curl http://127.0.0.1:8000/metrics
//! ```
//!
//! Every verification is counted by its scheme and its outcome: a few values each, whatever
//! strangers send. Serve `/metrics` on an address of its own where the endpoint is public.

use std::env;
use std::error::Error;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use gemini_webhooks::axum::Verified;
use gemini_webhooks::{StaticVerifier, Verdict};
use prometheus::{Histogram, HistogramOpts, IntCounterVec, Opts, Registry, TextEncoder};
use tokio::net::TcpListener;

/// What is known of all verifications so far.
#[derive(Clone)]
struct Metrics {
    registry: Registry,
    verdicts: IntCounterVec,
    skew: Histogram,
}

impl Metrics {
    fn new() -> prometheus::Result<Self> {
        let verdicts = Opts::new("webhook_verdicts_total", "Verifications by scheme and outcome");
        let skew =
            HistogramOpts::new("webhook_skew_seconds", "How far timestamps are off our clock");
        let metrics = Self {
            registry: Registry::new(),
            verdicts: IntCounterVec::new(verdicts, &["scheme", "outcome"])?,
            skew: Histogram::with_opts(skew.buckets(vec![1.0, 5.0, 30.0, 60.0, 300.0]))?,
        };
        metrics.registry.register(Box::new(metrics.verdicts.clone()))?;
        metrics.registry.register(Box::new(metrics.skew.clone()))?;
        Ok(metrics)
    }

    fn count(&self, verdict: &Verdict) {
        let scheme = verdict.scheme().map_or("none", |scheme| scheme.code());
        self.verdicts.with_label_values(&[scheme, verdict.outcome()]).inc();
        // Of what was refused the timestamp is a stranger's.
        let accepted = verdict.refusal().is_none();
        if let Some(skew) = verdict.skew().filter(|_| accepted) {
            self.skew.observe(u32::try_from(skew.unsigned_abs()).map_or(f64::INFINITY, f64::from));
        }
    }
}

async fn hook(Verified(delivery): Verified) -> StatusCode {
    println!("{:?}", delivery.event());
    StatusCode::NO_CONTENT
}

async fn export(State(registry): State<Registry>) -> Result<String, StatusCode> {
    let text = TextEncoder::new().encode_to_string(&registry.gather());
    text.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let metrics = Metrics::new()?;
    let secrets = setting("WEBHOOK_SIGNING_SECRET")?;
    let counted = metrics.clone();
    let verifier = StaticVerifier::builder()
        .secrets(gemini_webhooks::Secret::parse_list(&secrets)?)
        .on_verdict(move |verdict| counted.count(verdict))
        .build()?;
    let app = Router::new().route("/gemini-callback", post(hook)).with_state(verifier);
    let app = app.merge(Router::new().route("/metrics", get(export)).with_state(metrics.registry));
    let address = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

/// Reads a setting. The error of `env::var` would show one that is not Unicode.
fn setting(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("{name} is not set"))
}

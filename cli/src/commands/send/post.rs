//! Posts deliveries, several at once, and tallies the answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::{Client, Url};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::Sent;
use super::answers::{Answer, Attempt, Expected, NoAnswer, Tally};
use super::event::Event;
use super::signer::{Signed, Signer};
use super::tamper::Tamper;
use crate::exit::Failure;
use crate::moment;
use crate::output::Output;
use crate::web;

/// Up to so many attempts are told one by one.
const FEW: u64 = 20;

/// All that is to be sent.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) url: Url,
    pub(super) timeout: Duration,
    pub(super) events: Vec<Event>,
    pub(super) signer: Signer,
    pub(super) id: Option<String>,
    pub(super) time: Sent,
    /// How often each event is sent.
    pub(super) attempts: u64,
    pub(super) tamper: Option<Tamper>,
    pub(super) count: u64,
    pub(super) concurrency: u16,
}

/// What the workers share.
struct Shared {
    load: Arc<Load>,
    client: Client,
    expected: Expected,
    output: Output,
    bar: ProgressBar,
    next: AtomicU64,
}

/// Sends it all, tells of it, and returns what came back.
pub(super) async fn send_all(
    load: Arc<Load>,
    expected: Expected,
    output: Output,
) -> Result<Tally, Failure> {
    let client = web::client(&load.url, load.timeout, usize::from(load.concurrency))?;
    let bar = bar(&load, output);
    let shared = Arc::new(Shared { load, client, expected, output, bar, next: AtomicU64::new(0) });
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..shared.load.concurrency {
        workers.spawn(Arc::clone(&shared).work());
    }
    let mut tally = Tally::new()?;
    while let Some(worked) = workers.join_next().await {
        tally.merge(&worked.map_err(Failure::usage)??)?;
    }
    shared.bar.finish_and_clear();
    if shared.load.total() > 1 {
        output.report(&tally.summary(start.elapsed()))?;
    }
    Ok(tally)
}

/// A bar on a terminal, where there is something to wait for.
fn bar(load: &Load, output: Output) -> ProgressBar {
    let bar = ProgressBar::new(load.total());
    if output.is_json() || load.total() <= FEW {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let template = "{bar:40.green} {pos}/{len} {per_sec} {eta} left";
    // The template is a constant that the crate reads.
    bar.with_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    )
}

impl Load {
    fn total(&self) -> u64 {
        self.events_in_all().saturating_mul(self.attempts)
    }

    /// At least one of each kind that was asked for.
    fn events_in_all(&self) -> u64 {
        self.count.max(u64::try_from(self.events.len()).unwrap_or(u64::MAX))
    }

    fn event(&self, index: u64) -> Option<&Event> {
        let kinds = u64::try_from(self.events.len()).ok()?;
        self.events.get(usize::try_from(index.checked_rem(kinds)?).ok()?)
    }

    /// Signs one attempt anew, as the service does for each retry.
    fn signed(&self, id: &str, body: Bytes) -> Result<Signed, Failure> {
        let mut signed = self.signer.sign(id, self.time.time(), body)?;
        if let Some(tamper) = self.tamper {
            tamper.apply(&mut signed);
        }
        Ok(signed)
    }
}

impl Shared {
    /// Takes one event after the other until there are none left.
    async fn work(self: Arc<Self>) -> Result<Tally, Failure> {
        let mut tally = Tally::new()?;
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.load.events_in_all() {
                return Ok(tally);
            }
            let Some(event) = self.load.event(index) else { return Ok(tally) };
            let new_id = || format!("msg_{}", Uuid::new_v4());
            let (id, body) = (self.load.id.clone().unwrap_or_else(new_id), event.body()?);
            for _ in 0..self.load.attempts {
                let attempt = self.post(self.load.signed(&id, body.clone())?).await?;
                tally.add(&attempt.answer, attempt.expected, attempt.latency_ms);
                self.bar.inc(1);
                if self.load.total() <= FEW {
                    self.output.report(&attempt)?;
                }
            }
        }
    }

    async fn post(&self, signed: Signed) -> Result<Attempt, Failure> {
        let headers = headers(&signed)?;
        let request = self.client.post(self.load.url.clone()).headers(headers).body(signed.body);
        let start = Instant::now();
        let answer = match request.send().await {
            Ok(response) => Answer::Status(response.status().as_u16()),
            Err(error) if error.is_timeout() => Answer::None(NoAnswer::Timeout),
            Err(error) if error.is_connect() => Answer::None(NoAnswer::NoConnection),
            Err(_) => Answer::None(NoAnswer::Broken),
        };
        let expected = matches!(answer, Answer::Status(status) if self.expected.contains(status));
        Ok(Attempt {
            id: signed.id,
            sent_at: moment::parse(&signed.timestamp).map_or(signed.timestamp, moment::rfc3339),
            answer,
            expected,
            latency_ms: start.elapsed(),
        })
    }
}

fn headers(signed: &Signed) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let rows = [
        ("webhook-id", &signed.id),
        ("webhook-timestamp", &signed.timestamp),
        ("webhook-signature", &signed.signature),
    ];
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        let value = HeaderValue::from_str(value)
            .map_err(|_| Failure::usage(format_args!("{name} cannot be sent as a header")))?;
        headers.insert(name, value);
    }
    Ok(headers)
}

//! The table: what was sent, and what came of it.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use gemini_webhooks::testing::SignedRequest;
use gemini_webhooks::{Delivery, Error};
use tokio::net::TcpListener;

use crate::Result;

/// Where receivers make known what became of their last request.
#[derive(Clone, Default)]
pub(crate) struct Outcomes(Arc<Mutex<Outcome>>);

/// What a receiver made of a request: "accepted", "duplicate" or the code of the error.
#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) verdict: String,
    event: String,
}

impl Outcomes {
    /// Notes a delivery that was taken.
    pub(crate) fn note(&self, verdict: &str, delivery: &Delivery) {
        self.set(verdict, format!("{:?}", delivery.event()));
    }

    /// Notes why a request was refused.
    pub(crate) fn note_refusal(&self, error: &Error) {
        self.set(error.code(), String::new());
    }

    fn set(&self, verdict: &str, event: String) {
        *lock(&self.0) = Outcome { verdict: verdict.to_owned(), event };
    }
}

/// The Gemini side: sends requests and keeps the score.
pub(crate) struct Table {
    http: reqwest::Client,
    outcomes: Outcomes,
    wrong: usize,
}

impl Table {
    pub(crate) fn new() -> Result<Self> {
        println!("  {:<46} http {:<20} event", "request", "verdict");
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, outcomes: Outcomes::default(), wrong: 0 })
    }

    pub(crate) fn outcomes(&self) -> Outcomes {
        self.outcomes.clone()
    }

    pub(crate) fn wrong(&self) -> usize {
        self.wrong
    }

    /// Sends a request and prints what came of it.
    pub(crate) async fn send(
        &mut self,
        url: &str,
        what: &str,
        request: &SignedRequest,
        expected: &str,
    ) -> Result<()> {
        let (status, Outcome { verdict, event }) = self.post(url, request).await?;
        let right = verdict == expected && status == status_of(expected);
        let event: String = event.chars().take(66).collect();
        self.row(right, &format!("{what:<46} {status}  {verdict:<20} {event}"));
        Ok(())
    }

    /// Sends a request and leaves the table alone.
    pub(crate) async fn post(&self, url: &str, request: &SignedRequest) -> Result<(u16, Outcome)> {
        let SignedRequest { headers, body } = request.clone();
        let answer = self.http.post(url).headers(headers).body(body).send().await?;
        Ok((answer.status().as_u16(), std::mem::take(&mut *lock(&self.outcomes.0))))
    }

    /// Prints a row that begins with an exclamation mark if it is not right.
    pub(crate) fn row(&mut self, right: bool, text: &str) {
        self.wrong += usize::from(!right);
        println!("{} {}", if right { ' ' } else { '!' }, text.trim_end());
    }
}

/// What goes over the wire tells no more than this.
fn status_of(verdict: &str) -> u16 {
    match verdict {
        "accepted" | "duplicate" => 200,
        "body_too_large" => 413,
        "keys_unreachable" => 503,
        _ => 400,
    }
}

pub(crate) fn section(title: &str) {
    println!("  -- {title}");
}

/// Serves on a port of 127.0.0.1, and returns where that is.
pub(crate) async fn serve(app: Router) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(url)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

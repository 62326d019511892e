//! What is told of each request: in the order in which they came, behind the answers, so that no
//! sender can learn anything by how long its answer takes.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use gemini_webhooks::explain::{Explainer, Explanation};
use gemini_webhooks::{Delivery, Error};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::forward::Forwarded;
use crate::error_view::{ErrorView, exit_of};
use crate::exit::{Exit, Failure, Run};
use crate::moment;
use crate::output::{self, Output, Report};
use crate::receiver::Stop;
use crate::style::{BAD, DIM, GOOD, WARN};
use crate::view::DeliveryView;

/// How many requests may wait to be told of; a refused one holds its body until then.
const WAITING: usize = 64;

/// What there is to tell of one request.
pub(super) struct Entry {
    pub(super) at: SystemTime,
    pub(super) status: u16,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    Accepted {
        delivery: Box<Delivery>,
        is_repeated: bool,
        forwarded: Option<Forwarded>,
    },
    /// Without the body where that did not arrive, or not whole.
    Refused {
        error: Error,
        headers: HeaderMap,
        body: Option<Bytes>,
    },
}

impl Outcome {
    /// A refusal, with what is answered to it.
    pub(super) fn refused(
        error: Error,
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> (StatusCode, Self) {
        (error.status(), Self::Refused { error, headers, body })
    }
}

/// Where requests hand on what there is to tell.
#[derive(Clone)]
pub(super) struct Lines {
    sender: Sender<Entry>,
    untold: Arc<Mutex<Untold>>,
}

/// Refusals that found no place.
struct Untold {
    number: u64,
    worst: Exit,
}

impl Default for Untold {
    fn default() -> Self {
        Self { number: 0, worst: Exit::Ok }
    }
}

/// Says that nobody tells any more: we are about to stop.
pub(super) struct Closed;

impl Lines {
    /// Whether nobody tells any more.
    pub(super) fn are_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Waits for a place if it was accepted. What strangers send is left out when too much of it
    /// waits, and counted.
    pub(super) async fn add(&self, entry: Entry) -> Result<(), Closed> {
        match &entry.outcome {
            Outcome::Accepted { .. } => self.sender.send(entry).await.map_err(|_| Closed),
            Outcome::Refused { error, .. } => {
                let exit = exit_of(error);
                match self.sender.try_send(entry) {
                    Ok(()) => Ok(()),
                    Err(TrySendError::Full(_)) => {
                        lock(&self.untold).add(exit);
                        Ok(())
                    }
                    Err(TrySendError::Closed(_)) => Err(Closed),
                }
            }
        }
    }
}

impl Untold {
    fn add(&mut self, exit: Exit) {
        self.number = self.number.saturating_add(1);
        self.worst = worst_of(self.worst, exit);
    }
}

fn lock(untold: &Mutex<Untold>) -> MutexGuard<'_, Untold> {
    untold.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells of the requests.
pub(super) struct Journal {
    explainer: Arc<Explainer>,
    entries: Receiver<Entry>,
    untold: Arc<Mutex<Untold>>,
    stop: Stop,
    /// Said once nobody is served any more.
    closed: Stop,
    /// How many more until we stop.
    left: Option<u64>,
    worst: Exit,
    output: Output,
}

impl Journal {
    pub(super) fn new(
        explainer: Explainer,
        count: Option<u64>,
        stop: Stop,
        closed: Stop,
        output: Output,
    ) -> (Self, Lines) {
        let (sender, entries) = mpsc::channel(WAITING);
        let untold = Arc::<Mutex<Untold>>::default();
        let lines = Lines { sender, untold: Arc::clone(&untold) };
        let (explainer, left, worst) = (Arc::new(explainer), count, Exit::Ok);
        (Self { explainer, entries, untold, stop, closed, left, worst, output }, lines)
    }

    /// Tells of one after the other, until there will be no more, or nothing can be told any more.
    /// With a count, what the worst of them was is the end.
    pub(super) async fn write(mut self) -> Run {
        let is_counted = self.left.is_some();
        let told = self.tell_all().await;
        self.stop.stop();
        told?;
        Ok(if is_counted { self.worst } else { Exit::Ok })
    }

    async fn tell_all(&mut self) -> Result<(), Failure> {
        while let Some(entry) = self.next().await {
            let line = self.line(entry).await;
            self.output.report(&line)?;
            let is_last = self.note(1, line.exit());
            let untold = self.tell_of_untold();
            if self.note(untold.number, untold.worst) || is_last {
                break;
            }
        }
        Ok(())
    }

    /// Counts so many, and says whether it was the last of them.
    fn note(&mut self, number: u64, exit: Exit) -> bool {
        self.worst = worst_of(self.worst, exit);
        self.left = self.left.map(|left| left.saturating_sub(number));
        self.left == Some(0)
    }

    /// The next one; none once nobody is served any more. A connection that hangs may hold on to its
    /// end of the channel for ever.
    async fn next(&mut self) -> Option<Entry> {
        tokio::select! {
            biased;
            entry = self.entries.recv() => entry,
            () = self.closed.wait() => None,
        }
    }

    fn tell_of_untold(&self) -> Untold {
        let untold = std::mem::take(&mut *lock(&self.untold));
        if untold.number > 0 {
            let number = untold.number;
            output::warning(format_args!("{number} more were refused, too fast to tell"));
        }
        untold
    }

    async fn line(&self, entry: Entry) -> Line {
        let Entry { at, status, outcome } = entry;
        let line = Line { at: moment::rfc3339(at), status, ..Line::default() };
        match outcome {
            Outcome::Accepted { delivery, is_repeated, forwarded } => {
                let delivery = Some(DeliveryView::new(&delivery));
                Line { verdict: "accepted", delivery, is_repeated, forwarded, ..line }
            }
            Outcome::Refused { error, headers, body } => {
                let view = ErrorView::new(&error);
                let explanation = match body {
                    Some(body) => self.explain(at, headers, body).await,
                    None => None,
                };
                Line { verdict: view.verdict(), error: Some(view), explanation, ..line }
            }
        }
    }

    /// Looks for what happened, which may cost 64 MACs: apart from the threads that answer.
    async fn explain(
        &self,
        at: SystemTime,
        headers: HeaderMap,
        body: Bytes,
    ) -> Option<Explanation> {
        let explainer = Arc::clone(&self.explainer);
        let explain = move || explainer.explain_at(&headers, &body, at);
        tokio::task::spawn_blocking(explain).await.ok()
    }
}

/// A refusal outweighs what could not be judged.
fn worst_of(one: Exit, other: Exit) -> Exit {
    let rank = |exit| match exit {
        Exit::Ok => 0,
        Exit::Undecided => 1,
        Exit::Usage => 2,
        Exit::Refused => 3,
        Exit::Unread => 4,
    };
    if rank(one) >= rank(other) { one } else { other }
}

#[derive(Debug, Default, Serialize)]
struct Line {
    at: String,
    verdict: &'static str,
    status: u16,
    #[serde(rename = "repeated")]
    is_repeated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery: Option<DeliveryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<Forwarded>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<Explanation>,
}

impl Line {
    fn exit(&self) -> Exit {
        self.error.as_ref().map_or(Exit::Ok, ErrorView::exit)
    }
}

impl Report for Line {
    const KIND: &'static str = "delivery";
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, verdict, status, is_repeated, delivery, forwarded, error, explanation } =
            self;
        let style = if error.is_none() { GOOD } else { BAD };
        let time = moment::time_of_day(at);
        write!(f, "{DIM}{time}{DIM:#} {style}{verdict}{style:#} ")?;
        if let Some(delivery) = delivery {
            write!(f, "{delivery}")?;
        }
        if *is_repeated {
            write!(f, "\n    {WARN}again:{WARN:#} this event was accepted before")?;
        }
        if let Some(Forwarded { status, problem, milliseconds }) = forwarded {
            let answer = problem.map_or_else(|| status.to_string(), str::to_owned);
            write!(f, "\n    passed on: {answer}, after {milliseconds} ms")?;
        }
        if let Some(error) = error {
            error.show(f, explanation.as_ref())?;
        }
        write!(f, "\n    {DIM}answered {status}{DIM:#}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gemini_webhooks::{Secret, StaticVerifier};

    use super::*;

    fn journal(count: u64) -> (Journal, Lines) {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let verifier = StaticVerifier::builder().secret(secret).build().unwrap();
        Journal::new(
            Explainer::new(verifier),
            Some(count),
            Stop::new(),
            Stop::new(),
            Output::new(true),
        )
    }

    fn refused(error: Error) -> Entry {
        let (status, outcome) = Outcome::refused(error, HeaderMap::new(), None);
        Entry { at: SystemTime::UNIX_EPOCH, status: status.as_u16(), outcome }
    }

    #[tokio::test]
    async fn what_found_no_place_is_counted_too() {
        let count = u64::try_from(WAITING).unwrap() + 7;
        let (journal, lines) = journal(count);
        for _ in 0..WAITING {
            assert!(lines.add(refused(Error::KeysUnreachable)).await.is_ok());
        }
        for _ in 0..7 {
            assert!(lines.add(refused(Error::SignatureMismatch)).await.is_ok());
        }
        let end = tokio::time::timeout(Duration::from_secs(10), journal.write()).await;
        assert_eq!(end.expect("it waits for more").unwrap(), Exit::Refused);
        assert!(lines.are_closed());
        assert!(lines.add(refused(Error::SignatureMismatch)).await.is_err());
    }
}

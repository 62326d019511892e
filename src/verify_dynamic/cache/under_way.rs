//! A fetch under way: its task, from the question to the telling of those who wait.

use std::sync::Arc;
use std::time::Duration;

use super::driver::{Document, Inner};
use super::fetcher::{FetchProblem, FetchRequest, Fetched};
use super::health::KeyEvent;
use super::plan::Millis;
use super::sync::timeout;
use crate::limits::FETCH_TIMEOUT;
use crate::verify_dynamic::keys::KeySet;

/// A fetch under way. However it ends, by a panic of the fetcher too, those who wait are told.
pub(super) struct UnderWay {
    pub(super) inner: Arc<Inner>,
    pub(super) number: u64,
    pub(super) asked_at: Millis,
    /// Whether somebody needs a key that is not at hand.
    pub(super) forced: bool,
    /// What was at hand when this was asked: "not modified" is said of it, and of nothing else.
    pub(super) known: Option<Document>,
}

impl UnderWay {
    pub(super) async fn run(self) {
        let etag = self.known.as_ref().and_then(|known| known.etag.clone());
        let request = FetchRequest { etag, forced: self.forced };
        let fetch = self.inner.fetch.fetch(request);
        let answer = match timeout(FETCH_TIMEOUT, fetch).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchProblem::Timeout),
        };
        let event = match answer.and_then(|answer| self.take(answer)) {
            Ok(event) => event,
            Err(problem) => self.note_failure(problem),
        };
        if let Some(hook) = &self.inner.hook {
            hook(event);
        }
    }

    fn take(&self, answer: Fetched) -> Result<KeyEvent, FetchProblem> {
        match answer {
            Fetched::Document { body, max_age, etag } => {
                let keys = KeySet::from_json(&body).map_err(FetchProblem::Document)?;
                if keys.is_empty() {
                    return Err(FetchProblem::NoUsableKey);
                }
                let event = KeyEvent::Fetched { usable: keys.len(), skipped: keys.skipped().len() };
                self.store(Document { keys: Arc::new(keys), body, etag }, max_age);
                Ok(event)
            }
            Fetched::NotModified { max_age } => {
                let known = self.known.clone().ok_or(FetchProblem::NoUsableKey)?;
                self.store(known, max_age);
                Ok(KeyEvent::NotModified)
            }
        }
    }

    fn store(&self, document: Document, max_age: Option<Duration>) {
        let mut kept = self.inner.lock();
        let jitter = self.inner.jitter(self.asked_at);
        if kept.state.store(Arc::clone(&document.keys), self.asked_at, max_age, jitter) {
            kept.document = Some(document);
            self.inner.publish(&kept);
        }
    }

    fn note_failure(&self, problem: FetchProblem) -> KeyEvent {
        let mut kept = self.inner.lock();
        let now = self.inner.now();
        kept.state.note_failure(now, self.inner.jitter(now));
        KeyEvent::Failed { problem, failures: kept.state.failures }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut kept = self.inner.lock();
        if kept.state.under_way == Some(self.number) {
            let now = self.inner.now();
            kept.state.note_failure(now, self.inner.jitter(now));
        }
        drop(kept);
        self.inner.ended.send_modify(|ended| *ended = self.number.max(*ended));
    }
}

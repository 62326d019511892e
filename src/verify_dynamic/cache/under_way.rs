//! A fetch under way: its task, from the question to the telling of those who wait.

use std::sync::Arc;

use bytes::Bytes;

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
            Ok(event) => Some(event),
            Err(problem) => self.inner.note_failure(self.number, problem),
        };
        let inner = Arc::clone(&self.inner);
        // Those who wait are told first: they need not wait for the hook as well.
        drop(self);
        if let Some(event) = event {
            inner.tell(event);
        }
    }

    fn take(&self, answer: Fetched) -> Result<KeyEvent, FetchProblem> {
        match answer {
            Fetched::Document { body, max_age, etag } => {
                let keys = self.read(&body)?;
                let event = KeyEvent::Fetched { usable: keys.len(), skipped: keys.skipped().len() };
                self.store(Document { keys, body, etag, max_age })?;
                Ok(event)
            }
            Fetched::NotModified { max_age } => {
                let known = self.known.clone().ok_or(FetchProblem::NoUsableKey)?;
                let max_age = max_age.or(known.max_age);
                self.store(Document { max_age, ..known })?;
                Ok(KeyEvent::NotModified)
            }
        }
    }

    /// Reads a document; the one that is known already is the same set, and no newer one.
    fn read(&self, body: &Bytes) -> Result<Arc<KeySet>, FetchProblem> {
        if let Some(known) = self.known.as_ref().filter(|known| known.body == body) {
            return Ok(Arc::clone(&known.keys));
        }
        let keys = KeySet::from_json(body).map_err(FetchProblem::Document)?;
        if keys.is_empty() { Err(FetchProblem::NoUsableKey) } else { Ok(Arc::new(keys)) }
    }

    fn store(&self, document: Document) -> Result<(), FetchProblem> {
        let mut kept = self.inner.lock();
        if kept.state.under_way != Some(self.number) {
            // Nobody waits for it any more, and another may have been started since.
            return Err(FetchProblem::Timeout);
        }
        let jitter = self.inner.jitter(self.asked_at);
        let keys = Arc::clone(&document.keys);
        if kept.state.store(keys, self.asked_at, document.max_age, jitter, self.forced) {
            kept.document = Some(document);
            self.inner.publish(&kept);
        }
        Ok(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.inner.give_up(self.number);
    }
}

//! A fetch under way: its task, from the question to the telling of those who wait.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::driver::Inner;
use super::fetcher::{FetchProblem, FetchRequest, Fetched};
use super::health::KeyEvent;
use super::plan::Millis;
use crate::limits::FETCH_TIMEOUT;
use crate::verify_dynamic::keys::KeySet;

/// A fetch under way. However it ends, by a panic of the fetcher too, those who wait are told.
pub(super) struct UnderWay {
    pub(super) inner: Arc<Inner>,
    pub(super) number: u64,
    pub(super) asked_at: Millis,
}

impl UnderWay {
    pub(super) async fn run(self, request: FetchRequest) {
        let fetch = self.inner.fetch.fetch(request);
        let answer = match tokio::time::timeout(FETCH_TIMEOUT, fetch).await {
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
                self.store(Arc::new(keys), max_age, Some((body, etag)));
                Ok(event)
            }
            Fetched::NotModified { max_age } => {
                let current = self.inner.lock().state.current.clone();
                let current = current.ok_or(FetchProblem::NoUsableKey)?;
                self.store(Arc::clone(&current.keys), max_age, None);
                Ok(KeyEvent::NotModified)
            }
        }
    }

    fn store(
        &self,
        keys: Arc<KeySet>,
        max_age: Option<Duration>,
        document: Option<(Bytes, Option<String>)>,
    ) {
        let mut kept = self.inner.lock();
        let jitter = self.inner.jitter(self.asked_at);
        if kept.state.store(keys, self.asked_at, max_age, jitter) {
            if let Some((document, etag)) = document {
                kept.document = Some(document);
                kept.etag = etag;
            }
            self.inner.current.store(kept.state.current.clone());
        }
    }

    fn note_failure(&self, problem: FetchProblem) -> KeyEvent {
        let now = self.inner.now();
        let mut kept = self.inner.lock();
        kept.state.note_failure(now, self.inner.jitter(now));
        KeyEvent::Failed { problem, failures: kept.state.failures }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut kept = self.inner.lock();
        if kept.state.is_under_way(self.number) {
            let now = self.inner.now();
            kept.state.note_failure(now, self.inner.jitter(now));
        }
        drop(kept);
        self.inner.ended.send_modify(|ended| *ended = ended.wrapping_add(1));
    }
}

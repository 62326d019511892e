//! What is done with a request: verified, passed on, answered, and handed on to be told of.

use std::fmt;
use std::time::SystemTime;

use bytes::Bytes;
use gemini_webhooks::{Dedup, Delivery, Error, MemoryStore, Once, Verifier};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::forward::{Forwarded, Forwarder};
use super::journal::{Closed, Entry, Lines, Outcome};
use crate::endpoint::Accepts;
use crate::exit::Failure;
use crate::output::Report;
use crate::receiver::Judge;
use crate::style::BOLD;
use crate::text::Shown;

/// What is answered to an authentic delivery that nobody would ever see: it shall come again.
const UNTOLD: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// What a request needs.
#[derive(Clone)]
pub(super) struct App {
    verifier: Verifier,
    forward: Option<Forwarder>,
    seen: Dedup,
    lines: Lines,
}

impl App {
    pub(super) fn new(
        verifier: Verifier,
        forward: Option<Forwarder>,
        lines: Lines,
    ) -> Result<Self, Failure> {
        let seen = Dedup::builder(MemoryStore::new()).build().map_err(Failure::usage)?;
        Ok(Self { verifier, forward, seen, lines })
    }

    async fn accept(
        &self,
        headers: &HeaderMap,
        body: Bytes,
        delivery: Delivery,
    ) -> (StatusCode, Outcome) {
        let noted = self.seen.process_once(&delivery, std::future::ready(Ok::<(), ()>(())));
        let is_repeated = matches!(noted.await, Ok(Once::Duplicate));
        let forwarded = match &self.forward {
            Some(forward) => Some(forward.pass_on(headers, body).await),
            None => None,
        };
        let status = forwarded.as_ref().map_or(StatusCode::NO_CONTENT, Forwarded::status);
        (status, Outcome::Accepted { delivery: Box::new(delivery), is_repeated, forwarded })
    }
}

impl Judge for App {
    fn max_body_bytes(&self) -> usize {
        self.verifier.max_body_bytes()
    }

    async fn judge(&self, headers: HeaderMap, body: Result<Bytes, Error>) -> StatusCode {
        let at = SystemTime::now();
        let (status, outcome) = match body {
            Err(error) => Outcome::refused(error, headers, None),
            Ok(body) => match self.verifier.verify(&headers, body.clone()).await {
                Ok(_) if self.lines.are_closed() => return UNTOLD,
                Ok(delivery) => self.accept(&headers, body, delivery).await,
                Err(error) => Outcome::refused(error, headers, Some(body)),
            },
        };
        let was_taken = matches!(&outcome, Outcome::Accepted { forwarded: None, .. });
        match self.lines.add(Entry { at, status: status.as_u16(), outcome }).await {
            Err(Closed) if was_taken => UNTOLD,
            _ => status,
        }
    }
}

/// Where we listen, and for what.
#[derive(Debug, Serialize)]
pub(super) struct Listening {
    pub(super) url: String,
    pub(super) accepts: Accepts,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) forward: Option<String>,
}

impl Report for Listening {
    const KIND: &'static str = "listening";
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, accepts, forward } = self;
        writeln!(f, "listening on {BOLD}{url}{BOLD:#}, Ctrl-C stops")?;
        write!(f, "{accepts}")?;
        match forward {
            Some(forward) => writeln!(f, "  {:<12} {}", "passes on to", Shown(forward)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use gemini_webhooks::explain::Explainer;
    use gemini_webhooks::testing::StaticSigner;
    use gemini_webhooks::{Secret, StaticVerifier};

    use super::*;
    use crate::commands::listen::journal::Journal;
    use crate::output::Output;
    use crate::receiver::Stop;

    #[tokio::test]
    async fn what_nobody_would_see_shall_come_again() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let request = StaticSigner::new(&secret).sign("msg_1", SystemTime::now(), "{}");
        let verifier: Verifier = StaticVerifier::builder().secret(secret).build().unwrap().into();
        let (journal, lines) = Journal::new(
            Explainer::new(verifier.clone()),
            None,
            Stop::new(),
            Stop::new(),
            Output::new(true),
        );
        let app = App::new(verifier, None, lines).unwrap();
        let judge = |body: &str| {
            app.judge(request.headers.clone(), Ok(Bytes::copy_from_slice(body.as_bytes())))
        };
        assert_eq!(judge("{}").await, StatusCode::NO_CONTENT);
        drop(journal);
        assert_eq!(judge("{}").await, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(judge("[]").await, StatusCode::BAD_REQUEST, "a refusal is none the less");
    }
}

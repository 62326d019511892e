//! How a call is sent: to the base URL alone, bounded in time and size, and again where that is
//! safe.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use reqwest::{Client, Response, Url};
use zeroize::Zeroizing;

use super::answer;
use super::api_key::ApiKey;
use super::call::{Call, Request};
use super::error::ClientError;
use crate::http_client::{self, ReadProblem};
use crate::limits::{MAX_ERROR_ANSWER_BYTES, MAX_REPEATS, MAX_WEBHOOK_ANSWER_BYTES};

const API_KEY_HEADER: &str = "x-goog-api-key";
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The body of an answer, which may hold a secret.
pub(super) type Answer = Zeroizing<Vec<u8>>;

pub(super) struct Transport {
    http: Client,
    base: Url,
    api_key: ApiKey,
    timeout: Duration,
}

impl Transport {
    pub(super) fn new(http: Client, base: Url, api_key: ApiKey, timeout: Duration) -> Self {
        Self { http, base, api_key, timeout }
    }

    pub(super) fn host(&self) -> Option<&str> {
        self.base.host_str()
    }

    /// Sends a call, and again while it is safe, useful and in time.
    pub(super) async fn call(&self, request: &Request) -> Result<Answer, ClientError> {
        let (started, url) = (Instant::now(), self.url(request));
        let mut waits = waits();
        let mut perhaps_done = false;
        loop {
            let left = self.timeout.saturating_sub(started.elapsed());
            let error = match self.attempt(request, url.clone(), left).await {
                Err(error) if perhaps_done && is_gone(request.call, &error) => {
                    return Ok(Answer::default());
                }
                Err(error) => error.after(request.call),
                answer => return answer,
            };
            let left = self.timeout.saturating_sub(started.elapsed());
            let wait = if request.call.is_repeatable() { waits.next() } else { None };
            let Some(wait) = wait.and_then(|wait| next_wait(&error, wait, left)) else {
                return Err(error);
            };
            #[cfg(feature = "tracing")]
            tracing::debug!(call = request.call.as_str(), code = error.code(), ?wait, "repeating");
            tokio::time::sleep(wait).await;
            perhaps_done |= error.leaves_open();
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        url: Url,
        left: Duration,
    ) -> Result<Answer, ClientError> {
        let mut http = self
            .http
            .request(request.method.clone(), url)
            .timeout(left)
            .header(API_KEY_HEADER, self.api_key.header())
            .header(ACCEPT, JSON);
        if let Some(body) = &request.body {
            http = http.header(CONTENT_TYPE, JSON).body(body.to_string());
        }
        let response = http.send().await.map_err(|error| problem_of(&error))?;
        match (response.status(), request.answer_limit) {
            (status, Some(limit)) if status.is_success() => read(response, limit).await,
            (status, None) if status.is_success() => Ok(Answer::default()),
            (status, _) if status.is_redirection() => Err(ClientError::Redirected { status }),
            (status, _) => Err(self.refusal(status, response).await),
        }
    }

    /// The error that an answer tells of; what its body says is not needed for it.
    async fn refusal(&self, status: StatusCode, response: Response) -> ClientError {
        let headers = response.headers().clone();
        let body = read(response, MAX_ERROR_ANSWER_BYTES).await.unwrap_or_default();
        answer::refusal(status, &headers, &body, &self.api_key)
    }

    fn url(&self, request: &Request) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!(
            "{}/webhooks{}",
            self.base.path().trim_end_matches('/'),
            request.path
        ));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        url
    }
}

/// The waits between repeats: they double, each with as much again by chance, so that many clients
/// do not come back at once.
fn waits() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(200))
        .with_max_delay(Duration::from_secs(5))
        .with_max_times(MAX_REPEATS)
        .with_jitter()
        .build()
}

/// How long to wait before a repeat, if one can help: no shorter than the service asks for, and not
/// when that leaves no time for the call.
fn next_wait(error: &ClientError, wait: Duration, left: Duration) -> Option<Duration> {
    let passes = match error {
        ClientError::Interrupted | ClientError::Unreachable => true,
        ClientError::Service { status, .. } => matches!(status.as_u16(), 429 | 502 | 503 | 504),
        _ => false,
    };
    let wait = wait.max(error.retry_after().unwrap_or_default());
    (passes && wait < left).then_some(wait)
}

/// Tells whether a removal that may have been carried out before has been.
fn is_gone(call: Call, error: &ClientError) -> bool {
    call == Call::Delete && error.status() == Some(StatusCode::NOT_FOUND)
}

/// Reads a body and stops at the limit. What may hold a secret is never moved to a larger buffer,
/// which would leave a copy behind.
async fn read(response: Response, limit: usize) -> Result<Answer, ClientError> {
    let mut body = Zeroizing::new(Vec::with_capacity(limit.min(MAX_WEBHOOK_ANSWER_BYTES)));
    let read = http_client::read(response, limit, |chunk| body.extend_from_slice(chunk));
    read.await.map_err(|problem| match problem {
        ReadProblem::TooLarge => ClientError::AnswerTooLarge { limit },
        ReadProblem::Broken(error) => problem_of(&error),
    })?;
    Ok(body)
}

/// A connection that was not made has carried nothing. Nothing else of the error is told: it holds
/// the URL.
fn problem_of(error: &reqwest::Error) -> ClientError {
    if error.is_connect() {
        ClientError::Unreachable
    } else if error.is_timeout() {
        ClientError::TimedOut
    } else {
        ClientError::Interrupted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_longer_by_chance() {
        let some: Vec<Vec<_>> =
            (0..100).map(|_| waits().map(|wait| wait.as_millis()).collect()).collect();
        for waits in &some {
            let [first, second, third] = waits[..] else { panic!("{waits:?}") };
            assert!((200..=400).contains(&first), "{waits:?}");
            assert!((400..=800).contains(&second), "{waits:?}");
            assert!((800..=1600).contains(&third), "{waits:?}");
        }
        assert!(some.iter().any(|waits| *waits != some[0]), "no two are the same by chance");
    }

    #[test]
    fn a_wait_leaves_time_for_the_call() {
        let ms = Duration::from_millis;
        let error = |retry_after| ClientError::Service {
            status: StatusCode::TOO_MANY_REQUESTS,
            reason: None,
            message: None,
            retry_after,
        };
        assert_eq!(next_wait(&error(None), ms(300), ms(301)), Some(ms(300)));
        assert_eq!(next_wait(&error(None), ms(300), ms(300)), None);
        assert_eq!(next_wait(&error(Some(ms(100))), ms(300), ms(301)), Some(ms(300)));
        assert_eq!(next_wait(&error(Some(ms(700))), ms(300), ms(701)), Some(ms(700)));
        assert_eq!(next_wait(&error(Some(ms(700))), ms(300), ms(700)), None);
        assert_eq!(next_wait(&ClientError::TimedOut, ms(300), ms(1000)), None);
    }
}

//! A receiver on this machine: reads within bounds, asks a judge, answers a status and nothing else.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use gemini_webhooks as library;
use http::header::ALLOW;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::LengthLimitError;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::exit::Failure;
use crate::output;
use crate::signals;

/// How long a sender may take for a body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How many requests are worked on at once: each holds its body meanwhile.
const AT_ONCE: usize = 64;

/// How long open connections are waited for at the end.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Decides what is answered to a request whose body was read, or was not for this reason.
pub(crate) trait Judge: Clone + Send + Sync + 'static {
    /// The largest body that is read, in bytes.
    fn max_body_bytes(&self) -> usize;

    fn judge(
        &self,
        headers: HeaderMap,
        body: Result<Bytes, library::Error>,
    ) -> impl Future<Output = StatusCode> + Send;
}

/// Where somebody listens.
#[derive(Debug)]
pub(crate) struct Receiver {
    listener: TcpListener,
    path: Option<String>,
}

impl Receiver {
    pub(crate) async fn bind(address: SocketAddr, path: Option<String>) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::usage(format_args!("cannot listen on {address}: {error}"))
                .remedy("--listen 127.0.0.1:0 takes a free port")
        })?;
        if !address.ip().is_loopback() {
            output::warning("everybody who reaches this machine reaches this receiver");
        }
        Ok(Self { listener, path })
    }

    pub(crate) fn url(&self) -> Result<String, Failure> {
        let path = self.path.as_deref().unwrap_or("/");
        Ok(format!("http://{}{path}", self.listener.local_addr()?))
    }

    /// Serves until it is stopped, from outside or by `stop`.
    pub(crate) async fn serve(self, judge: impl Judge, stop: &Stop) -> Result<(), Failure> {
        let serving = Serving {
            judge,
            path: self.path.map(Into::into),
            places: Arc::new(Semaphore::new(AT_ONCE)),
        };
        let router = Router::new().fallback(receive).with_state(serving);
        let until = stop.clone();
        let stopped = async move { until.or_signal().await };
        let serving = axum::serve(self.listener, router).with_graceful_shutdown(stopped);
        let given_up = async {
            stop.wait().await;
            tokio::time::sleep(LAST_WORDS).await;
        };
        tokio::select! {
            served = serving => Ok(served?),
            () = given_up => Ok(()),
        }
    }
}

#[derive(Clone)]
struct Serving<J> {
    judge: J,
    path: Option<Arc<str>>,
    places: Arc<Semaphore>,
}

async fn receive<J: Judge>(State(serving): State<Serving<J>>, request: Request) -> Response {
    if serving.path.as_deref().is_some_and(|path| path != request.uri().path()) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if request.method() != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "POST")]).into_response();
    }
    let Ok(_place) = serving.places.acquire().await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (parts, body) = request.into_parts();
    let body = read(body, serving.judge.max_body_bytes()).await;
    serving.judge.judge(parts.headers, body).await.into_response()
}

async fn read(body: Body, limit: usize) -> Result<Bytes, library::Error> {
    match tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, limit)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_too_large(&error) => Err(library::Error::BodyTooLarge { limit }),
        _ => Err(library::Error::BodyInterrupted),
    }
}

fn is_too_large(error: &(dyn Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source())
        .any(<dyn Error>::is::<LengthLimitError>)
}

/// Tells everybody that it is enough; clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Sender<bool>);

impl Stop {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until somebody has said so.
    pub(crate) async fn wait(&self) {
        // An error says that nobody can say so any more; but we hold a sender.
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Waits for Ctrl-C and SIGTERM as well, and tells everybody.
    async fn or_signal(&self) {
        tokio::select! {
            () = signals::interrupted() => (),
            () = self.wait() => (),
        }
        self.stop();
    }
}

//! Servers that stand in for others: an upstream behind the receiver, and the `WebhookService`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

type Answer = Arc<dyn Fn(&Seen) -> (u16, String) + Send + Sync>;

/// Answers as it is told, and remembers what came. Ends when it is dropped.
pub(crate) struct StandIn {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    _runtime: Runtime,
}

#[derive(Clone)]
struct Shared {
    answer: Answer,
    delay: Duration,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl StandIn {
    pub(crate) fn start(answer: impl Fn(&Seen) -> (u16, String) + Send + Sync + 'static) -> Self {
        Self::delayed(Duration::ZERO, answer)
    }

    pub(crate) fn delayed(
        delay: Duration,
        answer: impl Fn(&Seen) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::default();
        let shared = Shared { answer: Arc::new(answer), delay, seen: Arc::clone(&seen) };
        let router = Router::new().fallback(receive).with_state(shared);
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, seen, _runtime: runtime }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn receive(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 24).await.unwrap();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let seen = Seen { method: parts.method.to_string(), path, headers: parts.headers, body };
    tokio::time::sleep(shared.delay).await;
    let (status, body) = (shared.answer)(&seen);
    shared.seen.lock().unwrap().push(seen);
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

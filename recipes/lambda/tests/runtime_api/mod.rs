//! Plays the runtime API of Lambda, from which a function fetches what it is invoked with.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

/// What a function returns, or the error that it reports instead.
pub(crate) type Outcome = Result<Value, Value>;

/// The runtime API of one function, on loopback.
#[derive(Clone)]
pub(crate) struct RuntimeApi(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    invocations: UnboundedSender<(String, Value)>,
    /// The function takes one at a time.
    waiting: tokio::sync::Mutex<UnboundedReceiver<(String, Value)>>,
    outcomes: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
}

impl RuntimeApi {
    /// Starts to serve, as long as the runtime lives that this is called in.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (invocations, waiting) = mpsc::unbounded_channel();
        let api = Self(Arc::new(Shared {
            address: listener.local_addr().unwrap(),
            invocations,
            waiting: waiting.into(),
            outcomes: Mutex::default(),
        }));
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        api
    }

    /// Returns what Lambda tells a function at its start.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", "gemini-webhooks".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/gemini-webhooks".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/22/[$LATEST]0".to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", self.0.address.to_string()),
        ]
    }

    /// Invokes the function, and waits for what comes of it.
    pub(crate) async fn invoke(&self, event: Value) -> Outcome {
        let (sender, outcome) = oneshot::channel();
        let id = {
            let mut outcomes = self.0.outcomes.lock().unwrap();
            let id = format!("invocation-{}", outcomes.len());
            outcomes.insert(id.clone(), sender);
            id
        };
        self.0.invocations.send((id, event)).unwrap();
        outcome.await.unwrap()
    }

    fn end(&self, id: &str, outcome: Outcome) -> StatusCode {
        let (nobody, _) = oneshot::channel();
        let mut outcomes = self.0.outcomes.lock().unwrap();
        let sender = std::mem::replace(outcomes.get_mut(id).unwrap(), nobody);
        sender.send(outcome).unwrap();
        StatusCode::ACCEPTED
    }
}

type Head = [(HeaderName, String); 3];

async fn next(State(api): State<RuntimeApi>) -> (Head, String) {
    let (id, event) = api.0.waiting.lock().await.recv().await.unwrap();
    let header = HeaderName::from_static;
    let arn = "arn:aws:lambda:eu-central-1:123456789012:function:gemini-webhooks";
    let head = [
        (header("lambda-runtime-aws-request-id"), id),
        (header("lambda-runtime-deadline-ms"), "4102444800000".to_owned()),
        (header("lambda-runtime-invoked-function-arn"), arn.to_owned()),
    ];
    (head, event.to_string())
}

async fn response(
    State(api): State<RuntimeApi>,
    Path(id): Path<String>,
    body: String,
) -> StatusCode {
    api.end(&id, Ok(serde_json::from_str(&body).unwrap()))
}

async fn error(State(api): State<RuntimeApi>, Path(id): Path<String>, body: String) -> StatusCode {
    api.end(&id, Err(serde_json::from_str(&body).unwrap()))
}

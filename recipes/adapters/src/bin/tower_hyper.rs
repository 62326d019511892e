//! The layer for tower, under plain hyper.

use std::convert::Infallible;

use bytes::Bytes;
use gemini_webhooks::Error;
use gemini_webhooks::tower::VerifyLayer;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use recipe_adapters::{Problem, accepted, refused};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

type Answer = Response<Full<Bytes>>;

#[tokio::main]
async fn main() -> Result<(), Problem> {
    recipe_setup::log();
    let layer = VerifyLayer::new(recipe_setup::verifier()?);
    let service = ServiceBuilder::new().map_response(log).layer(layer).service_fn(hook);
    let service = TowerToHyperService::new(service);
    let listener = TcpListener::bind(recipe_setup::address()).await?;
    println!("listening on http://{}/gemini-callback", listener.local_addr()?);
    loop {
        let (connection, _) = listener.accept().await?;
        let service = service.clone();
        tokio::spawn(async move {
            let server = Builder::new(TokioExecutor::new());
            if let Err(error) = server.serve_connection(TokioIo::new(connection), service).await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
}

async fn hook(request: Request<Full<Bytes>>) -> Result<Answer, Infallible> {
    let status = match (request.uri().path(), request.method(), request.extensions().get()) {
        ("/gemini-callback", &Method::POST, Some(delivery)) => {
            accepted(delivery);
            StatusCode::NO_CONTENT
        }
        _ => StatusCode::NOT_FOUND,
    };
    let mut answer = Answer::default();
    *answer.status_mut() = status;
    Ok(answer)
}

fn log(answer: Answer) -> Answer {
    answer.extensions().get::<Error>().inspect(|error| refused(error));
    answer
}

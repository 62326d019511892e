//! Serves the public keys on loopback, in the place of Google's endpoint.

use std::net::SocketAddr;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::exit::Failure;
use crate::output;

/// Serves until it is dropped.
#[derive(Debug)]
pub(super) struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Answers every path with the key set, to be kept for a minute.
pub(super) async fn serve(address: SocketAddr, jwks: String) -> Result<Serving, Failure> {
    if !address.ip().is_loopback() {
        return Err(Failure::usage(
            "--serve-jwks is for a loopback address, such as 127.0.0.1:9000",
        ));
    }
    let cannot = |error| Failure::usage(format_args!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address).await.map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=60")];
    let answer = move || async move { (headers, jwks) };
    let app: Router = Router::new().fallback(get(answer));
    output::note(format_args!("the key set is at http://{address}/"));
    Ok(Serving(tokio::spawn(async move {
        // Runs until it is aborted: there is no other end.
        let _ = axum::serve(listener, app).await;
    })))
}

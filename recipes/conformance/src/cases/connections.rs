//! Connections are kept, and other places are not the endpoint.

use gemini_webhooks::Secret;
use gemini_webhooks::testing::StaticSigner;

use super::Case;
use crate::gemini::Endpoint::Both;
use crate::gemini::{ID, body, by_secret};
use crate::server::Server;
use crate::wire::Request;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("several_requests_over_one_connection", Both, one_connection),
        Case::new("another_path", Both, |server| {
            for path in ["/", "/gemini-callback/more", "/gemini"] {
                is_not_the_endpoint(server, &Request { path, ..by_secret(body()) });
            }
        }),
        Case::new("another_method", Both, |server| {
            for method in ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "ODD"] {
                is_not_the_endpoint(server, &Request { method, ..by_secret(body()) });
            }
        }),
    ]
}

fn one_connection(server: &Server) {
    let stranger = Secret::from_raw_bytes([8; 32]).unwrap();
    let forged = StaticSigner::new(&stranger).sign(ID, std::time::SystemTime::now(), body());
    let mut connection = server.connect();
    for (request, status) in
        [(by_secret(body()), 204), (forged.into(), 400), (by_secret("{}"), 204)]
    {
        connection.send(Request::bytes(&request));
        assert_eq!(connection.answer().status, status);
    }
    server.told("accepted");
    server.told("refused");
    server.told("accepted");
}

fn is_not_the_endpoint(server: &Server, request: &Request) {
    let answer = server.ask(request);
    assert!((400..500).contains(&answer.status), "{answer:?}");
    server.accepted_nothing();
}

//! Bodies are bounded, and not read for what is refused all the same.

use gemini_webhooks::limits::DEFAULT_MAX_BODY_BYTES as LIMIT;

use super::Case;
use crate::gemini::Endpoint::Both;
use crate::gemini::{body, by_secret};
use crate::server::Server;
use crate::wire::{Answer, Connection, Request, chunk};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("a_body_at_the_limit", Both, |server| {
            server.accepts(&by_secret(vec![b'x'; LIMIT]), "Unreadable");
        }),
        Case::new("a_body_one_byte_over_the_limit", Both, one_byte_over),
        Case::new("a_body_that_announces_too_much_is_not_waited_for", Both, |server| {
            announces_too_much(server, b"");
        }),
        Case::new("a_body_that_announces_too_much_is_not_read_to_its_end", Both, |server| {
            announces_too_much(server, START);
        }),
        Case::new("a_body_of_an_absurd_length_is_not_waited_for", Both, |server| {
            for length in [u64::MAX.to_string(), "9".repeat(40), "-1".to_owned()] {
                let head = by_secret("{}").head(&format!("content-length: {length}"));
                let answer = answer_to(server, head);
                assert!((400..500).contains(&answer.status), "{answer:?}");
            }
            serves_on(server);
        }),
        Case::new("a_body_in_chunks_up_to_the_limit", Both, |server| {
            for (request, size) in [(by_secret(body()), 1), (by_secret(vec![b'x'; LIMIT]), 9999)] {
                let answer = answer_to(server, request.chunked(size));
                assert!(answer.is_success(), "{answer:?}");
                server.told("accepted");
            }
        }),
        Case::new("a_body_in_chunks_over_the_limit", Both, |server| {
            let request = by_secret(vec![b'x'; LIMIT + 1]);
            is_too_large(server, &answer_to(server, request.chunked(4096)));
        }),
        Case::new("a_body_without_an_end_is_cut_off", Both, |server| {
            let mut connection = server.connect();
            let head = by_secret("{}").head("transfer-encoding: chunked");
            connection.send_for_ever(head, chunk(&[b'x'; 4096]));
            is_too_large(server, &connection.answer());
        }),
        Case::new("no_body_is_waited_for_when_the_headers_are_refused", Both, |server| {
            has_no_headers(server, b"", b"");
        }),
        Case::new("no_body_is_read_to_its_end_when_the_headers_are_refused", Both, |server| {
            has_no_headers(server, START, &chunk(START));
        }),
        Case::new("a_chunk_that_is_none", Both, |server| {
            let head = by_secret("{}").head("transfer-encoding: chunked");
            let answer = answer_to(server, [&head[..], b"zz\r\nnonsense\r\n"].concat());
            assert_eq!(answer.status, 400, "{answer:?}");
            serves_on(server);
        }),
        Case::new("a_sender_that_hangs_up_in_the_middle_of_a_body", Both, hangs_up),
        Case::new("a_sender_that_ends_in_the_middle_of_a_body", Both, |server| {
            for mut connection in half_sent(server) {
                connection.end_sending();
                if let Some(answer) = connection.try_answer() {
                    assert_eq!(answer.status, 400, "{answer:?}");
                }
            }
            serves_on(server);
        }),
        Case::new("a_sender_that_stops_in_the_middle_of_a_body", Both, |server| {
            let answers = half_sent(server).map(|mut connection| connection.answer());
            for _ in &answers {
                server.told_code("body_interrupted");
            }
            for answer in &answers {
                server.is_refusal(answer, 400);
            }
            serves_on(server);
        }),
    ]
}

/// The start of a body.
const START: &[u8] = br#"{"type":"batch.succeeded","#;

fn announces_too_much(server: &Server, start: &[u8]) {
    for length in [LIMIT + 1, 999_999_999] {
        let head = by_secret("{}").head(&format!("content-length: {length}"));
        is_too_large(server, &answer_to(server, [&head, start].concat()));
    }
}

fn has_no_headers(server: &Server, start: &[u8], first_chunk: &[u8]) {
    let unsigned = Request { headers: Vec::new(), ..by_secret("{}") };
    for (framing, sent) in
        [("content-length: 100", start), ("transfer-encoding: chunked", first_chunk)]
    {
        let answer = answer_to(server, [&unsigned.head(framing), sent].concat());
        server.told_code("missing_header");
        server.is_refusal(&answer, 400);
    }
}

/// Sends these bytes and no more.
fn answer_to(server: &Server, bytes: Vec<u8>) -> Answer {
    let mut connection = server.connect();
    connection.send(bytes);
    connection.answer()
}

fn is_too_large(server: &Server, answer: &Answer) {
    server.told_code("body_too_large");
    server.is_refusal(answer, 413);
    server.accepted_nothing();
}

fn one_byte_over(server: &Server) {
    let answer = server.ask(&by_secret(vec![b'x'; LIMIT + 1]));
    is_too_large(server, &answer);
    serves_on(server);
}

/// Checks that what went wrong before was not accepted, and stops nobody else.
fn serves_on(server: &Server) {
    server.accepted_nothing();
    server.accepts(&by_secret(body()), "BatchSucceeded");
}

/// Connections over which half of a delivery has come: of a known length, and in chunks.
fn half_sent(server: &Server) -> [Connection; 2] {
    let request = by_secret(body());
    let (half, _) = request.body.split_at(request.body.len() / 2);
    let of_length = [request.head(&format!("content-length: {}", request.body.len())), half.into()];
    let in_chunks = [request.head("transfer-encoding: chunked"), chunk(half)];
    [of_length, in_chunks].map(|sent| {
        let connection = server.connect();
        connection.send(sent.concat());
        connection
    })
}

fn hangs_up(server: &Server) {
    for _ in 0..20 {
        drop(half_sent(server));
    }
    serves_on(server);
}

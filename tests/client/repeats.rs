//! What is repeated, what never is, and what that means for the caller.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use gemini_webhooks::Revocation;
use gemini_webhooks::client::{ApiKey, Call, ClientError, WebhookClient, WebhookUpdate};

use crate::service::{API_KEY, Fault, Reply, Service};
use crate::{client, impatient_client, new_webhook};

async fn make(client: &WebhookClient, call: Call, id: &str) -> Result<(), ClientError> {
    match call {
        Call::Create => client.create(&new_webhook()).await.map(drop),
        Call::Delete => client.delete(id).await,
        Call::Get => client.get(id).await.map(drop),
        Call::List => client.list_page(50, None).await.map(drop),
        Call::Ping => client.ping(id).await,
        Call::Rotate => client.rotate(id, Revocation::After24Hours).await.map(drop),
        Call::Update => client.update(id, &WebhookUpdate::new().enable()).await.map(drop),
        other => panic!("{other}"),
    }
}

const REPEATABLE: [Call; 4] = [Call::Delete, Call::Get, Call::List, Call::Update];
const ONCE: [Call; 3] = [Call::Create, Call::Ping, Call::Rotate];

/// Every fault that may pass.
fn passing() -> [Fault; 6] {
    [
        Fault::status(429, &[]),
        Fault::status(502, &[]),
        Fault::status(503, &[]),
        Fault::answer(504, "<html>Gateway Timeout</html>"),
        Fault::instead(Reply::HangUp),
        Fault::instead(Reply::BreakOff),
    ]
}

#[tokio::test]
async fn what_is_safe_to_repeat_is_repeated() {
    join_all(passing().map(async |fault| {
        for call in REPEATABLE {
            let service = Service::start();
            let id = &service.fill(1)[0];
            service.fail_next(fault.clone());
            make(&client(&service), call, id).await.unwrap();
            let sent = service.lines();
            // Of a removal only the status counts, and it may be there before the body breaks off.
            let enough = matches!((call, fault.reply()), (Call::Delete, Reply::BreakOff));
            assert!(sent.len() == 2 || (enough && sent.len() == 1), "{call}: {sent:?}");
            assert!(sent.windows(2).all(|two| two[0] == two[1]), "{sent:?}");
        }
    }))
    .await;
}

#[tokio::test]
async fn what_is_not_safe_to_repeat_is_sent_once() {
    let all = passing().into_iter().chain([
        Fault::status(500, &[]),
        Fault::status(400, &[]),
        Fault::instead(Reply::Endless(200)),
        Fault::answer(200, ""),
        Fault::status(503, &[("retry-after", "0")]),
    ]);
    for fault in all {
        for call in ONCE {
            let service = Service::start();
            let id = &service.fill(1)[0];
            service.fail_next(fault.clone());
            let _ = make(&client(&service), call, id).await;
            assert_eq!(service.lines().len(), 1, "{call}");
        }
    }
}

#[tokio::test]
async fn a_lost_answer_says_what_may_have_happened() {
    // Carried out, and nobody was told.
    for reply in [Reply::HangUp, Reply::BreakOff, Reply::Endless(200)] {
        for call in [Call::Create, Call::Rotate] {
            let service = Service::start();
            let id = &service.fill(1)[0];
            let secrets = service.secrets(id);
            service.fail_next(Fault::after(reply.clone()));
            let error = make(&client(&service), call, id).await.unwrap_err();
            let ClientError::OutcomeUnknown { call: lost, cause } = &error else {
                panic!("{error:?}")
            };
            assert_eq!(*lost, call);
            let text = error.to_string();
            assert!(text.starts_with(call.as_str()) && text.contains(&cause.to_string()), "{text}");
            match call {
                Call::Create => assert_eq!(service.count(), 2),
                _ => assert_ne!(service.secrets(id), secrets),
            }
        }
    }
}

#[tokio::test]
async fn an_outcome_is_unknown_only_where_it_may_have_been_carried_out() {
    let unknown = [
        (Fault::instead(Reply::HangUp), "interrupted"),
        (Fault::instead(Reply::BreakOff), "interrupted"),
        (Fault::instead(Reply::Endless(200)), "answer_too_large"),
        (Fault::answer(200, "<html>"), "answer_unreadable"),
        (Fault::answer(200, r#"{"id":"a"}"#), "no_secret_in_answer"),
        (
            Fault::answer(200, r#"{"id":"a","secret":"","new_signing_secret":""}"#),
            "no_secret_in_answer",
        ),
        (
            Fault::answer(200, r#"{"id":"a","secret":7,"new_signing_secret":7}"#),
            "answer_unreadable",
        ),
        (Fault::status(500, &[]), "service_failed"),
        (Fault::status(503, &[]), "service_failed"),
        (Fault::status(408, &[]), "refused"),
        (Fault::status(499, &[]), "refused"),
    ];
    let known = [
        (Fault::status(400, &[]), "bad_request"),
        (Fault::status(404, &[]), "not_found"),
        (Fault::status(429, &[]), "rate_limited"),
        (Fault::redirect("/"), "redirected"),
    ];
    let service = Service::start();
    for call in [Call::Create, Call::Rotate] {
        for (fault, code) in &unknown {
            service.fail_next(fault.clone());
            match make(&client(&service), call, "a").await.unwrap_err() {
                ClientError::OutcomeUnknown { cause, .. } => assert_eq!(cause.code(), *code),
                other => panic!("{code}: {other:?}"),
            }
        }
        for (fault, code) in &known {
            service.fail_next(fault.clone());
            assert_eq!(make(&client(&service), call, "a").await.unwrap_err().code(), *code);
        }
    }
    service.fail_next(Fault::after(Reply::Late(Duration::from_secs(20))));
    let error = make(&impatient_client(&service, 1), Call::Rotate, "a").await.unwrap_err();
    let cause = Box::new(ClientError::TimedOut);
    assert_eq!(error, ClientError::OutcomeUnknown { call: Call::Rotate, cause });
}

#[tokio::test]
async fn after_a_lost_rotation_another_one_puts_it_right() {
    let service = Service::start();
    let id = &service.fill(1)[0];
    let client = client(&service);
    service.fail_next(Fault::after(Reply::HangUp));
    let lost = client.rotate(id, Revocation::Immediate).await.unwrap_err();
    assert_eq!(lost.code(), "outcome_unknown");
    assert!(lost.to_string().contains("rotate again at once"), "{lost}");
    let secret = client.rotate(id, Revocation::Immediate).await.unwrap();
    assert_eq!(service.secrets(id), [secret.expose_secret()]);
}

#[tokio::test]
async fn repeats_end_after_three() {
    let service = Service::start();
    service.fail_always(Fault::status(503, &[]));
    let started = Instant::now();
    let error = client(&service).get("a").await.unwrap_err();
    assert_eq!(error.code(), "service_failed");
    assert_eq!(service.lines().len(), 4);
    let waited = started.elapsed();
    // 0.2 + 0.4 + 0.8 s, each with up to as much again.
    assert!(waited >= Duration::from_millis(1400) && waited < Duration::from_secs(4), "{waited:?}");
}

#[tokio::test]
async fn other_errors_are_not_repeated() {
    for status in [400, 401, 403, 404, 409, 500, 501] {
        let service = Service::start();
        service.fail_next(Fault::status(status, &[]));
        assert!(client(&service).get("a").await.is_err());
        assert_eq!(service.lines().len(), 1, "{status}");
    }
    for reply in [Reply::Endless(200), Reply::Answer(200, Vec::new(), "<html>".to_owned())] {
        let service = Service::start();
        service.fail_next(Fault::instead(reply));
        assert!(client(&service).get("a").await.is_err());
        assert_eq!(service.lines().len(), 1);
    }
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_waited() {
    let service = Service::start();
    let id = &service.fill(1)[0];
    service.fail_next(Fault::status(429, &[("retry-after", "2")]));
    let started = Instant::now();
    client(&service).get(id).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_wait_until_a_date_is_waited_too() {
    use time::format_description::well_known::Rfc2822;
    let service = Service::start();
    let id = &service.fill(1)[0];
    let date = time::OffsetDateTime::now_utc() + Duration::from_secs(3);
    let date = date.format(&Rfc2822).unwrap().replace("+0000", "GMT");
    service.fail_next(Fault::status(503, &[("retry-after", &date)]));
    let started = Instant::now();
    client(&service).get(id).await.unwrap();
    // The date has no fractions.
    assert!(started.elapsed() > Duration::from_millis(1900), "{:?}", started.elapsed());
    // One that is over, or no date at all, changes nothing.
    for header in ["Sun, 06 Nov 1994 08:49:37 GMT", "soon", "-1", "1.5"] {
        service.fail_next(Fault::status(503, &[("retry-after", header)]));
        client(&service).get(id).await.unwrap();
    }
}

#[tokio::test]
async fn a_wait_longer_than_the_call_may_take_is_told_and_not_waited() {
    let service = Service::start();
    for header in ["5", "86400", "18446744073709551615"] {
        service.fail_next(Fault::status(429, &[("retry-after", header)]));
        let started = Instant::now();
        let error = client(&service).get("a").await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::from_secs(header.parse().unwrap())));
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
    }
    assert_eq!(service.lines().len(), 3);
}

#[tokio::test]
async fn a_call_ends_in_its_time_with_its_repeats() {
    let service = Service::start();
    service.fail_always(Fault::status(503, &[("retry-after", "3")]));
    let started = Instant::now();
    let error = client(&service).get("a").await.unwrap_err();
    assert_eq!(error.code(), "service_failed");
    // The three repeats of a call that goes on for longer would take nine seconds.
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert_eq!(service.lines().len(), 2);
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_has_succeeded() {
    let service = Service::start();
    let ids = service.fill(2);
    service.fail_next(Fault::after(Reply::HangUp));
    client(&service).delete(&ids[0]).await.unwrap();
    assert_eq!((service.count(), service.lines().len()), (1, 2));
    // At the first attempt it is an error as ever.
    let missing = client(&service).delete(&ids[0]).await.unwrap_err();
    assert_eq!(missing.code(), "not_found");
    // And only for a removal.
    service.fail_next(Fault::instead(Reply::HangUp));
    assert_eq!(client(&service).get(&ids[0]).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn a_removal_counts_only_where_it_may_have_been_carried_out() {
    let service = Service::start();
    let refused = Fault::status(429, &[]);
    for fault in passing().into_iter().filter(|fault| !matches!(fault.reply(), Reply::BreakOff)) {
        let carried_out = match fault.reply() {
            Reply::Answer(status, ..) => *status >= 500,
            _ => true,
        };
        // Whatever comes after it, too.
        for faults in [vec![fault.clone()], vec![fault, refused.clone()]] {
            let sent = service.lines().len() + faults.len() + 1;
            for fault in faults {
                service.fail_next(fault);
            }
            let removed = client(&service).delete("a").await;
            assert_eq!(service.lines().len(), sent);
            match removed {
                Ok(()) => assert!(carried_out),
                Err(error) => assert_eq!((error.code(), carried_out), ("not_found", false)),
            }
        }
    }
}

#[tokio::test]
async fn a_removal_that_was_not_even_sent_does_not_count() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    // Nobody is let in before it listens.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    let builder = WebhookClient::builder(ApiKey::new(API_KEY).unwrap());
    let client = builder.base_url(url).build().unwrap();
    let service = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (mut connection, _) = socket.listen(1).unwrap().accept().await.unwrap();
        assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
        let answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        connection.write_all(answer.as_bytes()).await.unwrap();
    };
    let (removed, ()) = tokio::join!(client.delete("a"), service);
    assert_eq!(removed.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn many_calls_at_once_are_each_answered() {
    let service = Service::start();
    let ids = service.fill(20);
    let client = client(&service);
    let calls = ids.iter().map(|id| client.get(id));
    for (id, webhook) in ids.iter().zip(join_all(calls).await) {
        assert_eq!(webhook.unwrap().id, *id);
    }
}

/// One that the service has closed meanwhile would make of a rotation an unknown outcome.
#[tokio::test]
async fn every_call_has_a_connection_of_its_own() {
    let service = Service::start();
    let id = &service.fill(1)[0];
    let client = client(&service);
    for call in ONCE.into_iter().chain(REPEATABLE).cycle().take(10) {
        let _ = make(&client, call, id).await;
    }
    let peers: HashSet<_> = service.seen().iter().map(|seen| seen.peer).collect();
    assert_eq!(peers.len(), 10);
}

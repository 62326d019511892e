//! What the hook is told of a verification.

#[path = "requests.rs"]
mod requests;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gemini_webhooks::{
    CachedKeys, Clock as _, Error, Fetch, FetchFuture, FetchRequest, SeenScheme, Verdict,
};
use tokio::time::timeout;

use self::requests::{cached_keys, clock, requests, verifier, verifier_by, verifier_over};

async fn verdicts() -> Vec<Verdict> {
    let told: Arc<Mutex<Vec<Verdict>>> = Arc::default();
    let hook = Arc::clone(&told);
    let verifier = verifier(move |verdict| hook.lock().unwrap().push(verdict.clone()));
    for request in requests() {
        let _ = verifier.verify(&request.headers, request.body).await;
    }
    told.lock().unwrap().clone()
}

#[tokio::test]
async fn the_hook_is_told_once_of_every_verification() {
    let told: Vec<_> = verdicts()
        .await
        .iter()
        .map(|verdict| (verdict.outcome(), verdict.scheme(), verdict.skew()))
        .collect();
    let (v1, v1a, jwt) = (Some(SeenScheme::V1), Some(SeenScheme::V1a), Some(SeenScheme::Jwt));
    let expected = [
        ("accepted", v1, Some(0)),
        ("accepted", v1a, Some(0)),
        ("accepted", jwt, Some(0)),
        ("signature_mismatch", v1, Some(0)),
        ("timestamp_too_old", None, Some(-1000)),
        ("scheme_not_configured", Some(SeenScheme::Unknown), Some(0)),
        ("wrong_audience", jwt, Some(0)),
        ("accepted", v1a, Some(0)),
        ("accepted", v1a, Some(0)),
        ("timestamp_too_old", None, Some(-1000)),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_received_is_told_once() {
    let told: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let hook = Arc::clone(&told);
    let verifier = verifier(move |verdict| hook.lock().unwrap().push(verdict.outcome()));
    for request in requests() {
        let received = verifier.receive(&request.headers, async { Ok(request.body) }).await;
        let outcome = received.map_or_else(|refusal| refusal.code(), |_| "accepted");
        assert_eq!(std::mem::take(&mut *told.lock().unwrap()), [outcome]);
    }
}

#[tokio::test]
async fn what_is_refused_by_its_headers_alone_is_told_once() {
    let told: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let hook = Arc::clone(&told);
    let verifier = verifier(move |verdict| hook.lock().unwrap().push(verdict.outcome()));
    for request in [4, 5, 6, 9].map(|n| requests().swap_remove(n)) {
        let no_body =
            std::future::poll_fn::<Result<Vec<u8>, Error>, _>(|_| panic!("the body is asked for"));
        let refusal = verifier.receive(&request.headers, no_body).await.unwrap_err();
        assert_eq!(std::mem::take(&mut *told.lock().unwrap()), [refusal.code()]);
    }
}

#[tokio::test]
async fn the_age_of_the_keys_is_told_where_the_source_tells_it() {
    let told: Arc<Mutex<Vec<Option<Duration>>>> = Arc::default();
    let hook = Arc::clone(&told);
    let clock = clock();
    let keys = cached_keys(&clock).await;
    let verifier = verifier_over(keys, clock.clone(), move |verdict| {
        hook.lock().unwrap().push(verdict.key_age());
    });
    let age = Duration::from_secs(50);
    clock.advance(age);
    for request in requests().into_iter().take(3) {
        verifier.verify(&request.headers, request.body).await.unwrap();
    }
    assert_eq!(*told.lock().unwrap(), [None, Some(age), Some(age)]);
    assert!(verdicts().await.iter().all(|verdict| verdict.key_age().is_none()));
}

#[tokio::test]
async fn who_goes_away_before_the_body_is_there_is_told_as_interrupted() {
    let told: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let hook = Arc::clone(&told);
    let verifier = verifier(move |verdict| hook.lock().unwrap().push(verdict.outcome()));
    for request in requests() {
        let never = std::future::pending::<Result<Vec<u8>, Error>>();
        let receive = verifier.receive(&request.headers, never);
        let patience = Duration::from_millis(1);
        let _ = timeout(patience, receive).await;
    }
    let told = told.lock().unwrap();
    let interrupted = told.iter().filter(|outcome| **outcome == "body_interrupted").count();
    assert_eq!((told.len(), interrupted), (requests().len(), 6));
}

#[tokio::test]
async fn a_body_that_takes_long_is_judged_by_the_time_of_its_end() {
    let told: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let hook = Arc::clone(&told);
    let clock = clock();
    let verifier = verifier_by(clock.clone(), move |verdict| {
        hook.lock().unwrap().push(verdict.outcome());
    });
    for request in requests().into_iter().take(3) {
        let slow = async {
            clock.advance(Duration::from_secs(400));
            Ok(request.body)
        };
        let refused = verifier.receive(&request.headers, slow).await.unwrap_err();
        assert_eq!(refused, Error::TooOld { age: 400, limit: 300 });
        clock.set(requests::clock().now());
    }
    assert_eq!(*told.lock().unwrap(), ["timestamp_too_old"; 3]);
}

#[tokio::test]
async fn what_ends_at_its_body_is_told_once() {
    let told: Arc<Mutex<Vec<Verdict>>> = Arc::default();
    let hook = Arc::clone(&told);
    let verifier = verifier(move |verdict| hook.lock().unwrap().push(verdict.clone()));
    let ends = [Error::BodyTooLarge { limit: verifier.max_body_bytes() }, Error::BodyInterrupted];
    for (end, request) in ends.iter().zip(requests()) {
        let body = std::future::ready(Err::<Vec<u8>, _>(end.clone()));
        assert_eq!(verifier.receive(&request.headers, body).await.unwrap_err(), *end);
    }
    let told = told.lock().unwrap();
    let told: Vec<_> =
        told.iter().map(|verdict| (verdict.refusal(), verdict.scheme(), verdict.skew())).collect();
    let schemes = [SeenScheme::V1, SeenScheme::V1a];
    let expected: Vec<_> =
        ends.iter().zip(schemes).map(|(end, scheme)| (Some(end), Some(scheme), Some(0))).collect();
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn who_goes_away_while_keys_are_waited_for_is_told_as_without_them() {
    struct Never;
    impl Fetch for Never {
        fn fetch(&self, _: FetchRequest) -> FetchFuture {
            Box::pin(std::future::pending())
        }
    }
    let told: Arc<Mutex<Vec<_>>> = Arc::default();
    let hook = Arc::clone(&told);
    let keys = CachedKeys::builder("https://keys.example.com", Never).build().unwrap();
    let verifier = verifier_over(keys, clock(), move |verdict| {
        hook.lock().unwrap().push((verdict.outcome(), verdict.scheme()));
    });
    let patience = Duration::from_secs(1);
    for (n, scheme) in [(1, SeenScheme::V1a), (2, SeenScheme::Jwt)] {
        let request = requests().swap_remove(n);
        let at_once = verifier.verify(&request.headers, request.body.clone());
        assert!(timeout(patience, at_once).await.is_err());
        let by_parts = verifier.receive(&request.headers, async { Ok(request.body) });
        assert!(timeout(patience, by_parts).await.is_err());
        let without_keys = ("keys_unreachable", Some(scheme));
        assert_eq!(std::mem::take(&mut *told.lock().unwrap()), [without_keys; 2]);
    }
}

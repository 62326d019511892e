//! What the hook is told of a verification.

#[path = "requests.rs"]
mod requests;

use std::sync::{Arc, Mutex};

use gemini_webhooks::{SeenScheme, Verdict};

use self::requests::{requests, verifier};

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
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn what_is_refused_by_its_headers_alone_is_told_once() {
    let told: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let hook = Arc::clone(&told);
    let verifier = verifier(move |verdict| hook.lock().unwrap().push(verdict.outcome()));
    for request in requests() {
        if verifier.check_headers(&request.headers).is_ok() {
            let _ = verifier.verify(&request.headers, request.body).await;
        }
    }
    assert_eq!(told.lock().unwrap().len(), requests().len());
}

//! What `tracing` is told of a verification. Alone in its process: whether a span is looked at is
//! remembered for all threads.

#[path = "requests.rs"]
mod requests;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tracing_subscriber::fmt::format::FmtSpan;

use self::requests::{ID, TOKEN, cached_keys, clock, requests, verifier, verifier_over};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_span_for_each_verification_says_how_it_went_and_nothing_of_what_was_sent() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(FmtSpan::CLOSE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let verifier = verifier(|_| ());
    for request in requests() {
        let _ = verifier.verify(&request.headers, request.body).await;
    }
    let clock = clock();
    let over_cached_keys = verifier_over(cached_keys(&clock).await, clock.clone(), |_| ());
    clock.advance(Duration::from_secs(50));
    let v1a = requests().swap_remove(1);
    over_cached_keys.verify(&v1a.headers, v1a.body).await.unwrap();
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let closed = lines.iter().filter(|line| line["fields"]["message"] == "close");
    let spans: Vec<_> = closed.map(|line| &line["span"]).collect();
    assert_eq!(spans.len(), requests().len() + 1, "{log}");
    assert_eq!(spans[0]["outcome"], "accepted");
    assert_eq!(spans[0]["scheme"], "v1");
    assert_eq!(spans[4]["skew_seconds"], -1000);
    assert_eq!(spans[6]["outcome"], "wrong_audience");
    assert_eq!(spans[10]["key_age_seconds"], 50);
    assert!(spans[1]["key_age_seconds"].is_null(), "{log}");
    for secret in [TOKEN, ID, "private", "changed", "another-project", "QUJD", "v1a,", "eyJ"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

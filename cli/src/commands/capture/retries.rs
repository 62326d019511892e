//! What changes between the attempts of one delivery, told apart by hashes under a key of this
//! process: nothing of an attempt is kept.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use gemini_webhooks::{HeaderLookup as _, Lookup};
use http::HeaderMap;
use serde_json::Value;

use super::evidence::Evidence;
use super::token::Token;
use super::topic::Topic;

/// Most deliveries that are remembered.
const MOST: usize = 4096;

/// The attempts of all deliveries.
#[derive(Debug, Default)]
pub(super) struct Retries {
    last: HashMap<u64, Attempt>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Attempt {
    number: u64,
    arrived: Instant,
    sent_at: i64,
    body: u64,
    signature: u64,
    /// `iat`, `exp` and `jti` of a token.
    claims: Option<[u64; 3]>,
}

const CLAIMS: [&str; 3] = ["iat", "exp", "jti"];

impl Retries {
    /// Takes note of an attempt that verified, and returns which one of its delivery it is.
    pub(super) fn note(
        &mut self,
        id: &str,
        sent_at: i64,
        headers: &HeaderMap,
        body: &[u8],
        evidence: &mut Evidence,
    ) -> u64 {
        let (id, arrived) = (self.hasher.hash_one(id), Instant::now());
        let value = match headers.lookup().signature {
            Lookup::One(value) => value,
            Lookup::Missing | Lookup::Repeated => &[],
        };
        let mut attempt = Attempt {
            number: 1,
            arrived,
            sent_at,
            body: self.hasher.hash_one(body),
            signature: self.hasher.hash_one(value),
            claims: Token::read(value).map(|token| self.claims(&token.claims)),
        };
        if let Some(before) = self.last.get(&id) {
            attempt.number = before.number.saturating_add(1);
            attempt.compare(before, evidence);
        }
        let number = attempt.number;
        if self.last.len() < MOST || self.last.contains_key(&id) {
            self.last.insert(id, attempt);
        }
        number
    }

    fn claims(&self, claims: &Value) -> [u64; 3] {
        CLAIMS.map(|claim| self.hasher.hash_one(claims.get(claim).map(Value::to_string)))
    }
}

impl Attempt {
    fn compare(&self, before: &Self, evidence: &mut Evidence) {
        let same = |is_same: bool| if is_same { "the same" } else { "another" };
        let sent = match self.sent_at.cmp(&before.sent_at) {
            std::cmp::Ordering::Greater => "later",
            std::cmp::Ordering::Equal => "the same",
            std::cmp::Ordering::Less => "earlier",
        };
        let body = same(self.body == before.body);
        let signature = same(self.signature == before.signature);
        let mut finding = format!("webhook-timestamp {sent}, body {body}, signature {signature}");
        if let (Some(claims), Some(claims_before)) = (&self.claims, &before.claims) {
            for ((name, now), then) in CLAIMS.iter().zip(claims).zip(claims_before) {
                finding.extend([", ", *name, " ", same(now == then)]);
            }
        }
        evidence.note(Topic::Retries, finding);
        let waited = self.arrived.saturating_duration_since(before.arrived);
        evidence.note(
            Topic::RetryIntervals,
            format!("about {} before attempt {}", rounded(waited), self.number),
        );
    }
}

/// To two digits, so that there are few of them.
fn rounded(waited: Duration) -> String {
    match waited.as_secs() {
        seconds @ 0..10 => format!("{seconds} s"),
        seconds @ 10..120 => format!("{} s", seconds.saturating_sub(seconds % 5)),
        seconds => crate::moment::distance(seconds),
    }
}

//! What a JWT looks like. It is read here without a check: the library judges it.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gemini_webhooks::limits::{MAX_AUDIENCES, MAX_SIGNATURE_HEADER_BYTES};
use serde_json::Value;

use super::evidence::Evidence;
use super::form;
use super::judge::{GREATEST_AGE, LONGEST_LIFE};
use super::needs::Allowance;
use super::topic::Topic;

/// The decoded halves of a token.
pub(super) struct Token {
    header: Value,
    pub(super) claims: Value,
}

/// Algorithms that are told by their names.
const ALGORITHMS: [&str; 14] = [
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512",
    "PS256", "PS384", "PS512", "EdDSA",
];

/// Members of a header that change what a token means.
const TELLING_MEMBERS: [&str; 9] = ["crit", "jku", "jwk", "x5u", "x5c", "x5t", "b64", "zip", "cty"];

/// The registered claims (RFC 7519 section 4.1), without the audience.
const CLAIMS: [&str; 6] = ["iss", "sub", "exp", "nbf", "iat", "jti"];

impl Token {
    /// Reads a header value that has the form of a token.
    pub(super) fn read(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value)
            .ok()
            .filter(|text| text.len() <= MAX_SIGNATURE_HEADER_BYTES)?;
        let mut segments = text.split('.');
        let (header, claims) = (segments.next()?, segments.next()?);
        segments.next()?;
        if segments.next().is_some() {
            return None;
        }
        Some(Self { header: decode(header)?, claims: decode(claims)? })
    }

    /// Whom it is for, as far as the library takes them.
    pub(super) fn audiences(&self) -> Vec<String> {
        let texts = match self.claims.get("aud") {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text.as_str()],
            _ => Vec::new(),
        };
        let texts = texts.into_iter().filter(|text| !text.is_empty()).take(MAX_AUDIENCES);
        texts.map(str::to_owned).collect()
    }

    /// Tells whether the claims hold an event.
    pub(super) fn holds_event(&self) -> bool {
        self.claims.get("type").is_some() && self.claims.get("data").is_some()
    }

    /// A time of the claims in whole seconds, as the library reads it.
    fn seconds(&self, claim: &str) -> Option<u64> {
        let value = self.claims.get(claim)?;
        let fraction = || Some(Duration::try_from_secs_f64(value.as_f64()?).ok()?.as_secs());
        value.as_u64().or_else(fraction)
    }

    /// How long it lives, in seconds.
    fn life(&self) -> Option<u64> {
        self.seconds("exp")?.checked_sub(self.seconds("iat")?)
    }

    /// How old it is, in seconds.
    fn age(&self, now: u64) -> Option<u64> {
        self.seconds("iat").map(|issued| now.saturating_sub(issued))
    }

    /// What a verifier must allow so that this token is accepted at this time. Where the greatest
    /// life and age do not do, the leeway did.
    pub(super) fn allowance(&self, now: u64) -> Allowance {
        let issued = self.seconds("iat");
        let expires = self.seconds("exp").unwrap_or(now);
        let life = expires.saturating_sub(issued.unwrap_or(now));
        let age = self.age(now).unwrap_or(0);
        let starts = self.seconds("nbf").max(issued).unwrap_or(now);
        let leeway = [
            now.saturating_add(1).saturating_sub(expires),
            starts.saturating_sub(now),
            expires.saturating_sub(now).saturating_sub(LONGEST_LIFE.as_secs()),
            age.saturating_sub(GREATEST_AGE.as_secs()),
        ];
        Allowance {
            life: life.min(LONGEST_LIFE.as_secs()),
            age: age.min(GREATEST_AGE.as_secs()),
            leeway: leeway.into_iter().max().unwrap_or(0),
        }
    }

    pub(super) fn note(&self, is_verified: bool, now: u64, evidence: &mut Evidence) {
        let mut note = |topic, finding: String| evidence.note_of(is_verified, topic, finding);
        note(Topic::TokenHeader, self.header_in_words());
        note(Topic::Audience, form::party(self.claims.get("aud")));
        for claim in CLAIMS {
            let value = self.claims.get(claim);
            let form = match (claim, value) {
                ("iss" | "sub", value) => form::party(value),
                (_, None) => "missing".to_owned(),
                (_, Some(value)) => form::kind(value),
            };
            note(Topic::Claims, format!("{claim}: {form}"));
        }
        if let Some(life) = self.life() {
            note(Topic::Lifetime, format!("exp is {life} s after iat"));
        }
        if let Some(age) = self.age(now) {
            note(Topic::Lifetime, format!("iat is {} before it arrives", about(age)));
        }
    }

    fn header_in_words(&self) -> String {
        let text = |name: &str| self.header.get(name).and_then(Value::as_str);
        let alg = text("alg").map_or("missing", |alg| known(&ALGORITHMS, alg));
        let typ = text("typ").map_or("missing", |typ| known(&["JWT", "jwt", "at+jwt"], typ));
        let kid = text("kid").map_or_else(|| "missing".to_owned(), form::id);
        let more = TELLING_MEMBERS.iter().filter(|name| self.header.get(**name).is_some());
        let more: String = more.flat_map(|name| [", ", *name]).collect();
        format!("alg {alg}, typ {typ}, kid {kid}{more}")
    }
}

fn known<'w>(words: &[&'w str], word: &str) -> &'w str {
    words.iter().find(|known| **known == word).map_or("another", |known| known)
}

fn decode(segment: &str) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(segment).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// An age in a few steps, so that there are few of them.
fn about(seconds: u64) -> &'static str {
    match seconds {
        0..=5 => "at most 5 s",
        6..=60 => "at most a minute",
        61..=300 => "at most 5 minutes",
        301..=3600 => "at most an hour",
        _ => "more than an hour",
    }
}

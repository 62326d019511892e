//! What the published key set looks like.

use gemini_webhooks::KeySet;
use http::HeaderMap;
use http::header::{AGE, CACHE_CONTROL, ETAG, EXPIRES};
use serde_json::Value;

use super::evidence::Evidence;
use super::form;
use super::topic::Topic;
use crate::commands::keys::kind;
use crate::jwks::{Document, Unfetched};

/// Directives of Cache-Control that are told (RFC 9111 section 5.2.2).
const DIRECTIVES: [&str; 8] = [
    "public",
    "private",
    "no-cache",
    "no-store",
    "no-transform",
    "must-revalidate",
    "max-age",
    "s-maxage",
];

/// Takes note of the key set, or of why there is none.
pub(super) fn note(fetched: &Result<Document, Unfetched>, evidence: &mut Evidence) {
    match fetched {
        Err(Unfetched { problem, .. }) => evidence.note(Topic::KeyKinds, problem.to_string()),
        Ok(document) => {
            note_keys(&document.body, evidence);
            evidence.note(Topic::KeyCaching, caching(&document.headers));
        }
    }
}

fn note_keys(document: &[u8], evidence: &mut Evidence) {
    let set = match KeySet::from_json(document) {
        Ok(set) => set,
        Err(problem) => return evidence.note(Topic::KeyKinds, problem.to_string()),
    };
    let value: Value = serde_json::from_slice(document).unwrap_or_default();
    let keys = value.get("keys").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for (index, key) in keys.iter().enumerate() {
        let skipped = set.skipped().iter().find(|skipped| skipped.index == index);
        let usable =
            skipped.map_or_else(|| "usable".to_owned(), |skipped| skipped.reason.to_string());
        evidence.note(Topic::KeyKinds, format!("{}: {usable}", known_kind(key)));
        let member =
            |name: &str, values: &[&'static str]| match key.get(name).and_then(Value::as_str) {
                None => "missing",
                Some(text) => {
                    values.iter().find(|known| **known == text).map_or("another", |known| known)
                }
            };
        let kid = key.get("kid").and_then(Value::as_str);
        let kid = kid.map_or_else(|| "missing".to_owned(), form::id);
        let usage = member("use", &["sig", "enc"]);
        let alg = member("alg", &["RS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "Ed25519"]);
        evidence.note(Topic::KeyMembers, format!("kid {kid}, use {usage}, alg {alg}"));
    }
}

/// The kind of a key, unless it is a word that we do not know.
fn known_kind(key: &Value) -> String {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let known = ["RSA", "EC", "OKP", "oct", "AKP"].contains(&text("kty").unwrap_or("RSA"));
    let curves = ["Ed25519", "Ed448", "X25519", "X448", "P-256", "P-384", "P-521", "secp256k1"];
    let known_curve = text("crv").is_none_or(|curve| curves.contains(&curve));
    if known && known_curve { kind(key) } else { "another kind".to_owned() }
}

/// The names of the directives, the numbers of seconds, and which other headers there are.
fn caching(headers: &HeaderMap) -> String {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let mut found: Vec<String> = Vec::new();
    for directive in lines.flat_map(|line| line.split(',')) {
        let (name, value) = directive.trim().split_once('=').unwrap_or((directive.trim(), ""));
        let Some(name) = DIRECTIVES.iter().find(|known| known.eq_ignore_ascii_case(name)) else {
            continue;
        };
        match value.trim_matches('"').parse::<u64>() {
            Ok(seconds) => found.push(format!("{name}={seconds}")),
            Err(_) => found.push((*name).to_owned()),
        }
    }
    let cache_control = if found.is_empty() { "missing".to_owned() } else { found.join(", ") };
    let others = [(AGE, "Age"), (ETAG, "ETag"), (EXPIRES, "Expires")].map(|(header, name)| {
        format!("{name} {}", if headers.contains_key(header) { "sent" } else { "missing" })
    });
    format!("Cache-Control {cache_control}; {}", others.join(", "))
}

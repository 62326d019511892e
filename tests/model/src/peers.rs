//! What other crates say to the same request.

use std::time::{SystemTime, UNIX_EPOCH};

use gemini_webhooks::Clock as _;
use http::HeaderMap;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::Result;
use crate::setup::{DynamicPart, SecretPart, Setup, at};

/// Chooses the backend of jsonwebtoken.
pub fn install() -> Result<()> {
    jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER
        .install_default()
        .map_err(|_| "another backend is installed".into())
}

/// The time that peers see, in Unix seconds.
pub fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Any of the secrets that are not retired may match.
pub fn standardwebhooks(setup: &Setup, headers: &HeaderMap, body: &[u8]) -> Value {
    let mut verdict = Err("no secret".to_owned());
    for secret in setup.static_part.iter().flat_map(|part| &part.secrets) {
        if is_retired(secret, setup) || verdict.is_ok() {
            continue;
        }
        let webhook = match secret.raw() {
            Some(key) => Webhook::from_bytes(key),
            None => Webhook::new(secret.text.as_deref().unwrap_or_default()),
        };
        verdict = webhook
            .and_then(|webhook| webhook.verify(body, headers))
            .map_err(|error| error.to_string());
    }
    said(verdict)
}

fn is_retired(secret: &SecretPart, setup: &Setup) -> bool {
    secret.retire_at.is_some_and(|time| setup.clock.now() >= at(time, 0))
}

/// With the checks that it offers for what the configuration asks.
pub fn jsonwebtoken(setup: &Setup, headers: &[(String, Vec<u8>)]) -> Value {
    let is_signature = |(name, _): &&(String, _)| name.eq_ignore_ascii_case("webhook-signature");
    let token = headers.iter().find(is_signature).map(|(_, value)| value.as_slice());
    let (Some(token), Some(part)) = (token, &setup.dynamic_part) else {
        return said(Err("no token".to_owned()));
    };
    said(decode(token, &setup.document, part).map_err(|error| error.to_string()))
}

fn decode(token: &[u8], document: &[u8], part: &DynamicPart) -> Result<()> {
    let keys: JwkSet =
        serde_json::from_slice(document).map_err(|error| format!("key set: {error}"))?;
    let kid = jsonwebtoken::decode_header(token)?.kid.ok_or("no kid")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("unknown kid")?)?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&part.audiences);
    validation.set_required_spec_claims(&["exp", "aud"]);
    if !part.issuers.is_empty() {
        validation.set_issuer(&part.issuers);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    }
    validation.validate_nbf = true;
    validation.leeway = part.leeway.unwrap_or(validation.leeway);
    jsonwebtoken::decode::<Value>(token, &key, &validation)?;
    Ok(())
}

fn said(verdict: std::result::Result<(), String>) -> Value {
    match verdict {
        Ok(()) => json!("ok"),
        Err(reason) => json!(reason),
    }
}

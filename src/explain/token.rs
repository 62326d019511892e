//! What a token says of itself, and what of it a verifier does not accept.

use serde_json::Value;

use super::cause::Cause;
use super::finding::Finding;
use super::request::Request;
use super::shown::Shown;
use crate::clock::unix_seconds;
use crate::error::{Error, TokenProblem};
use crate::headers::Lookup;
use crate::json;
use crate::verify_dynamic::explained::Said;

/// Most audiences of a token that are shown.
const MOST_SHOWN: usize = 3;

/// Explains an error with what the token claims, where there is something to tell of it.
pub(super) fn finding(
    error: &Error,
    said: &Said,
    audiences: &[String],
    request: &Request<'_>,
) -> Option<Finding> {
    let claims = json::value(&mut serde_json::Deserializer::from_slice(&said.claims)).ok()?;
    let now = unix_seconds(request.now);
    let time = |name: &str| claims.get(name).and_then(whole_seconds);
    let (exp, iat, nbf) = (time("exp"), time("iat"), time("nbf"));
    Some(match error {
        Error::WrongAudience => audience(&claims, audiences),
        Error::WrongIssuer => {
            let what = match claims.get("iss").and_then(Value::as_str) {
                Some(issuer) => format!("the token is issued by {}", Shown(issuer)),
                None => "the token names no issuer (`iss`)".to_owned(),
            };
            Finding::new(Cause::IssuerDiffers, format!("{what}, and an issuer is asked for"))
        }
        Error::TokenExpired => {
            let ago = now.saturating_sub(exp?);
            Finding::new(
                Cause::TokenExpired,
                format!("the token expired {ago} s before the time of the verification"),
            )
        }
        Error::TokenNotYetValid => {
            let ahead = iat.max(nbf)?.saturating_sub(now);
            let what =
                format!("the token is valid only {ahead} s after the time of the verification");
            Finding::new(Cause::TokenNotYetValid, what)
        }
        Error::TokenTooOld => {
            let ago = now.saturating_sub(iat?);
            Finding::new(
                Cause::TokenTooOld,
                format!("the token was issued {ago} s before the time of the verification"),
            )
        }
        Error::TokenLivesTooLong => {
            let life = exp?.saturating_sub(iat.unwrap_or(now));
            Finding::new(Cause::TokenLivesTooLong, format!("the token lives {life} s"))
        }
        _ => return None,
    })
}

fn whole_seconds(time: &Value) -> Option<i64> {
    let whole = |seconds| std::time::Duration::try_from_secs_f64(seconds).ok();
    let fraction = || i64::try_from(whole(time.as_f64()?)?.as_secs()).ok();
    time.as_i64().or_else(fraction)
}

/// Shows whom the token is for: anybody's word, bounded and escaped.
fn audience(claims: &Value, accepted: &[String]) -> Finding {
    let found: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if found.is_empty() {
        let what = "the token names no audience (`aud`), and one is asked for";
        return Finding::new(Cause::AudienceDiffers, what);
    }
    let shown: Vec<_> = found.iter().take(MOST_SHOWN).map(|one| Shown(one).to_string()).collect();
    let more = if found.len() > MOST_SHOWN { ", and others" } else { "" };
    let near = found.iter().any(|found| accepted.iter().any(|accepted| is_near(found, accepted)));
    let differs = if near {
        "and differs from an accepted audience in letter case, white space or a slash at the end"
    } else {
        "and that is no accepted audience"
    };
    let what = format!("the token is for {}{more}, {differs}", shown.join(", "));
    Finding::new(Cause::AudienceDiffers, what)
}

fn is_near(found: &str, accepted: &str) -> bool {
    let plain = |text: &str| text.trim().trim_end_matches('/').to_lowercase();
    plain(found) == plain(accepted)
}

/// Says what is wrong with the form of a token.
pub(super) fn malformed(problem: TokenProblem, request: &Request<'_>) -> Finding {
    let value = match request.headers.lookup().signature {
        Lookup::One(value) => value,
        _ => b"",
    };
    let named = value.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"bearer "));
    let what = if named {
        "webhook-signature holds `Bearer` before the token, and must hold the token alone"
            .to_owned()
    } else {
        format!("the token is malformed ({problem})")
    };
    Finding::new(Cause::TokenMalformed, what)
}

//! Where the sides are known to disagree: each place with its reason, and checked as well, so that
//! a package that changes its mind is noticed.

use serde_json::{Value, json};

use super::claims::{self, changed};
use super::keys::{KEYS, Key};
use super::{headers, message};
use crate::Result;
use crate::dynamic::{AUDIENCE, DynamicReceiver, Form};
use crate::judge::Side::{self, Here, JavaScript, Python};
use crate::judge::{PACKAGES, Row};
use crate::message::{Message, now, places_on};

const KEY: Key = KEYS[0];

type Difference = Row<DynamicReceiver>;

/// A token or a change of the usual one, and who accepts it.
type Odd<T> = (&'static str, &'static [Side], T);

pub(super) fn rows() -> Result<Vec<Difference>> {
    let mut all = Vec::new();
    for (what, accepted_by, change) in claims(now()?) {
        all.push(row(what, accepted_by, of(&json!({}), &change)?)?);
    }
    for (what, accepted_by, change) in odd_headers() {
        all.push(row(what, accepted_by, of(&change, &json!({}))?)?);
    }
    for (what, accepted_by, token) in texts()?.into_iter().chain(forms()?) {
        all.push(row(what, accepted_by, token)?);
    }
    all.extend(requests()?);
    Ok(all)
}

fn claims(now: i64) -> Vec<Odd<Value>> {
    let deep = (0..64).fold(json!(0), |inner, _| json!([inner]));
    vec![
        // The packages judge a time only if there is one, and know no longest life, and no age
        // unless they are told one.
        ("no expiry", PACKAGES, json!({ "exp": null })),
        ("valid for ten days", PACKAGES, json!({ "exp": now + 864_000 })),
        ("valid past the year 9999", PACKAGES, json!({ "exp": 300_000_000_000_u64 })),
        ("valid for ever", PACKAGES, json!({ "exp": 1e300 })),
        ("issued an hour ago", PACKAGES, json!({ "iat": now - 3600 })),
        ("issued before 1970", PACKAGES, json!({ "iat": -1 })),
        ("valid since before 1970", PACKAGES, json!({ "nbf": -1 })),
        // JavaScript reads the time of issue only to tell an age.
        ("issued in two minutes", &[JavaScript], json!({ "iat": now + 120 })),
        // Python makes a whole number of everything that it can.
        ("an expiry as text", &[Python], json!({ "exp": (now + 300).to_string() })),
        ("a start as text", &[Python], json!({ "nbf": now.to_string() })),
        ("a time of issue as text", &[Python], json!({ "iat": now.to_string() })),
        ("true as start", &[Python], json!({ "nbf": true })),
        // JavaScript looks for ours in the list, and not at the others.
        ("a number beside our audience", &[JavaScript], json!({ "aud": [AUDIENCE, 1] })),
        // Python knows two more claims; here they are the caller's.
        ("a number as subject", &[Here, JavaScript], json!({ "sub": 1 })),
        ("a number as the token's id", &[Here, JavaScript], json!({ "jti": 1 })),
        // Depth is bounded here, so that the stack is not the sender's.
        ("claims nested 65 times", PACKAGES, json!({ "deep": deep })),
        // Here a header has at most 16 KiB.
        ("a claim of 16 KiB", PACKAGES, json!({ "padding": "x".repeat(16 * 1024) })),
        // The packages know of no body: here one that is not signed must be asked for.
        ("no event in the claims", PACKAGES, json!({ "type": null, "data": null })),
    ]
}

fn odd_headers() -> Vec<Odd<Value>> {
    vec![
        // The packages look at the type only if they are told one.
        ("another type", PACKAGES, json!({ "typ": "at+jwt" })),
        ("a number as type", PACKAGES, json!({ "typ": 1 })),
        // The packages do not read these either, but let them pass.
        ("a type of the content", PACKAGES, json!({ "cty": "JWT" })),
        ("claims said to be compressed", PACKAGES, json!({ "zip": "DEF" })),
        ("claims said to be encrypted", PACKAGES, json!({ "enc": "A128GCM" })),
        ("a key of the sender's", PACKAGES, json!({ "jwk": KEY.signer().jwk() })),
        ("keys to be fetched", PACKAGES, json!({ "jku": "https://example.com" })),
        ("certificates", PACKAGES, json!({ "x5c": ["AAAA"] })),
        ("certificates to be fetched", PACKAGES, json!({ "x5u": "https://example.com" })),
        // The only critical member that they know, and what holds without it.
        ("claims said to be encoded", PACKAGES, json!({ "crit": ["b64"], "b64": true })),
        // JavaScript needs no name to choose the only key.
        ("no name of the only key", &[JavaScript], json!({ "kid": null })),
    ]
}

/// Headers and claims that are JSON in a way of their own.
fn texts() -> Result<Vec<Odd<String>>> {
    let header = headers(KEY)[0].to_string();
    let claims = claims::usual(0, now()?)?.to_string();
    let token = |header: &str, claims: &[u8]| KEY.signer().token_of(header, claims);
    let twice = |json: &str, member: &str| format!("{{{member},{}", &json[1..]);
    let utf16 = |json: &str| json.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
    Ok(vec![
        // The packages keep the last one.
        ("two audiences", PACKAGES, token(&header, twice(&claims, r#""aud":"other""#).as_bytes())),
        ("two expiries", PACKAGES, token(&header, twice(&claims, r#""exp":1"#).as_bytes())),
        ("two types", PACKAGES, token(&header, twice(&claims, r#""type":"a""#).as_bytes())),
        ("two algorithms", PACKAGES, token(&twice(&header, r#""alg":"none""#), claims.as_bytes())),
        ("two names", PACKAGES, token(&twice(&header, r#""kid":"other""#), claims.as_bytes())),
        // Python tells the encoding by the bytes.
        ("claims in UTF-16", &[Python], token(&header, &utf16(&claims))),
        (
            "a byte order mark before the claims",
            PACKAGES,
            token(&header, format!("\u{feff}{claims}").as_bytes()),
        ),
    ])
}

/// Spellings of base64url beside the one.
fn forms() -> Result<Vec<Odd<String>>> {
    let good = of(&json!({}), &json!({}))?;
    Ok(vec![
        // JavaScript has the decoder of browsers, which does not look at bits that stand for
        // nothing, and leaves out white space.
        ("the last bits of the signature set", &[JavaScript], with_spare_bits_set(&good)),
        ("a space behind", &[JavaScript], format!("{good} ")),
        // Both decode the signature with or without.
        ("padding behind the signature", PACKAGES, format!("{good}==")),
    ])
}

/// What a request has beside its token, of which the packages know nothing.
fn requests() -> Result<Vec<Difference>> {
    let good = || of(&json!({}), &json!({})).and_then(|token| message(token, ""));
    let past = (now()? - 400).to_string();
    let messages = [
        ("sent too long ago", Message { timestamp: past, ..good()? }),
        ("a dot in the id", Message { id: "msg.1".to_owned(), ..good()? }),
        (
            "another event in the body",
            Message { body: br#"{"type":"batch.failed","data":{"id":"1"}}"#.to_vec(), ..good()? },
        ),
    ];
    let row = |(what, message)| {
        let receiver = DynamicReceiver::new(Form::Rs256, [KEY.signer().jwk()]);
        Row { what, accepted_by: PACKAGES, message, receiver }
    };
    Ok(messages.map(row).into())
}

/// A token of these changes of the usual one.
fn of(header: &Value, claims: &Value) -> Result<String> {
    let header = changed(headers(KEY)[0].clone(), header);
    let claims = changed(claims::usual(0, now()?)?, claims);
    Ok(KEY.signer().token_of(header.to_string(), claims.to_string()))
}

fn row(what: &'static str, accepted_by: &'static [Side], token: String) -> Result<Difference> {
    let receiver = DynamicReceiver::new(Form::Rs256, [KEY.signer().jwk()]);
    Ok(Row { what, accepted_by, message: message(token, "")?, receiver })
}

/// The last character of 256 bytes in base64url has four bits that stand for nothing and are zero:
/// the next character of the alphabet sets one.
fn with_spare_bits_set(token: &str) -> String {
    let (rest, last) = token.split_at(token.len() - 1);
    let last: String = last.chars().map(|char| places_on(1, char)).collect();
    format!("{rest}{last}")
}

//! Dynamic webhooks as documented, JWTs: beside `PyJWT` and `jose`.

pub mod claims;
mod differences;
mod forged;
pub mod keys;

use serde_json::{Value, json};

use self::claims::changed;
use self::keys::{KEYS, Key, to_sign};
use crate::Result;
use crate::dynamic::{DynamicReceiver, Form};
use crate::judge::{EVERYBODY, NOBODY, Signer, judge, judge_rows};
use crate::message::{Message, now};
use crate::peer::Peer;
use crate::tally::Tally;

pub fn check(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for signer in [Signer::There, Signer::Here] {
        signer.section("RS256", peer, tally);
        accepted(signer, peer, tally)?;
        refused(signer, peer, tally)?;
    }
    tally.section(format!("RS256, forged, verified here and by {}", peer.side));
    let forged = forged::rows(peer)?;
    judge_rows(peer, forged, tally)?;
    tally.section(format!("RS256, known differences, {}", peer.side));
    let differences = differences::rows()?;
    judge_rows(peer, differences, tally)
}

/// Tokens that both sides accept; and refuse with one character changed, and with other keys.
fn accepted(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for (n, (what, change)) in claims::accepted(now()?).into_iter().enumerate() {
        let (key, next) = (KEYS[n % KEYS.len()], KEYS[(n + 1) % KEYS.len()]);
        let headers = headers(key);
        let claims = changed(claims::usual(n, now()?)?, &change);
        let token = signed(signer, peer, key, &headers[n % headers.len()], &claims)?;
        let bodies = [String::new(), claims.to_string(), r#"{"no":"event"}"#.to_owned()];
        let message = message(token, &bodies[n % bodies.len()])?;

        let (own, other) = (key.jwk(signer, peer)?, next.jwk(signer, peer)?);
        let mut impostor = other.clone();
        impostor["kid"] = key.kid.into();
        // Whether a body is signed is a question of this crate's alone: see the differences.
        let holds = |keys: &[&Value]| DynamicReceiver {
            takes_unsigned_body: true,
            ..DynamicReceiver::new(Form::Rs256, keys.iter().copied().cloned())
        };
        let mut judged = vec![
            judge(peer, what, &message, &holds(&[&own]), EVERYBODY)?,
            judge(peer, what, &message, &holds(&[&other, &own]), EVERYBODY)?,
            judge(peer, "with an unknown key", &message, &holds(&[&other]), NOBODY)?,
            judge(peer, "with a wrong key", &message, &holds(&[&impostor, &other]), NOBODY)?,
        ];
        // The last character, and from there every one of the first token, some of the others.
        let places = (0..message.signature.len()).rev().step_by(if n == 0 { 1 } else { 61 });
        for (change, message) in message.with_signature_changed(places) {
            judged.push(judge(peer, &change, &message, &holds(&[&own, &other]), NOBODY)?);
        }
        tally.record(judged);
    }
    Ok(())
}

fn refused(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for (n, (what, change)) in claims::refused(now()?).into_iter().enumerate() {
        let key = KEYS[n % KEYS.len()];
        let claims = changed(claims::usual(n, now()?)?, &change);
        let token = signed(signer, peer, key, &headers(key)[0], &claims)?;
        let receiver = DynamicReceiver::new(Form::Rs256, [key.jwk(signer, peer)?]);
        tally.record([judge(peer, what, &message(token, "")?, &receiver, NOBODY)?]);
    }
    Ok(())
}

/// Headers that everybody accepts; the first is the usual one.
fn headers(key: Key) -> [Value; 4] {
    let usual = json!({ "alg": "RS256", "typ": "JWT", "kid": key.kid });
    [
        json!({}),
        json!({ "typ": null }),
        json!({ "typ": "jwt" }),
        json!({ "x-größe": { "a": [1] }, "x5t": "AAAA", "iss": "me" }),
    ]
    .map(|change| changed(usual.clone(), &change))
}

fn signed(
    signer: Signer,
    peer: &mut Peer,
    key: Key,
    header: &Value,
    claims: &Value,
) -> Result<String> {
    match signer {
        Signer::Here => Ok(key.signer().token_of(header.to_string(), claims.to_string())),
        Signer::There => peer.sign(&to_sign(&key.pem(), header, claims)),
    }
}

/// A request with a token, sent now.
pub fn message(token: String, body: &str) -> Result<Message> {
    Ok(Message {
        id: "msg_1".to_owned(),
        timestamp: now()?.to_string(),
        signature: token,
        body: body.as_bytes().to_owned(),
    })
}

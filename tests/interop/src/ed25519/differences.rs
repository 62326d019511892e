//! Where the sides are known to disagree: each place with its reason, and checked as well, so that
//! a package that changes its mind is noticed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use gemini_webhooks::testing::Ed25519Signer;
use serde_json::json;

use super::BASE64;
use crate::Result;
use crate::dynamic::{DynamicReceiver, Form};
use crate::judge::{PACKAGES, Row};
use crate::message::{Message, now};

type Difference = Row<DynamicReceiver>;

pub(super) fn rows() -> Result<Vec<Difference>> {
    let mut all = requests()?;
    all.extend(weak_keys()?);
    Ok(all)
}

/// The packages verify a signature: they know nothing of time, nor of ids.
fn requests() -> Result<Vec<Difference>> {
    let now = now()?;
    Ok(vec![
        row("sent too long ago", signed("msg_1", now - 360)),
        row("sent ahead of our clock", signed("msg_1", now + 360)),
        row("a dot in the id", signed("msg.1", now)),
    ])
}

/// Keys of small order, with which one signature fits every message: refused here when they are
/// read, and by nobody else.
fn weak_keys() -> Result<Vec<Difference>> {
    let identity = [&[1], [0; 31].as_slice()].concat();
    let not_reduced = [&[0xee], [0xff; 30].as_slice(), &[0x7f]].concat();
    // The point is the identity, and the scalar zero.
    let signature = format!("v1a,{}", BASE64.encode([&*identity, &[0; 32]].concat()));
    let row = |(what, key): (_, Vec<u8>)| -> Result<_> {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": BASE64_URL.encode(key) });
        let receiver = DynamicReceiver::new(Form::Ed25519, [jwk]);
        let message = Message { signature: signature.clone(), ..signed("msg_1", now()?) };
        Ok(Row { what, accepted_by: PACKAGES, message, receiver })
    };
    [("a key that is the identity", identity.clone()), ("the same, not reduced", not_reduced)]
        .into_iter()
        .map(row)
        .collect()
}

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([7; 32])
}

fn signed(id: &str, sent_at: i64) -> Message {
    let timestamp = sent_at.to_string();
    let signature = signer().signature(id, &timestamp, "{}");
    Message { id: id.to_owned(), timestamp, signature, body: b"{}".to_vec() }
}

fn row(what: &'static str, message: Message) -> Difference {
    let receiver = DynamicReceiver::new(Form::Ed25519, [signer().jwk()]);
    Row { what, accepted_by: PACKAGES, message, receiver }
}

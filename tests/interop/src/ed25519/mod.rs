//! Dynamic webhooks as observed, `v1a`: beside `cryptography` and Node.

mod differences;
mod forged;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gemini_webhooks::testing::Ed25519Signer;
use serde_json::{Value, json};

use crate::Result;
use crate::cases::{self, SENT_AT, ids};
use crate::dynamic::{DynamicReceiver, Form};
use crate::judge::{EVERYBODY, NOBODY, Signer, judge, judge_rows};
use crate::message::{Message, now};
use crate::peer::Peer;
use crate::tally::Tally;

pub fn check(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for signer in [Signer::There, Signer::Here] {
        signer.section("Ed25519", peer, tally);
        requests(signer, peer, tally)?;
        rotations(signer, peer, tally)?;
        many_keys(signer, peer, tally)?;
    }
    tally.section(format!("Ed25519, forged, verified here and by {}", peer.side));
    judge_rows(peer, forged::rows()?, tally)?;
    tally.section(format!("Ed25519, known differences, {}", peer.side));
    judge_rows(peer, differences::rows()?, tally)
}

/// Every body: accepted by both sides, and refused with one byte changed or another key.
fn requests(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    let (keys, ids) = (keys(signer, peer)?, ids());
    for (n, body) in bodies().into_iter().enumerate() {
        let (key, other) = (&keys[n % keys.len()], &keys[(n + 1) % keys.len()]);
        let sent_at = SENT_AT[n % SENT_AT.len()];
        let message = signed(signer, peer, &[key], &ids[n % ids.len()], sent_at, &body)?;
        let mut judged = vec![
            judge(peer, "signed", &message, &knows(&[key]), EVERYBODY)?,
            judge(peer, "with a wrong key", &message, &knows(&[other]), NOBODY)?,
        ];
        for (change, message) in message.changed() {
            judged.push(judge(peer, &change, &message, &knows(&[key]), NOBODY)?);
        }
        tally.record(judged);
    }
    Ok(())
}

/// One to four entries, by keys of which a receiver knows some.
fn rotations(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    let keys = keys(signer, peer)?;
    for (n, body) in bodies().into_iter().enumerate() {
        let [old, new, third, fourth] = [0, 1, 2, 3].map(|step| &keys[(n + step) % keys.len()]);
        let by_both = signed(signer, peer, &[new, old], "msg_1", 0, &body)?;
        let by_old = signed(signer, peer, &[old], "msg_1", 0, &body)?;
        let by_four = signed(signer, peer, &[third, fourth, new, old], "msg_1", 0, &body)?;
        let beside_others = Message {
            signature: format!("v1,AAAA v2,BBBB v1a,CCCC {}", by_old.signature),
            ..by_old.clone()
        };
        tally.record([
            judge(peer, "both signed, old known", &by_both, &knows(&[old]), EVERYBODY)?,
            judge(peer, "both signed, new known", &by_both, &knows(&[new]), EVERYBODY)?,
            judge(peer, "both signed, both known", &by_both, &knows(&[new, old]), EVERYBODY)?,
            judge(peer, "both signed, neither known", &by_both, &knows(&[third]), NOBODY)?,
            judge(peer, "old signed, both known", &by_old, &knows(&[new, old]), EVERYBODY)?,
            judge(peer, "old signed, new known", &by_old, &knows(&[new]), NOBODY)?,
            judge(peer, "four signed, the last known", &by_four, &knows(&[old]), EVERYBODY)?,
            judge(peer, "behind other entries", &beside_others, &knows(&[old]), EVERYBODY)?,
            judge(peer, "the same, new known", &beside_others, &knows(&[new]), NOBODY)?,
        ]);
    }
    Ok(())
}

/// A full key set, with the key that signed in each place.
fn many_keys(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    let keys = keys(signer, peer)?;
    let receiver = knows(&keys.iter().collect::<Vec<_>>());
    for key in &keys {
        let message = signed(signer, peer, &[key], "msg_1", 0, b"{}")?;
        tally.record([judge(peer, "one of eight keys", &message, &receiver, EVERYBODY)?]);
    }
    Ok(())
}

/// Both halves of a key; the public one as the signing side writes it.
pub struct Key {
    seed: [u8; 32],
    pub jwk: Value,
}

/// As many as a key set may have.
pub fn keys(signer: Signer, peer: &mut Peer) -> Result<Vec<Key>> {
    let seed = |n: u8| std::array::from_fn(|at| cases::key(32)[at].wrapping_mul(2 * n + 1));
    let seeds = [seed(0), seed(1), seed(2), [0; 32], seed(4), seed(5), [0xff; 32], seed(7)];
    let key = |seed: [u8; 32]| {
        let jwk = match signer {
            Signer::Here => Ed25519Signer::from_seed(seed).jwk(),
            Signer::There => peer.key(&json!({
                "scheme": "ed25519",
                "do": "export",
                "seed": BASE64.encode(seed),
            }))?,
        };
        Ok(Key { seed, jwk })
    };
    seeds.into_iter().map(key).collect()
}

fn knows(keys: &[&Key]) -> DynamicReceiver {
    DynamicReceiver::new(Form::Ed25519, keys.iter().map(|key| key.jwk.clone()))
}

/// What is signed are bytes, whatever they stand for.
fn bodies() -> Vec<Vec<u8>> {
    let mut bodies = cases::bodies();
    bodies.extend([
        b"\xff".to_vec(),
        b"{\"text\":\"\xff\xfe\"}".to_vec(),
        b"\xed\xa0\x80 is half a character".to_vec(),
        (0..=u8::MAX).collect(),
        b"\xef\xbb\xbf{}".to_vec(),
    ]);
    bodies
}

/// Signs a message with each of the keys: there is no more than one at a time on either side.
fn signed(
    signer: Signer,
    peer: &mut Peer,
    keys: &[&Key],
    id: &str,
    sent_at: i64,
    body: &[u8],
) -> Result<Message> {
    let timestamp = (now()? + sent_at).to_string();
    let entry = |key: &&Key| match signer {
        Signer::Here => Ok(Ed25519Signer::from_seed(key.seed).signature(id, &timestamp, body)),
        Signer::There => peer.sign(&json!({
            "scheme": "ed25519",
            "do": "sign",
            "seed": BASE64.encode(key.seed),
            "id": id,
            "timestamp": timestamp,
            "body": BASE64.encode(body),
        })),
    };
    let signature = keys.iter().map(entry).collect::<Result<Vec<_>>>()?.join(" ");
    Ok(Message { id: id.to_owned(), timestamp, signature, body: body.to_owned() })
}

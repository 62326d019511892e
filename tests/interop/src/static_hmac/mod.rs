//! Static webhooks, `v1`: beside the reference packages of Standard Webhooks.

mod differences;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gemini_webhooks::testing::StaticSigner;
use gemini_webhooks::{ConfigError, Secret, StaticVerifier};
use serde_json::{Value, json};

use crate::cases::{OUT_OF_TIME, SENT_AT, bodies, ids};
use crate::judge::{EVERYBODY, NOBODY, Receiver, Signer, Verdict, judge};
use crate::message::{Message, now};
use crate::peer::Peer;
use crate::tally::Tally;
use crate::{Result, cases};

/// A secret as it would be configured.
#[derive(Clone, Debug)]
struct SecretText {
    text: String,
    /// Of a length that this crate takes only on demand.
    odd_length: bool,
}

impl SecretText {
    fn read(&self) -> std::result::Result<Secret, ConfigError> {
        let Self { text, odd_length } = self;
        if *odd_length { Secret::dangerous_parse_odd_length(text) } else { Secret::parse(text) }
    }
}

pub fn check(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for signer in [Signer::There, Signer::Here] {
        signer.section("static", peer, tally);
        requests(signer, peer, tally)?;
        requests_out_of_time(signer, peer, tally)?;
        rotations(signer, peer, tally)?;
    }
    tally.section(format!("static, known differences, {}", peer.side));
    differences::check(peer, tally)
}

/// Every body with every secret: accepted by both sides, and refused with one byte changed.
fn requests(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    let (secrets, ids) = (secrets(), ids());
    let pairs =
        bodies().into_iter().flat_map(|body| secrets.iter().map(move |s| (body.clone(), s)));
    // Ten secrets, seven ids and three times: each goes round at its own pace and meets the others.
    for (n, (body, secret)) in pairs.enumerate() {
        let sent_at = SENT_AT[n % SENT_AT.len()];
        let message = signed(signer, peer, &[secret], &ids[n % ids.len()], sent_at, &body)?;
        let mut judged = vec![judge(peer, "signed", &message, &[secret], EVERYBODY)?];
        for (change, message) in message.changed() {
            judged.push(judge(peer, &change, &message, &[secret], NOBODY)?);
        }
        tally.record(judged);
    }
    Ok(())
}

fn requests_out_of_time(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for sent_at in OUT_OF_TIME {
        for secret in &secrets() {
            let message = signed(signer, peer, &[secret], "msg_1", sent_at, b"{}")?;
            tally.record([judge(peer, "out of time", &message, &[secret], NOBODY)?]);
        }
    }
    Ok(())
}

/// Two secrets are valid: the sender signs with both, and a receiver may know one or both.
fn rotations(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    let (secrets, ids) = (secrets(), ids());
    for (n, body) in bodies().into_iter().enumerate() {
        // Two steps on is another key, not the same one without its prefix.
        let [old, new, third] = [0, 2, 4].map(|step| &secrets[(n + step) % secrets.len()]);
        let id = &ids[n % ids.len()];
        let by_both = signed(signer, peer, &[new, old], id, 0, &body)?;
        let by_old = signed(signer, peer, &[old], id, 0, &body)?;
        tally.record([
            judge(peer, "both signed, old known", &by_both, &[old], EVERYBODY)?,
            judge(peer, "both signed, new known", &by_both, &[new], EVERYBODY)?,
            judge(peer, "both signed, both known", &by_both, &[new, old], EVERYBODY)?,
            judge(peer, "both signed, neither known", &by_both, &[third], NOBODY)?,
            judge(peer, "old signed, both known", &by_old, &[new, old], EVERYBODY)?,
            judge(peer, "old signed, new known", &by_old, &[new], NOBODY)?,
        ]);
    }
    Ok(())
}

/// Keys of every length that is allowed, and of two that need the opt-out: each with and without
/// the prefix, which both peers leave off too.
fn secrets() -> Vec<SecretText> {
    let lengths = [(24, false), (32, false), (64, false), (16, true), (128, true)];
    let both_forms = |(length, odd_length)| {
        let bare = BASE64.encode(cases::key(length));
        [format!("whsec_{bare}"), bare].map(|text| SecretText { text, odd_length })
    };
    lengths.into_iter().flat_map(both_forms).collect()
}

/// Signs a message with each of the secrets.
fn signed(
    signer: Signer,
    peer: &mut Peer,
    secrets: &[&SecretText],
    id: &str,
    sent_at: i64,
    body: &[u8],
) -> Result<Message> {
    let timestamp = now()? + sent_at;
    let signature = match signer {
        Signer::Here => sign_here(secrets, id, timestamp, body)?,
        Signer::There => sign_all_there(peer, secrets, id, timestamp, body)?,
    };
    let (id, timestamp, body) = (id.to_owned(), timestamp.to_string(), body.to_owned());
    Ok(Message { id, timestamp, signature, body })
}

fn sign_here(secrets: &[&SecretText], id: &str, timestamp: i64, body: &[u8]) -> Result<String> {
    let (first, others) = secrets.split_first().ok_or("no secret to sign with")?;
    let mut signer = StaticSigner::new(&first.read()?);
    for secret in others {
        signer = signer.and(&secret.read()?);
    }
    Ok(signer.signature(id, &timestamp.to_string(), body))
}

/// The packages sign with one secret at a time: their user puts the entries into one header.
fn sign_all_there(
    peer: &mut Peer,
    secrets: &[&SecretText],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<String> {
    let mut entries = Vec::new();
    for secret in secrets {
        entries.push(peer.sign(&to_sign(&secret.text, id, timestamp, body))?);
    }
    Ok(entries.join(" "))
}

fn to_sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Value {
    json!({
        "scheme": "static",
        "do": "sign",
        "secret": secret,
        "id": id,
        "timestamp": timestamp,
        "body": BASE64.encode(body),
    })
}

/// Knows these secrets.
impl<S: Borrow<SecretText> + Debug, const N: usize> Receiver for [S; N] {
    fn verify_here(&self, message: &Message) -> Verdict {
        let secrets = self.iter().map(|secret| secret.borrow().read());
        let verifier = secrets
            .collect::<std::result::Result<Vec<_>, _>>()
            .and_then(|secrets| StaticVerifier::builder().secrets(secrets).build())
            .map_err(|error| error.to_string())?;
        match verifier.verify(&message.headers(), message.body.clone()) {
            Ok(_) => Ok(Value::Null),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The packages know one secret at a time: their user tries one after the other.
    fn verify_there(&self, peer: &mut Peer, message: &Message) -> Result<Verdict> {
        let mut reasons = Vec::new();
        for secret in self {
            let verdict = peer.verify(&json!({
                "scheme": "static",
                "do": "verify",
                "secret": secret.borrow().text,
                "headers": BTreeMap::from(message.headers()),
                "body": BASE64.encode(&message.body),
            }))?;
            match verdict {
                Ok(read) => return Ok(Ok(read)),
                Err(reason) => reasons.push(reason),
            }
        }
        Ok(Err(reasons.join("; ")))
    }
}

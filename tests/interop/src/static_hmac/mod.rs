//! Static webhooks, `v1`: beside the reference packages of Standard Webhooks.

mod differences;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gemini_webhooks::testing::StaticSigner;
use gemini_webhooks::{ConfigError, Secret, StaticVerifier};
use serde_json::json;

use crate::cases::{OUT_OF_TIME, SENT_AT, bodies, ids};
use crate::message::Message;
use crate::peer::{Answer, Peer};
use crate::tally::{Outcome, Tally};
use crate::{Result, cases};

/// A secret as it would be configured.
#[derive(Clone)]
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

/// Which side signs; the other one is the one to be convinced.
#[derive(Clone, Copy)]
enum Signer {
    Here,
    There,
}

/// Who is expected to accept a message.
#[derive(Clone, Copy)]
struct Accepted {
    here: bool,
    there: bool,
}

const BY_BOTH: Accepted = Accepted { here: true, there: true };
const BY_NEITHER: Accepted = Accepted { here: false, there: false };

pub fn check(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for signer in [Signer::There, Signer::Here] {
        tally.section(match signer {
            Signer::There => format!("static, signed by {}, verified here", peer.language),
            Signer::Here => format!("static, signed here, verified by {}", peer.language),
        });
        requests(signer, peer, tally)?;
        requests_out_of_time(signer, peer, tally)?;
        rotations(signer, peer, tally)?;
    }
    tally.section(format!("static, known differences, {}", peer.language));
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
        let mut judged = vec![judge(peer, "signed", &message, &[secret], BY_BOTH)?];
        for (change, message) in message.changed() {
            judged.push(judge(peer, &change, &message, &[secret], BY_NEITHER)?);
        }
        tally.record(judged);
    }
    Ok(())
}

fn requests_out_of_time(signer: Signer, peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for sent_at in OUT_OF_TIME {
        for secret in &secrets() {
            let message = signed(signer, peer, &[secret], "msg_1", sent_at, b"{}")?;
            tally.record([judge(peer, "out of time", &message, &[secret], BY_NEITHER)?]);
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
            judge(peer, "both signed, old known", &by_both, &[old], BY_BOTH)?,
            judge(peer, "both signed, new known", &by_both, &[new], BY_BOTH)?,
            judge(peer, "both signed, both known", &by_both, &[new, old], BY_BOTH)?,
            judge(peer, "both signed, neither known", &by_both, &[third], BY_NEITHER)?,
            judge(peer, "old signed, both known", &by_old, &[new, old], BY_BOTH)?,
            judge(peer, "old signed, new known", &by_old, &[new], BY_NEITHER)?,
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

/// Signs a message with each of the secrets; the real time counts, because peers know no other.
fn signed(
    signer: Signer,
    peer: &mut Peer,
    secrets: &[&SecretText],
    id: &str,
    sent_at: i64,
    body: &[u8],
) -> Result<Message> {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?;
    let timestamp = now + sent_at;
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
        match sign_there(peer, &secret.text, id, timestamp, body)? {
            Answer::Signature(entry) => entries.push(entry),
            other => return Err(format!("{} did not sign: {other:?}", peer.language).into()),
        }
    }
    Ok(entries.join(" "))
}

fn sign_there(
    peer: &mut Peer,
    secret: &str,
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<Answer> {
    peer.ask(&json!({
        "scheme": "static",
        "do": "sign",
        "secret": secret,
        "id": id,
        "timestamp": timestamp,
        "body": BASE64.encode(body),
    }))
}

/// Lets both sides verify a message with these secrets, and compares with what is expected.
fn judge(
    peer: &mut Peer,
    what: &str,
    message: &Message,
    secrets: &[&SecretText],
    expected: Accepted,
) -> Result<Outcome> {
    let (here, there) = (verify_here(message, secrets), verify_there(peer, message, secrets)?);
    if (here.is_ok(), there.is_ok()) == (expected.here, expected.there) {
        return Ok(Ok(()));
    }
    let secrets: Vec<&str> = secrets.iter().map(|secret| &*secret.text).collect();
    Ok(Err(format!(
        "{what}\n  message: {message}\n  secrets: {secrets:?}\n  \
         here: {here:?}, {}expected to accept\n  there: {there:?}, {}expected to accept",
        not_unless(expected.here),
        not_unless(expected.there),
    )))
}

fn not_unless(condition: bool) -> &'static str {
    if condition { "" } else { "not " }
}

fn verify_here(message: &Message, secrets: &[&SecretText]) -> Outcome {
    let secrets: std::result::Result<Vec<_>, _> = secrets.iter().map(|text| text.read()).collect();
    let verifier = secrets
        .and_then(|secrets| StaticVerifier::builder().secrets(secrets).build())
        .map_err(|error| error.to_string())?;
    match verifier.verify(&message.headers(), message.body.clone()) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// The packages know one secret at a time: their user tries one after the other.
fn verify_there(peer: &mut Peer, message: &Message, secrets: &[&SecretText]) -> Result<Outcome> {
    let mut reasons = Vec::new();
    for secret in secrets {
        let request = json!({
            "scheme": "static",
            "do": "verify",
            "secret": secret.text,
            "headers": BTreeMap::from(message.headers()),
            "body": BASE64.encode(&message.body),
        });
        match peer.ask(&request)? {
            Answer::Verified(true) => return Ok(Ok(())),
            Answer::Refused(reason) => reasons.push(reason),
            other => return Err(format!("{} did not verify: {other:?}", peer.language).into()),
        }
    }
    Ok(Err(reasons.join("; ")))
}

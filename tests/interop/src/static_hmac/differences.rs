//! Where the sides are known to disagree: each place with its reason, and checked as well, so that
//! a package that changes its mind is noticed.

use base64::Engine as _;

use super::{BASE64, SecretText, signed, to_sign};
use crate::Result;
use crate::cases::key;
use crate::judge::Side::{self, Here, JavaScript, Python};
use crate::judge::{PACKAGES, Receiver as _, Row, Signer, judge_rows};
use crate::message::{Message, places_on};
use crate::peer::{Answer, Peer};
use crate::tally::{Outcome, Tally};

/// What one secret verifies.
type Difference = Row<[SecretText; 1]>;

pub(super) fn check(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    let mut all = signatures(peer)?;
    all.extend(timestamps(peer)?);
    all.extend(ids(peer)?);
    all.extend(bodies(peer)?);
    all.extend(secrets(peer)?);
    judge_rows(peer, all, tally)?;
    tally.record([signature_over_no_utf8(peer)?]);
    Ok(())
}

/// A change of one header, in words, with its new value.
type Change = (&'static str, &'static [Side], String);

fn signatures(peer: &mut Peer) -> Result<Vec<Difference>> {
    let secret = secret_of(32);
    let good = signed_here(peer, &secret, "msg_1", b"{}")?;
    let signature = &good.signature;
    let text = signature.trim_start_matches("v1,");
    let changes: [Change; 6] = [
        // Python decodes the signature, and its decoder does not look at bits that stand for
        // nothing. Everybody else compares the text.
        ("the last bits of the base64 set", &[Python], with_spare_bits_set(signature)),
        // The same decoder leaves out what is no base64.
        ("a character that is no base64 put in", &[Python], format!("v1,*{text}")),
        // JavaScript takes the two parts around the first comma and forgets the rest; Python
        // fails, because it unpacks two parts exactly.
        ("a second comma behind the signature", &[JavaScript], format!("{signature},more")),
        // Python unpacks the entries one by one and gives up at the first that has no comma, which
        // between two spaces is an empty one.
        ("an entry without a comma in front", &[Here, JavaScript], format!("junk {signature}")),
        ("two spaces between entries", &[Here, JavaScript], format!("v1a,AAAA  {signature}")),
        // Work is bounded here: the packages read on.
        (
            "the good entry behind sixteen bad ones",
            PACKAGES,
            format!("{}{signature}", "v1,AAAA ".repeat(16)),
        ),
    ];
    Ok(changes
        .into_iter()
        .map(|(what, accepted_by, signature)| Row {
            what,
            accepted_by,
            message: Message { signature, ..good.clone() },
            receiver: [secret.clone()],
        })
        .collect())
}

/// Both packages read the header as a number and sign the number as they would write it; here it
/// is the text that was signed, and only one text stands for a number.
fn timestamps(peer: &mut Peer) -> Result<Vec<Difference>> {
    let secret = secret_of(32);
    let good = signed_here(peer, &secret, "msg_1", b"{}")?;
    let text = &good.timestamp;
    let changes: [Change; 6] = [
        ("a sign before the timestamp", PACKAGES, format!("+{text}")),
        ("a zero before the timestamp", PACKAGES, format!("0{text}")),
        ("a space before the timestamp", PACKAGES, format!(" {text}")),
        ("a fraction behind the timestamp", PACKAGES, format!("{text}.0")),
        // The syntax of numbers in Python allows it.
        ("a line between the digits", &[Python], format!("{}_{}", &text[..1], &text[1..])),
        // JavaScript stops to read where the digits end.
        ("letters behind the timestamp", &[JavaScript], format!("{text}s")),
    ];
    Ok(changes
        .into_iter()
        .map(|(what, accepted_by, timestamp)| Row {
            what,
            accepted_by,
            message: Message { timestamp, ..good.clone() },
            receiver: [secret.clone()],
        })
        .collect())
}

/// The packages take an id of any form.
fn ids(peer: &mut Peer) -> Result<Vec<Difference>> {
    let too_long = "x".repeat(257);
    [
        // A dot could move the border between the signed fields.
        ("a dot in the id", "msg.1"),
        ("a space in the id", "msg 1"),
        ("letters outside ASCII in the id", "größer"),
        ("an id over 256 bytes", &too_long),
    ]
    .into_iter()
    .map(|(what, id)| {
        let secret = secret_of(32);
        let message = signed_here(peer, &secret, id, b"{}")?;
        Ok(Row { what, accepted_by: PACKAGES, message, receiver: [secret] })
    })
    .collect()
}

/// The packages sign texts, this crate signs bytes.
fn bodies(peer: &mut Peer) -> Result<Vec<Difference>> {
    let secret = secret_of(32);
    let not_utf8 = signed_here(peer, &secret, "msg_1", b"{\"text\":\"\xff\"}")?;
    let replaced = signed_here(peer, &secret, "msg_1", "{\"text\":\"\u{fffd}\"}".as_bytes())?;
    Ok(vec![
        // Python cannot make a text of it; JavaScript signs another one.
        Row {
            what: "a body that is not UTF-8",
            accepted_by: &[Here],
            message: not_utf8.clone(),
            receiver: [secret.clone()],
        },
        // JavaScript puts U+FFFD for each byte that it cannot decode, so that the signature of a
        // body with that character holds for other bodies too.
        Row {
            what: "U+FFFD in a signed body changed into a byte that is not UTF-8",
            accepted_by: &[JavaScript],
            message: Message { body: not_utf8.body, ..replaced },
            receiver: [secret],
        },
    ])
}

/// The packages take every secret that they can decode somehow.
fn secrets(peer: &mut Peer) -> Result<Vec<Difference>> {
    let padded = secret_of(32);
    let unpadded = SecretText { text: padded.text.replace('=', ""), ..padded.clone() };
    // Sixteen bytes with the opt-out are an ordinary case; this is without.
    let short_on_demand = SecretText { odd_length: true, ..secret_of(16) };
    [
        ("a secret with its end cut off", &padded, unpadded),
        ("a secret of 16 bytes", &short_on_demand, secret_of(16)),
    ]
    .into_iter()
    .map(|(what, signing, secret)| {
        let message = signed_here(peer, signing, "msg_1", b"{}")?;
        Ok(Row { what, accepted_by: PACKAGES, message, receiver: [secret] })
    })
    .collect()
}

/// Asked to sign bytes that are no text, a package either fails or signs something else.
fn signature_over_no_utf8(peer: &mut Peer) -> Result<Outcome> {
    let secret = secret_of(32);
    let mut message = signed_here(peer, &secret, "msg_1", b"\xff")?;
    let request = to_sign(&secret.text, "msg_1", message.timestamp.parse()?, b"\xff");
    let as_known = match (peer.side, peer.ask(&request)?) {
        (Python, Answer::Refused(_)) => true,
        (JavaScript, Answer::Signature(signature)) => {
            message.signature = signature;
            [&secret].verify_here(&message).is_err()
        }
        _ => false,
    };
    Ok(if as_known { Ok(()) } else { Err("signs a body that is not UTF-8 otherwise".to_owned()) })
}

fn secret_of(length: u8) -> SecretText {
    SecretText { text: format!("whsec_{}", BASE64.encode(key(length))), odd_length: false }
}

fn signed_here(peer: &mut Peer, secret: &SecretText, id: &str, body: &[u8]) -> Result<Message> {
    signed(Signer::Here, peer, &[secret], id, 0, body)
}

/// The last character of 32 bytes in base64 has two bits that stand for nothing and are zero: the
/// next character of the alphabet sets one.
fn with_spare_bits_set(signature: &str) -> String {
    let mut chars: Vec<char> = signature.chars().collect();
    if let Some(last) = chars.iter_mut().rev().nth(1) {
        *last = places_on(1, *last);
    }
    chars.into_iter().collect()
}

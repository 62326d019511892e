//! Breaks a delivery after it was signed, as the usual mistakes and attacks do.

use bytes::Bytes;
use clap::ValueEnum;
use serde_json::Value;

use super::signer::Signed;

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Tamper {
    /// One character of the body
    Body,
    /// The body is parsed as JSON and written again, as frameworks do
    RewrittenBody,
    /// The webhook-id (beside a JWT it is not signed, and this is accepted)
    Id,
    /// The webhook-timestamp, by one second (beside a JWT it is not signed, and this is accepted)
    Timestamp,
    /// One character of the signature
    Signature,
    /// The signature is left out
    NoSignature,
}

impl Tamper {
    pub(super) fn apply(self, signed: &mut Signed) {
        match self {
            Self::Body => signed.body = changed(&signed.body).into(),
            Self::RewrittenBody => signed.body = rewritten(&signed.body),
            Self::Id => signed.id.push('x'),
            Self::Timestamp => {
                let seconds: u64 = signed.timestamp.parse().unwrap_or(0);
                signed.timestamp = seconds.saturating_sub(1).to_string();
            }
            Self::Signature => {
                let changed = changed(signed.signature.as_bytes());
                signed.signature = String::from_utf8(changed).unwrap_or_default();
            }
            Self::NoSignature => signed.signature.clear(),
        }
    }
}

/// Another letter or digit in the place of the last one but three, which in base64 is no padding and
/// in an event is part of a value.
fn changed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let mut letters = bytes.iter_mut().rev().filter(|byte| byte.is_ascii_alphanumeric());
    match letters.nth(3) {
        Some(byte) => *byte = if *byte == b'x' { b'y' } else { b'x' },
        None => bytes.push(b' '),
    }
    bytes
}

fn rewritten(body: &[u8]) -> Bytes {
    let value: Result<Value, _> = serde_json::from_slice(body);
    let pretty = value.and_then(|value| serde_json::to_vec_pretty(&value));
    pretty.map_or_else(|_| changed(body).into(), Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_changes_exactly_what_it_says() {
        let signed = Signed {
            id: "msg_1".to_owned(),
            timestamp: "1769083200".to_owned(),
            signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned(),
            body: Bytes::from_static(br#"{"type":"a.b","data":{"id":"b1"}}"#),
        };
        for tamper in Tamper::value_variants() {
            let mut tampered = signed.clone();
            tamper.apply(&mut tampered);
            let changes = [
                tampered.id != signed.id,
                tampered.timestamp != signed.timestamp,
                tampered.signature != signed.signature,
                tampered.body != signed.body,
            ];
            assert_eq!(changes.iter().filter(|changed| **changed).count(), 1, "{tamper:?}");
        }
        let mut nothing_to_change = Signed { body: Bytes::new(), ..signed };
        Tamper::Body.apply(&mut nothing_to_change);
        assert_eq!(nothing_to_change.body, " ");
    }
}

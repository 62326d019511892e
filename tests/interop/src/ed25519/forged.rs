//! Signatures that an attacker may try, refused by everybody.

use base64::Engine as _;
use gemini_webhooks::testing::Ed25519Signer;

use super::BASE64;
use crate::Result;
use crate::dynamic::{DynamicReceiver, Form};
use crate::judge::{NOBODY, Row};
use crate::message::{Message, now, places_on};

/// The order of the base point (RFC 8032 section 5.1), little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

pub(super) fn rows() -> Result<Vec<Row<DynamicReceiver>>> {
    let (signer, timestamp) = (Ed25519Signer::from_seed([7; 32]), now()?.to_string());
    let mut body = "{}".to_owned();
    // One signature in fifteen has neither, and is the same in the alphabet of URLs.
    while !signer.signature("msg_1", &timestamp, &body).contains(['+', '/']) {
        body.push(' ');
    }
    let entry = signer.signature("msg_1", &timestamp, &body);
    let text = entry.trim_start_matches("v1a,");
    let bytes: [u8; 64] = BASE64.decode(text)?.try_into().map_err(|_| "not 64 bytes")?;
    let (point, scalar) = bytes.split_at(32);
    let with = |parts: &[&[u8]]| format!("v1a,{}", BASE64.encode(parts.concat()));
    let signatures = [
        // The same signature in another form, unless the scalar must be below the order.
        ("the order added to the scalar", with(&[point, &plus_order(scalar)])),
        ("the halves in the other order", with(&[scalar, point])),
        ("the scalar zero", with(&[point, &[0; 32]])),
        ("zeros", with(&[&[0; 64]])),
        ("ones", with(&[&[0xff; 64]])),
        ("a byte less", with(&[&bytes[..63]])),
        ("a byte more", with(&[&bytes, &[0]])),
        ("twice", with(&[&bytes, &bytes])),
        ("nothing", "v1a,".to_owned()),
        ("without padding", entry.trim_end_matches('=').to_owned()),
        ("the last bits of the base64 set", with_spare_bit_set(&entry)),
        ("in the alphabet of URLs", entry.replace('+', "-").replace('/', "_")),
        ("with what is no base64", entry.replace("v1a,", "v1a,*")),
        ("the version of the other scheme", format!("v1,{text}")),
        ("an unknown version", format!("v2a,{text}")),
        ("no version", text.to_owned()),
        ("the version in capitals", format!("V1A,{text}")),
        ("a space behind the comma", format!("v1a, {text}")),
        ("of another id", signer.signature("msg_2", &timestamp, &body)),
        ("of another body", signer.signature("msg_1", &timestamp, format!(" {body}"))),
        ("of no timestamp", signer.signature("msg_1", "", &body)),
    ];
    let row = |(what, signature)| {
        let (id, timestamp) = ("msg_1".to_owned(), timestamp.clone());
        let message = Message { id, timestamp, signature, body: body.clone().into_bytes() };
        let receiver = DynamicReceiver::new(Form::Ed25519, [signer.jwk()]);
        Row { what, accepted_by: NOBODY, message, receiver }
    };
    Ok(signatures.map(row).into())
}

/// The last character before the padding has four bits that stand for nothing and are zero: the
/// next character of the alphabet sets one.
fn with_spare_bit_set(entry: &str) -> String {
    let (rest, last) = entry.split_at(entry.len() - 3);
    let set = |char| if char == '=' { char } else { places_on(1, char) };
    rest.chars().chain(last.chars().map(set)).collect()
}

fn plus_order(scalar: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let add = |(a, b): (&u8, &u8)| {
        let sum = u16::from(*a) + u16::from(*b) + carry;
        carry = sum >> 8;
        sum.to_le_bytes()[0]
    };
    scalar.iter().zip(&ORDER).map(add).collect()
}

//! Wycheproof under the two forms of dynamic webhooks: the primitives, tokens below the check of
//! their claims, and key sets. Every case of a file is judged, or counted as not ours.
#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use base64::Engine as _;
use serde_json::{Value, json};

use super::backend::{Ed25519Key, MAX_RSA_BITS, Rs256Key};
use super::ed25519::Candidates;
use super::jwt::Token;
use super::keys::{KeySet, SkipReason};
use crate::base64::STANDARD;
use crate::signature_header::SignatureHeader;

/// Cases on which we differ from the file, each with the reason. What it says of them is not
/// compared; what we do is asserted all the same.
struct Override {
    case: u64,
    we_accept: bool,
}

/// `json_web_signature_test.json`.
const SIGNATURE_OVERRIDES: [Override; 5] = [
    // Valid there: an empty payload. A token's payload is its claims, one JSON object, so that an
    // empty segment is refused with the form of the token already.
    Override { case: 259, we_accept: false },
    // Invalid there, with exactly the text of case 357, which is valid there: the file contradicts
    // itself. All three are HS256, which we refuse.
    Override { case: 367, we_accept: false },
    Override { case: 370, we_accept: false },
    // Valid there, with a `?` inside a segment, which is no character of base64url.
    Override { case: 372, we_accept: false },
    Override { case: 373, we_accept: false },
];

/// `json_web_key_test.json`: invalid there, a key with the ROCA weakness. Its fingerprint is not
/// looked for: who publishes the set can forge anyway, and chose the key.
const KEY_OVERRIDES: [Override; 1] = [Override { case: 7, we_accept: true }];

/// `json_web_crypto_test.json`: the same key and token as case 7 of `json_web_key_test.json`.
const CRYPTO_OVERRIDES: [Override; 1] = [Override { case: 46, we_accept: true }];

/// How many cases were accepted, refused, and judged by an override.
type Counts = (u32, u32, u32);

fn groups(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/data/wycheproof/{file}", env!("CARGO_MANIFEST_DIR"));
    let mut file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let Value::Array(groups) = file["testGroups"].take() else { panic!("no groups") };
    let cases: usize = groups.iter().map(|group| cases(group).len()).sum();
    assert_eq!(file["numberOfTests"], cases);
    groups
}

fn cases(group: &Value) -> &[Value] {
    group["tests"].as_array().unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = hex.as_str().unwrap().as_bytes();
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    hex.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A number without the zero that marks it as positive.
fn number(hex: &Value) -> Vec<u8> {
    bytes(hex).into_iter().skip_while(|byte| *byte == 0).collect()
}

fn set(keys: &[&Value]) -> KeySet {
    KeySet::from_json(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

// RSASSA-PKCS1-v1_5 with SHA-256.

/// Judges every case of a file by the primitive; "acceptable" is refused.
fn judge_rsa(file: &str) -> (u32, u32) {
    let (mut accepted, mut refused) = (0, 0);
    for group in groups(file) {
        let key = &group["publicKey"];
        let key = Rs256Key::new(&number(&key["modulus"]), &number(&key["publicExponent"])).unwrap();
        for case in cases(&group) {
            let verified = key.verifies(&bytes(&case["msg"]), &bytes(&case["sig"]));
            assert_eq!(verified, case["result"] == "valid", "{file} {}", case["tcId"]);
            *if verified { &mut accepted } else { &mut refused } += 1;
        }
    }
    (accepted, refused)
}

#[test]
fn rsa_signatures_of_2048_3072_and_4096_bits() {
    assert_eq!(judge_rsa("rsa_signature_2048_sha256_test.json"), (9, 250));
    assert_eq!(judge_rsa("rsa_signature_3072_sha256_test.json"), (8, 251));
    assert_eq!(judge_rsa("rsa_signature_4096_sha256_test.json"), (7, 251));
}

#[test]
fn rsa_signatures_of_8192_bits_where_the_backend_has_them() {
    let file = "rsa_signature_8192_sha256_test.json";
    if MAX_RSA_BITS >= 8192 {
        assert_eq!(judge_rsa(file), (7, 251));
    } else {
        let [group] = &groups(file)[..] else { panic!("one key") };
        assert_eq!(cases(group).len(), 258);
        assert_eq!(set(&[&rsa_jwk(group)]).skipped()[0].reason, SkipReason::TooLarge);
    }
}

fn rsa_jwk(group: &Value) -> Value {
    let base64 = |hex| crate::base64::URL_SAFE.encode(number(hex));
    let key = &group["publicKey"];
    let (n, e) = (base64(&key["modulus"]), base64(&key["publicExponent"]));
    json!({ "kty": "RSA", "kid": "k", "n": n, "e": e })
}

/// Three keys have the exponent 3: right for the primitive, and not importable under our rules.
#[test]
fn rsa_keys_with_another_exponent_are_not_imported() {
    let (mut imported, mut skipped) = (0, 0);
    for bits in [2048, 3072, 4096] {
        for group in groups(&format!("rsa_signature_{bits}_sha256_test.json")) {
            let keys = set(&[&rsa_jwk(&group)]);
            if group["publicKey"]["publicExponent"] == "010001" {
                assert_eq!((keys.kids().count(), keys.skipped().len()), (1, 0));
                imported += 1;
            } else {
                assert_eq!(keys.skipped()[0].reason, SkipReason::BadExponent);
                skipped += 1;
            }
        }
    }
    assert_eq!((imported, skipped), (3, 3));
}

// Ed25519.

/// Tells whether a signature of these bytes gets through the decoder of the header.
fn is_decoded(signature: &[u8]) -> bool {
    let header = format!("v1a,{}", STANDARD.encode(signature));
    let Ok(SignatureHeader::List(list)) = SignatureHeader::parse(header.as_bytes()) else {
        panic!("no list")
    };
    Candidates::parse(list).is_ok()
}

#[test]
fn ed25519_signatures() {
    let (mut accepted, mut refused, mut not_decoded) = (0, 0, 0);
    for group in groups("ed25519_test.json") {
        let key: [u8; 32] = bytes(&group["publicKey"]["pk"]).try_into().unwrap();
        let key = Ed25519Key::new(&key).unwrap();
        for case in cases(&group) {
            let signature = bytes(&case["sig"]);
            let verified = match signature.first_chunk::<64>() {
                Some(whole) if signature.len() == 64 => key.verifies(&bytes(&case["msg"]), whole),
                _ => {
                    not_decoded += 1;
                    assert!(!is_decoded(&signature), "{}", case["tcId"]);
                    assert_eq!(case["result"], "invalid");
                    continue;
                }
            };
            assert!(is_decoded(&signature));
            assert_eq!(verified, case["result"] == "valid", "{}", case["tcId"]);
            *if verified { &mut accepted } else { &mut refused } += 1;
        }
    }
    assert_eq!((accepted, refused, not_decoded), (88, 51, 12));
}

#[test]
fn ed25519_keys_are_imported() {
    for group in groups("ed25519_test.json") {
        let keys = set(&[&group["publicKeyJwk"]]);
        assert_eq!((keys.ed25519_count(), keys.skipped().len()), (1, 0), "{keys:?}");
    }
}

// Tokens and key sets.

/// Judges a token by the only key of its kid, below the check of its claims.
fn is_signed(token: &Value, keys: &KeySet) -> bool {
    // One case is a token in its JSON form: that is what would stand in the header.
    let text = token.as_str().map_or_else(|| token.to_string(), str::to_owned);
    let Ok(token) = Token::parse(text.as_bytes()) else { return false };
    keys.rs256(&token.kid).is_some_and(|key| token.is_signed_by(key))
}

/// The keys of a group: one, or a set. The public ones where there are any, as a server would
/// publish them.
fn keys_of(group: &Value) -> Vec<&Value> {
    let keys = if group["public"].is_object() { &group["public"] } else { &group["private"] };
    keys["keys"].as_array().map_or_else(|| vec![keys], |keys| keys.iter().collect())
}

/// Judges every token of a file. Of the valid ones those for RS256 are accepted, and no other:
/// HS256, ES256, PS256 and their kin are refused with all that they bring.
fn judge_tokens(file: &str, overrides: &[Override]) -> Counts {
    let (mut accepted, mut refused, mut overridden) = (0, 0, 0);
    for group in groups(file) {
        let keys = keys_of(&group);
        let is_rs256 = keys.iter().all(|key| key["alg"] == "RS256");
        let keys = set(&keys);
        for case in cases(&group) {
            // Encrypted tokens are refused like everything else that is not signed by RS256.
            let token = case.get("jws").unwrap_or(&case["jwe"]);
            let verified = is_signed(token, &keys);
            let differs = overrides.iter().find(|differs| case["tcId"] == differs.case);
            let expected = is_rs256 && case["result"] == "valid";
            let expected = differs.map_or(expected, |differs| differs.we_accept);
            assert_eq!(verified, expected, "{file} {} {}", case["tcId"], case["comment"]);
            match (differs, verified) {
                (Some(_), _) => overridden += 1,
                (None, true) => accepted += 1,
                (None, false) => refused += 1,
            }
        }
    }
    (accepted, refused, overridden)
}

#[test]
fn json_web_signatures() {
    let file = "json_web_signature_test.json";
    assert_eq!(judge_tokens(file, &SIGNATURE_OVERRIDES), (7, 389, 5));
}

#[test]
fn json_web_keys() {
    assert_eq!(judge_tokens("json_web_key_test.json", &KEY_OVERRIDES), (1, 24, 1));
}

#[test]
fn json_web_crypto() {
    let file = "json_web_crypto_test.json";
    assert_eq!(judge_tokens(file, &CRYPTO_OVERRIDES), (1, 81, 1));
}

use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL;
use gemini_webhooks::limits::MAX_SIGNATURE_HEADER_BYTES;
use gemini_webhooks::testing::ManualClock;
use gemini_webhooks::{
    BodyAuthentication, Delivery, DynamicVerifier, Envelope, Error, Event, Scheme,
};

use super::super::{Input, NOW, headers_of};
use super::rules::{Setup, faults, kid_of};
use super::tree::Tree;
use super::{AUDIENCE, Counting, ISSUER, KID, RSA_KEYS, SIGNER, assert_named, at_once};

/// Any header and claims are judged as the rules say: before a key is asked for, whoever signed.
pub fn jwt_claims(data: &[u8]) {
    let mut input = Input(data);
    let (header, setup) = (input.line(), input.number());
    let claims = input.0;
    let setup = [Setup::USUAL, Setup::STRICT, Setup::LAX][setup % 3];
    let signed = [header, claims].map(|json| BASE64URL.encode(json)).join(".");
    // To sign takes longer than all the rest, and is seldom needed.
    let unsigned = format!("{signed}.{}", "A".repeat(342));
    let (verdict, asked) = judge(&unsigned, setup);
    let refusal = verdict.unwrap_err();
    if unsigned.len() > MAX_SIGNATURE_HEADER_BYTES {
        assert!(matches!(refusal, Error::MalformedHeader { .. }), "{refusal:?}");
        return;
    }
    let faults = faults(unsigned.as_bytes(), setup);
    if !faults.is_empty() {
        assert_named(&refusal, &faults);
        assert_eq!(asked, 0, "{refusal:?} cost a look for keys");
        return;
    }
    assert_eq!(asked, 1);
    let header_tree = Tree::read(header).unwrap();
    match kid_of(&header_tree) {
        Some(KID) => assert_eq!(refusal, Error::SignatureMismatch),
        Some("b") => return assert_eq!(refusal, Error::SignatureMismatch),
        _ => return assert_eq!(refusal, Error::UnknownKey),
    }
    let (verdict, _) = judge(&SIGNER.token_of(header, claims), setup);
    assert_event_is_the_claims(verdict, claims);
}

fn assert_event_is_the_claims(verdict: Result<Delivery, Error>, json: &[u8]) {
    let claims = Tree::read(json).unwrap();
    if claims.get("type").is_none() || claims.get("data").is_none() {
        return assert_eq!(verdict.unwrap_err(), Error::BodyNotSigned);
    }
    let delivery = verdict.unwrap();
    assert_eq!(delivery.raw(), json);
    assert_eq!(delivery.body_authentication(), BodyAuthentication::Claims);
    assert!(matches!(delivery.scheme(), Scheme::Jwt(jwt) if jwt.kid() == KID));
    match (Envelope::from_slice(json), delivery.event()) {
        (Ok(envelope), event) => assert_eq!(*event, envelope.into_event()),
        (Err(expected), Event::Unreadable { reason, .. }) => assert_eq!(*reason, expected),
        (Err(expected), event) => panic!("{event:?} although {expected}"),
    }
}

/// Gives the verdict on a signature header, and how often a key was asked for.
pub(super) fn judge(header: &str, setup: Setup) -> (Result<Delivery, Error>, usize) {
    judge_bytes(header.as_bytes(), setup)
}

pub(super) fn judge_bytes(header: &[u8], setup: Setup) -> (Result<Delivery, Error>, usize) {
    let keys = Counting::new(&RSA_KEYS);
    let verifier = verifier(setup, keys.clone());
    let headers = headers_of([b"msg_1", TIMESTAMP.as_bytes(), header]);
    let verdict = at_once(verifier.verify(&headers, ""));
    (verdict, keys.asked())
}

static TIMESTAMP: LazyLock<String> = LazyLock::new(|| NOW.to_string());

fn verifier(setup: Setup, keys: Counting) -> DynamicVerifier {
    let seconds = |seconds: i64| Duration::from_secs(seconds.try_into().unwrap());
    let builder = DynamicVerifier::builder()
        .audience(AUDIENCE)
        .leeway(seconds(setup.leeway))
        .longest_token_life(seconds(setup.longest_life))
        .max_token_age(seconds(setup.max_age))
        .clock(ManualClock::at(NOW))
        .keys(keys);
    if setup.issuer { builder.issuer(ISSUER) } else { builder }.build().unwrap()
}

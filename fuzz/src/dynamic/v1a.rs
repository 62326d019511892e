use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use gemini_webhooks::limits::{
    MAX_ED25519_KEYS, MAX_SIGNATURE_ENTRIES, MAX_SIGNATURE_LIST_BYTES, MAX_V1A_ENTRIES,
};
use gemini_webhooks::testing::{Ed25519Signer, ManualClock};
use gemini_webhooks::{
    Binding, DynamicVerifier, Error, KeySet, KeySource, KeysFuture, LentKeys, Scheme, Verifier,
    Wanted,
};

use super::super::{Input, NOW, Peers, headers_of, is_visible, own_text, with_bit_changed};
use super::{at_once, key_set};

/// Among arbitrary entries only the good one verifies, wherever it stands, within the limits, and
/// whichever of the keys made it.
pub fn v1a(data: &[u8]) {
    let mut input = Input(data);
    let (place, bit) = (input.number(), input.number());
    let others = input.0;
    let sender = &SENDERS[place % MAX_ED25519_KEYS];
    let (id, timestamp, body) = ("msg_1", NOW.to_string(), own_text(data));
    let verdict = |list: &[u8]| {
        let headers = headers_of([id.as_bytes(), timestamp.as_bytes(), list]);
        sender.verifier.verify_with(&sender.keys, &headers, body.clone())
    };
    assert_refused_as_a_list(&verdict(others).unwrap_err());

    let good = sender.signer.signature(id, &timestamp, &body);
    let mut entries: Vec<_> = others.split(|byte| *byte == b' ').collect();
    entries.insert(place % (entries.len() + 1), good.as_bytes());
    let list = entries.join(&b' ');
    let of_v1a = entries.iter().filter(|entry| entry.starts_with(b"v1a,")).count();
    let within_limits = entries.len() <= MAX_SIGNATURE_ENTRIES
        && of_v1a <= MAX_V1A_ENTRIES
        && list.len() <= MAX_SIGNATURE_LIST_BYTES
        && is_visible(&list);
    match verdict(&list) {
        Ok(delivery) => assert!(within_limits && delivery.scheme() == &Scheme::Ed25519),
        Err(error) => {
            assert!(!within_limits, "{error}");
            assert!(matches!(error, Error::MalformedHeader { .. }), "{error:?}");
        }
    }
    let fields = [id.as_bytes(), timestamp.as_bytes(), good.as_bytes(), body.as_bytes()];
    let [id, timestamp, signature, body] = with_bit_changed(fields, bit);
    let changed = headers_of([&id, &timestamp, &signature]);
    assert!(sender.verifier.verify_with(&sender.keys, &changed, body).is_err());
    assert_mixed_verifier_agrees(sender, data, &list, within_limits);
    assert_newer_keys_are_looked_for(sender, data, &list, within_limits);
}

/// Where none of the keys at hand made it, those of a fresh look may have.
fn assert_newer_keys_are_looked_for(
    sender: &Sender,
    data: &[u8],
    list: &[u8],
    within_limits: bool,
) {
    let verifier = DynamicVerifier::builder()
        .binding(Binding::dangerous_any_tenant())
        .clock(ManualClock::at(NOW))
        .keys(Rotated { old: Arc::clone(&STRANGERS), new: Arc::clone(&sender.keys) })
        .build()
        .unwrap();
    let timestamp = NOW.to_string();
    let headers = headers_of([b"msg_1", timestamp.as_bytes(), list]);
    let verdict = at_once(verifier.verify(&headers, own_text(data)));
    assert_eq!(verdict.is_ok(), within_limits, "{verdict:?}");
}

static STRANGERS: LazyLock<Arc<KeySet>> =
    LazyLock::new(|| Arc::new(key_set([Ed25519Signer::from_seed([99; 32]).jwk()])));

/// Has old keys at hand, and new ones for who looks.
#[derive(Debug)]
struct Rotated {
    old: Arc<KeySet>,
    new: Arc<KeySet>,
}

impl KeySource for Rotated {
    fn at_hand(&self, wanted: Wanted<'_>, _: SystemTime) -> Option<LentKeys> {
        matches!(wanted, Wanted::Ed25519).then(|| Arc::clone(&self.old).into())
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        assert!(matches!(wanted, Wanted::Ed25519Beyond(old) if Arc::ptr_eq(old, &self.old)));
        Box::pin(async { Ok(Arc::clone(&self.new).into()) })
    }
}

/// At an endpoint for both kinds the other kind's entries change nothing.
fn assert_mixed_verifier_agrees(sender: &Sender, data: &[u8], list: &[u8], within_limits: bool) {
    let dynamic = DynamicVerifier::builder()
        .binding(Binding::dangerous_any_tenant())
        .clock(ManualClock::at(NOW))
        .keys(Arc::clone(&sender.keys))
        .build()
        .unwrap();
    let mixed = Verifier::new(Peers::new(data, NOW).verifier, dynamic);
    let timestamp = NOW.to_string();
    let headers = headers_of([b"msg_1", timestamp.as_bytes(), list]);
    let verdict = at_once(mixed.verify(&headers, own_text(data)));
    assert_eq!(verdict.is_ok(), within_limits, "{verdict:?}");
}

fn assert_refused_as_a_list(error: &Error) {
    let fair = matches!(
        error,
        Error::MissingHeader { .. }
            | Error::MalformedHeader { .. }
            | Error::SchemeNotConfigured { .. }
            | Error::SignatureMismatch
    );
    assert!(fair, "{error:?}");
}

/// The last of so many keys, and who verifies with them.
struct Sender {
    signer: Ed25519Signer,
    keys: Arc<KeySet>,
    verifier: DynamicVerifier,
}

static SENDERS: LazyLock<Vec<Sender>> = LazyLock::new(|| {
    let signers: Vec<_> = (1..=8).map(|n| Ed25519Signer::from_seed([n; 32])).collect();
    let sender = |keys: usize| Sender {
        signer: signers[keys - 1].clone(),
        keys: Arc::new(key_set(signers[..keys].iter().map(Ed25519Signer::jwk))),
        verifier: DynamicVerifier::builder()
            .binding(Binding::dangerous_any_tenant())
            .clock(ManualClock::at(NOW))
            .build()
            .unwrap(),
    };
    (1..=MAX_ED25519_KEYS).map(sender).collect()
});

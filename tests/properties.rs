//! Properties that hold for any id, timestamp, body and secret in range.

use std::time::{Duration, UNIX_EPOCH};

use gemini_webhooks::testing::StaticSigner;
use gemini_webhooks::{Secret, StaticVerifier};
use proptest::prelude::*;

/// 10^5 each; `PROPTEST_CASES` asks for more.
fn config() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: cases.unwrap_or(100_000),
        failure_persistence: None,
        ..Default::default()
    }
}

prop_compose! {
    fn delivery()(
        key in prop::collection::vec(any::<u8>(), 24..=64),
        id in "[!-\\-/-~]{1,60}",
        seconds in 1_u64..=253_402_300_799,
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) -> (Vec<u8>, String, u64, Vec<u8>) {
        (key, id, seconds, body)
    }
}

/// The fields that are signed, and the signature: what an attacker can change.
#[derive(Clone)]
struct Fields {
    headers: [(&'static str, Vec<u8>); 3],
    body: Vec<u8>,
}

impl Fields {
    fn signed(secret: &Secret, id: &str, seconds: u64, body: &[u8]) -> Self {
        let timestamp = seconds.to_string();
        let signature = StaticSigner::new(secret).signature(id, &timestamp, body);
        let headers = [
            ("webhook-id", id.as_bytes().to_vec()),
            ("webhook-timestamp", timestamp.into_bytes()),
            ("webhook-signature", signature.into_bytes()),
        ];
        Self { headers, body: body.to_vec() }
    }

    fn flip(&mut self, bit: prop::sample::Index) {
        let [id, timestamp, signature] = &mut self.headers;
        let fields = [&mut id.1, &mut timestamp.1, &mut signature.1, &mut self.body];
        let bits = fields.iter().map(|field| field.len() * 8).sum();
        let mut bit = bit.index(bits);
        for field in fields {
            if let Some(byte) = field.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
                return;
            }
            bit -= field.len() * 8;
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_signed_verifies((key, id, seconds, body) in delivery()) {
        let secret = Secret::from_raw_bytes(&key).unwrap();
        let fields = Fields::signed(&secret, &id, seconds, &body);
        let verifier = StaticVerifier::builder().secret(secret).build().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        let delivery = verifier.verify_at(&fields.headers, fields.body, now).unwrap();
        prop_assert_eq!(delivery.id().as_str(), id);
        prop_assert_eq!(delivery.raw(), &body);
    }

    #[test]
    fn any_changed_bit_is_refused(
        (key, id, seconds, body) in delivery(),
        bit in any::<prop::sample::Index>(),
    ) {
        let secret = Secret::from_raw_bytes(&key).unwrap();
        let mut fields = Fields::signed(&secret, &id, seconds, &body);
        fields.flip(bit);
        let verifier = StaticVerifier::builder().secret(secret).build().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        prop_assert!(verifier.check_at(&fields.headers, &fields.body, now).is_err());
    }

    #[test]
    fn another_secret_is_refused((key, id, seconds, body) in delivery(), other: [u8; 32]) {
        let (secret, other) =
            (Secret::from_raw_bytes(&key).unwrap(), Secret::from_raw_bytes(other).unwrap());
        let fields = Fields::signed(&secret, &id, seconds, &body);
        let verifier = StaticVerifier::builder().secret(other).build().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        prop_assert!(verifier.check_at(&fields.headers, &fields.body, now).is_err());
    }

    #[test]
    fn any_headers_and_body_are_refused_without_a_panic(
        headers in prop::collection::vec(("(webhook-(id|timestamp|signature)|x)", any::<Vec<u8>>()), 0..6),
        body: Vec<u8>,
        now: u32,
    ) {
        let secret = Secret::from_raw_bytes([7; 32]).unwrap();
        let verifier = StaticVerifier::builder().secret(secret).build().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(now.into());
        prop_assert!(verifier.verify_at(&headers, body, now).is_err());
    }
}

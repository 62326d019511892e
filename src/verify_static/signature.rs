//! The `v1` signature: HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`.

use base64::Engine as _;
use ctutils::CtEq as _;
use hmac::digest::{FixedOutput as _, InvalidLength, Output};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::base64::STANDARD as BASE64;
use crate::error::{Error, HeaderProblem, SeenScheme};
use crate::headers::{Headers, WebhookHeader};
use crate::limits::MAX_SIGNATURE_ENTRIES;
use crate::signature_header::SignatureHeader;

/// The version of these signatures in a list, and the comma behind it.
const PREFIX: &[u8] = b"v1,";

/// Characters of 32 bytes in padded base64.
const ENCODED_LEN: usize = 44;

type HmacSha256 = Hmac<Sha256>;

#[cfg(test)]
thread_local! {
    /// How many MACs this thread has made: what is said of their number is counted, not believed.
    pub(crate) static MACS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// The HMAC state after the key was absorbed, built once per secret and copied per request.
#[derive(Clone)]
pub(crate) struct MacKey(HmacSha256);

impl MacKey {
    /// Absorbs a key. HMAC takes one of any length, so the error never comes.
    pub(super) fn new(key: &[u8]) -> Result<Self, InvalidLength> {
        HmacSha256::new_from_slice(key).map(Self)
    }

    /// Signs the header bytes as they came and the raw body, joined by dots; gives the signature
    /// as it would be written.
    #[inline]
    pub(crate) fn sign(&self, id: &[u8], timestamp: &[u8], body: &[u8]) -> Encoded {
        #[cfg(test)]
        MACS.set(MACS.get() + 1);
        let mut mac = self.0.clone();
        mac.update(id);
        mac.update(b".");
        mac.update(timestamp);
        mac.update(b".");
        mac.update(body);
        Encoded::of(mac)
    }

    /// Signs what a diagnosis supposes was signed.
    #[cfg(feature = "explain")]
    pub(crate) fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        #[cfg(test)]
        MACS.set(MACS.get() + 1);
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize_fixed().into()
    }
}

/// A signature in base64.
///
/// Signatures are compared in this form, so that only the canonical spelling can match and nothing
/// that a stranger sent is decoded.
pub(crate) struct Encoded([u8; ENCODED_LEN]);

impl Encoded {
    #[inline]
    fn of(mac: HmacSha256) -> Self {
        let mut encoded = [0; ENCODED_LEN];
        // Written in place: moved out, the tag would be copied twice, byte by byte.
        let mut tag = Output::<HmacSha256>::default();
        mac.finalize_into(&mut tag);
        // 32 bytes fill 44 characters exactly, so that there is no error to handle.
        let _ = BASE64.encode_slice(tag, &mut encoded);
        Self(encoded)
    }

    /// The entry that a sender would put into `webhook-signature`.
    #[cfg(feature = "testing")]
    pub(crate) fn entry(&self) -> String {
        let Self(encoded) = self;
        PREFIX.iter().chain(encoded).map(|byte| char::from(*byte)).collect()
    }

    /// Compares in a time that does not depend on how much agrees.
    #[inline]
    fn equals(&self, signature: &[u8; ENCODED_LEN]) -> bool {
        signature.ct_eq(&self.0).into()
    }
}

/// The `v1` signatures of a header, to compare with what each secret would have signed.
pub(super) struct Candidates<'h>([Option<&'h [u8; ENCODED_LEN]>; MAX_SIGNATURE_ENTRIES]);

impl<'h> Candidates<'h> {
    /// Finds the `v1` entries; those of other versions are ignored, those of another length
    /// skipped.
    #[inline]
    pub(super) fn parse(headers: &Headers<'h>) -> Result<Self, Error> {
        let list = match SignatureHeader::parse(headers.signature)? {
            SignatureHeader::List(list) => list,
            SignatureHeader::Jwt => {
                return Err(Error::SchemeNotConfigured { saw: SeenScheme::Jwt });
            }
        };
        let mut candidates = Self([None; MAX_SIGNATURE_ENTRIES]);
        let mut seen = false;
        let mut free = candidates.0.iter_mut();
        list.for_each_of(PREFIX, |signature| {
            seen = true;
            if let Ok(signature) = signature.try_into()
                && let Some(slot) = free.next()
            {
                *slot = Some(signature);
            }
        })?;
        if !seen {
            return Err(Error::SchemeNotConfigured { saw: list.seen() });
        }
        if candidates.0.first().is_none_or(Option::is_none) {
            return Err(WebhookHeader::Signature.malformed(HeaderProblem::NoWellFormedEntry));
        }
        Ok(candidates)
    }

    /// Tells whether one of them is `signature`.
    #[inline]
    pub(super) fn contain(&self, signature: &Encoded) -> bool {
        let well_formed = self.0.iter().map_while(|candidate| *candidate);
        well_formed.fold(false, |found, candidate| found | signature.equals(candidate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn bytes(hex: &Value) -> Vec<u8> {
        let hex = hex.as_str().unwrap();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    /// The signed text of a delivery is `id.timestamp.body`; here the whole message is the body of
    /// a MAC without a prefix.
    fn sign(key: &MacKey, message: &[u8]) -> Encoded {
        let mut mac = key.0.clone();
        mac.update(message);
        Encoded::of(mac)
    }

    #[test]
    fn wycheproof_hmac_sha256() {
        let path =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/wycheproof/hmac_sha256_test.json");
        let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let (mut whole, mut cut) = (0, 0);
        for group in file["testGroups"].as_array().unwrap() {
            for test in group["tests"].as_array().unwrap() {
                let key = MacKey::new(&bytes(&test["key"])).unwrap();
                let signature = BASE64.encode(bytes(&test["tag"]));
                let candidate = signature.as_bytes().try_into();
                let accepted = candidate
                    .is_ok_and(|candidate| sign(&key, &bytes(&test["msg"])).equals(candidate));
                // A tag that was cut to 128 bits is never accepted, valid or not.
                let is_whole = group["tagSize"] == 256;
                *if is_whole { &mut whole } else { &mut cut } += 1;
                assert_eq!(accepted, is_whole && test["result"] == "valid", "{}", test["tcId"]);
            }
        }
        assert_eq!((whole, cut), (87, 87));
    }

    #[test]
    fn a_header_signed_with_the_documented_parts() {
        // The literal of the reference libraries' tests.
        let key = BASE64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = MacKey::new(&key).unwrap().sign(
            b"msg_p5jXN8AQM9LWM0D4loKWxJek",
            b"1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert!(signature.equals(b"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert!(!signature.equals(b"g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="));
    }
}

//! The cryptography underneath: one RSA and one Ed25519 verification, by the backend in use.
//!
//! With both features on, aws-lc-rs is used. Both give the same verdict on every key that both
//! support; the only difference is the largest RSA modulus.

/// A key that the backend cannot take; the reason is in the rules that were checked before.
#[derive(Debug)]
pub(crate) struct Unsupported;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use self::aws_lc::{Ed25519Key, MAX_RSA_BITS, Rs256Key};
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(crate) use self::none::{Ed25519Key, MAX_RSA_BITS, Rs256Key};
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(crate) use self::rust_crypto::{Ed25519Key, MAX_RSA_BITS, Rs256Key};

#[cfg(test)]
thread_local! {
    /// How many Ed25519 signatures this thread has checked.
    pub(crate) static ED25519_CHECKS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Tells whether there is a backend at all.
pub(crate) const PRESENT: bool = cfg!(any(feature = "aws-lc-rs", feature = "rust-crypto"));

/// Keys are parsed once and kept: to rebuild one costs a quarter of a verification.
#[cfg(feature = "aws-lc-rs")]
mod aws_lc {
    use aws_lc_rs::signature::{ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

    use super::Unsupported;

    /// The largest modulus that is verified, in bits.
    pub(crate) const MAX_RSA_BITS: usize = 8192;

    pub(crate) struct Rs256Key(ParsedPublicKey);

    impl Rs256Key {
        /// Takes the modulus and the exponent, big-endian, without leading zeros.
        pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, Unsupported> {
            let der = rsa_public_key_der(modulus, exponent);
            let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der);
            key.map(Self).map_err(|_| Unsupported)
        }

        pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            self.0.verify_sig(message, signature).is_ok()
        }
    }

    pub(crate) struct Ed25519Key(ParsedPublicKey);

    impl Ed25519Key {
        pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Unsupported> {
            ParsedPublicKey::new(&ED25519, key).map(Self).map_err(|_| Unsupported)
        }

        pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
            #[cfg(test)]
            super::ED25519_CHECKS.set(super::ED25519_CHECKS.get() + 1);
            self.0.verify_sig(message, signature).is_ok()
        }
    }

    /// `RSAPublicKey` of RFC 8017 appendix A.1.1, in DER.
    fn rsa_public_key_der(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
        const INTEGER: u8 = 0x02;
        const SEQUENCE: u8 = 0x30;
        let mut integers = Vec::with_capacity(modulus.len().saturating_add(16));
        for number in [modulus, exponent] {
            // A leading one bit would make it negative.
            let sign: &[u8] =
                if number.first().is_some_and(|byte| *byte > 0x7f) { &[0] } else { &[] };
            integers.push(INTEGER);
            push_length(&mut integers, number.len().saturating_add(sign.len()));
            integers.extend_from_slice(sign);
            integers.extend_from_slice(number);
        }
        let mut der = Vec::with_capacity(integers.len().saturating_add(4));
        der.push(SEQUENCE);
        push_length(&mut der, integers.len());
        der.extend_from_slice(&integers);
        der
    }

    /// A DER length: one byte up to 127, else their count and the bytes.
    fn push_length(der: &mut Vec<u8>, length: usize) {
        let bytes = length.to_be_bytes();
        let significant = bytes.iter().skip_while(|byte| **byte == 0);
        if length > 0x7f {
            let count = significant.clone().fold(0x80_u8, |count, _| count.saturating_add(1));
            der.push(count);
        }
        der.extend(significant);
    }

    #[cfg(test)]
    mod tests {
        use super::rsa_public_key_der;

        #[test]
        fn integers_are_written_in_der() {
            assert_eq!(rsa_public_key_der(&[0x7f], &[3]), [0x30, 6, 2, 1, 0x7f, 2, 1, 3]);
            assert_eq!(rsa_public_key_der(&[0x80], &[3]), [0x30, 7, 2, 2, 0, 0x80, 2, 1, 3]);
            let lengths = |bytes: usize| rsa_public_key_der(&vec![1; bytes], &[3])[..6].to_vec();
            assert_eq!(lengths(0x79), [0x30, 0x7e, 2, 0x79, 1, 1]);
            assert_eq!(lengths(0x7f), [0x30, 0x81, 0x84, 2, 0x7f, 1]);
            assert_eq!(lengths(0x80), [0x30, 0x81, 0x86, 2, 0x81, 0x80]);
            assert_eq!(lengths(0x100), [0x30, 0x82, 1, 7, 2, 0x82]);
        }
    }
}

/// Through jsonwebtoken's own backend, chosen by name: its process-wide default panics when both or
/// neither of its features is on anywhere in the build.
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
mod rust_crypto {
    use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
    use jsonwebtoken::{Algorithm, DecodingKey};

    use super::Unsupported;

    /// The largest modulus that the `rsa` crate verifies, in bits.
    pub(crate) const MAX_RSA_BITS: usize = 4096;

    pub(crate) struct Rs256Key(DecodingKey);

    impl Rs256Key {
        #[allow(clippy::unnecessary_wraps)] // As the other backend's.
        pub(crate) fn new(modulus: &[u8], exponent: &[u8]) -> Result<Self, Unsupported> {
            Ok(Self(DecodingKey::from_rsa_raw_components(modulus, exponent)))
        }

        pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
            verifies(Algorithm::RS256, &self.0, message, signature)
        }
    }

    pub(crate) struct Ed25519Key(DecodingKey);

    impl Ed25519Key {
        /// Refuses 32 bytes that are no point of the curve.
        pub(crate) fn new(key: &[u8; 32]) -> Result<Self, Unsupported> {
            let key = DecodingKey::from_ed_der(key);
            let verifier = (DEFAULT_PROVIDER.verifier_factory)(&Algorithm::EdDSA, &key);
            verifier.map(|_| Self(key)).map_err(|_| Unsupported)
        }

        pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
            #[cfg(test)]
            super::ED25519_CHECKS.set(super::ED25519_CHECKS.get() + 1);
            verifies(Algorithm::EdDSA, &self.0, message, signature)
        }
    }

    fn verifies(algorithm: Algorithm, key: &DecodingKey, message: &[u8], signature: &[u8]) -> bool {
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&algorithm, key);
        verifier.is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}

/// Without a backend every key is skipped, and a verifier cannot be built.
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod none {
    use super::Unsupported;

    pub(crate) const MAX_RSA_BITS: usize = 8192;

    pub(crate) enum Rs256Key {}

    impl Rs256Key {
        pub(crate) fn new(_: &[u8], _: &[u8]) -> Result<Self, Unsupported> {
            Err(Unsupported)
        }

        pub(crate) fn verifies(&self, _: &[u8], _: &[u8]) -> bool {
            match *self {}
        }
    }

    pub(crate) enum Ed25519Key {}

    impl Ed25519Key {
        pub(crate) fn new(_: &[u8; 32]) -> Result<Self, Unsupported> {
            Err(Unsupported)
        }

        pub(crate) fn verifies(&self, _: &[u8], _: &[u8; 64]) -> bool {
            match *self {}
        }
    }
}

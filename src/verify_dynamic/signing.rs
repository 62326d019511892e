//! The private side of both forms, for tests: by the same backend that verifies.

#[cfg(feature = "aws-lc-rs")]
pub(crate) use self::aws_lc::{ed25519_public_key, rsa_public_key, sign_ed25519, sign_rs256};
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(crate) use self::rust_crypto::{ed25519_public_key, rsa_public_key, sign_ed25519, sign_rs256};

#[cfg(feature = "aws-lc-rs")]
mod aws_lc {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
    };

    pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        let pair = RsaKeyPair::from_der(der).ok()?;
        let components = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        Some((components.n, components.e))
    }

    pub(crate) fn sign_rs256(der: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        let pair = RsaKeyPair::from_der(der).ok()?;
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(signature)
    }

    pub(crate) fn ed25519_public_key(seed: &[u8; 32]) -> Option<Vec<u8>> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(pair.public_key().as_ref().to_vec())
    }

    pub(crate) fn sign_ed25519(seed: &[u8; 32], message: &[u8]) -> Option<Vec<u8>> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(pair.sign(message).as_ref().to_vec())
    }
}

#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
mod rust_crypto {
    use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
    use jsonwebtoken::jwk::EllipticCurve;
    use jsonwebtoken::{Algorithm, EncodingKey};

    pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        (DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_private_key)(der).ok()
    }

    pub(crate) fn sign_rs256(der: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        sign(Algorithm::RS256, &EncodingKey::from_rsa_der(der), message)
    }

    pub(crate) fn ed25519_public_key(seed: &[u8; 32]) -> Option<Vec<u8>> {
        let components = DEFAULT_PROVIDER.key_utils.ed_pub_components_from_private_key;
        components(&pkcs8(seed), &EllipticCurve::Ed25519).ok()
    }

    pub(crate) fn sign_ed25519(seed: &[u8; 32], message: &[u8]) -> Option<Vec<u8>> {
        sign(Algorithm::EdDSA, &EncodingKey::from_ed_der(&pkcs8(seed)), message)
    }

    fn sign(algorithm: Algorithm, key: &EncodingKey, message: &[u8]) -> Option<Vec<u8>> {
        let signer = (DEFAULT_PROVIDER.signer_factory)(&algorithm, key).ok()?;
        signer.try_sign(message).ok()
    }

    /// `PrivateKeyInfo` of RFC 8410 section 7, in DER: a fixed head and the seed.
    fn pkcs8(seed: &[u8; 32]) -> Vec<u8> {
        let head = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        [head.as_slice(), seed].concat()
    }
}

//! Keys of our own that sign as Google does for dynamic webhooks: made on the fly, or kept in a file.

use std::fmt;
use std::path::Path;

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents,
};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gemini_webhooks::testing::Ed25519Signer;
use pem::Pem;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::files::{self, Existing, PrivateFile};
use crate::output;

/// What a PEM file of PKCS#8 says of itself (RFC 7468 section 10).
const TAG: &str = "PRIVATE KEY";

/// Most bytes of a key file: an RSA key of 8192 bits takes some 6 KiB.
const MAX_KEY_FILE_BYTES: usize = 16 * 1024;

/// Signs RS256 JWTs by a key whose name is made of its modulus.
pub(crate) struct JwtKey {
    pair: RsaKeyPair,
    kid: String,
}

/// Signs `v1a` entries.
pub(crate) struct V1aKey {
    seed: Zeroizing<[u8; 32]>,
    pub(crate) signer: Ed25519Signer,
}

/// A kind of key: how it is made, and how it is written down as PKCS#8.
pub(crate) trait LocalKey: Sized {
    /// What it is for, as in `--as`.
    const FORM: &'static str;

    fn generate() -> Result<Self, Failure>;
    fn from_pkcs8(der: &[u8]) -> Option<Self>;
    fn to_pkcs8(&self) -> Option<Vec<u8>>;
    fn jwk(&self) -> Value;

    /// Takes the key of a file, or makes one and keeps it there.
    fn kept_in(path: &Path) -> Result<Self, Failure> {
        if path.exists() {
            return Self::read(path);
        }
        let (file, key) = (PrivateFile::prepare(path, Existing::Keep)?, Self::generate()?);
        let der = key.to_pkcs8().ok_or_else(no_key)?;
        file.write(&Zeroizing::new(pem::encode(&Pem::new(TAG, der))))?;
        output::note(format_args!("a new key for {} is in {}", Self::FORM, path.display()));
        Ok(key)
    }

    fn read(path: &Path) -> Result<Self, Failure> {
        let text = files::read_private(path, MAX_KEY_FILE_BYTES)?;
        let key = pem::parse(text.as_bytes()).ok().filter(|pem| pem.tag() == TAG);
        key.and_then(|pem| Self::from_pkcs8(&Zeroizing::new(pem.into_contents()))).ok_or_else(
            || {
                let path = path.display();
                let message = format!("{path} holds no key for {} in PEM (PKCS#8)", Self::FORM);
                Failure::usage(message).remedy("name a file that does not exist yet, to make one")
            },
        )
    }
}

impl LocalKey for JwtKey {
    const FORM: &'static str = "jwt";

    fn generate() -> Result<Self, Failure> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| no_key())?;
        Ok(Self::new(pair))
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        RsaKeyPair::from_pkcs8(der).ok().map(Self::new)
    }

    fn to_pkcs8(&self) -> Option<Vec<u8>> {
        self.pair.as_der().ok().map(|der| der.as_ref().to_vec())
    }

    fn jwk(&self) -> Value {
        let components = RsaPublicKeyComponents::<Vec<u8>>::from(self.pair.public_key());
        json!({
            "kty": "RSA",
            "kid": self.kid,
            "use": "sig",
            "alg": "RS256",
            "n": BASE64_URL_SAFE_NO_PAD.encode(components.n),
            "e": BASE64_URL_SAFE_NO_PAD.encode(components.e),
        })
    }
}

impl JwtKey {
    fn new(pair: RsaKeyPair) -> Self {
        let components = RsaPublicKeyComponents::<Vec<u8>>::from(pair.public_key());
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &components.n);
        let name = digest.as_ref().get(..6).unwrap_or_default();
        Self { pair, kid: format!("local-{}", BASE64_URL_SAFE_NO_PAD.encode(name)) }
    }

    /// Makes a token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> Result<String, Failure> {
        let header = json!({ "alg": "RS256", "kid": self.kid, "typ": "JWT" });
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Failure::usage("the key does not sign"))?;
        Ok(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl LocalKey for V1aKey {
    const FORM: &'static str = "v1a";

    fn generate() -> Result<Self, Failure> {
        let mut seed = Zeroizing::new([0; 32]);
        rand::fill(seed.as_mut()).map_err(|_| no_key())?;
        Ok(Self::new(seed))
    }

    fn from_pkcs8(der: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok()?;
        let seed = pair.seed().ok()?.as_be_bytes().ok()?;
        Some(Self::new(Zeroizing::new(seed.as_ref().try_into().ok()?)))
    }

    fn to_pkcs8(&self) -> Option<Vec<u8>> {
        let pair = Ed25519KeyPair::from_seed_unchecked(self.seed.as_ref()).ok()?;
        pair.to_pkcs8v1().ok().map(|der| der.as_ref().to_vec())
    }

    fn jwk(&self) -> Value {
        self.signer.jwk()
    }
}

impl V1aKey {
    fn new(seed: Zeroizing<[u8; 32]>) -> Self {
        let signer = Ed25519Signer::from_seed(*seed);
        Self { seed, signer }
    }
}

fn no_key() -> Failure {
    Failure::usage("no key can be made")
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

impl fmt::Debug for V1aKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("V1aKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_after_it_was_written_down() {
        let v1a = V1aKey::generate().unwrap();
        let again = V1aKey::from_pkcs8(&v1a.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.jwk(), v1a.jwk());
        let jwt = JwtKey::generate().unwrap();
        let again = JwtKey::from_pkcs8(&jwt.to_pkcs8().unwrap()).unwrap();
        assert_eq!(again.jwk(), jwt.jwk());
        assert!(V1aKey::from_pkcs8(&jwt.to_pkcs8().unwrap()).is_none());
        assert!(JwtKey::from_pkcs8(&v1a.to_pkcs8().unwrap()).is_none());
    }

    #[test]
    fn no_debug_shows_a_key() {
        let v1a = V1aKey::new(Zeroizing::new([7; 32]));
        assert_eq!(format!("{v1a:?}"), "V1aKey { .. }");
    }
}

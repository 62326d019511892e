//! Plays the Gemini side of dynamic webhooks: key sets, JWTs and `v1a` signatures.

use std::time::SystemTime;

use base64::Engine as _;
use bytes::Bytes;
use serde_json::{Value, json};

use super::SignedRequest;
use crate::base64::{STANDARD, URL_SAFE};
use crate::clock::unix_seconds;
use crate::verify_dynamic::signing;

/// Names one of the RSA keys that come with this crate: public knowledge, for tests alone.
///
/// # Examples
/// See [`JwtSigner`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestRsaKey {
    /// The first.
    One,
    /// The second, for a rotation.
    Two,
    /// The third, for a stranger.
    Three,
}

impl TestRsaKey {
    /// `RSAPrivateKey` of RFC 8017 appendix A.1.2, in DER.
    const fn der(self) -> &'static [u8] {
        match self {
            Self::One => include_bytes!("rsa_1.der"),
            Self::Two => include_bytes!("rsa_2.der"),
            Self::Three => include_bytes!("rsa_3.der"),
        }
    }
}

/// Signs RS256 JWTs as Google documents them for dynamic webhooks.
///
/// # Examples
/// ```
/// use std::time::{SystemTime, UNIX_EPOCH};
/// use gemini_webhooks::testing::{JwtSigner, TestRsaKey, jwks, sample_body};
/// use gemini_webhooks::{DynamicVerifier, KeySet};
///
/// let now = SystemTime::now();
/// let signer = JwtSigner::new("key-1", TestRsaKey::One);
/// let mut claims: serde_json::Value =
///     serde_json::from_str(sample_body("batch.succeeded").unwrap())?;
/// claims["aud"] = "my-project-client-id".into();
/// claims["exp"] = (now.duration_since(UNIX_EPOCH)?.as_secs() + 300).into();
/// let request = signer.sign("msg_1", now, &claims, "");
///
/// let keys = KeySet::from_json(jwks([signer.jwk()]).as_bytes())?;
/// let verifier = DynamicVerifier::builder().audience("my-project-client-id").build()?;
/// let delivery = verifier.verify_with(&keys, &request.headers, request.body)?;
/// assert_eq!(delivery.event().type_name(), Some("batch.succeeded"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct JwtSigner {
    kid: String,
    key: TestRsaKey,
}

impl JwtSigner {
    /// Makes a signer whose key is published under this `kid`.
    #[must_use]
    pub fn new(kid: impl Into<String>, key: TestRsaKey) -> Self {
        Self { kid: kid.into(), key }
    }

    /// Returns the name of the key.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the public key as a member of a key set.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let (modulus, exponent) = signing::rsa_public_key(self.key.der()).unwrap_or_default();
        json!({
            "kty": "RSA",
            "kid": self.kid,
            "use": "sig",
            "alg": "RS256",
            "n": URL_SAFE.encode(modulus),
            "e": URL_SAFE.encode(exponent),
        })
    }

    /// Returns a token with these claims, whatever they hold.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.kid });
        self.token_of(header.to_string(), claims.to_string())
    }

    /// Returns a token with this header and these claims, byte by byte: to play an attacker who
    /// holds the key.
    #[must_use]
    pub fn token_of(&self, header: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        let signed = format!("{}.{}", URL_SAFE.encode(header), URL_SAFE.encode(claims));
        let signature = signing::sign_rs256(self.key.der(), signed.as_bytes());
        format!("{signed}.{}", URL_SAFE.encode(signature.unwrap_or_default()))
    }

    /// Signs a request that is sent at `time`, with these claims and this body.
    #[must_use]
    pub fn sign(
        &self,
        id: &str,
        time: SystemTime,
        claims: &Value,
        body: impl Into<Bytes>,
    ) -> SignedRequest {
        SignedRequest::new(id, time, &self.token(claims), body.into())
    }
}

/// Signs requests by Ed25519 as the live service was seen to do.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::{Ed25519Signer, jwks};
/// use gemini_webhooks::{Binding, DynamicVerifier, KeySet};
///
/// let signer = Ed25519Signer::from_seed([7; 32]);
/// let body = r#"{"type":"batch.expired","data":{"id":"b1"}}"#;
/// let request = signer.sign("msg_1", std::time::SystemTime::now(), body);
///
/// let keys = KeySet::from_json(jwks([signer.jwk()]).as_bytes())?;
/// let verifier = DynamicVerifier::builder().binding(Binding::dangerous_any_tenant()).build()?;
/// assert!(verifier.verify_with(&keys, &request.headers, request.body).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Ed25519Signer {
    seed: [u8; 32],
}

impl Ed25519Signer {
    /// Makes a signer whose private key is this seed (RFC 8032 section 5.1.5).
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// Returns the public key as a member of a key set, without a `kid`, as observed.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let key = signing::ed25519_public_key(&self.seed).unwrap_or_default();
        json!({ "kty": "OKP", "crv": "Ed25519", "x": URL_SAFE.encode(key) })
    }

    /// Returns the entry for `webhook-signature` for these three, whatever they hold.
    #[must_use]
    pub fn signature(&self, id: &str, timestamp: &str, body: impl AsRef<[u8]>) -> String {
        let message = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body.as_ref()].concat();
        let signature = signing::sign_ed25519(&self.seed, &message).unwrap_or_default();
        format!("v1a,{}", STANDARD.encode(signature))
    }

    /// Signs a request that is sent at `time`.
    #[must_use]
    pub fn sign(&self, id: &str, time: SystemTime, body: impl Into<Bytes>) -> SignedRequest {
        let body = body.into();
        let signature = self.signature(id, &unix_seconds(time).to_string(), &body);
        SignedRequest::new(id, time, &signature, body)
    }
}

impl std::fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ed25519Signer").finish_non_exhaustive()
    }
}

/// Returns the document of a key set with these keys.
///
/// # Examples
/// ```
/// use gemini_webhooks::testing::jwks;
///
/// assert_eq!(jwks([]), r#"{"keys":[]}"#);
/// ```
#[must_use]
pub fn jwks(keys: impl IntoIterator<Item = Value>) -> String {
    json!({ "keys": keys.into_iter().collect::<Vec<_>>() }).to_string()
}

//! The RSA keys of the testing signers, as both sides sign with them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gemini_webhooks::testing::{JwtSigner, TestRsaKey};
use serde_json::{Value, json};

use crate::Result;
use crate::judge::Signer;
use crate::peer::Peer;

/// One of the keys, with the name under which it is published.
#[derive(Clone, Copy)]
pub struct Key {
    pub kid: &'static str,
    test_key: TestRsaKey,
    der: &'static [u8],
}

pub const KEYS: [Key; 3] = [
    Key {
        kid: "key-1",
        test_key: TestRsaKey::One,
        der: include_bytes!("../../../../src/testing/rsa_1.der"),
    },
    Key {
        kid: "0b8c2f1d6a6e4f9f9f6b3d7c1e5a4b2c8d7e6f50",
        test_key: TestRsaKey::Two,
        der: include_bytes!("../../../../src/testing/rsa_2.der"),
    },
    Key {
        kid: "{odd,but:\"visible\"}/+=_-.",
        test_key: TestRsaKey::Three,
        der: include_bytes!("../../../../src/testing/rsa_3.der"),
    },
];

impl Key {
    pub fn signer(self) -> JwtSigner {
        JwtSigner::new(self.kid, self.test_key)
    }

    /// The public half, as the signing side writes it.
    pub fn jwk(self, signer: Signer, peer: &mut Peer) -> Result<Value> {
        match signer {
            Signer::Here => Ok(self.signer().jwk()),
            Signer::There => exported(peer, &self.pem(), self.kid),
        }
    }

    /// `RSAPrivateKey` of RFC 8017 appendix A.1.2, in the lines of RFC 7468.
    pub fn pem(self) -> String {
        let base64 = BASE64.encode(self.der);
        let mut lines = vec!["-----BEGIN RSA PRIVATE KEY-----"];
        let mut rest = &*base64;
        while !rest.is_empty() {
            let (line, behind) = rest.split_at(rest.len().min(64));
            lines.push(line);
            rest = behind;
        }
        lines.push("-----END RSA PRIVATE KEY-----\n");
        lines.join("\n")
    }
}

/// The public half of a private key, written by a peer and named by its user.
pub fn exported(peer: &mut Peer, pem: &str, kid: &str) -> Result<Value> {
    let mut key = peer.key(&json!({ "scheme": "rs256", "do": "export", "pem": pem }))?;
    key["kid"] = kid.into();
    Ok(key)
}

/// The request to sign a token.
pub fn to_sign(pem: &str, header: &Value, claims: &Value) -> Value {
    json!({ "scheme": "rs256", "do": "sign", "pem": pem, "header": header, "claims": claims })
}

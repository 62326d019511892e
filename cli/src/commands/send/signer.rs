//! Signs a delivery in one of the three forms.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use gemini_webhooks::testing::{StaticSigner, jwks};
use serde_json::{Map, Value};

use super::{DynamicArgs, Form};
use crate::exit::Failure;
use crate::moment::unix_seconds;
use crate::secrets::SecretArgs;
use crate::signing::{JwtKey, LocalKey, V1aKey};

/// Whoever signs, with all that it takes.
#[derive(Debug)]
pub(super) enum Signer {
    Static(StaticSigner),
    Jwt(Box<Jwt>),
    V1a(Vec<V1aKey>),
}

/// A key, and what its tokens say.
#[derive(Debug)]
pub(super) struct Jwt {
    key: JwtKey,
    audience: String,
    issuer: Option<String>,
    lifetime: Duration,
    is_bearer: bool,
}

/// A delivery, before it is tampered with and sent.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) id: String,
    pub(super) timestamp: String,
    pub(super) signature: String,
    pub(super) body: Bytes,
}

impl Signer {
    pub(super) fn new(
        form: Form,
        secrets: &SecretArgs,
        args: &DynamicArgs,
    ) -> Result<Self, Failure> {
        match form {
            Form::Static => {
                let secrets = secrets.require()?;
                let (first, more) = secrets.split_first().ok_or_else(crate::secrets::missing)?;
                let signer = more.iter().fold(StaticSigner::new(first), StaticSigner::and);
                Ok(Self::Static(signer))
            }
            Form::Jwt => Ok(Self::Jwt(Box::new(Jwt::new(args)?))),
            Form::V1a if args.key_file.is_empty() => Ok(Self::V1a(vec![V1aKey::generate()?])),
            Form::V1a => {
                let keys = args.key_file.iter().map(|path| V1aKey::kept_in(path));
                keys.collect::<Result<_, _>>().map(Self::V1a)
            }
        }
    }

    /// The key set that a receiver needs; there is none of a static webhook.
    pub(super) fn jwks(&self) -> Option<String> {
        match self {
            Self::Static(_) => None,
            Self::Jwt(jwt) => Some(jwks([jwt.key.jwk()])),
            Self::V1a(keys) => Some(jwks(keys.iter().map(V1aKey::jwk))),
        }
    }

    /// Signs a delivery that is sent at this time.
    pub(super) fn sign(&self, id: &str, time: SystemTime, body: Bytes) -> Result<Signed, Failure> {
        let timestamp = unix_seconds(time).to_string();
        let signature = match self {
            Self::Static(signer) => signer.signature(id, &timestamp, &body),
            Self::V1a(keys) => {
                let entry = |key: &V1aKey| key.signer.signature(id, &timestamp, &body);
                keys.iter().map(entry).collect::<Vec<_>>().join(" ")
            }
            Self::Jwt(jwt) => jwt.key.token(&jwt.claims(unix_seconds(time), &body)?)?,
        };
        Ok(Signed { id: id.to_owned(), timestamp, signature, body })
    }
}

impl Jwt {
    fn new(args: &DynamicArgs) -> Result<Self, Failure> {
        let audience = args.audience.clone().ok_or_else(|| {
            Failure::usage("a JWT is addressed to somebody: say --audience, as your receiver does")
        })?;
        let key = match args.key_file.as_slice() {
            [] => JwtKey::generate()?,
            [path] => JwtKey::kept_in(path)?,
            _ => return Err(Failure::usage("a JWT has one signature: name one --key-file")),
        };
        let (issuer, is_bearer) = (args.issuer.clone(), args.bearer);
        Ok(Self { key, audience, issuer, lifetime: args.lifetime, is_bearer })
    }

    /// The claims: the event, unless the token is a bearer's, and what a token says of itself.
    fn claims(&self, now: u64, body: &[u8]) -> Result<Value, Failure> {
        let mut claims = Map::new();
        if !self.is_bearer {
            claims = serde_json::from_slice(body).map_err(|_| {
                Failure::usage(
                    "a JWT holds the event, and the file is no JSON object: say --bearer",
                )
            })?;
        }
        claims.insert("aud".to_owned(), self.audience.as_str().into());
        claims.insert("iat".to_owned(), now.into());
        claims.insert("exp".to_owned(), now.saturating_add(self.lifetime.as_secs()).into());
        if let Some(issuer) = &self.issuer {
            claims.insert("iss".to_owned(), issuer.as_str().into());
        }
        Ok(claims.into())
    }
}

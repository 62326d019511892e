//! The receiver of dynamic webhooks, whose key set both sides are given.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use gemini_webhooks::testing::jwks;
use gemini_webhooks::{Binding, BodyAuthentication, Delivery, DynamicVerifier, KeySet};
use serde_json::{Value, json};

use crate::Result;
use crate::judge::{Receiver, Verdict};
use crate::message::Message;
use crate::peer::Peer;

pub const AUDIENCE: &str = "my-project-client-id";

/// Seconds by which the times of a token may be off: what this crate allows if not told otherwise.
const LEEWAY: u64 = 60;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    Rs256,
    Ed25519,
}

/// Takes messages of one form that are signed by one of these keys, which are JWKs.
#[derive(Clone)]
pub struct DynamicReceiver {
    pub form: Form,
    pub keys: Vec<Value>,
    pub takes_unsigned_body: bool,
}

impl DynamicReceiver {
    pub fn new(form: Form, keys: impl IntoIterator<Item = Value>) -> Self {
        Self { form, keys: keys.into_iter().collect(), takes_unsigned_body: false }
    }

    fn verifier(&self) -> std::result::Result<DynamicVerifier, String> {
        let mut builder = match self.form {
            Form::Rs256 => DynamicVerifier::builder().audience(AUDIENCE),
            Form::Ed25519 => DynamicVerifier::builder().binding(Binding::dangerous_any_tenant()),
        };
        if self.takes_unsigned_body {
            builder = builder.accept_unsigned_body();
        }
        builder.build().map_err(|error| error.to_string())
    }
}

impl Receiver for DynamicReceiver {
    fn verify_here(&self, message: &Message) -> Verdict {
        let keys = KeySet::from_json(jwks(self.keys.clone()).as_bytes());
        let keys = keys.map_err(|problem| problem.to_string())?;
        let (headers, body) = (message.headers(), message.body.clone());
        let delivery = self.verifier()?.verify_with(&keys, &headers, body);
        read(&delivery.map_err(|error| error.to_string())?)
    }

    fn verify_there(&self, peer: &mut Peer, message: &Message) -> Result<Verdict> {
        peer.verify(&json!({
            "scheme": self.form.scheme(),
            "do": "verify",
            "keys": { "keys": self.keys },
            "headers": BTreeMap::from(message.headers()),
            "body": BASE64.encode(&message.body),
            "audience": AUDIENCE,
            "leeway": LEEWAY,
        }))
    }
}

impl fmt::Debug for DynamicReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { form, keys, takes_unsigned_body } = self;
        write!(f, "{form:?}, takes an unsigned body: {takes_unsigned_body}, ")?;
        f.write_str(&jwks(keys.clone()))
    }
}

impl Form {
    /// What the peers call it.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Rs256 => "rs256",
            Self::Ed25519 => "ed25519",
        }
    }
}

/// The claims, where a delivery shows them.
fn read(delivery: &Delivery) -> Verdict {
    match delivery.body_authentication() {
        BodyAuthentication::Claims => {
            serde_json::from_slice(delivery.raw()).map_err(|error| error.to_string())
        }
        _ => Ok(Value::Null),
    }
}

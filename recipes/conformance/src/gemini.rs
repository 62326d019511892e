//! Plays the Gemini API: what it signs, and where its keys are.

use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, KeyAnswer, KeyServer, StaticSigner, TestRsaKey, jwks, sample_body_of,
};
use gemini_webhooks::{EventType, Secret};
use serde_json::{Value, json};

use crate::wire::Request;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const AUDIENCE: &str = "my-project-client-id";
pub(crate) const TOKEN: &str = "a token for the tests of the recipes";
pub(crate) const ID: &str = "msg_0f8fad5b-d9cb-469f-a165-70867728950e";

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// The server of keys, and one that is down.
static KEYS: LazyLock<KeyServer> = LazyLock::new(|| {
    let keys = jwks([jwt_signer().jwk(), ed25519_signer().jwk()]);
    KeyServer::start(KeyAnswer::document(keys)).unwrap()
});
static NO_KEYS: LazyLock<KeyServer> =
    LazyLock::new(|| KeyServer::start(KeyAnswer::outage()).unwrap());

/// What an endpoint is set up for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Endpoint {
    Static,
    Dynamic,
    Both,
    /// Both, but the keys cannot be had.
    WithoutKeys,
}

/// The variables that set up a recipe.
pub(crate) const VARIABLES: [&str; 4] =
    ["WEBHOOK_SIGNING_SECRET", "GEMINI_AUDIENCE", "GEMINI_TOKEN", "GEMINI_KEYS_URL"];

impl Endpoint {
    /// Returns the variables that set up a recipe for it.
    pub(crate) fn environment(self) -> Vec<(&'static str, String)> {
        let keys = if matches!(self, Self::WithoutKeys) { &NO_KEYS } else { &KEYS };
        let [secret, audience, token, keys_url] = VARIABLES;
        let static_webhooks = [(secret, SECRET.to_owned())];
        let dynamic_webhooks =
            [(audience, AUDIENCE.to_owned()), (token, TOKEN.to_owned()), (keys_url, keys.url())];
        match self {
            Self::Static => static_webhooks.into(),
            Self::Dynamic => dynamic_webhooks.into(),
            Self::Both | Self::WithoutKeys => {
                static_webhooks.into_iter().chain(dynamic_webhooks).collect()
            }
        }
    }
}

pub(crate) fn secret() -> Secret {
    Secret::parse(SECRET).unwrap()
}

pub(crate) fn jwt_signer() -> JwtSigner {
    JwtSigner::new("key-1", TestRsaKey::One)
}

pub(crate) fn ed25519_signer() -> Ed25519Signer {
    Ed25519Signer::from_seed([7; 32])
}

/// Returns the event of this type, of a job that our `webhook_config` was given.
pub(crate) fn event(event_type: EventType) -> Value {
    let mut event: Value = serde_json::from_str(sample_body_of(event_type)).unwrap();
    event["user_metadata"] = json!({ "token": TOKEN });
    event
}

/// Any event, as it stands on the wire.
pub(crate) fn body() -> String {
    event(EventType::BatchSucceeded).to_string()
}

/// A delivery of a static webhook.
pub(crate) fn by_secret(body: impl Into<Vec<u8>>) -> Request {
    by_secret_at(SystemTime::now(), body)
}

/// A delivery of a static webhook that was sent at this time.
pub(crate) fn by_secret_at(time: SystemTime, body: impl Into<Vec<u8>>) -> Request {
    StaticSigner::new(&secret()).sign(ID, time, body.into()).into()
}

/// A delivery of a dynamic webhook, as documented.
pub(crate) fn by_jwt(event: &Value) -> Request {
    jwt_signer().sign(ID, SystemTime::now(), &claims(event), event.to_string()).into()
}

/// Claims that hold this event and are addressed to us.
pub(crate) fn claims(event: &Value) -> Value {
    let mut claims = event.clone();
    claims["aud"] = AUDIENCE.into();
    claims["iat"] = seconds_from_now(0).into();
    claims["exp"] = seconds_from_now(300).into();
    claims
}

pub(crate) fn seconds_from_now(seconds: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap() + seconds
}

/// A delivery of a dynamic webhook, as observed.
pub(crate) fn by_ed25519(event: &Value) -> Request {
    ed25519_signer().sign(ID, SystemTime::now(), event.to_string()).into()
}

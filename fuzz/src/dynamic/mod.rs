//! Deliveries of dynamic webhooks, their keys, and the cache of these.

mod binding;
mod cache_endpoint;
mod cache_model;
#[cfg(feature = "explain")]
mod explained;
mod jwks;
mod jwt_claims;
mod jwt_split;
mod key_cache;
mod pipeline;
mod rules;
mod tree;
mod v1a;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use gemini_webhooks::testing::{JwtSigner, TestRsaKey, jwks as document, sample_body};
use gemini_webhooks::{Error, KeySet, KeySource, KeysFuture, LentKeys, Wanted};
use serde_json::Value;

pub use self::binding::binding;
#[cfg(feature = "explain")]
pub(super) use self::explained::explain;
pub use self::jwks::jwks;
pub use self::jwt_claims::jwt_claims;
pub use self::jwt_split::jwt_split;
pub use self::key_cache::key_cache;
pub use self::pipeline::dynamic_pipeline;
pub use self::v1a::v1a;
use super::{NOW, at_once};

const AUDIENCE: &str = "us";
const ISSUER: &str = "them";
const KID: &str = "a";

static SIGNER: LazyLock<JwtSigner> = LazyLock::new(|| JwtSigner::new(KID, TestRsaKey::One));
static STRANGER: LazyLock<JwtSigner> = LazyLock::new(|| JwtSigner::new("b", TestRsaKey::Two));

/// The claims of a good token that holds an event.
static CLAIMS: LazyLock<Value> = LazyLock::new(|| {
    let mut claims: Value = serde_json::from_str(sample_body("batch.expired").unwrap()).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["exp"] = (NOW + 300).into();
    claims
});

/// That token. To sign one takes longer than all the rest of a run.
static TOKEN: LazyLock<String> = LazyLock::new(|| SIGNER.token(&CLAIMS));

/// The key of the signer, and another.
static RSA_KEYS: LazyLock<Arc<KeySet>> =
    LazyLock::new(|| Arc::new(key_set([SIGNER.jwk(), STRANGER.jwk()])));

fn key_set(keys: impl IntoIterator<Item = Value>) -> KeySet {
    KeySet::from_json(document(keys).as_bytes()).unwrap()
}

/// A fixed set that counts how often it is asked.
#[derive(Clone, Debug)]
struct Counting {
    keys: Arc<KeySet>,
    asked: Arc<AtomicUsize>,
}

impl Counting {
    fn new(keys: &Arc<KeySet>) -> Self {
        Self { keys: Arc::clone(keys), asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl KeySource for Counting {
    fn at_hand(&self, wanted: Wanted<'_>, now: SystemTime) -> Option<LentKeys> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.keys.at_hand(wanted, now)
    }

    fn look<'k>(&'k self, wanted: Wanted<'k>) -> KeysFuture<'k> {
        self.keys.look(wanted)
    }
}

/// Of all the faults that are there, one is named.
fn assert_named(error: &Error, faults: &[Error]) {
    assert!(faults.contains(error), "{error:?} is not among {faults:?}");
}

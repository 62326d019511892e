//! What makes two deliveries one event.

use std::fmt;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::delivery::{BodyAuthentication, Delivery, Scheme};

/// Names an event for deduplication: 32 bytes, made of what was authenticated alone.
///
/// A SHA-256 over the name of the endpoint, the scheme and
/// - of static and `v1a` deliveries the webhook-id, which is signed with the body;
/// - of a JWT that holds the event its signed `type`, `timestamp` and `data`: a captured token can
///   come under any webhook-id, and a retry may carry a new token;
/// - of a JWT that vouches for an unsigned body the webhook-id and the body: whoever holds such a
///   token can write both, but cannot occupy the key of another body.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Dedup, DedupKey, Delivery};
///
/// fn key(dedup: &Dedup, delivery: &Delivery) -> [u8; 32] {
///     *dedup.key(delivery).as_bytes()
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DedupKey([u8; 32]);

impl DedupKey {
    pub(super) fn of(delivery: &Delivery, namespace: &str) -> Self {
        let mut parts = Parts(Sha256::new());
        parts.add(namespace.as_bytes());
        match (delivery.scheme(), delivery.body_authentication()) {
            (Scheme::Static(_), _) => parts.add(b"v1").add(delivery.id().as_str().as_bytes()),
            (Scheme::Ed25519, _) => parts.add(b"v1a").add(delivery.id().as_str().as_bytes()),
            (Scheme::Jwt(_), BodyAuthentication::Unsigned) => {
                let id = delivery.id().as_str().as_bytes();
                parts.add(b"bearer").add(id).add(delivery.raw())
            }
            (Scheme::Jwt(_), _) => parts.add(b"jwt").add_event(delivery),
        };
        Self(parts.0.finalize().into())
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DedupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DedupKey").finish_non_exhaustive()
    }
}

/// Hashes parts with their lengths, so that no two lists of parts are one text.
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, part: &[u8]) -> &mut Self {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_le_bytes());
        self.0.update(part);
        self
    }

    /// The signed event without what changes from token to token, such as `iat`, `exp` and `jti`.
    fn add_event(&mut self, delivery: &Delivery) -> &mut Self {
        let envelope = delivery.envelope().and_then(|envelope| serde_json::to_value(envelope).ok());
        let Some(envelope) = envelope else { return self.add(delivery.raw()) };
        for member in ["type", "timestamp", "data"] {
            self.add_value(envelope.get(member).unwrap_or(&Value::Null));
        }
        self
    }

    /// A value in one order, whatever order its members came in.
    fn add_value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| *name);
                self.add(b"object").add(&members.len().to_le_bytes());
                for (name, value) in members {
                    self.add(name.as_bytes()).add_value(value);
                }
                self
            }
            Value::Array(items) => {
                self.add(b"array").add(&items.len().to_le_bytes());
                for item in items {
                    self.add_value(item);
                }
                self
            }
            scalar => self.add(scalar.to_string().as_bytes()),
        }
    }
}

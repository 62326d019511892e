//! What makes two deliveries one event.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::delivery::{BodyAuthentication, Delivery, Scheme};
use crate::limits::MAX_JSON_DEPTH;

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
        let id = delivery.id().as_str().as_bytes();
        let mut parts = Parts(Sha256::new());
        parts.add(namespace.as_bytes());
        match (delivery.scheme(), delivery.body_authentication()) {
            (Scheme::Static(_), _) => parts.add(b"v1").add(id),
            (Scheme::Ed25519, _) => parts.add(b"v1a").add(id),
            (Scheme::Jwt(_), BodyAuthentication::Unsigned) => {
                parts.add(b"bearer").add(id).add(delivery.raw())
            }
            (Scheme::Jwt(_), _) => parts.add(b"jwt").add_event(delivery.raw()),
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
        self.add_count(part.len());
        self.0.update(part);
        self
    }

    /// As wide on every machine, since the key is shared.
    fn add_count(&mut self, count: usize) -> &mut Self {
        self.0.update(u64::try_from(count).unwrap_or(u64::MAX).to_le_bytes());
        self
    }

    /// The signed event without what changes from token to token, such as `iat`, `exp` and `jti`.
    ///
    /// Taken from the claims as they were signed: an event that this crate cannot read must not run
    /// again for a new token either.
    fn add_event(&mut self, claims: &[u8]) -> &mut Self {
        let Ok(Members(mut members)) = serde_json::from_slice(claims) else {
            return self.add(claims);
        };
        members.retain(|(name, _)| ["type", "timestamp", "data"].contains(&name.as_str()));
        self.add_members(members, MAX_JSON_DEPTH)
    }

    /// Members in one order, whatever order they came in.
    fn add_members(
        &mut self,
        mut members: Vec<(String, &RawValue)>,
        depth_left: usize,
    ) -> &mut Self {
        members.sort_by(|(name, _), (other, _)| name.cmp(other));
        self.add(b"object").add_count(members.len());
        for (name, value) in members {
            self.add(name.as_bytes()).add_value(value.get(), depth_left);
        }
        self
    }

    /// A value, whatever its white space and its escapes. A number goes in as it is written: read as
    /// a number, two large ones could become one.
    fn add_value(&mut self, json: &str, depth_left: usize) -> &mut Self {
        let depth_left = depth_left.checked_sub(1);
        match (json.as_bytes().first(), depth_left) {
            (Some(b'{'), Some(depth_left)) => {
                if let Ok(Members(members)) = serde_json::from_str(json) {
                    return self.add_members(members, depth_left);
                }
            }
            (Some(b'['), Some(depth_left)) => {
                if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(json) {
                    self.add(b"array").add_count(items.len());
                    for item in items {
                        self.add_value(item.get(), depth_left);
                    }
                    return self;
                }
            }
            (Some(b'"'), _) => {
                if let Ok(text) = serde_json::from_str::<String>(json) {
                    return self.add(b"text").add(text.as_bytes());
                }
            }
            _ => {}
        }
        self.add(b"json").add(json.as_bytes())
    }
}

/// The members of an object in the order in which they came, also those that repeat.
struct Members<'j>(Vec<(String, &'j RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members<'de>, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = members.next_entry()? {
            all.push(member);
        }
        Ok(Members(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(claims: &str) -> [u8; 32] {
        let mut parts = Parts(Sha256::new());
        parts.add_event(claims.as_bytes());
        parts.0.finalize().into()
    }

    fn of_data(data: &str) -> [u8; 32] {
        key(&format!(r#"{{"type":"t","timestamp":"2026-01-22T12:00:00Z","data":{data}}}"#))
    }

    #[test]
    fn spelling_order_and_the_other_claims_do_not_matter() {
        let one = key(r#"{"type":"t","data":{"a":"x","b":[1,{"c":null}]},"exp":1}"#);
        for same in [
            r#"{"data":{"b":[1,{"c":null}],"a":"x"},"type":"t","exp":2,"jti":"j"}"#,
            r#"{ "type" : "t", "data" : { "a" : "\u0078", "b" : [ 1, { "c" : null } ] } }"#,
        ] {
            assert_eq!(key(same), one, "{same}");
        }
    }

    #[test]
    fn no_two_values_are_one() {
        let deep = |open: &str, close: &str, inner: &str| {
            format!("{}{inner}{}", open.repeat(80), close.repeat(80))
        };
        let values = [
            r#"{"a":1}"#.to_owned(),
            r#"{"a":1.0}"#.to_owned(),
            r#"{"a":"1"}"#.to_owned(),
            r#"{"a":[1]}"#.to_owned(),
            r#"{"a":[[1]]}"#.to_owned(),
            r#"{"a":{"1":null}}"#.to_owned(),
            r#"{"a":[1,2],"b":[]}"#.to_owned(),
            r#"{"a":[1],"b":[2]}"#.to_owned(),
            r#"{"a":[2,1],"b":[]}"#.to_owned(),
            r#"{"a":null}"#.to_owned(),
            r#"{"a":"null"}"#.to_owned(),
            r#"{"a":"object"}"#.to_owned(),
            r#"{"a":{}}"#.to_owned(),
            "{}".to_owned(),
            "[]".to_owned(),
            "null".to_owned(),
            // Beyond what an integer holds: as floating-point numbers these two are one.
            r#"{"a":18446744073709551617}"#.to_owned(),
            r#"{"a":18446744073709551618}"#.to_owned(),
            // What a strict reader refuses is an event all the same.
            r#"{"a":1,"a":2}"#.to_owned(),
            r#"{"a":2,"a":1}"#.to_owned(),
            r#"{"a":"\ud800"}"#.to_owned(),
            r#"{"a":"\ud801"}"#.to_owned(),
            deep("[", "]", "1"),
            deep("[", "]", "2"),
            deep(r#"{"a":"#, "}", "1"),
            deep(r#"{"a":"#, "}", "2"),
        ];
        let keys: std::collections::HashSet<_> = values.iter().map(|data| of_data(data)).collect();
        assert_eq!(keys.len(), values.len());
    }

    #[test]
    fn type_and_time_tell_events_apart() {
        let keys = [
            r#"{"type":"t","timestamp":"1","data":{}}"#,
            r#"{"type":"u","timestamp":"1","data":{}}"#,
            r#"{"type":"t","timestamp":"2","data":{}}"#,
            r#"{"type":"t","data":{}}"#,
            r#"{"type":"t","timestamp":null,"data":{}}"#,
        ]
        .map(key);
        for (at, one) in keys.iter().enumerate() {
            assert!(!keys[at + 1..].contains(one), "{at}");
        }
    }
}

//! Google's key set, read key by key: one odd key is skipped with its reason, and spoils nothing.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::backend::{self, Ed25519Key, MAX_RSA_BITS, Rs256Key};
use crate::base64::URL_SAFE;
use crate::json;
use crate::limits::{
    MAX_ED25519_KEYS, MAX_JWKS_BYTES, MAX_JWKS_KEYS, MAX_KID_BYTES, MAX_RSA_KEYS, MIN_RSA_BITS,
};

/// Holds the public keys that dynamic webhooks are verified with.
///
/// Two kinds are understood: RSA keys for RS256, chosen by `kid`, and Ed25519 keys for `v1a`, which
/// the live service publishes without `kid` (observed). Everything else in the document is skipped,
/// each key with its reason.
///
/// # Security
/// Whoever writes the document can forge deliveries. Take it from Google's endpoint alone.
///
/// # Examples
/// ```
/// use gemini_webhooks::{KeySet, SkipReason};
///
/// let document = br#"{"keys":[
///     {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
///     {"kty":"EC","crv":"P-256","kid":"other"}
/// ]}"#;
/// let keys = KeySet::from_json(document)?;
/// assert_eq!(keys.ed25519_count(), 1);
/// assert_eq!(keys.skipped()[0].reason, SkipReason::UnknownKeyType);
/// # Ok::<(), gemini_webhooks::KeySetProblem>(())
/// ```
pub struct KeySet {
    rs256: Vec<(String, Rs256Key)>,
    ed25519: Vec<Ed25519Key>,
    skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// Reads a JWKS document (RFC 7517 section 5) of at most 128 KiB and 64 keys.
    ///
    /// # Errors
    /// [`KeySetProblem`] when the document as a whole cannot be read. A set without a single usable
    /// key is no error, but [`is_empty`](Self::is_empty).
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{KeySet, KeySetProblem};
    ///
    /// let keys = KeySet::from_json(br#"{"keys":[{"kty":"EC","crv":"P-256"}]}"#)?;
    /// assert!(keys.is_empty());
    /// assert_eq!(KeySet::from_json(b"[]").unwrap_err(), KeySetProblem::NotAKeySet);
    /// # Ok::<(), KeySetProblem>(())
    /// ```
    pub fn from_json(document: &[u8]) -> Result<Self, KeySetProblem> {
        if document.len() > MAX_JWKS_BYTES {
            return Err(KeySetProblem::TooLarge);
        }
        // A derived reader would take an array for the object, too.
        if document.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return Err(KeySetProblem::NotAKeySet);
        }
        // Not left to the reader, which does not look into members that it skips.
        let text = std::str::from_utf8(document).map_err(|_| KeySetProblem::NotAKeySet)?;
        let document: Document<'_> =
            serde_json::from_str(text).map_err(|_| KeySetProblem::NotAKeySet)?;
        let mut reader = Reader::default();
        for (index, json) in document.keys.iter().enumerate() {
            if index == MAX_JWKS_KEYS {
                reader.skip(index, None, SkipReason::TooManyKeys);
                break;
            }
            reader.read(index, json);
        }
        Ok(reader.finish())
    }

    /// Returns how many keys are usable.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rs256.len().saturating_add(self.ed25519.len())
    }

    /// Tells whether there is no usable key at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rs256.is_empty() && self.ed25519.is_empty()
    }

    /// Returns the kids of the usable RSA keys.
    pub fn kids(&self) -> impl Iterator<Item = &str> {
        self.rs256.iter().map(|(kid, _)| kid.as_str())
    }

    /// Returns how many Ed25519 keys are usable.
    #[must_use]
    pub fn ed25519_count(&self) -> usize {
        self.ed25519.len()
    }

    /// Returns the keys that were not taken, in the order of the document.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// A set without a key.
    pub(super) fn none() -> Self {
        Self { rs256: Vec::new(), ed25519: Vec::new(), skipped: Vec::new() }
    }

    pub(crate) fn rs256(&self, kid: &str) -> Option<&Rs256Key> {
        self.rs256.iter().find(|(found, _)| found == kid).map(|(_, key)| key)
    }

    pub(crate) fn ed25519(&self) -> &[Ed25519Key] {
        &self.ed25519
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A new field breaks this line, so that somebody decides whether it may be shown.
        let Self { rs256: _, ed25519, skipped } = self;
        f.debug_struct("KeySet")
            .field("kids", &self.kids().collect::<Vec<_>>())
            .field("ed25519", &ed25519.len())
            .field("skipped", skipped)
            .finish()
    }
}

/// Says why a document is no key set.
///
/// # Examples
/// ```
/// use gemini_webhooks::{KeySet, KeySetProblem};
///
/// assert_eq!(KeySet::from_json(b"<html>").unwrap_err(), KeySetProblem::NotAKeySet);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetProblem {
    /// Not a JSON object with an array `keys`.
    #[error("not a JSON object with an array `keys`")]
    NotAKeySet,
    /// More bytes than the limit.
    #[error("the document has more than {MAX_JWKS_BYTES} bytes")]
    TooLarge,
}

/// Names a key that was not taken, and why.
///
/// # Examples
/// See [`KeySet`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedKey {
    /// Its place in the document, counted from 0.
    pub index: usize,
    /// Its `kid`, if there is a usable one.
    pub kid: Option<String>,
    /// Why it was not taken.
    pub reason: SkipReason,
}

/// Says why a key was not taken.
///
/// # Examples
/// ```
/// use gemini_webhooks::SkipReason;
///
/// assert!(SkipReason::WeakKey.to_string().contains("small order"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkipReason {
    /// `alg` contradicts the type of the key.
    #[error("`alg` contradicts the type of the key")]
    AlgorithmMismatch,
    /// Another key of the same type has the same `kid`, so that neither can be chosen.
    #[error("another key of the same type has the same `kid`")]
    AmbiguousKid,
    /// The exponent is not 65537, the only one in use.
    #[error("the exponent is not 65537")]
    BadExponent,
    /// `kid` is missing, empty, longer than 256 bytes, or not visible ASCII.
    #[error("`kid` is missing or malformed")]
    BadKid,
    /// Not an object, or an object with a repeated member.
    #[error("not an object with each member once")]
    Malformed,
    /// A number is missing or not in canonical base64url.
    #[error("a number is missing or not canonical")]
    MalformedNumber,
    /// This build has no cryptographic backend, or the backend refused the key.
    #[error("no backend takes the key")]
    NoBackend,
    /// `use` or `key_ops` say that it is not for signatures.
    #[error("`use` or `key_ops` say that it is not for verification")]
    NotForSignatures,
    /// It has private members: somebody published what must be secret.
    #[error("it has private members")]
    PrivateKey,
    /// The modulus has more bits than this build verifies.
    #[error("the modulus is over {MAX_RSA_BITS} bits")]
    TooLarge,
    /// There are more keys of this kind than the limit.
    #[error("more keys than the limit")]
    TooManyKeys,
    /// The modulus is under 2048 bits (RFC 7518 section 3.3).
    #[error("the modulus is under {MIN_RSA_BITS} bits")]
    TooSmall,
    /// `kty` or `crv` is not one that dynamic webhooks use.
    #[error("the type of the key is not one of ours")]
    UnknownKeyType,
    /// An Ed25519 key of small order or in a non-canonical encoding: it would verify anything.
    #[error("an Ed25519 key of small order or not canonical")]
    WeakKey,
}

#[derive(Deserialize)]
struct Document<'d> {
    #[serde(borrow)]
    keys: Vec<&'d RawValue>,
}

/// A usable key before it is known to be the only one of its name.
enum Jwk {
    Rs256 { kid: String, modulus: Vec<u8> },
    Ed25519 { key: [u8; 32] },
}

#[derive(Default)]
struct Reader {
    rs256: Vec<(usize, String, Vec<u8>)>,
    ed25519: Vec<[u8; 32]>,
    keys: Vec<Ed25519Key>,
    skipped: Vec<SkippedKey>,
}

impl Reader {
    fn read(&mut self, index: usize, json: &RawValue) {
        let Some(members) = object(json) else {
            return self.skip(index, None, SkipReason::Malformed);
        };
        match jwk(&members) {
            Err(reason) => self.skip(index, kid(&members).ok(), reason),
            Ok(Jwk::Rs256 { kid, modulus }) => self.add_rs256(index, kid, modulus),
            Ok(Jwk::Ed25519 { key }) => self.add_ed25519(index, key),
        }
    }

    fn add_rs256(&mut self, index: usize, kid: String, modulus: Vec<u8>) {
        if self.rs256.iter().any(|(_, k, n)| *k == kid && *n == modulus) {
            return;
        }
        if self.rs256.len() == MAX_RSA_KEYS {
            return self.skip(index, Some(kid), SkipReason::TooManyKeys);
        }
        self.rs256.push((index, kid, modulus));
    }

    fn add_ed25519(&mut self, index: usize, key: [u8; 32]) {
        if self.ed25519.contains(&key) {
            return;
        }
        if self.keys.len() == MAX_ED25519_KEYS {
            return self.skip(index, None, SkipReason::TooManyKeys);
        }
        match Ed25519Key::new(&key) {
            Ok(parsed) => {
                self.ed25519.push(key);
                self.keys.push(parsed);
            }
            Err(backend::Unsupported) => self.skip(index, None, SkipReason::NoBackend),
        }
    }

    fn skip(&mut self, index: usize, kid: Option<String>, reason: SkipReason) {
        self.skipped.push(SkippedKey { index, kid, reason });
    }

    fn finish(mut self) -> KeySet {
        let mut rs256 = Vec::with_capacity(self.rs256.len());
        let found = std::mem::take(&mut self.rs256);
        for (index, kid, modulus) in &found {
            let same_kid = found.iter().filter(|(_, other, _)| other == kid).count();
            let key = Rs256Key::new(modulus, &EXPONENT);
            match key {
                _ if same_kid > 1 => {
                    self.skip(*index, Some(kid.clone()), SkipReason::AmbiguousKid);
                }
                Ok(key) => rs256.push((kid.clone(), key)),
                Err(backend::Unsupported) => {
                    self.skip(*index, Some(kid.clone()), SkipReason::NoBackend);
                }
            }
        }
        self.skipped.sort_by_key(|skipped| skipped.index);
        KeySet { rs256, ed25519: self.keys, skipped: self.skipped }
    }
}

/// 65537, big-endian: the only exponent in use, and the fastest safe one.
const EXPONENT: [u8; 3] = [1, 0, 1];

fn object(key: &RawValue) -> Option<Map<String, Value>> {
    let mut parser = serde_json::Deserializer::from_str(key.get());
    match json::value(&mut parser) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

fn jwk(members: &Map<String, Value>) -> Result<Jwk, SkipReason> {
    let text = |name| members.get(name).and_then(Value::as_str);
    match (text("kty"), text("crv")) {
        (Some("RSA"), _) => {
            check_purpose(members, &["RS256"])?;
            let modulus = rsa_modulus(members)?;
            Ok(Jwk::Rs256 { kid: kid(members)?, modulus })
        }
        (Some("OKP"), Some("Ed25519")) => {
            check_purpose(members, &["EdDSA", "Ed25519"])?;
            Ok(Jwk::Ed25519 { key: ed25519_point(members)? })
        }
        _ => Err(SkipReason::UnknownKeyType),
    }
}

/// `use`, `key_ops` and `alg` may be absent, and may not say otherwise (RFC 7517 section 4).
fn check_purpose(members: &Map<String, Value>, algorithms: &[&str]) -> Result<(), SkipReason> {
    if members.get("use").is_some_and(|usage| usage != "sig") {
        return Err(SkipReason::NotForSignatures);
    }
    if members.get("key_ops").is_some_and(|operations| !allows_verification(operations)) {
        return Err(SkipReason::NotForSignatures);
    }
    let of_ours = |alg: &Value| algorithms.iter().any(|ours| alg == ours);
    if members.get("alg").is_some_and(|alg| !of_ours(alg)) {
        return Err(SkipReason::AlgorithmMismatch);
    }
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    if private.iter().any(|member| members.contains_key(*member)) {
        return Err(SkipReason::PrivateKey);
    }
    Ok(())
}

fn allows_verification(operations: &Value) -> bool {
    let Value::Array(operations) = operations else { return false };
    // None twice, found without comparing each with each: there may be thousands.
    let texts: Option<BTreeSet<&str>> = operations.iter().map(Value::as_str).collect();
    texts.is_some_and(|texts| texts.len() == operations.len() && texts.contains("verify"))
}

fn kid(members: &Map<String, Value>) -> Result<String, SkipReason> {
    match members.get("kid") {
        Some(Value::String(kid)) if is_kid(kid) => Ok(kid.clone()),
        _ => Err(SkipReason::BadKid),
    }
}

/// A text of 1 to 256 visible ASCII characters.
pub(super) fn is_kid(kid: &str) -> bool {
    (1..=MAX_KID_BYTES).contains(&kid.len()) && kid.bytes().all(|byte| byte.is_ascii_graphic())
}

fn bytes(members: &Map<String, Value>, name: &str) -> Result<Vec<u8>, SkipReason> {
    let text = members.get(name).and_then(Value::as_str).ok_or(SkipReason::MalformedNumber)?;
    URL_SAFE.decode(text).map_err(|_| SkipReason::MalformedNumber)
}

/// The modulus, odd, without a leading zero, of 2048 bits to what the backend verifies.
fn rsa_modulus(members: &Map<String, Value>) -> Result<Vec<u8>, SkipReason> {
    let (modulus, exponent) = (bytes(members, "n")?, bytes(members, "e")?);
    if exponent != EXPONENT {
        return Err(SkipReason::BadExponent);
    }
    let (Some(first), Some(last)) = (modulus.first(), modulus.last()) else {
        return Err(SkipReason::MalformedNumber);
    };
    let leading = usize::try_from(first.leading_zeros()).unwrap_or(8);
    if leading == 8 || last % 2 == 0 {
        return Err(SkipReason::MalformedNumber);
    }
    let bits = modulus.len().saturating_mul(8).saturating_sub(leading);
    if bits < MIN_RSA_BITS {
        Err(SkipReason::TooSmall)
    } else if bits > MAX_RSA_BITS {
        Err(SkipReason::TooLarge)
    } else {
        Ok(modulus)
    }
}

fn ed25519_point(members: &Map<String, Value>) -> Result<[u8; 32], SkipReason> {
    let key = bytes(members, "x")?;
    let key = <[u8; 32]>::try_from(key).map_err(|_| SkipReason::MalformedNumber)?;
    if is_weak(&key) { Err(SkipReason::WeakKey) } else { Ok(key) }
}

/// Tells whether the encoded point is of small order, or its `y` is not below the prime
/// 2^255 - 19 (RFC 8032 section 5.1.3). Of the backends none refuses all of these by itself.
fn is_weak(key: &[u8; 32]) -> bool {
    // The highest bit is the sign of x, which says nothing of the order.
    let mut y = *key;
    if let Some(highest) = y.last_mut() {
        *highest &= 0x7f;
    }
    SMALL_ORDER.contains(&y) || is_not_reduced(&y)
}

fn is_not_reduced(y: &[u8; 32]) -> bool {
    let [lowest, middle @ .., highest] = y;
    *highest == 0x7f && middle.iter().all(|byte| *byte == 0xff) && *lowest >= 0xed
}

/// The five `y` of the eight points of small order, little-endian: 1, -1, 0, and two of order 8.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [0; 32],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

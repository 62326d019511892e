//! The three headers of a delivery: looked up without loss, and read strictly.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use http::{HeaderMap, HeaderName};
use memchr::memchr;

use crate::error::{Error, HeaderProblem};
use crate::limits::{MAX_ID_BYTES, MAX_SIGNATURE_HEADER_BYTES, MAX_TIMESTAMP, MAX_TIMESTAMP_BYTES};

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// Names one of the three headers of Standard Webhooks; no other header is ever read.
///
/// # Examples
/// ```
/// use gemini_webhooks::WebhookHeader;
///
/// assert_eq!(WebhookHeader::Signature.name(), "webhook-signature");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WebhookHeader {
    /// `webhook-id`: the same on every retry of one event.
    Id,
    /// `webhook-timestamp`: when this attempt was sent, in Unix seconds.
    Timestamp,
    /// `webhook-signature`: a list of signatures, or a JWT.
    Signature,
}

impl WebhookHeader {
    /// Returns the name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => ID,
            Self::Timestamp => TIMESTAMP,
            Self::Signature => SIGNATURE,
        }
    }

    /// Returns the name as the `http` crate's type.
    #[must_use]
    pub fn header_name(self) -> &'static HeaderName {
        static NAMES: [HeaderName; 3] = [
            HeaderName::from_static(ID),
            HeaderName::from_static(TIMESTAMP),
            HeaderName::from_static(SIGNATURE),
        ];
        let [id, timestamp, signature] = &NAMES;
        match self {
            Self::Id => id,
            Self::Timestamp => timestamp,
            Self::Signature => signature,
        }
    }

    pub(crate) fn malformed(self, problem: HeaderProblem) -> Error {
        Error::MalformedHeader { header: self, problem }
    }
}

impl fmt::Display for WebhookHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Answers what a request carries under one header name.
///
/// Three cases, so that no adapter can forget the third: a header that came twice may be read
/// differently by a proxy and by us, and is refused.
///
/// # Examples
/// ```
/// use gemini_webhooks::{HeaderLookup, Lookup};
///
/// let headers = [("Webhook-Id", "msg_1"), ("webhook-id", "msg_2")];
/// assert_eq!(headers.lookup().id, Lookup::Repeated);
/// assert_eq!(headers.lookup().timestamp, Lookup::Missing);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lookup<'h> {
    /// The header is not there.
    Missing,
    /// The header is there once, with this value.
    One(&'h [u8]),
    /// The header is there more than once, even if all values are the same.
    Repeated,
}

impl<'h> Lookup<'h> {
    /// Takes note of one more value under this name.
    fn add(&mut self, value: &'h [u8]) {
        *self = match self {
            Self::Missing => Self::One(value),
            Self::One(_) | Self::Repeated => Self::Repeated,
        };
    }
}

impl fmt::Debug for Lookup<'_> {
    /// Prints how long a value is, since it may be a signature or a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("Missing"),
            Self::One(value) => write!(f, "One({} bytes)", value.len()),
            Self::Repeated => f.write_str("Repeated"),
        }
    }
}

/// Holds what a request carries under each of the three names.
///
/// # Examples
/// ```
/// use gemini_webhooks::{FoundHeaders, Lookup};
///
/// let pairs = [("Webhook-Id", "msg_1"), ("host", "example.com"), ("webhook-id", "msg_1")];
/// let found = FoundHeaders::among(pairs.map(|(name, value)| (name, value.as_bytes())));
/// assert_eq!((found.id, found.signature), (Lookup::Repeated, Lookup::Missing));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundHeaders<'h> {
    /// `webhook-id`.
    pub id: Lookup<'h>,
    /// `webhook-timestamp`.
    pub timestamp: Lookup<'h>,
    /// `webhook-signature`.
    pub signature: Lookup<'h>,
}

impl<'h> FoundHeaders<'h> {
    const NONE: Self =
        Self { id: Lookup::Missing, timestamp: Lookup::Missing, signature: Lookup::Missing };

    /// Finds the three among all headers of a request, in one pass; names in any letter case.
    pub fn among<'n>(headers: impl IntoIterator<Item = (&'n str, &'h [u8])>) -> Self {
        let mut found = Self::NONE;
        for (name, value) in headers {
            // Most names are told apart by their length alone.
            let named = |header: WebhookHeader| name.eq_ignore_ascii_case(header.name());
            if named(WebhookHeader::Id) {
                found.id.add(value);
            } else if named(WebhookHeader::Timestamp) {
                found.timestamp.add(value);
            } else if named(WebhookHeader::Signature) {
                found.signature.add(value);
            }
        }
        found
    }
}

/// Shows the headers of a request, whatever type a framework keeps them in.
///
/// Implemented for [`http::HeaderMap`] (axum, hyper, reqwest, tonic, warp, poem), and for slices,
/// arrays, vectors and maps of names and values. For another type, implement the one method by
/// [`FoundHeaders::among`], which sees to repeated headers.
///
/// # Security
/// Pass *all* headers to `among`. A type that shows only the first of several values opens the
/// door to a request that a proxy in front reads differently.
///
/// # Examples
/// ```
/// use gemini_webhooks::{FoundHeaders, HeaderLookup, Lookup};
///
/// struct Captured(Vec<(String, Vec<u8>)>);
///
/// impl HeaderLookup for Captured {
///     fn lookup(&self) -> FoundHeaders<'_> {
///         FoundHeaders::among(self.0.iter().map(|(name, value)| (&**name, &**value)))
///     }
/// }
///
/// let captured = Captured(vec![("Webhook-Id".to_owned(), b"msg_1".to_vec())]);
/// assert_eq!(captured.lookup().id, Lookup::One(b"msg_1"));
/// ```
pub trait HeaderLookup {
    /// Returns what came under the three names, compared without regard to ASCII letter case.
    fn lookup(&self) -> FoundHeaders<'_>;

    /// Shows every header to `see`: for a diagnosis, which looks for what came in place of the
    /// three. Verification never asks for it; if not implemented, none is shown.
    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        let _ = see;
    }
}

impl<T: HeaderLookup + ?Sized> HeaderLookup for &T {
    #[inline]
    fn lookup(&self) -> FoundHeaders<'_> {
        (**self).lookup()
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        (**self).each(see);
    }
}

impl HeaderLookup for HeaderMap {
    /// One pass is faster than three look-ups by hash, up to some thirty headers.
    fn lookup(&self) -> FoundHeaders<'_> {
        let mut found = FoundHeaders::NONE;
        for (name, value) in self {
            // As texts, which the compiler tells apart by their length first.
            match name.as_str() {
                ID => found.id.add(value.as_bytes()),
                TIMESTAMP => found.timestamp.add(value.as_bytes()),
                SIGNATURE => found.signature.add(value.as_bytes()),
                _ => {}
            }
        }
        found
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        for (name, value) in self {
            see(name.as_str(), value.as_bytes());
        }
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>> HeaderLookup for [(K, V)] {
    fn lookup(&self) -> FoundHeaders<'_> {
        FoundHeaders::among(self.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        for (name, value) in self {
            see(name.as_ref(), value.as_ref());
        }
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>, const N: usize> HeaderLookup for [(K, V); N] {
    fn lookup(&self) -> FoundHeaders<'_> {
        self.as_slice().lookup()
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        self.as_slice().each(see);
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>> HeaderLookup for Vec<(K, V)> {
    fn lookup(&self) -> FoundHeaders<'_> {
        self.as_slice().lookup()
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        self.as_slice().each(see);
    }
}

/// Even a map can hold one name twice, in two letter cases.
impl<K: AsRef<str>, V: AsRef<[u8]>, S> HeaderLookup for HashMap<K, V, S> {
    fn lookup(&self) -> FoundHeaders<'_> {
        FoundHeaders::among(self.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        for (name, value) in self {
            see(name.as_ref(), value.as_ref());
        }
    }
}

impl<K: AsRef<str>, V: AsRef<[u8]>> HeaderLookup for BTreeMap<K, V> {
    fn lookup(&self) -> FoundHeaders<'_> {
        FoundHeaders::among(self.iter().map(|(name, value)| (name.as_ref(), value.as_ref())))
    }

    fn each<'h>(&'h self, see: &mut dyn FnMut(&'h str, &'h [u8])) {
        for (name, value) in self {
            see(name.as_ref(), value.as_ref());
        }
    }
}

/// The three headers after their syntax was checked: still the words of a stranger.
///
/// Bytes as they came, because these are what is signed.
#[derive(Clone, Copy)]
pub(crate) struct Headers<'h> {
    pub(crate) id: &'h [u8],
    pub(crate) timestamp: &'h [u8],
    /// What `timestamp` says, in Unix seconds: this is what the replay window judges.
    pub(crate) sent_at: i64,
    pub(crate) signature: &'h [u8],
}

impl<'h> Headers<'h> {
    /// Reads each header once: present, not repeated, within its bounds, of its syntax.
    #[inline]
    pub(crate) fn read<H: HeaderLookup + ?Sized>(headers: &'h H) -> Result<Self, Error> {
        let found = headers.lookup();
        let id = single(found.id, WebhookHeader::Id)?;
        let timestamp = single(found.timestamp, WebhookHeader::Timestamp)?;
        let signature = single(found.signature, WebhookHeader::Signature)?;
        check_id(id).map_err(|problem| WebhookHeader::Id.malformed(problem))?;
        let sent_at = read_timestamp(timestamp)
            .map_err(|problem| WebhookHeader::Timestamp.malformed(problem))?;
        check_signature(signature)
            .map_err(|problem| WebhookHeader::Signature.malformed(problem))?;
        Ok(Self { id, timestamp, sent_at, signature })
    }
}

/// Exactly one value, and not an empty one.
#[inline]
fn single(found: Lookup<'_>, header: WebhookHeader) -> Result<&[u8], Error> {
    match found {
        Lookup::Missing | Lookup::One([]) => Err(Error::MissingHeader { header }),
        Lookup::One(value) => Ok(value),
        Lookup::Repeated => Err(Error::RepeatedHeader { header }),
    }
}

/// Visible ASCII without a dot: a dot could move the border between the signed fields (Standard
/// Webhooks, "Signature scheme").
#[inline]
pub(crate) fn check_id(value: &[u8]) -> Result<(), HeaderProblem> {
    check_bytes(value, MAX_ID_BYTES, 0x21)?;
    if memchr(b'.', value).is_some() { Err(HeaderProblem::ContainsDot) } else { Ok(()) }
}

/// Plain decimal Unix seconds: no sign, no leading zero, no fraction. The text is what is signed;
/// a re-printed number would let `+1` and `01` pass as `1`.
#[inline]
fn read_timestamp(value: &[u8]) -> Result<i64, HeaderProblem> {
    match value {
        [b'1'..=b'9', ..] if value.len() <= MAX_TIMESTAMP_BYTES => {
            decimal(value).filter(|seconds| *seconds <= MAX_TIMESTAMP)
        }
        _ => None,
    }
    .ok_or_else(|| not_a_timestamp(value))
}

#[inline]
fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        // Twelve digits are far from overflowing.
        (digit <= 9).then(|| number.wrapping_mul(10).wrapping_add(i64::from(digit)))
    })
}

#[cold]
fn not_a_timestamp(value: &[u8]) -> HeaderProblem {
    let of_bytes = check_bytes(value, MAX_TIMESTAMP_BYTES, 0x21);
    of_bytes.err().unwrap_or(HeaderProblem::NotUnixSeconds)
}

/// Visible ASCII and the space that separates entries.
#[inline]
fn check_signature(value: &[u8]) -> Result<(), HeaderProblem> {
    check_bytes(value, MAX_SIGNATURE_HEADER_BYTES, b' ')
}

#[inline]
fn check_bytes(value: &[u8], limit: usize, lowest: u8) -> Result<(), HeaderProblem> {
    if value.len() > limit {
        return Err(HeaderProblem::TooLong { limit });
    }
    // Every byte is looked at: without an early exit this is a few vector instructions.
    if value.iter().fold(true, |visible, byte| visible & (lowest..=0x7e).contains(byte)) {
        Ok(())
    } else {
        Err(HeaderProblem::NotVisibleAscii)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_visible_ascii_without_a_dot() {
        assert_eq!(check_id(b"msg_0f8fad5b-d9cb"), Ok(()));
        assert_eq!(check_id(b"!~"), Ok(()));
        assert_eq!(check_id(b"a.b"), Err(HeaderProblem::ContainsDot));
        for bad in [b"a b".as_slice(), b"a\tb", b" a", b"a\x7f", b"a\x80", "é".as_bytes(), b"\0"] {
            assert_eq!(check_id(bad), Err(HeaderProblem::NotVisibleAscii), "{bad:?}");
        }
    }

    #[test]
    fn every_collection_shows_each_header() {
        let pair = ("webhook-id", "msg_1");
        let mut map = HeaderMap::new();
        map.insert(pair.0, http::HeaderValue::from_static(pair.1));
        let pairs = [pair];
        let collections: [&dyn HeaderLookup; 7] = [
            &map,
            &pairs,
            &vec![pair],
            &HashMap::from([pair]),
            &BTreeMap::from([pair]),
            &&pairs,
            &pairs.as_slice(),
        ];
        for collection in collections {
            let mut seen = Vec::new();
            collection.each(&mut |name, value| seen.push((name, value)));
            assert_eq!(seen, [(pair.0, pair.1.as_bytes())]);
        }
    }

    #[test]
    fn limits_are_inclusive() {
        assert!(check_id(&[b'a'; MAX_ID_BYTES]).is_ok());
        assert!(check_id(&[b'a'; MAX_ID_BYTES + 1]).is_err());
        assert!(check_signature(&vec![b'a'; MAX_SIGNATURE_HEADER_BYTES]).is_ok());
        assert!(check_signature(&vec![b'a'; MAX_SIGNATURE_HEADER_BYTES + 1]).is_err());
    }

    #[test]
    fn a_timestamp_is_plain_decimal_seconds() {
        for (text, seconds) in [("1", 1), ("1614265330", 1_614_265_330), ("9", 9)] {
            assert_eq!(read_timestamp(text.as_bytes()), Ok(seconds));
        }
        assert_eq!(read_timestamp(b"253402300799"), Ok(MAX_TIMESTAMP));
        let bad = [
            "0",
            "01",
            "+1",
            "-1",
            "1.0",
            "1e9",
            "1_0",
            "0x1",
            "１",
            "253402300800",
            "999999999999",
            "1 ",
            " 1",
            "9223372036854775808",
            "-9223372036854775808",
            "1,1",
        ];
        for text in bad {
            assert!(read_timestamp(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn empty_equals_missing() {
        let header = WebhookHeader::Id;
        let missing = Err(Error::MissingHeader { header });
        assert_eq!(single(Lookup::One(b""), header), missing);
        assert_eq!(single(Lookup::Missing, header), missing);
    }
}

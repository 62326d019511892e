//! What must hold for every input: one function per fuzz target, a panic is a finding.
//!
//! Verification is never switched off here. Forgeries are tried as they are, and what must verify
//! was signed by the test signer.
//!
//! An input is made of lines, so that its seeds can be read; what follows the last line that a
//! target asks for is taken whole, line ends included.
//!
//! | target | lines | the rest |
//! |---|---|---|
//! | `event` | | a body |
//! | `header_set` | name, value, name, value, and so on | |
//! | `secret` | | the text of a secret or of a list, or raw key bytes |
//! | `signature_list` | place of the good entry | the other entries |
//! | `static_pipeline` | id, timestamp, signature, bit to change, clock | a body |

#![allow(clippy::missing_panics_doc)]

use std::collections::{BTreeMap, HashMap};
use std::mem::discriminant;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use gemini_webhooks::limits::{
    MAX_ID_BYTES, MAX_JSON_DEPTH, MAX_SECRETS, MAX_SIGNATURE_ENTRIES, MAX_SIGNATURE_HEADER_BYTES,
    MAX_SIGNATURE_LIST_BYTES, MAX_TIMESTAMP, ODD_SECRET_BYTES, SECRET_BYTES,
};
use gemini_webhooks::testing::{ManualClock, StaticSigner};
use gemini_webhooks::{
    Clock, ConfigError, Delivery, Envelope, Error, Event, FoundHeaders, HeaderLookup, Lookup,
    Record, Secret, SecretProblem, StaticVerifier, UnreadableReason, WebhookHeader,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// What the clock shows unless the input sets it.
const NOW: u64 = 1_800_000_000;

/// The default replay window, in seconds and in each direction.
const WINDOW: u64 = 300;

const HEADERS: [WebhookHeader; 3] =
    [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature];

/// Any body can be read, written and read again without a change, and arrives if it was signed.
pub fn event(body: &[u8]) {
    let read = Envelope::from_slice(body);
    match &read {
        Ok(envelope) => {
            assert_same_when_read_again(envelope);
            assert_nothing_is_lost(envelope, body);
        }
        Err(reason) => assert_fair_reason(*reason, body),
    }
    let peers = Peers::new(body, NOW);
    let request = peers.signer.sign("msg_1", peers.clock.now(), Bytes::copy_from_slice(body));
    let delivery = peers.verifier.verify(&request.headers, request.body).unwrap();
    assert_eq!(delivery.envelope(), read.as_ref().ok());
    match read {
        Ok(envelope) => assert_eq!(*delivery.event(), envelope.into_event()),
        Err(expected) => assert!(
            matches!(delivery.event(), Event::Unreadable { reason, .. } if *reason == expected)
        ),
    }
    assert_queue_keeps_event(delivery.event());
    assert_queue_keeps(delivery);
}

fn assert_same_when_read_again(envelope: &Envelope) {
    let json = serde_json::to_vec(envelope).unwrap();
    assert_eq!(Envelope::from_slice(&json).as_ref(), Ok(envelope));
    assert_eq!(serde_json::from_slice::<Envelope>(&json).unwrap(), *envelope);
}

/// Each member of the body is a member of what is written, with the value that it came with.
fn assert_nothing_is_lost(envelope: &Envelope, body: &[u8]) {
    let came: Value = serde_json::from_slice(body).unwrap();
    let (members, depth) = members_and_depth(&came);
    assert_eq!(colons_outside_texts(body), members, "a name came twice");
    assert!(depth <= MAX_JSON_DEPTH);
    let written = serde_json::to_value(envelope).unwrap();
    for (name, value) in came.as_object().unwrap() {
        match (name.as_str(), written.get(name)) {
            // The same moment may be written in another way.
            ("timestamp", Some(_)) if envelope.timestamp().is_some() => {}
            ("data", kept) => assert_eq!(kept.map(without_nulls), Some(without_nulls(value))),
            (_, kept) => assert_eq!(kept, Some(value), "{name}"),
        }
    }
}

/// A documented member that is `null` is taken as absent.
fn without_nulls(data: &Value) -> Value {
    let mut data = data.clone();
    if let Some(members) = data.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    data
}

fn assert_fair_reason(reason: UnreadableReason, body: &[u8]) {
    use UnreadableReason as R;
    let is_text = std::str::from_utf8(body).is_ok();
    assert_eq!(reason == R::NotUtf8, !is_text);
    // What is not JSON may have another fault before that.
    let Ok(tree) = serde_json::from_slice::<Value>(body) else { return };
    let (members, depth) = members_and_depth(&tree);
    // Then the tree has one of the values only, and the reason may be about the other.
    let has_duplicate = colons_outside_texts(body) > members;
    let has_type = tree.get("type").is_some_and(Value::is_string);
    let is_fair = match reason {
        R::DuplicateMember => has_duplicate,
        R::NotAnEnvelope => !has_type || has_duplicate,
        R::TooDeep => depth > MAX_JSON_DEPTH || has_duplicate,
        _ => false,
    };
    assert!(is_fair, "{reason}");
}

fn members_and_depth(tree: &Value) -> (usize, usize) {
    let inner: Vec<_> = match tree {
        Value::Array(items) => items.iter().map(members_and_depth).collect(),
        Value::Object(members) => members.values().map(members_and_depth).collect(),
        _ => return (0, 0),
    };
    let own = tree.as_object().map_or(0, Map::len);
    let members = own + inner.iter().map(|(members, _)| members).sum::<usize>();
    let depth = 1 + inner.iter().map(|(_, depth)| *depth).max().unwrap_or(0);
    (members, depth)
}

/// In JSON there is one for each member, also for those that a tree has lost to another of the
/// same name.
fn colons_outside_texts(json: &[u8]) -> usize {
    let (mut colons, mut in_text, mut escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            b':' if !in_text => colons += 1,
            _ => {}
        }
    }
    colons
}

fn assert_queue_keeps_event(event: &Event) {
    let message = serde_json::to_vec(event).unwrap();
    assert_eq!(serde_json::from_slice::<Event>(&message).unwrap(), *event);
}

fn assert_queue_keeps(delivery: Delivery) {
    let message = serde_json::to_vec(&delivery).unwrap();
    let record = delivery.into_record();
    assert_eq!(serde_json::to_vec(&record).unwrap(), message);
    assert_eq!(serde_json::from_slice::<Record>(&message).unwrap(), record);
}

/// Every type of header collection gives the same answer, and an error names the right header.
pub fn header_set(data: &[u8]) {
    let pairs = pairs_of(data);
    let found = pairs.lookup();
    for header in HEADERS {
        assert_eq!(found_under(&found, header), expected_under(&pairs, header));
    }
    assert_eq!(pairs.as_slice().lookup(), found);
    let verifier = Peers::new(data, NOW).verifier;
    assert_right_header_is_named(&verifier, &pairs);
    for collection in other_collections(&pairs) {
        assert_eq!(collection.lookup(), found);
        assert_right_header_is_named(&verifier, &*collection);
    }
}

/// Names are texts in every collection; values are any bytes.
fn pairs_of(data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut input = Input(data);
    let mut pairs = Vec::new();
    while !input.0.is_empty() {
        let name = String::from_utf8_lossy(input.line()).into_owned();
        pairs.push((name, input.line().to_vec()));
    }
    pairs
}

fn found_under<'h>(found: &FoundHeaders<'h>, header: WebhookHeader) -> Lookup<'h> {
    match header {
        WebhookHeader::Id => found.id,
        WebhookHeader::Timestamp => found.timestamp,
        WebhookHeader::Signature => found.signature,
    }
}

fn expected_under(pairs: &[(String, Vec<u8>)], header: WebhookHeader) -> Lookup<'_> {
    let same = |(name, _): &&(String, Vec<u8>)| name.to_ascii_lowercase() == header.name();
    match pairs.iter().filter(same).collect::<Vec<_>>().as_slice() {
        [] => Lookup::Missing,
        [(_, value)] => Lookup::One(value),
        _ => Lookup::Repeated,
    }
}

/// The same pairs in each collection that can hold all of them.
fn other_collections(pairs: &[(String, Vec<u8>)]) -> Vec<Box<dyn HeaderLookup>> {
    let mut collections: Vec<Box<dyn HeaderLookup>> = Vec::new();
    if let Some(headers) = header_map(pairs) {
        collections.push(Box::new(headers));
    }
    let tree: BTreeMap<_, _> = pairs.iter().cloned().collect();
    if tree.len() == pairs.len() {
        collections.push(Box::new(tree));
        collections.push(Box::new(pairs.iter().cloned().collect::<HashMap<_, _>>()));
    }
    collections
}

fn header_map(pairs: &[(String, Vec<u8>)]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(value).ok()?);
    }
    Some(headers)
}

/// First whether the three are there once, then whether each is well formed, in their order.
fn assert_right_header_is_named(verifier: &StaticVerifier, headers: &dyn HeaderLookup) {
    let found = headers.lookup();
    let error = verifier.check(headers, b"{}").unwrap_err();
    let unusable = HEADERS.into_iter().find_map(|header| match found_under(&found, header) {
        Lookup::Missing | Lookup::One([]) => Some(Error::MissingHeader { header }),
        Lookup::Repeated => Some(Error::RepeatedHeader { header }),
        Lookup::One(_) => None,
    });
    if let Some(expected) = unusable {
        assert_eq!(error, expected);
        return;
    }
    let malformed = HEADERS.into_iter().find(|header| {
        !matches!(found_under(&found, *header), Lookup::One(value) if is_legal(*header, value))
    });
    match (malformed, error) {
        (Some(expected), Error::MalformedHeader { header, .. }) => assert_eq!(header, expected),
        (Some(expected), error) => panic!("{expected} is malformed, not {error:?}"),
        (None, Error::MalformedHeader { header, .. }) => {
            assert_eq!(header, WebhookHeader::Signature, "only a list is looked into any further");
        }
        (None, Error::MissingHeader { header } | Error::RepeatedHeader { header }) => {
            panic!("{header} is there once");
        }
        (None, _) => {}
    }
}

/// The bounds of each header, written down a second time and in another way.
fn is_legal(header: WebhookHeader, value: &[u8]) -> bool {
    match header {
        WebhookHeader::Id => {
            (1..=MAX_ID_BYTES).contains(&value.len())
                && value.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'.')
        }
        WebhookHeader::Timestamp => legal_timestamp(value).is_some(),
        WebhookHeader::Signature => {
            (1..=MAX_SIGNATURE_HEADER_BYTES).contains(&value.len()) && is_visible(value)
        }
    }
}

fn legal_timestamp(value: &[u8]) -> Option<u64> {
    let seconds: u64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    let latest = u64::try_from(MAX_TIMESTAMP).unwrap();
    let plain = seconds.to_string().as_bytes() == value;
    (plain && (1..=latest).contains(&seconds)).then_some(seconds)
}

/// Visible ASCII and spaces.
fn is_visible(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
}

/// No text is a secret by accident, no error shows it, and a key has one spelling.
pub fn secret(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    assert_parses_strictly(&text);
    assert_list_is_its_parts(&text);
    let (raw, odd) =
        (Secret::from_raw_bytes(data), Secret::dangerous_from_raw_bytes_odd_length(data));
    assert_eq!(raw.is_ok(), SECRET_BYTES.contains(&data.len()));
    assert_eq!(odd.is_ok(), ODD_SECRET_BYTES.contains(&data.len()));
    for outcome in [raw, odd] {
        assert_works_or_says_why(outcome, data.len());
    }
}

fn assert_parses_strictly(text: &str) {
    let (strict, odd) = (Secret::parse(text), Secret::dangerous_parse_odd_length(text));
    match (&strict, &odd) {
        (Ok(secret), odd) => {
            assert_eq!(odd.as_ref().map(tag_of).ok(), Some(tag_of(secret)));
            assert_one_spelling(text, secret);
        }
        // Nothing is decoded of a text that is too long for any key.
        (Err(strict), odd) => {
            assert!(is_about_length(strict) || odd.as_ref().err() == Some(strict), "{strict:?}");
        }
    }
    for outcome in [strict, odd] {
        assert_works_or_says_why(outcome, text.len());
    }
}

fn is_about_length(error: &ConfigError) -> bool {
    use SecretProblem::{TooLong, TooShort};
    matches!(error, ConfigError::InvalidSecret { problem: TooLong { .. } | TooShort { .. }, .. })
}

/// Another last character or another padding is another key, or none.
fn assert_one_spelling(text: &str, secret: &Secret) {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let tag = tag_of(secret);
    let mut start = text.trim_end_matches('=').to_owned();
    start.pop();
    for last in ALPHABET.chars() {
        for padding in ["", "=", "==", "==="] {
            let other = format!("{start}{last}{padding}");
            if other != text
                && let Ok(secret) = Secret::parse(&other)
            {
                assert_ne!(tag_of(&secret), tag, "a second spelling");
            }
        }
    }
}

/// Stands for the key, which cannot be asked for.
fn tag_of(secret: &Secret) -> String {
    StaticSigner::new(secret).signature("msg_1", "1", "{}")
}

fn assert_list_is_its_parts(text: &str) {
    let parts = text.split(' ').count();
    let list = Secret::parse_list(text);
    if parts > MAX_SECRETS {
        assert_eq!(list.unwrap_err(), ConfigError::TooManySecrets);
        return;
    }
    let first_bad = (1..).zip(text.split(' ')).find_map(|(position, part)| {
        match Secret::parse(part).err()? {
            // Between secrets nothing is a space too much.
            ConfigError::InvalidSecret { .. } if part.is_empty() && parts > 1 => {
                let problem = SecretProblem::WhiteSpace;
                Some(ConfigError::InvalidSecret { position, problem })
            }
            ConfigError::InvalidSecret { position: 1, problem } => {
                Some(ConfigError::InvalidSecret { position, problem })
            }
            other => panic!("{other:?}"),
        }
    });
    match (list, first_bad) {
        (Ok(secrets), None) => assert_eq!(secrets.len(), parts),
        (Err(error), Some(expected)) => {
            assert_eq!(error, expected);
            assert_shows_no_secret(&error, text.len());
        }
        (list, expected) => panic!("{list:?} instead of {expected:?}"),
    }
}

fn assert_works_or_says_why(outcome: Result<Secret, ConfigError>, bytes: usize) {
    let secret = match outcome {
        Ok(secret) => secret,
        Err(error) => return assert_shows_no_secret(&error, bytes),
    };
    assert_eq!(format!("{secret:?}"), "Secret { key: [redacted], label: None }");
    let peers = Peers::with(secret, NOW);
    let request = peers.signer.sign("msg_1", peers.clock.now(), "{}");
    assert!(peers.verifier.verify(&request.headers, request.body).is_ok());
}

/// The error reads like one that was made from nothing, but for its numbers, which are lengths.
fn assert_shows_no_secret(error: &ConfigError, bytes: usize) {
    use SecretProblem as P;
    let from_nothing = [
        P::Empty,
        P::NotCanonical,
        P::NotBase64,
        P::OddPrefix,
        P::PrivateKey,
        P::PublicKey,
        P::Quoted,
        P::SignaturePrefix,
        P::TooLong { bytes: 0, most: 0 },
        P::TooShort { bytes: 0, least: 0 },
        P::UrlSafeBase64,
        P::WhiteSpace,
    ];
    let ConfigError::InvalidSecret { position, problem } = error else { panic!("{error:?}") };
    assert!((1..=MAX_SECRETS).contains(position));
    if let P::TooLong { bytes: told, most: limit } | P::TooShort { bytes: told, least: limit } =
        problem
    {
        // What is too long may be told by a length rounded up to whole groups of base64.
        assert!(*told <= bytes.saturating_add(2), "not the length of a key");
        let limits = [SECRET_BYTES, ODD_SECRET_BYTES];
        assert!(limits.iter().any(|range| [range.start(), range.end()].contains(&limit)));
    }
    let same_kind = |other: &P| discriminant(other) == discriminant(problem);
    let problem = from_nothing.into_iter().find(same_kind).unwrap();
    let plain = ConfigError::InvalidSecret { position: 0, problem };
    assert_eq!(texts_without_digits(error), texts_without_digits(&plain));
}

fn texts_without_digits(error: &ConfigError) -> String {
    format!("{error} {error:?}").replace(|c: char| c.is_ascii_digit(), "")
}

/// Among arbitrary entries only the good one verifies, wherever it stands, within the limits.
pub fn signature_list(data: &[u8]) {
    let mut input = Input(data);
    let place = input.number();
    let others = input.0;
    let (id, timestamp, body) = ("msg_1", NOW.to_string(), b"{}");
    let peers = Peers::new(data, NOW);
    let verifies = |list: &[u8]| {
        let headers = headers_of([id.as_bytes(), timestamp.as_bytes(), list]);
        peers.verifier.check(&headers, body).is_ok()
    };
    assert!(!verifies(others), "nobody signed this");

    let good = peers.signer.signature(id, &timestamp, body);
    let mut entries: Vec<_> = others.split(|byte| *byte == b' ').collect();
    entries.insert(place % (entries.len() + 1), good.as_bytes());
    let list = entries.join(&b' ');
    let within_limits = entries.len() <= MAX_SIGNATURE_ENTRIES
        && list.len() <= MAX_SIGNATURE_LIST_BYTES
        && is_visible(&list);
    assert_eq!(verifies(&list), within_limits);
}

/// Forgeries are refused, what was signed is accepted, and one changed bit is too many.
pub fn static_pipeline(data: &[u8]) {
    let mut input = Input(data);
    let (id, timestamp, signature) = (input.line(), input.line(), input.line());
    let (bit, clock) = (input.number(), input.number());
    let body = Bytes::copy_from_slice(input.0);
    // By this clock a forgery is not refused for its age alone.
    let peers = Peers::new(data, legal_timestamp(timestamp).unwrap_or(NOW));
    let forged = headers_of([id, timestamp, signature]);
    assert!(peers.verifier.verify(&forged, body.clone()).is_err(), "nobody signed this");

    let Ok(id) = std::str::from_utf8(id) else { return };
    let request = peers.signer.sign(id, peers.clock.now(), body.clone());
    let outcome = peers.verifier.verify(&request.headers, request.body);
    if !is_legal(WebhookHeader::Id, id.as_bytes()) {
        assert!(outcome.is_err());
        return;
    }
    let delivery = outcome.unwrap();
    assert_eq!((delivery.id().as_str(), delivery.raw()), (id, &body));
    assert_eq!(u64::try_from(delivery.timestamp().unix_timestamp()), Ok(peers.now));
    assert_changed_bit_is_refused(&peers, id, &body, bit);
    assert_window_is_kept(&peers, &request.headers, &body, clock);
}

fn assert_changed_bit_is_refused(peers: &Peers, id: &str, body: &[u8], bit: usize) {
    let timestamp = peers.now.to_string();
    let signature = peers.signer.signature(id, &timestamp, body);
    let mut fields =
        [id.as_bytes(), timestamp.as_bytes(), signature.as_bytes(), body].map(Vec::from);
    let bytes: usize = fields.iter().map(Vec::len).sum();
    let mut place = bit / 8 % bytes;
    for field in &mut fields {
        if let Some(byte) = field.get_mut(place) {
            *byte ^= 1 << (bit % 8);
            break;
        }
        place -= field.len();
    }
    let [id, timestamp, signature, body] = fields;
    let headers = headers_of([&id, &timestamp, &signature]);
    assert!(peers.verifier.verify(&headers, body).is_err(), "a changed bit went unnoticed");
}

/// The same request at another time, just inside or just outside the window.
fn assert_window_is_kept(peers: &Peers, headers: &HeaderMap, body: &Bytes, clock: usize) {
    let shift = u64::try_from(clock).unwrap() % (2 * WINDOW + 3);
    let later = (peers.now + shift).saturating_sub(WINDOW + 1);
    peers.clock.set(UNIX_EPOCH + Duration::from_secs(later));
    let (off, limit) = (later.abs_diff(peers.now), WINDOW);
    let refusal = peers.verifier.verify(headers, body.clone()).err();
    let expected = match later > peers.now {
        _ if off <= limit => None,
        true => Some(Error::TooOld { age: off, limit }),
        false => Some(Error::TooNew { ahead: off, limit }),
    };
    assert_eq!(refusal, expected);
}

fn headers_of(values: [&[u8]; 3]) -> [(&'static str, &[u8]); 3] {
    let [id, timestamp, signature] = values;
    let [first, second, third] = HEADERS.map(WebhookHeader::name);
    [(first, id), (second, timestamp), (third, signature)]
}

/// A sender and a receiver who share a secret and a clock.
struct Peers {
    signer: StaticSigner,
    verifier: StaticVerifier,
    clock: ManualClock,
    now: u64,
}

impl Peers {
    /// Gives them a secret that hangs on every byte of the input: no input can hold a signature
    /// that is right for itself, not even one that the fuzzer has picked out of memory.
    fn new(data: &[u8], now: u64) -> Self {
        let deriving = Secret::from_raw_bytes([7; 32]).unwrap();
        let key = StaticSigner::new(&deriving).signature("key", "1", data);
        Self::with(Secret::from_raw_bytes(key).unwrap(), now)
    }

    fn with(secret: Secret, now: u64) -> Self {
        let (signer, clock) = (StaticSigner::new(&secret), ManualClock::at(now));
        let verifier =
            StaticVerifier::builder().secret(secret).clock(clock.clone()).build().unwrap();
        Self { signer, verifier, clock, now }
    }
}

/// What is left of an input.
struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    /// Takes a line without its end; an empty one where nothing is left.
    fn line(&mut self) -> &'d [u8] {
        let mut parts = self.0.splitn(2, |byte| *byte == b'\n');
        let line = parts.next().unwrap_or_default();
        self.0 = parts.next().unwrap_or_default();
        line
    }

    /// Takes a line as a number: digits read as they look, and any other bytes are some number too.
    fn number(&mut self) -> usize {
        let digit = |byte: &u8| usize::from(byte.wrapping_sub(b'0'));
        self.line()
            .iter()
            .fold(0, |number: usize, byte| number.wrapping_mul(10).wrapping_add(digit(byte)))
    }
}

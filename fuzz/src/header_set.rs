//! The three headers, in whatever collection they come.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use gemini_webhooks::{
    Error, FoundHeaders, HeaderLookup, Lookup, StaticVerifier, Verifier, WebhookHeader,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::{HEADERS, Input, NOW, Peers, at_once, is_legal};

/// Every type of header collection gives the same answer, and an error names the right header.
pub fn header_set(data: &[u8]) {
    let pairs = pairs_of(data);
    let found = pairs.lookup();
    for header in HEADERS {
        assert_eq!(found_under(&found, header), expected_under(&pairs, header));
    }
    assert_eq!(pairs.as_slice().lookup(), found);
    assert_eq!(HeaderLookup::lookup(&&pairs), found);
    assert_shows_no_value(&found);
    let verifier = Peers::new(data, NOW).verifier;
    assert_right_header_is_named(&verifier, &pairs);
    assert_shows_each(&pairs, &pairs);
    for collection in other_collections(&pairs) {
        assert_eq!(collection.lookup(), found);
        assert_shows_each(&*collection, &pairs);
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

/// A diagnosis sees every pair, in some order.
fn assert_shows_each(collection: &dyn HeaderLookup, pairs: &[(String, Vec<u8>)]) {
    let mut seen = Vec::new();
    collection.each(&mut |name, value| seen.push((name.to_ascii_lowercase(), value.to_vec())));
    let lower_case = |(name, value): &(String, Vec<u8>)| (name.to_ascii_lowercase(), value.clone());
    let mut expected: Vec<_> = pairs.iter().map(lower_case).collect();
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
}

/// What is printed is the same for other values of the same lengths.
fn assert_shows_no_value(found: &FoundHeaders<'_>) {
    let zeros = HEADERS.map(|header| match found_under(found, header) {
        Lookup::One(value) => vec![0; value.len()],
        _ => Vec::new(),
    });
    let zeroed = |header: WebhookHeader, zeros| match found_under(found, header) {
        Lookup::One(_) => Lookup::One(zeros),
        other => other,
    };
    let [id, timestamp, signature] = &zeros;
    let other = FoundHeaders {
        id: zeroed(WebhookHeader::Id, id),
        timestamp: zeroed(WebhookHeader::Timestamp, timestamp),
        signature: zeroed(WebhookHeader::Signature, signature),
    };
    assert_eq!(format!("{found:?}"), format!("{other:?}"));
}

/// The same pairs in each collection that can hold all of them.
fn other_collections(pairs: &[(String, Vec<u8>)]) -> Vec<Box<dyn HeaderLookup + Sync>> {
    let mut collections: Vec<Box<dyn HeaderLookup + Sync>> = Vec::new();
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
fn assert_right_header_is_named(verifier: &StaticVerifier, headers: &(dyn HeaderLookup + Sync)) {
    let found = headers.lookup();
    let error = verifier.check(headers, b"{}").unwrap_err();
    // Before the body is there only what hangs on it is still open.
    let no_body = async { Err::<Bytes, _>(Error::BodyInterrupted) };
    let early = at_once(Verifier::from(verifier.clone()).receive(headers, no_body)).unwrap_err();
    let open = error == Error::SignatureMismatch;
    assert_eq!(early, if open { Error::BodyInterrupted } else { error.clone() });
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

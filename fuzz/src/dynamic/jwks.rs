use std::sync::LazyLock;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use gemini_webhooks::limits::{
    MAX_ED25519_KEYS, MAX_JWKS_BYTES, MAX_JWKS_KEYS, MAX_RSA_BITS, MAX_RSA_KEYS, MAX_V1A_ENTRIES,
    MIN_RSA_BITS,
};
use gemini_webhooks::testing::{Ed25519Signer, ManualClock};
use gemini_webhooks::{
    Binding, DynamicVerifier, Error, KeySet, KeySetProblem, SkipReason as Reason,
};
use serde_json::value::RawValue;

use super::super::{Input, NOW, headers_of, own_text};
use super::rules::kid_of;
use super::tree::{Tree, base64url};
use super::{AUDIENCE, KID, SIGNER, STRANGER, TOKEN};

/// A document is read as the rules say, and one odd key never spoils the good ones.
pub fn jwks(data: &[u8]) {
    let mut input = Input(data);
    let (place, times) = (input.number(), 1 + input.number() % (MAX_JWKS_KEYS + 6));
    if let Ok(keys) = read_as_the_rules_say(input.0) {
        assert_forgeries_are_refused(&keys, data);
    }
    let among_good_ones = among_good_ones(input.0, place, times);
    let read = read_as_the_rules_say(&among_good_ones);
    // What is no JSON is no key, and breaks the document as a whole.
    let is_one_value = serde_json::from_slice::<&RawValue>(input.0).is_ok();
    if is_one_value && among_good_ones.len() <= MAX_JWKS_BYTES {
        let keys = read.unwrap();
        if times + GOOD.len() <= MAX_JWKS_KEYS {
            assert_good_ones_serve(&keys, input.0);
        }
    }
}

static SENDER: LazyLock<Ed25519Signer> = LazyLock::new(|| Ed25519Signer::from_seed([1; 32]));
static TIMESTAMP: LazyLock<String> = LazyLock::new(|| NOW.to_string());
static ENTRY: LazyLock<String> = LazyLock::new(|| SENDER.signature("msg_1", &TIMESTAMP, ""));
static GOOD: LazyLock<[String; 3]> =
    LazyLock::new(|| [SIGNER.jwk(), SENDER.jwk(), STRANGER.jwk()].map(|jwk| jwk.to_string()));
static VERIFIER: LazyLock<DynamicVerifier> = LazyLock::new(|| {
    DynamicVerifier::builder()
        .audience(AUDIENCE)
        .binding(Binding::dangerous_any_tenant())
        .clock(ManualClock::at(NOW))
        .build()
        .unwrap()
});

fn among_good_ones(odd: &[u8], place: usize, times: usize) -> Vec<u8> {
    let mut keys: Vec<_> = GOOD.iter().map(String::as_bytes).collect();
    let place = place % (keys.len() + 1);
    keys.splice(place..place, vec![odd; times]);
    [b"{\"keys\":[", keys.join(&b',').as_slice(), b"]}"].concat()
}

fn assert_good_ones_serve(keys: &KeySet, odd: &[u8]) {
    assert!(keys.kids().any(|kid| kid == "b") || names(odd, "b"));
    let verdict = |signature: &str| {
        let headers = headers_of([b"msg_1", TIMESTAMP.as_bytes(), signature.as_bytes()]);
        VERIFIER.verify_with(keys, &headers, "").map(drop)
    };
    assert_eq!(verdict(&ENTRY), Ok(()));
    match verdict(&TOKEN) {
        Ok(()) => {}
        // Neither of two keys of one name can be chosen.
        Err(error) => {
            assert_eq!(error, Error::UnknownKey);
            assert!(names(odd, KID), "a good key is spoiled");
        }
    }
}

/// Tells whether it is a good key of this name.
fn names(odd: &[u8], name: &str) -> bool {
    matches!(Tree::read(odd).map(judge), Some(Ok(Key::Rsa { kid, .. })) if kid == name)
}

fn read_as_the_rules_say(document: &[u8]) -> Result<KeySet, KeySetProblem> {
    let read = KeySet::from_json(document);
    if let Ok(keys) = &read {
        assert!(keys.ed25519_count() <= MAX_ED25519_KEYS);
        assert!(keys.len() + keys.skipped().len() <= MAX_JWKS_KEYS + 1);
        assert!(document.len() <= MAX_JWKS_BYTES);
        let shown = format!("{keys:?}");
        assert!(keys.kids().all(|kid| shown.contains(&format!("{kid:?}"))));
    }
    // Numbers out of range and texts of no characters are not JSON to every reader.
    let Some(tree) = Tree::read(document) else { return read };
    let lists = tree.all("keys");
    match (&read, &lists[..]) {
        (Err(problem), _) if document.len() > MAX_JWKS_BYTES => {
            assert_eq!(*problem, KeySetProblem::TooLarge);
        }
        (Ok(keys), [Tree::List(items)]) => assert_taken(keys, items),
        (Err(problem), [Tree::List(_)]) => panic!("{problem}"),
        (outcome, _) => assert_eq!(outcome.as_ref().err(), Some(&KeySetProblem::NotAKeySet)),
    }
    read
}

#[derive(PartialEq)]
enum Key {
    Rsa { kid: String, modulus: Vec<u8> },
    Ed25519(Vec<u8>),
}

/// Each key is taken, or is a repetition, or is skipped for a reason that it gives.
fn assert_taken(keys: &KeySet, items: &[Tree]) {
    let mut skipped = keys.skipped().iter().peekable();
    // A point that is not on the curve is told by the backend alone.
    let without_backend =
        |index| keys.skipped().iter().any(|s| s.index == index && s.reason == Reason::NoBackend);
    let judged: Vec<_> = items.iter().take(MAX_JWKS_KEYS).map(judge).collect();
    let held = rsa_keys_within_the_limit(&judged);
    let mut taken: Vec<&Key> = Vec::new();
    for (index, key) in judged.iter().enumerate() {
        let reasons = match key {
            Err(reasons) => reasons.clone(),
            Ok(key) if taken.contains(&key) => continue,
            Ok(_) if without_backend(index) => vec![Reason::NoBackend],
            Ok(key @ Key::Rsa { .. }) if !held.contains(&key) => {
                vec![Reason::TooManyKeys]
            }
            Ok(key) if is_ambiguous(key, &held) => vec![Reason::AmbiguousKid],
            Ok(Key::Ed25519(_)) if ed25519(&taken) == MAX_ED25519_KEYS => {
                vec![Reason::TooManyKeys]
            }
            Ok(key) => {
                taken.push(key);
                continue;
            }
        };
        // The same key once more is no other reason.
        match skipped.next_if(|skipped| skipped.index == index) {
            Some(skipped) => assert!(reasons.contains(&skipped.reason), "{skipped:?}: {reasons:?}"),
            None => assert!(is_repetition(index, &judged), "key {index} is not told"),
        }
    }
    if items.len() > MAX_JWKS_KEYS {
        let last = skipped.next().unwrap();
        assert_eq!((last.index, last.reason), (MAX_JWKS_KEYS, Reason::TooManyKeys));
    }
    assert_eq!(skipped.next(), None);
    let kids: Vec<_> = taken
        .iter()
        .filter_map(|key| match key {
            Key::Rsa { kid, .. } => Some(kid.as_str()),
            Key::Ed25519(_) => None,
        })
        .collect();
    assert_eq!(keys.kids().collect::<Vec<_>>(), kids);
    assert_eq!(keys.ed25519_count(), ed25519(&taken));
    assert_eq!(keys.len(), taken.len());
    assert_eq!(keys.is_empty(), taken.is_empty());
}

fn ed25519(keys: &[&Key]) -> usize {
    keys.iter().filter(|key| matches!(key, Key::Ed25519(_))).count()
}

fn is_repetition(index: usize, judged: &[Result<Key, Vec<Reason>>]) -> bool {
    judged[index].is_ok() && judged[..index].contains(&judged[index])
}

/// The first different ones, whatever becomes of them.
fn rsa_keys_within_the_limit(judged: &[Result<Key, Vec<Reason>>]) -> Vec<&Key> {
    let mut held = Vec::new();
    for key in judged.iter().flatten().filter(|key| matches!(key, Key::Rsa { .. })) {
        if held.len() < MAX_RSA_KEYS && !held.contains(&key) {
            held.push(key);
        }
    }
    held
}

/// Another modulus has the same name.
fn is_ambiguous(key: &Key, held: &[&Key]) -> bool {
    let Key::Rsa { kid, .. } = key else { return false };
    let same_kid = |other: &Key| matches!(other, Key::Rsa { kid: name, .. } if name == kid);
    held.iter().any(|other| same_kid(other) && *other != key)
}

/// Of what the backend verifies, in bits.
const LARGEST: usize = if cfg!(feature = "aws-lc-rs") { MAX_RSA_BITS } else { 4096 };

/// The key, or every reason for which it must not be taken.
fn judge(key: impl std::borrow::Borrow<Tree>) -> Result<Key, Vec<Reason>> {
    let key = key.borrow();
    if !matches!(key, Tree::Object(_)) || key.has_twins() || key.is_too_deep() {
        return Err(vec![Reason::Malformed]);
    }
    let text = |name| key.get(name).and_then(Tree::text);
    let is_rsa = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => true,
        (Some("OKP"), Some("Ed25519")) => false,
        _ => return Err(vec![Reason::UnknownKeyType]),
    };
    let mut reasons = Vec::new();
    let mut unless = |good: bool, reason| reasons.extend((!good).then_some(reason));
    let said = |name: &str| key.get(name).map(Tree::text);
    unless(matches!(said("use"), None | Some(Some("sig"))), Reason::NotForSignatures);
    unless(key.get("key_ops").is_none_or(are_to_verify), Reason::NotForSignatures);
    unless(
        match said("alg") {
            None => true,
            Some(Some("RS256")) => is_rsa,
            Some(Some("EdDSA" | "Ed25519")) => !is_rsa,
            _ => false,
        },
        Reason::AlgorithmMismatch,
    );
    let private = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
    unless(!private.iter().any(|name| key.get(name).is_some()), Reason::PrivateKey);
    let number = |name| text(name).and_then(|text| base64url(text.as_bytes()));
    if is_rsa {
        let (n, e) = (number("n"), number("e"));
        unless(kid_of(key).is_some(), Reason::BadKid);
        unless(e.is_some() && n.as_deref().is_some_and(is_odd_and_plain), Reason::MalformedNumber);
        unless(e.is_none_or(|e| e == [1, 0, 1]), Reason::BadExponent);
        let bits = n.as_deref().map_or(MIN_RSA_BITS, bits);
        unless(bits >= MIN_RSA_BITS, Reason::TooSmall);
        unless(bits <= LARGEST, Reason::TooLarge);
        if reasons.is_empty() {
            let kid = kid_of(key).unwrap().to_owned();
            return Ok(Key::Rsa { kid, modulus: n.unwrap() });
        }
    } else {
        let x = number("x");
        unless(x.as_ref().is_some_and(|x| x.len() == 32), Reason::MalformedNumber);
        unless(!x.as_deref().is_some_and(is_weak), Reason::WeakKey);
        if reasons.is_empty() {
            return Ok(Key::Ed25519(x.unwrap()));
        }
    }
    Err(reasons)
}

/// A list of texts that differ, one of them `verify`.
fn are_to_verify(operations: &Tree) -> bool {
    let texts: Option<Vec<_>> =
        operations.list().and_then(|items| items.iter().map(Tree::text).collect());
    texts.is_some_and(|mut texts| {
        texts.sort_unstable();
        texts.contains(&"verify") && texts.windows(2).all(|pair| pair[0] != pair[1])
    })
}

fn is_odd_and_plain(modulus: &[u8]) -> bool {
    modulus.first().is_some_and(|first| *first != 0) && modulus.last().is_some_and(|b| b % 2 == 1)
}

fn bits(number: &[u8]) -> usize {
    let digits: Vec<_> = number.iter().map(|byte| format!("{byte:08b}")).collect();
    digits.concat().trim_start_matches('0').len()
}

/// The y of the points of small order, and the prime; big-endian, in hexadecimal digits.
const SMALL_ORDER: [&str; 5] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000001",
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
    "05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
    "7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
];
const PRIME: &str = "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed";

fn is_weak(point: &[u8]) -> bool {
    let mut y = point.to_vec();
    y.reverse();
    if let Some(highest) = y.first_mut() {
        *highest &= 0x7f;
    }
    let y = y.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    y.len() == PRIME.len() && (SMALL_ORDER.contains(&y.as_str()) || y.as_str() >= PRIME)
}

/// With R of small order and S = 0: keys of small order take such signatures for good.
static FORGED: LazyLock<String> = LazyLock::new(|| {
    let entry = |y: &str| {
        let digits = |place: usize| u8::from_str_radix(&y[place..place + 2], 16).unwrap();
        let r = (0..y.len()).step_by(2).rev().map(digits);
        format!("v1a,{}", BASE64_STANDARD.encode(r.chain([0; 32]).collect::<Vec<_>>()))
    };
    SMALL_ORDER[..MAX_V1A_ENTRIES].iter().map(|y| entry(y)).collect::<Vec<_>>().join(" ")
});

fn assert_forgeries_are_refused(keys: &KeySet, data: &[u8]) {
    if keys.ed25519_count() == 0 {
        return;
    }
    let headers = headers_of([b"msg_1", TIMESTAMP.as_bytes(), FORGED.as_bytes()]);
    let verdict = VERIFIER.verify_with(keys, &headers, own_text(data));
    assert_eq!(verdict.unwrap_err(), Error::SignatureMismatch);
}

//! Key sets: what one side writes, the other reads.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use serde_json::{Value, json};

use crate::dynamic::{DynamicReceiver, Form};
use crate::judge::Side::{self, Here, Python};
use crate::judge::{EVERYBODY, NOBODY, PACKAGES, Row, Signer, judge, judge_rows};
use crate::message::now;
use crate::peer::{Answer, Peer};
use crate::rs256::claims::{changed, usual};
use crate::rs256::keys::{KEYS, Key, exported, to_sign};
use crate::rs256::message;
use crate::tally::{Outcome, Tally};
use crate::{Result, ed25519};

const KEY: Key = KEYS[0];

pub fn check(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    tally.section(format!("key sets, {}", peer.side));
    keys(peer, tally)?;
    sizes(peer, tally)?;
    judge_rows(peer, documents()?, tally)
}

/// Both sides write the same public key for a private one; and a package that reads ours writes it
/// as it was.
fn keys(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    for key in KEYS {
        let (ours, theirs) = (key.jwk(Signer::Here, peer)?, key.jwk(Signer::There, peer)?);
        tally.record([same_key(&ours, &theirs), again(peer, Form::Rs256, &ours)?]);
    }
    let ours = ed25519::keys(Signer::Here, peer)?;
    for (ours, theirs) in ours.iter().zip(ed25519::keys(Signer::There, peer)?) {
        tally.record([same_key(&ours.jwk, &theirs.jwk), again(peer, Form::Ed25519, &ours.jwk)?]);
    }
    Ok(())
}

fn again(peer: &mut Peer, form: Form, key: &Value) -> Result<Outcome> {
    let request = json!({ "scheme": form.scheme(), "do": "export_again", "key": key });
    Ok(same_key(key, &peer.key(&request)?))
}

fn same_key(one: &Value, other: &Value) -> Outcome {
    let numbers = ["kty", "n", "e", "crv", "x"];
    if numbers.iter().all(|member| one[member] == other[member]) {
        Ok(())
    } else {
        Err(format!("two keys that should be one\n  {one}\n  {other}"))
    }
}

/// Keys that a package makes, writes, and signs a token with.
fn sizes(peer: &mut Peer, tally: &mut Tally) -> Result<()> {
    let rows: [(_, _, &[Side]); 6] = [
        (2048, 65_537, EVERYBODY),
        (2049, 65_537, EVERYBODY),
        (3072, 65_537, EVERYBODY),
        (4096, 65_537, EVERYBODY),
        // Here one exponent is enough.
        (2048, 3, PACKAGES),
        // Python warns, and goes on.
        (1024, 65_537, &[Python]),
    ];
    for (bits, exponent, accepted_by) in rows {
        let what = format!("a key of {bits} bits with the exponent {exponent}");
        let pem = made_there(peer, bits, exponent)?;
        let header = json!({ "alg": "RS256", "kid": "new" });
        let judged = match peer.ask(&to_sign(&pem, &header, &usual(0, now()?)?))? {
            Answer::Signature(token) => {
                let receiver = DynamicReceiver::new(Form::Rs256, [exported(peer, &pem, "new")?]);
                judge(peer, &what, &message(token, "")?, &receiver, accepted_by)?
            }
            // What a package does not take, it does not make either.
            Answer::Refused(_) if !accepted_by.contains(&peer.side) => Ok(()),
            other => return Err(peer.unexpected(&other)),
        };
        tally.record([judged]);
    }
    Ok(())
}

fn made_there(peer: &mut Peer, bits: u32, exponent: u32) -> Result<String> {
    let request =
        json!({ "scheme": "rs256", "do": "generate", "bits": bits, "exponent": exponent });
    match peer.ask(&request)? {
        Answer::Pem(pem) => Ok(pem),
        other => Err(peer.unexpected(&other)),
    }
}

/// A good token, to be verified with odd key sets.
fn documents() -> Result<Vec<Row<DynamicReceiver>>> {
    let token = KEY.signer().token(&usual(0, now()?)?);
    let sets = with_other_keys().into_iter().chain(with_odd_keys()?);
    let row = |(what, accepted_by, keys)| -> Result<_> {
        let receiver = DynamicReceiver::new(Form::Rs256, keys);
        Ok(Row { what, accepted_by, message: message(token.clone(), "")?, receiver })
    };
    sets.map(row).collect()
}

type Set = (&'static str, &'static [Side], Vec<Value>);

/// The key that signed, among others.
fn with_other_keys() -> Vec<Set> {
    let [good, second, third] = KEYS.map(|key| key.signer().jwk());
    let many = |count: u32| {
        let other = |n| changed(second.clone(), &json!({ "kid": format!("other-{n}") }));
        (1..count).map(other).chain([good.clone()]).collect::<Vec<_>>()
    };
    let behind_unknown = |count| {
        let unknown = json!({ "kty": "unheard-of" });
        [vec![unknown; count], vec![good.clone()]].concat()
    };
    let of_other_types = vec![
        json!({ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AAAA", "kid": KEY.kid }),
        json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": KEY.kid }),
        json!({ "kty": "oct", "k": "AAAA", "kid": "secret" }),
        json!({ "kty": "unheard-of", "kid": KEY.kid }),
        json!({ "kty": 1 }),
        json!({}),
        good.clone(),
    ];
    let impostor = changed(second.clone(), &json!({ "kid": KEY.kid }));
    vec![
        ("no key", NOBODY, vec![]),
        ("the key behind two others", EVERYBODY, vec![second.clone(), third, good.clone()]),
        ("the key behind keys of other types", EVERYBODY, of_other_types),
        ("the last of 32 keys", EVERYBODY, many(32)),
        // Memory is bounded here, in keys that are used…
        ("the last of 33 keys", PACKAGES, many(33)),
        ("the key behind 63 of an unknown type", EVERYBODY, behind_unknown(63)),
        // … and work, in keys that are read.
        ("the key behind 64 of an unknown type", PACKAGES, behind_unknown(64)),
        // JavaScript refuses the whole set.
        ("something that is no key", &[Here, Python], vec![json!(1), good.clone()]),
        // JavaScript does not look whether two keys of one name are one.
        ("the key twice", &[Here, Python], vec![good.clone(), good.clone()]),
        // Python takes the first key of a name; everybody else does not choose.
        ("another key of the same name", &[Python], vec![good.clone(), impostor.clone()]),
        ("the same, in the other order", NOBODY, vec![impostor, good]),
    ]
}

/// The key that signed, written otherwise.
fn with_odd_keys() -> Result<Vec<Set>> {
    let good = KEY.signer().jwk();
    let n = good["n"].as_str().ok_or("a key without a modulus")?;
    let behind_zero = BASE64_URL.encode([&[0], &*BASE64_URL.decode(n)?].concat());
    let changes: Vec<(&str, &[Side], Value)> = vec![
        ("nothing but what must be", EVERYBODY, json!({ "use": null, "alg": null })),
        ("members that nobody knows", EVERYBODY, json!({ "x5t": "AAAA", "größe": [1] })),
        ("to verify with", EVERYBODY, json!({ "key_ops": ["verify"] })),
        ("for RS512", NOBODY, json!({ "alg": "RS512" })),
        ("for PS256", NOBODY, json!({ "alg": "PS256" })),
        ("for HS256", NOBODY, json!({ "alg": "HS256" })),
        ("for an unknown algorithm", NOBODY, json!({ "alg": "unheard-of" })),
        ("without a modulus", NOBODY, json!({ "n": null })),
        ("without an exponent", NOBODY, json!({ "e": null })),
        ("with a number as modulus", NOBODY, json!({ "n": 1 })),
        ("with an empty modulus", NOBODY, json!({ "n": "" })),
        ("with another exponent", NOBODY, json!({ "e": "Aw" })),
        ("with a private exponent", NOBODY, json!({ "d": "AQAB" })),
        ("without a name", NOBODY, json!({ "kid": null })),
        ("without a type", NOBODY, json!({ "kty": null })),
        ("of a type in small letters", NOBODY, json!({ "kty": "rsa" })),
        // Python does not look what a key is for.
        ("to encrypt", &[Python], json!({ "use": "enc" })),
        ("for nothing", &[Python], json!({ "use": "" })),
        ("to sign with", &[Python], json!({ "key_ops": ["sign"] })),
        ("to verify with, twice", &[Python], json!({ "key_ops": ["verify", "verify"] })),
        ("to verify with, as text", &[Python], json!({ "key_ops": "verify" })),
        // The packages take the number for what it is worth.
        ("with a zero before the modulus", PACKAGES, json!({ "n": behind_zero })),
        ("with a zero before the exponent", PACKAGES, json!({ "e": "AAEAAQ" })),
        ("with padding", PACKAGES, json!({ "n": format!("{n}==") })),
    ];
    let set =
        |(what, accepted_by, change)| (what, accepted_by, vec![changed(good.clone(), &change)]);
    Ok(changes.into_iter().map(set).collect())
}

//! Tokens that an attacker may try, refused by everybody.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64_URL;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::claims::{self, changed};
use super::keys::{KEYS, Key, to_sign};
use super::{headers, message};
use crate::Result;
use crate::dynamic::{DynamicReceiver, Form};
use crate::judge::{NOBODY, Row};
use crate::message::now;
use crate::peer::Peer;

const KEY: Key = KEYS[0];

pub(super) fn rows(peer: &mut Peer) -> Result<Vec<Row<DynamicReceiver>>> {
    let mut tokens = odd_headers()?;
    tokens.extend(odd_texts()?);
    tokens.extend(odd_forms()?);
    tokens.extend(other_algorithms(peer)?);
    let receiver = DynamicReceiver::new(Form::Rs256, KEYS.map(|key| key.signer().jwk()));
    let row = |(what, token)| -> Result<_> {
        let (receiver, message) = (receiver.clone(), message(token, "")?);
        Ok(Row { what, accepted_by: NOBODY, message, receiver })
    };
    tokens.into_iter().map(row).collect()
}

/// A token, and what is wrong with it.
type Forged = (&'static str, String);

/// Headers that lie, over a signature that is right.
fn odd_headers() -> Result<Vec<Forged>> {
    let changes = [
        ("the algorithm none", json!({ "alg": "none" })),
        ("the algorithm None", json!({ "alg": "None" })),
        ("the algorithm HS256", json!({ "alg": "HS256" })),
        ("the algorithm RS512", json!({ "alg": "RS512" })),
        ("the algorithm PS256", json!({ "alg": "PS256" })),
        ("the algorithm EdDSA", json!({ "alg": "EdDSA" })),
        ("the algorithm in small letters", json!({ "alg": "rs256" })),
        ("an empty algorithm", json!({ "alg": "" })),
        ("a number as algorithm", json!({ "alg": 256 })),
        ("a list as algorithm", json!({ "alg": ["RS256"] })),
        ("no algorithm", json!({ "alg": null })),
        ("a critical claim", json!({ "crit": ["exp"] })),
        ("a critical member of the sender's", json!({ "crit": ["x"], "x": 1 })),
        ("a critical member that is absent", json!({ "crit": ["b64"] })),
        ("an empty list of critical members", json!({ "crit": [] })),
        ("a text as critical members", json!({ "crit": "exp" })),
        ("claims said not to be encoded", json!({ "crit": ["b64"], "b64": false })),
        ("the name of another key", json!({ "kid": KEYS[1].kid })),
        ("the name of no key", json!({ "kid": "key-9" })),
        ("the name in the other letter case", json!({ "kid": "KEY-1" })),
        ("an empty name", json!({ "kid": "" })),
        ("a number as name", json!({ "kid": 1 })),
        ("a list of names", json!({ "kid": [KEY.kid] })),
        ("no name, with several keys", json!({ "kid": null })),
    ];
    let claims = claims::usual(0, now()?)?;
    let [header, ..] = headers(KEY);
    let token = |change| {
        KEY.signer().token_of(changed(header.clone(), &change).to_string(), claims.to_string())
    };
    Ok(changes.into_iter().map(|(what, change)| (what, token(change))).collect())
}

/// Headers and claims that are no objects.
fn odd_texts() -> Result<Vec<Forged>> {
    let claims = claims::usual(0, now()?)?.to_string();
    let header = headers(KEY)[0].to_string();
    let texts: [(&str, &str, &[u8]); 7] = [
        ("a list as header", "a list as claims", b"[]"),
        ("a number as header", "a number as claims", b"1"),
        ("null as header", "null as claims", b"null"),
        ("an empty object as header", "an empty object as claims", b"{}"),
        ("a header that is no JSON", "claims that are no JSON", b"{'alg':'RS256'}"),
        ("a header that is cut off", "claims that are cut off", b"{\"alg\":\"RS256\""),
        ("a header that is not UTF-8", "claims that are not UTF-8", b"{\"alg\":\"\xff\"}"),
    ];
    let signer = KEY.signer();
    let mut all = Vec::new();
    for (of_header, of_claims, text) in texts {
        all.push((of_header, signer.token_of(text, &claims)));
        all.push((of_claims, signer.token_of(&header, text)));
    }
    for (what, member) in
        [("null as expiry", "exp"), ("null as audience", "aud"), ("null as start", "nbf")]
    {
        let others = changed(claims::usual(0, now()?)?, &json!({ member: null })).to_string();
        all.push((what, signer.token_of(&header, format!("{{\"{member}\":null,{}", &others[1..]))));
    }
    all.push(("more behind the header", signer.token_of(format!("{header}{{}}"), &claims)));
    all.push(("more behind the claims", signer.token_of(&header, format!("{claims}{{}}"))));
    Ok(all)
}

/// A good token, cut and put together in other ways.
fn odd_forms() -> Result<Vec<Forged>> {
    let [header, ..] = headers(KEY);
    let (now, signer) = (now()?, KEY.signer());
    let good = signer.token_of(header.to_string(), claims::usual(0, now)?.to_string());
    let other = signer.token_of(header.to_string(), claims::usual(1, now)?.to_string());
    let (signed, signature) = cut(&good);
    let (other_signed, _) = cut(&other);
    let (header, claims) = cut(signed);
    let bytes = BASE64_URL.decode(signature)?;
    let with = |signature: &[u8]| format!("{signed}.{}", BASE64_URL.encode(signature));
    Ok(vec![
        ("no signature", signed.to_owned()),
        ("an empty signature", format!("{signed}.")),
        ("no claims", format!("{header}.{signature}")),
        ("empty claims", format!("{header}..{signature}")),
        ("an empty header", format!(".{claims}.{signature}")),
        ("nothing but dots", "..".to_owned()),
        ("a dot behind", format!("{good}.")),
        ("a dot in front", format!(".{good}")),
        ("four segments", format!("{good}.{signature}")),
        ("five segments", format!("{good}.{claims}.{signature}")),
        ("the scheme of HTTP in front", format!("Bearer {good}")),
        ("quotes around it", format!("\"{good}\"")),
        ("two tokens", format!("{good} {good}")),
        ("the segments in another order", format!("{claims}.{header}.{signature}")),
        ("the signature of other claims", format!("{other_signed}.{signature}")),
        ("the signature without its last byte", with(&bytes[..bytes.len() - 1])),
        ("the signature with a byte more", with(&[&*bytes, &[0]].concat())),
        ("the signature behind a zero", with(&[&[0], &*bytes].concat())),
        ("the signature twice", with(&[&*bytes, &*bytes].concat())),
        ("a signature of zeros", with(&vec![0; bytes.len()])),
        ("a signature of ones", with(&vec![0xff; bytes.len()])),
        ("the signature reversed", with(&bytes.iter().rev().copied().collect::<Vec<_>>())),
        (
            "the JSON serialization",
            json!({ "protected": header, "payload": claims, "signature": signature }).to_string(),
        ),
    ])
}

/// Signatures that are right, but not by RS256.
fn other_algorithms(peer: &mut Peer) -> Result<Vec<Forged>> {
    let claims = claims::usual(0, now()?)?;
    let header = |alg| changed(headers(KEY)[0].clone(), &json!({ "alg": alg }));
    let mut all = Vec::new();
    for alg in ["RS384", "RS512", "PS256"] {
        all.push((alg, peer.sign(&to_sign(&KEY.pem(), &header(alg), &claims))?));
    }
    for alg in ["none", "NONE", "nOnE"] {
        all.push((alg, format!("{}.", signed_part(&header(alg), &claims))));
    }
    // The public key is known to everybody: taken as a secret, it would sign anything.
    let jwk = KEY.signer().jwk();
    let modulus = jwk["n"].as_str().ok_or("a key without a modulus")?;
    for (what, secret) in [
        ("HS256 with the JWK as secret", jwk.to_string().into_bytes()),
        ("HS256 with the modulus in base64 as secret", modulus.as_bytes().to_owned()),
        ("HS256 with the modulus as secret", BASE64_URL.decode(modulus)?),
    ] {
        let signed = signed_part(&header("HS256"), &claims);
        let mac = Hmac::<Sha256>::new_from_slice(&secret)?.chain_update(&signed).finalize();
        all.push((what, format!("{signed}.{}", BASE64_URL.encode(mac.into_bytes()))));
    }
    Ok(all)
}

fn signed_part(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| BASE64_URL.encode(part.to_string())).join(".")
}

/// What stands before and behind the last dot.
fn cut(token: &str) -> (&str, &str) {
    token.rsplit_once('.').unwrap_or((token, ""))
}

//! What went wrong elsewhere, and must not here: one test per advisory, named by its id.
//!
//! Of a CVE the id has the last digit of the year alone: CV6-102267 is CVE-2026-102267, CV0-26160 is
//! CVE-2020-26160, and CV7 and CV8 are of 2017 and 2018.
//!
//! Not here, and why:
//! - GHSA-f67f-2j6r-m4c9, CV6-9537 (comparison not in constant time): nothing that a verdict could
//!   show; the comparisons are those of `ctutils`, and `benches/timing.rs` measures them.
//! - CV6-28449 (no lasting record against replay): in `tests/dedup`.
//! - CV6-48522 and CV6-102267 (other schemes, redirects): in `tests/fetch.rs`, by their ids.
//! - GHSA-fhv5-28vv-h8m8 (a fetch per unknown `kid`, one failure wipes the keys), CV5-22149 and
//!   GHSA-675f-rq2r-jw82 (withdrawn keys are never dropped): in `tests/key_cache.rs`, by their ids.
//! - RUSTSEC-2023-0071 (timing of private-key operations): verification has no private key.
//! - RUSTSEC-2026-0044 to 0049, 0098, 0099, 0104 (certificates): the part of the TLS client.
#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD};
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, StaticSigner, TestRsaKey, jwks,
};
use gemini_webhooks::{
    Binding, ConfigError, Delivery, DynamicVerifier, DynamicVerifierBuilder, Error, KeySet, Secret,
    SecretProblem, SeenScheme, SkipReason, StaticVerifier, TokenProblem,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const NOW: u64 = 1_800_000_000;
const ID: &str = "msg_1";
const AUDIENCE: &str = "my-project-client-id";
const KID: &str = "key-1";
const BODY: &str = r#"{"type":"batch.expired","data":{"id":"b1"}}"#;

// What the tests share.

fn secret() -> Secret {
    Secret::from_raw_bytes([7; 32]).unwrap()
}

fn verify_static(signature: impl Into<String>) -> Result<Delivery, Error> {
    let clock = ManualClock::at(NOW);
    let verifier = StaticVerifier::builder().secret(secret()).clock(clock).build().unwrap();
    verifier.verify(&headers(signature), BODY)
}

fn static_signature() -> String {
    StaticSigner::new(&secret()).signature(ID, &NOW.to_string(), BODY)
}

fn signer() -> JwtSigner {
    JwtSigner::new(KID, TestRsaKey::One)
}

fn set(keys: impl IntoIterator<Item = Value>) -> KeySet {
    KeySet::from_json(jwks(keys).as_bytes()).unwrap()
}

fn builder() -> DynamicVerifierBuilder {
    DynamicVerifier::builder().audience(AUDIENCE).clock(ManualClock::at(NOW))
}

fn headers(signature: impl Into<String>) -> [(&'static str, String); 3] {
    [
        ("webhook-id", ID.to_owned()),
        ("webhook-timestamp", NOW.to_string()),
        ("webhook-signature", signature.into()),
    ]
}

fn claims() -> Value {
    let mut claims: Value = serde_json::from_str(BODY).unwrap();
    claims["aud"] = AUDIENCE.into();
    claims["exp"] = (NOW + 300).into();
    claims
}

fn claims_with(claim: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[claim] = value;
    claims
}

fn judge_by(keys: &KeySet, token: &str) -> Result<Delivery, Error> {
    builder().build().unwrap().verify_with(keys, &headers(token), "")
}

/// Judges a token by the one good key.
fn judge(token: &str) -> Result<Delivery, Error> {
    judge_by(&set([signer().jwk()]), token)
}

/// A token with these further members of its header, signed by the good key.
fn token_with(members: &Value) -> String {
    let mut header = json!({ "alg": "RS256", "kid": KID });
    for (name, value) in members.as_object().unwrap() {
        header[name] = value.clone();
    }
    signer().token_of(header.to_string(), claims().to_string())
}

fn token_problem(result: Result<Delivery, Error>) -> TokenProblem {
    match result {
        Err(Error::MalformedToken { problem }) => problem,
        other => panic!("{other:?}"),
    }
}

fn is_refused(token: &str, problem: TokenProblem) -> bool {
    token_problem(judge(token)) == problem
}

/// Header and claims, encoded, without a signature.
fn unsigned(header: &Value) -> String {
    let encode = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}", encode(header), encode(&claims()))
}

/// A token by HMAC with this key, as an attacker would make it of what is public.
fn hs256(key: &[u8]) -> String {
    let signed = unsigned(&json!({ "alg": "HS256", "typ": "JWT", "kid": KID }));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Such a token is refused for its algorithm; and if it said RS256, for its signature.
fn hs256_is_refused(key: impl AsRef<[u8]>) -> bool {
    let token = hs256(key.as_ref());
    let (_, signature) = token.rsplit_once('.').unwrap();
    let as_rs256 = unsigned(&json!({ "alg": "RS256", "typ": "JWT", "kid": KID }));
    is_refused(&token, TokenProblem::AlgorithmNotRs256)
        && judge(&format!("{as_rs256}.{signature}")).unwrap_err() == Error::SignatureMismatch
}

fn modulus() -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(signer().jwk()["n"].as_str().unwrap()).unwrap()
}

/// `RSAPublicKey` in DER, for a modulus of 2048 bits and the exponent 65537.
fn pkcs1() -> Vec<u8> {
    let head = [0x30, 0x82, 1, 10, 2, 0x82, 1, 1, 0];
    [&head[..], &modulus(), &[2, 3, 1, 0, 1]].concat()
}

/// `SubjectPublicKeyInfo` in DER.
fn spki() -> Vec<u8> {
    let head = [
        0x30, 0x82, 1, 0x22, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0, 3,
        0x82, 1, 15, 0,
    ];
    [&head[..], &pkcs1()].concat()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The public key as OpenSSH writes it: each part after its length.
fn ssh() -> String {
    let mut blob = Vec::new();
    for part in [b"ssh-rsa".to_vec(), vec![1, 0, 1], [&[0][..], &modulus()].concat()] {
        blob.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        blob.extend(part);
    }
    format!("ssh-rsa {}", BASE64_STANDARD.encode(blob))
}

#[test]
fn what_the_tests_start_from_is_accepted() {
    assert!(verify_static(static_signature()).is_ok());
    assert!(judge(&signer().token(&claims())).is_ok());
    assert!(judge(&token_with(&json!({}))).is_ok());
}

// Static signatures.

fn truncated_signatures_are_refused() {
    let whole = static_signature();
    for length in 0..whole.len() {
        assert!(verify_static(&whole[..length]).is_err(), "{length}");
    }
}

/// svix for Rust compared a signature only up to the shorter of the two lengths.
#[test]
fn cv4_21491_a_truncated_signature_is_refused() {
    truncated_signatures_are_refused();
    assert!(verify_static("v1,").is_err());
}

/// The same as CV4-21491, in the database of Rust.
#[test]
fn rustsec_2024_0010_a_truncated_signature_is_refused_beside_others() {
    let whole = static_signature();
    for length in 0..whole.len() {
        assert!(verify_static(format!("v1, {} v1,AAAA", &whole[..length])).is_err(), "{length}");
    }
}

/// The same as CV4-21491, in the database of the code host: here with more at the end.
#[test]
fn ghsa_747x_5m58_mq97_a_signature_with_more_behind_it_is_refused() {
    let whole = static_signature();
    for more in ["A", "=", "AAAA", ",", ",AAAA"] {
        assert!(verify_static(format!("{whole}{more}")).is_err(), "{more}");
    }
}

fn empty_secret() -> ConfigError {
    ConfigError::InvalidSecret { position: 1, problem: SecretProblem::Empty }
}

/// svix took an empty secret, with which anybody can sign.
#[test]
fn svix_webhooks_2347_an_empty_secret_is_refused() {
    for empty in ["", "whsec_"] {
        assert_eq!(Secret::parse(empty).unwrap_err(), empty_secret());
    }
}

/// standard-webhooks took an empty secret as well, also as raw bytes.
#[test]
fn standard_webhooks_286_an_empty_secret_is_refused_as_raw_bytes() {
    assert_eq!(Secret::from_raw_bytes([]).unwrap_err(), empty_secret());
}

/// Stripe's SDKs took an empty secret, such as that of a variable which is set to nothing.
#[test]
fn stripe_2026_09_a_secret_of_blanks_is_refused() {
    for blank in [" ", "\n", "whsec_ ", "\"\"", "''", "====", "whsec_===="] {
        assert!(Secret::parse(blank).is_err(), "{blank:?}");
    }
}

/// n8n never checked the signature of a webhook.
#[test]
fn cv6_21894_a_request_without_a_signature_is_refused() {
    assert!(matches!(verify_static(""), Err(Error::MissingHeader { .. })));
    assert!(matches!(judge(""), Err(Error::MissingHeader { .. })));
    let forged = format!("v1,{}", BASE64_STANDARD.encode([0; 32]));
    assert_eq!(verify_static(forged).unwrap_err(), Error::SignatureMismatch);
}

/// n8n did not store the secret, and skipped the check where there was none.
#[test]
fn cv6_86080_without_a_secret_or_a_key_nothing_is_accepted() {
    assert_eq!(StaticVerifier::builder().build().unwrap_err(), ConfigError::NoSecret);
    let refused = DynamicVerifier::builder().build().unwrap_err();
    assert_eq!(refused, ConfigError::NoAudienceAndNoBinding);
    let refused = judge_by(&set([]), &signer().token(&claims())).unwrap_err();
    assert_eq!(refused, Error::UnknownKey);
}

/// A helper for Stripe's webhooks started the check and did not wait for its result.
#[test]
fn ghsa_4g53_vp7q_gfjv_the_event_comes_out_of_the_check_alone() {
    // A result, and no promise of one: without it there is no delivery to go on with.
    let stranger = JwtSigner::new(KID, TestRsaKey::Three).token(&claims());
    let checked: Result<Delivery, Error> = judge(&stranger);
    assert_eq!(checked.unwrap_err(), Error::SignatureMismatch);
    let checked: Result<Delivery, Error> = verify_static("v1,forged");
    assert!(checked.is_err());
}

/// octokit's webhooks crashed the process while they made the error for a bad request.
#[test]
fn cv3_50728_a_bad_request_is_an_error_and_no_panic() {
    let odd =
        ["", ".", "..", "...", ",", "v1", "v1,", "v1a,", "a.b.c", "\0.\0.\0", "é.é.é", "=.=.="];
    for signature in odd {
        for error in [verify_static(signature).unwrap_err(), judge(signature).unwrap_err()] {
            assert!(error.status().is_client_error());
            assert!(!format!("{error} {error:?}").is_empty());
        }
    }
    let no_headers: [(&str, &str); 0] = [];
    assert!(builder().build().unwrap().verify_with(&set([]), &no_headers, "").is_err());
}

// Keys of the wrong kind, or of no kind.

/// `PyJWT` took an empty HMAC key from a JWK.
#[test]
fn cv6_102266_a_symmetric_key_is_no_key() {
    for k in ["", "AA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        let keys = set([json!({ "kty": "oct", "kid": KID, "alg": "HS256", "k": k })]);
        assert!(keys.is_empty());
        assert_eq!(keys.skipped()[0].reason, SkipReason::UnknownKeyType);
        let key = BASE64_URL_SAFE_NO_PAD.decode(k).unwrap();
        assert_eq!(token_problem(judge_by(&keys, &hs256(&key))), TokenProblem::AlgorithmNotRs256);
    }
}

/// fast-jwt accepted an unsigned token where the key was empty.
#[test]
fn cv6_107720_an_unsigned_token_is_refused_whatever_it_says() {
    for alg in ["none", "HS256", "RS256"] {
        let token = format!("{}.", unsigned(&json!({ "alg": alg, "kid": KID })));
        assert!(is_refused(&token, TokenProblem::NotThreeSegments), "{alg}");
    }
    assert!(hs256_is_refused(b""));
}

/// A key of an unknown type made all of jsonwebtoken's key set unreadable.
#[test]
fn jsonwebtoken_529_an_unknown_kty_does_not_spoil_the_set() {
    let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-44", "kid": "new", "pub": "AAAA" });
    let keys = set([unknown, signer().jwk()]);
    assert!(judge_by(&keys, &signer().token(&claims())).is_ok());
}

/// A malformed RSA key made all of `PyJWT`'s key set unreadable.
#[test]
fn cv6_102274_a_malformed_rsa_key_does_not_spoil_the_set() {
    for malformed in [
        json!({ "kty": "RSA", "kid": "a" }),
        json!({ "kty": "RSA", "kid": "a", "n": "", "e": "" }),
        json!({ "kty": "RSA", "kid": "a", "n": "A", "e": "AQAB" }),
        json!({ "kty": "RSA", "kid": "a", "n": 7, "e": null }),
        json!({ "kty": "RSA", "kid": "a", "n": "AAAA", "e": "AA" }),
    ] {
        let keys = set([malformed, signer().jwk()]);
        assert!(judge_by(&keys, &signer().token(&claims())).is_ok());
    }
}

/// jsonwebtoken for node took a key of the wrong type: HS256 by the public key.
#[test]
fn cv5_9235_hs256_by_the_public_key_in_pem_is_refused() {
    assert!(hs256_is_refused(pem("PUBLIC KEY", &spki())));
}

/// `PyJWT` did the same by spellings of the key that its check for PEM did not know.
#[test]
fn cv7_11424_hs256_by_the_public_key_in_the_pem_of_pkcs1_is_refused() {
    assert!(hs256_is_refused(pem("RSA PUBLIC KEY", &pkcs1())));
}

/// `PyJWT` did the same by the key as OpenSSH writes it.
#[test]
fn cv2_29217_hs256_by_the_public_key_of_openssh_is_refused() {
    assert!(hs256_is_refused(ssh()));
    assert!(hs256_is_refused(ssh() + "\n"));
}

/// fast-jwt did the same where the PEM was labelled `RSA PUBLIC KEY`; here without PEM as well.
#[test]
fn cv3_48223_hs256_by_the_public_key_of_pkcs1_is_refused() {
    assert!(hs256_is_refused(spki()));
    assert!(hs256_is_refused(pkcs1()));
    assert!(hs256_is_refused(pem("RSA PUBLIC KEY", &pkcs1()).trim_end()));
}

/// The fix of CV3-48223 was incomplete: white space before the PEM got past it.
#[test]
fn cv6_34950_hs256_by_the_public_key_after_white_space_is_refused() {
    for space in [" ", "\n", "\r\n", "\t", "\u{feff}"] {
        assert!(hs256_is_refused(format!("{space}{}", pem("PUBLIC KEY", &spki()))));
        assert!(hs256_is_refused(format!("{space}{}", pem("RSA PUBLIC KEY", &pkcs1()))));
    }
}

/// `PyJWT` did the same once more, by one more spelling of the key.
#[test]
fn cv6_48526_hs256_by_the_public_key_as_a_jwk_is_refused() {
    let jwk = signer().jwk();
    assert!(hs256_is_refused(jwk.to_string()));
    assert!(hs256_is_refused(jwks([jwk.clone()])));
    assert!(hs256_is_refused(jwk["n"].as_str().unwrap()));
    assert!(hs256_is_refused(modulus()));
}

/// Authlib did the same where the PEM had another label.
#[test]
fn cv4_37568_hs256_by_the_public_key_under_another_label_is_refused() {
    for label in ["CERTIFICATE", "EC PUBLIC KEY", "SSH2 PUBLIC KEY", ""] {
        assert!(hs256_is_refused(pem(label, &spki())));
    }
    assert!(hs256_is_refused(BASE64_STANDARD.encode(spki())));
}

/// jsonwebtoken for node accepted `none` where no algorithm was named.
#[test]
fn cv2_23540_none_is_refused() {
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let signed = token_with(&json!({ "alg": alg }));
        assert!(is_refused(&signed, TokenProblem::AlgorithmNotRs256), "{alg}");
        let (signed, _) = signed.rsplit_once('.').unwrap();
        assert!(judge(&format!("{signed}.")).is_err());
        assert!(judge(signed).is_err());
    }
}

/// jsonwebtoken for node could be given a key of one kind for the algorithm of another.
#[test]
fn cv2_23541_a_key_is_bound_to_its_algorithm() {
    let mut other_kind = Ed25519Signer::from_seed([1; 32]).jwk();
    other_kind["kid"] = KID.into();
    let refused = judge_by(&set([other_kind]), &signer().token(&claims())).unwrap_err();
    assert_eq!(refused, Error::UnknownKey);
    for alg in ["RS384", "RS512", "PS256", "ES256", "EdDSA"] {
        let token = token_with(&json!({ "alg": alg }));
        assert!(is_refused(&token, TokenProblem::AlgorithmNotRs256), "{alg}");
    }
}

fn key_without_alg() -> KeySet {
    let mut key = signer().jwk();
    key.as_object_mut().unwrap().remove("alg").unwrap();
    set([key])
}

/// Hono took the algorithm from the token where the key named none.
#[test]
fn cv6_22817_a_key_without_alg_is_for_rs256_alone() {
    let keys = key_without_alg();
    assert!(judge_by(&keys, &signer().token(&claims())).is_ok());
    for alg in ["RS384", "RS512", "PS256", "ES256", "none"] {
        let refused = judge_by(&keys, &token_with(&json!({ "alg": alg })));
        assert_eq!(token_problem(refused), TokenProblem::AlgorithmNotRs256, "{alg}");
    }
}

/// The same in Hono's other middleware: HS256 by a public key without an algorithm.
#[test]
fn cv6_22818_a_key_without_alg_is_not_for_hs256() {
    let keys = key_without_alg();
    for key in [pem("PUBLIC KEY", &spki()).into_bytes(), spki(), modulus()] {
        let refused = judge_by(&keys, &hs256(&key));
        assert_eq!(token_problem(refused), TokenProblem::AlgorithmNotRs256);
    }
}

/// `PyJWT` compared its list of algorithms with the header, and then used the key's.
#[test]
fn ghsa_jq35_7prp_9v3f_a_key_for_another_algorithm_is_no_key() {
    for alg in ["PS256", "RS512", "RSA-OAEP", "HS256", "none"] {
        let mut key = signer().jwk();
        key["alg"] = alg.into();
        let keys = set([key]);
        assert_eq!(keys.skipped()[0].reason, SkipReason::AlgorithmMismatch);
        let refused = judge_by(&keys, &signer().token(&claims())).unwrap_err();
        assert_eq!(refused, Error::UnknownKey);
    }
}

/// node-jws looked up the key of an HMAC by what the token said.
#[test]
fn cv5_65945_a_token_chooses_among_published_keys_and_no_others() {
    for kid in ["other", "../../dev/null", "file:///dev/null", "' UNION SELECT 'x", "KEY-1"] {
        let token = JwtSigner::new(kid, TestRsaKey::One).token(&claims());
        let error = judge(&token).unwrap_err();
        let visible = !kid.contains(' ');
        assert_eq!(error == Error::UnknownKey, visible, "{kid} {error}");
    }
}

// The header of a JWT.

fn is_forbidden(member: &str, value: Value) -> bool {
    is_refused(&token_with(&json!({ member: value })), TokenProblem::ForbiddenHeader)
}

/// Authlib ignored `crit`.
#[test]
fn cv5_59420_an_unknown_critical_member_is_refused() {
    let members = json!({ "crit": ["bork"], "bork": true });
    assert!(is_refused(&token_with(&members), TokenProblem::ForbiddenHeader));
}

/// `PyJWT` ignored `crit`.
#[test]
fn cv6_32597_a_known_critical_member_is_refused_too() {
    assert!(is_forbidden("crit", json!(["exp"])));
    let members = json!({ "crit": ["exp"], "exp": NOW + 300 });
    assert!(is_refused(&token_with(&members), TokenProblem::ForbiddenHeader));
}

/// fast-jwt ignored `crit`.
#[test]
fn ghsa_hm7r_c7qw_ghp6_a_malformed_crit_is_refused() {
    for crit in [json!([]), json!(null), json!("exp"), json!([1]), json!({}), json!(false)] {
        assert!(is_forbidden("crit", crit));
    }
}

/// jsonwebtoken for node ignores `crit`.
#[test]
fn node_jsonwebtoken_1032_crit_written_with_an_escape_is_refused() {
    let header = r#"{"alg":"RS256","kid":"key-1","\u0063rit":["b64"]}"#;
    let token = signer().token_of(header, claims().to_string());
    assert!(is_refused(&token, TokenProblem::ForbiddenHeader));
}

/// `PyJWT` decoded the payload for nothing where `b64` was false.
#[test]
fn ghsa_w7vc_732c_9m39_b64_is_refused() {
    for value in [json!(false), json!(true), json!(null)] {
        assert!(is_forbidden("b64", value.clone()));
        let members = json!({ "crit": ["b64"], "b64": value });
        assert!(is_refused(&token_with(&members), TokenProblem::ForbiddenHeader));
    }
}

/// node-jose verified by the key that the token brought.
#[test]
fn cv8_0114_a_key_in_the_token_is_never_used() {
    let stranger = JwtSigner::new(KID, TestRsaKey::Three);
    for (member, value) in [
        ("jwk", stranger.jwk()),
        ("jku", json!("https://example.com/jwks.json")),
        ("x5u", json!("https://example.com/cert.pem")),
        ("x5c", json!([BASE64_STANDARD.encode(spki())])),
    ] {
        let header = json!({ "alg": "RS256", "kid": KID, member: value });
        let token = stranger.token_of(header.to_string(), claims().to_string());
        assert!(is_refused(&token, TokenProblem::ForbiddenHeader), "{member}");
        assert!(is_forbidden(member, value));
    }
}

// The claims of a JWT.

fn wrong_types_are_refused(claim: &str) {
    let odd = [
        json!("1800000300"),
        json!("0"),
        json!(null),
        json!(true),
        json!(false),
        json!([1_800_000_300]),
        json!({}),
        json!(-1),
    ];
    for value in odd {
        let token = signer().token(&claims_with(claim, value.clone()));
        assert!(is_refused(&token, TokenProblem::MalformedClaims), "{claim} {value}");
    }
}

/// jsonwebtoken for Rust took an `nbf` of the wrong type as absent.
#[test]
fn cv6_25537_claims_of_the_wrong_type_are_not_absent() {
    for claim in ["nbf", "iat", "aud"] {
        let odd = json!({});
        let token = signer().token(&claims_with(claim, odd));
        assert!(is_refused(&token, TokenProblem::MalformedClaims), "{claim}");
    }
    wrong_types_are_refused("nbf");
}

/// The same as CV6-25537, in the database of the code host: here for `exp`.
#[test]
fn ghsa_h395_gr6q_cpjc_an_exp_of_the_wrong_type_is_not_absent() {
    wrong_types_are_refused("exp");
    wrong_types_are_refused("iat");
}

/// jwt-go did not look into an `aud` that was a list.
#[test]
fn cv0_26160_a_list_of_audiences_is_checked() {
    for aud in [json!([]), json!(["other"]), json!([""]), json!(["other", "one more"])] {
        let refused = judge(&signer().token(&claims_with("aud", aud))).unwrap_err();
        assert_eq!(refused, Error::WrongAudience);
    }
    let ours = claims_with("aud", json!(["other", AUDIENCE]));
    assert!(judge(&signer().token(&ours)).is_ok());
}

fn judge_issuer(iss: Value) -> Result<Delivery, Error> {
    let token = signer().token(&claims_with("iss", iss));
    let verifier = builder().issuer("https://accounts.example.com").build().unwrap();
    verifier.verify_with(&set([signer().jwk()]), &headers(token), "")
}

/// fast-jwt accepted a list of issuers with the right one among strangers.
#[test]
fn cv5_30144_a_list_of_issuers_is_refused() {
    let ours = "https://accounts.example.com";
    assert!(judge_issuer(json!(ours)).is_ok());
    for iss in [json!([ours]), json!(["https://attacker.example", ours]), json!([])] {
        assert_eq!(token_problem(judge_issuer(iss)), TokenProblem::MalformedClaims);
    }
}

/// `PyJWT` accepted an issuer that was a part of the right one.
#[test]
fn cv4_53861_a_part_of_the_issuer_is_refused() {
    for iss in ["https://accounts.example", "accounts", "", "h", "https://accounts.example.com/"] {
        assert_eq!(judge_issuer(json!(iss)).unwrap_err(), Error::WrongIssuer, "{iss}");
    }
}

/// fast-jwt checked nothing where the claims were a JSON array.
#[test]
fn cv6_107723_claims_that_are_no_object_are_refused() {
    for claims in ["[]", "[{}]", "null", "true", "1", "\"\"", &format!("[{}]", claims())] {
        let token = signer().token_of(json!({ "alg": "RS256", "kid": KID }).to_string(), claims);
        assert!(is_refused(&token, TokenProblem::MalformedClaims), "{claims}");
    }
}

/// python-jwt could be shown one token and made to believe another, by a mix of two forms.
#[test]
fn cv2_39227_a_polyglot_of_two_forms_is_refused() {
    let token = signer().token(&claims());
    let [header, genuine, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let forged = BASE64_URL_SAFE_NO_PAD.encode(claims_with("sub", json!("admin")).to_string());
    for polyglot in [
        format!(
            r#"{{"  {header}.{forged}.":"","protected":"{header}","payload":"{genuine}","signature":"{signature}"}}"#
        ),
        format!(r#"{{"protected":"{header}","payload":"{genuine}","signature":"{signature}"}}"#),
        format!(r#"{{"{header}.{genuine}.{signature}":1}}"#),
        format!("{header}.{forged}.{signature}\"{genuine}"),
    ] {
        assert!(judge(&polyglot).is_err(), "{polyglot}");
    }
}

// What a stranger can make us work.

/// golang-jwt split a token of a million dots into a million pieces.
#[test]
fn cv5_30204_a_million_dots_are_refused() {
    for dots in [3, 4, 1_000, 16_384, 1_000_000] {
        let error = judge(&".".repeat(dots)).unwrap_err();
        assert!(!matches!(error, Error::MalformedToken { .. }), "{error}");
    }
    let refused = judge(&".".repeat(4_096)).unwrap_err();
    assert_eq!(refused, Error::SchemeNotConfigured { saw: SeenScheme::Unknown });
}

/// go-jose did the same.
#[test]
fn cv5_27144_a_genuine_token_with_dots_behind_it_is_refused() {
    let token = signer().token(&claims());
    for dots in [1, 2, 1_000, 10_000] {
        assert!(judge(&format!("{token}{}", ".".repeat(dots))).is_err());
        assert!(judge(&format!("{}{token}", ".".repeat(dots))).is_err());
    }
}

/// Authlib decoded segments of any size.
#[test]
fn cv5_61920_a_token_over_16_kib_is_refused_before_it_is_decoded() {
    let big = "A".repeat(1 << 20);
    let token = signer().token(&claims());
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for huge in [
        format!("{big}.{claims}.{signature}"),
        format!("{header}.{big}.{signature}"),
        format!("{header}.{claims}.{big}"),
    ] {
        assert!(matches!(judge(&huge), Err(Error::MalformedHeader { .. })));
    }
}

/// Nimbus overflowed its stack on deep JSON.
#[test]
fn cv5_53864_deep_json_is_refused() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = |depth: usize| format!("{}0{}", open.repeat(depth), close.repeat(depth));
        for (depth, problem) in [
            (65, TokenProblem::MalformedHeader),
            (250, TokenProblem::MalformedHeader),
            (1_500, TokenProblem::HeaderTooLong),
        ] {
            let header = format!(r#"{{"alg":"RS256","kid":"key-1","x":{}}}"#, deep(depth));
            let token = signer().token_of(header, claims().to_string());
            assert!(is_refused(&token, problem));
            let claims = format!(r#"{{"aud":"{AUDIENCE}","x":{}}}"#, deep(depth));
            let header = json!({ "alg": "RS256", "kid": KID }).to_string();
            let token = signer().token_of(header, claims);
            assert!(is_refused(&token, TokenProblem::MalformedClaims));
        }
        let document = format!(r#"{{"keys":[{}]}}"#, deep(10_000));
        assert!(KeySet::from_json(document.as_bytes()).unwrap().is_empty());
    }
}

/// fast-jwt kept verified tokens under a bad key, and returned the claims of another.
#[test]
fn cv6_35039_each_token_gives_its_own_claims() {
    let verifier = builder().build().unwrap();
    let keys = set([signer().jwk()]);
    for n in [1, 2, 1, 3] {
        let id = format!("batch_{n}");
        let token = signer().token(&claims_with("data", json!({ "id": id })));
        let delivery = verifier.verify_with(&keys, &headers(token), "").unwrap();
        assert_eq!(delivery.event().job_id(), Some(&*id));
    }
}

/// Java accepted an ECDSA signature of zeros for every message and every key.
#[test]
fn cv2_21449_a_signature_of_zeros_is_refused() {
    let header = json!({ "alg": "RS256", "kid": KID });
    for length in [1, 64, 255, 256, 257] {
        let zeros = BASE64_URL_SAFE_NO_PAD.encode(vec![0; length]);
        let refused = judge(&format!("{}.{zeros}", unsigned(&header))).unwrap_err();
        assert_eq!(refused, Error::SignatureMismatch);
    }
    let keys = set([Ed25519Signer::from_seed([1; 32]).jwk()]);
    let any = builder().binding(Binding::dangerous_any_tenant()).build().unwrap();
    let zeros = headers(format!("v1a,{}", BASE64_STANDARD.encode([0; 64])));
    assert_eq!(any.verify_with(&keys, &zeros, BODY).unwrap_err(), Error::SignatureMismatch);
    let zeros = format!("v1,{}", BASE64_STANDARD.encode([0; 32]));
    assert_eq!(verify_static(zeros).unwrap_err(), Error::SignatureMismatch);
    assert!(judge(&format!("{}.{}", unsigned(&header), BASE64_URL_SAFE.encode([0; 256]))).is_err());
}

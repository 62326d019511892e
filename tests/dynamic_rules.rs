//! The rules of the protocol that concern dynamic deliveries: one test each, named after the rule.
#![cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use gemini_webhooks::testing::{
    Ed25519Signer, JwtSigner, ManualClock, TestRsaKey, jwks, sample_body,
};
use gemini_webhooks::{
    Binding, BodyAuthentication, ConfigError, Delivery, DynamicVerifier, DynamicVerifierBuilder,
    Error, Event, HeaderProblem, JobOwner, JwtMatch, KeySet, KeySetProblem, Party, Record,
    ReplayWindow, Scheme, SeenScheme, SkipReason, TokenProblem, UnreadableReason, WebhookHeader,
    limits,
};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const ID: &str = "msg_0f8fad5b-d9cb-469f-a165-70867728950e";
const AUDIENCE: &str = "my-project-client-id";
const KID: &str = "key-1";
const SECRET: &str = "a-token-of-ours-0001";
const HEADER: &str = r#"{"alg":"RS256","typ":"JWT","kid":"key-1"}"#;

// What the tests share.

fn clock() -> ManualClock {
    ManualClock::at(NOW.try_into().unwrap())
}

fn rsa() -> JwtSigner {
    JwtSigner::new(KID, TestRsaKey::One)
}

fn ed25519(n: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed([n; 32])
}

fn set(keys: impl IntoIterator<Item = Value>) -> KeySet {
    KeySet::from_json(jwks(keys).as_bytes()).unwrap()
}

fn keys() -> KeySet {
    set([ed25519(1).jwk(), rsa().jwk()])
}

fn builder() -> DynamicVerifierBuilder {
    DynamicVerifier::builder().clock(clock())
}

/// Accepts JWTs for our audience.
fn for_audience() -> DynamicVerifierBuilder {
    builder().audience(AUDIENCE)
}

/// Accepts `v1a` signatures of whomever.
fn any_tenant() -> DynamicVerifierBuilder {
    builder().binding(Binding::dangerous_any_tenant())
}

fn our_token() -> Binding {
    Binding::metadata_token("token", SECRET).unwrap()
}

fn event() -> Value {
    serde_json::from_str(sample_body("batch.succeeded").unwrap()).unwrap()
}

/// An event with these members in place of its own.
fn event_with(members: &Value) -> Value {
    with(event(), members)
}

/// The claims of a good token that holds the event.
fn claims() -> Value {
    event_with(&json!({ "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW }))
}

fn claims_with(members: &Value) -> Value {
    with(claims(), members)
}

/// The claims of a good token that says nothing of an event.
fn bearer_claims() -> Value {
    json!({ "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW })
}

fn with(mut object: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

fn without(mut object: Value, member: &str) -> Value {
    object.as_object_mut().unwrap().remove(member).unwrap();
    object
}

type Headers = [(&'static str, String); 3];

fn headers(signature: impl Into<String>) -> Headers {
    [
        ("webhook-id", ID.to_owned()),
        ("webhook-timestamp", NOW.to_string()),
        ("webhook-signature", signature.into()),
    ]
}

/// The headers of a delivery whose `v1a` signature is right for this body.
fn v1a(body: impl AsRef<[u8]>) -> Headers {
    headers(ed25519(1).signature(ID, &NOW.to_string(), body))
}

fn verify(
    builder: DynamicVerifierBuilder,
    headers: &Headers,
    body: impl Into<Bytes>,
) -> Result<Delivery, Error> {
    builder.build().unwrap().verify_with(&keys(), headers, body)
}

/// Judges a token as it stands, without a body.
fn judge(token: &str) -> Result<Delivery, Error> {
    verify(for_audience(), &headers(token), "")
}

fn judge_claims(claims: &Value) -> Result<Delivery, Error> {
    judge(&rsa().token(claims))
}

/// Judges claims byte by byte, under a good header and a good signature.
fn judge_claims_text(claims: impl AsRef<[u8]>) -> Result<Delivery, Error> {
    judge(&rsa().token_of(HEADER, claims))
}

/// Judges a header byte by byte, over good claims and with a good signature.
fn judge_header(header: impl AsRef<[u8]>) -> Result<Delivery, Error> {
    judge(&rsa().token_of(header, claims().to_string()))
}

fn judge_body(builder: DynamicVerifierBuilder, body: impl Into<Bytes>) -> Result<Delivery, Error> {
    let body = body.into();
    verify(builder, &v1a(&body), body)
}

fn judge_event(builder: DynamicVerifierBuilder, event: &Value) -> Result<Delivery, Error> {
    judge_body(builder, event.to_string())
}

fn token_problem(result: Result<Delivery, Error>) -> TokenProblem {
    match result {
        Err(Error::MalformedToken { problem }) => problem,
        other => panic!("{other:?}"),
    }
}

fn signature_problem(result: Result<Delivery, Error>) -> HeaderProblem {
    match result {
        Err(Error::MalformedHeader { header: WebhookHeader::Signature, problem }) => problem,
        other => panic!("{other:?}"),
    }
}

fn jwt_match(delivery: &Delivery) -> &JwtMatch {
    match delivery.scheme() {
        Scheme::Jwt(jwt) => jwt,
        other => panic!("{other:?}"),
    }
}

/// Why this key is not taken, next to one that must be.
fn skip_reason(key: Value) -> SkipReason {
    let keys = set([key, rsa().jwk()]);
    assert_eq!(keys.kids().collect::<Vec<_>>(), [KID]);
    let [skipped] = keys.skipped() else { panic!("{keys:?}") };
    assert_eq!(skipped.index, 0);
    skipped.reason
}

fn is_taken(key: Value) -> bool {
    let keys = set([key]);
    !keys.is_empty() && keys.skipped().is_empty()
}

/// An object that is nested this deep by itself: lists in one of its members.
fn nested(members: &str, depth: usize) -> String {
    format!("{{{members}\"x\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1))
}

/// The members of a JSON object without its braces, and a comma.
fn members_of(object: &str) -> String {
    format!("{},", &object[1..object.len() - 1])
}

// The two forms, told apart by syntax, each once it is configured.

#[test]
fn the_documented_form_is_a_bare_compact_jwt() {
    let delivery = judge_claims(&claims()).unwrap();
    assert_eq!(jwt_match(&delivery).kid(), KID);
    assert_eq!(delivery.event().job_id(), Some("batch_123456"));
}

#[test]
fn the_observed_form_is_v1a_ed25519() {
    let delivery = judge_event(any_tenant(), &event()).unwrap();
    assert_eq!(delivery.scheme(), &Scheme::Ed25519);
    assert_eq!(delivery.body_authentication(), BodyAuthentication::Signed);
    assert_eq!(delivery.event().job_id(), Some("batch_123456"));
}

#[test]
fn one_verifier_takes_both_forms() {
    let both = || for_audience().binding(Binding::dangerous_any_tenant());
    assert!(verify(both(), &headers(rsa().token(&claims())), "").is_ok());
    assert!(judge_event(both(), &event()).is_ok());
}

#[test]
fn each_form_is_accepted_once_it_is_configured() {
    let token = headers(rsa().token(&claims()));
    let saw = SeenScheme::Jwt;
    assert_eq!(verify(any_tenant(), &token, "").unwrap_err(), Error::SchemeNotConfigured { saw });
    let saw = SeenScheme::V1a;
    let refused = judge_event(for_audience(), &event()).unwrap_err();
    assert_eq!(refused, Error::SchemeNotConfigured { saw });
}

#[test]
fn a_static_signature_is_named_and_refused() {
    let entry = format!("v1,{}", BASE64_STANDARD.encode([0; 32]));
    for builder in [for_audience(), any_tenant()] {
        let refused = verify(builder, &headers(&entry), "").unwrap_err();
        assert_eq!(refused, Error::SchemeNotConfigured { saw: SeenScheme::V1 });
    }
}

#[test]
fn an_unknown_scheme_is_an_error_of_its_own() {
    for unknown in ["v2,AAAA", "a.b", "a.b.c.d", "nonsense", "a.b.c,"] {
        let refused = verify(any_tenant(), &headers(unknown), "").unwrap_err();
        let saw = SeenScheme::Unknown;
        assert_eq!(refused, Error::SchemeNotConfigured { saw }, "{unknown}");
    }
}

#[test]
fn without_an_audience_and_a_binding_nothing_is_built() {
    let issuer_alone = builder().issuer("somebody").accept_unsigned_body();
    assert_eq!(issuer_alone.build().unwrap_err(), ConfigError::NoAudienceAndNoBinding);
    assert_eq!(builder().build().unwrap_err(), ConfigError::NoAudienceAndNoBinding);
}

#[test]
fn what_concerns_jwts_alone_is_not_set_in_vain() {
    let bound = || builder().binding(Binding::dangerous_any_tenant());
    for in_vain in [bound().issuer("somebody"), bound().accept_unsigned_body()] {
        assert_eq!(in_vain.build().unwrap_err(), ConfigError::NoAudienceForJwts);
    }
    assert!(bound().build().is_ok());
}

#[test]
fn an_audience_is_never_defaulted_nor_empty() {
    for empty in [builder().audience(""), for_audience().audience(""), for_audience().issuer("")] {
        assert_eq!(empty.build().unwrap_err(), ConfigError::BadAudience);
    }
    let many = |n| (0..n).fold(builder(), |builder, n| builder.audience(format!("a{n}")));
    assert!(many(limits::MAX_AUDIENCES).build().is_ok());
    let too_many = many(limits::MAX_AUDIENCES + 1).build();
    assert_eq!(too_many.unwrap_err(), ConfigError::BadAudience);
}

#[test]
fn no_key_of_one_form_is_tried_on_the_other() {
    // The kid of the token names an Ed25519 key, and the key of the signature is an RSA key.
    let mut named = ed25519(1).jwk();
    named["kid"] = KID.into();
    let both = for_audience().binding(Binding::dangerous_any_tenant()).build().unwrap();
    let token = headers(rsa().token(&claims()));
    let refused = both.verify_with(&set([named]), &token, "").unwrap_err();
    assert_eq!(refused, Error::UnknownKey);
    let body = event().to_string();
    let refused = both.verify_with(&set([rsa().jwk()]), &v1a(&body), body).unwrap_err();
    assert_eq!(refused, Error::SignatureMismatch);
}

#[test]
fn an_rs256_signature_in_a_list_and_an_ed25519_signature_in_a_token_are_refused() {
    let token = rsa().token(&claims());
    let (signed, rs256) = token.rsplit_once('.').unwrap();
    let rs256 = BASE64_URL_SAFE_NO_PAD.decode(rs256).unwrap();
    let entry = format!("v1a,{}", BASE64_STANDARD.encode(rs256));
    let refused = verify(any_tenant(), &headers(entry), "");
    assert_eq!(signature_problem(refused), HeaderProblem::NoWellFormedEntry);
    // The signer writes `id.timestamp.body`, so that a token can be made of the three.
    let (header, claims) = signed.split_once('.').unwrap();
    let entry = ed25519(1).signature(header, claims, "");
    let ed25519 = BASE64_STANDARD.decode(&entry[4..]).unwrap();
    let token = format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(ed25519));
    assert_eq!(judge(&token).unwrap_err(), Error::SignatureMismatch);
}

#[test]
fn without_keys_everything_is_refused() {
    let both = for_audience().binding(Binding::dangerous_any_tenant()).build().unwrap();
    let token = headers(rsa().token(&claims()));
    let none = set([]);
    assert!(none.is_empty());
    assert_eq!(both.verify_with(&none, &token, "").unwrap_err(), Error::UnknownKey);
    let refused = both.verify_with(&none, &v1a("{}"), "{}").unwrap_err();
    assert_eq!(refused, Error::SignatureMismatch);
}

// What every delivery has.

#[test]
fn both_forms_need_each_of_the_three_headers_once() {
    let both = for_audience().binding(Binding::dangerous_any_tenant()).build().unwrap();
    let body = event().to_string();
    let every = [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature];
    for good in [headers(rsa().token(&claims())), v1a(&body)] {
        for (index, header) in every.into_iter().enumerate() {
            let verify = |headers: &Vec<_>| both.verify_with(&keys(), headers, body.clone());
            assert!(verify(&good.to_vec()).is_ok());
            let mut missing = good.to_vec();
            missing.remove(index);
            assert_eq!(verify(&missing).unwrap_err(), Error::MissingHeader { header });
            let mut empty = good.to_vec();
            empty[index].1.clear();
            assert_eq!(verify(&empty).unwrap_err(), Error::MissingHeader { header });
            let mut repeated = good.to_vec();
            repeated.push(good[index].clone());
            assert_eq!(verify(&repeated).unwrap_err(), Error::RepeatedHeader { header });
        }
    }
}

#[test]
fn the_replay_window_holds_for_both_forms() {
    let both = for_audience().binding(Binding::dangerous_any_tenant()).build().unwrap();
    let token = rsa().token(&claims());
    for (sent, expected) in [
        (NOW - 300, Ok(())),
        (NOW - 301, Err(Error::TooOld { age: 301, limit: 300 })),
        (NOW + 300, Ok(())),
        (NOW + 301, Err(Error::TooNew { ahead: 301, limit: 300 })),
    ] {
        let entry = ed25519(1).signature(ID, &sent.to_string(), "");
        for signature in [token.clone(), entry] {
            let mut headers = headers(signature);
            headers[1].1 = sent.to_string();
            let verdict = both.verify_with(&keys(), &headers, "").map(|_| ());
            assert_eq!(verdict, expected, "{sent}");
        }
    }
}

#[test]
fn the_replay_window_is_adjustable() {
    let window = ReplayWindow::new(Duration::from_secs(2), Duration::from_secs(1)).unwrap();
    let mut sent = headers(rsa().token(&claims()));
    for (at, fits) in [(NOW - 3, false), (NOW - 2, true), (NOW + 1, true), (NOW + 2, false)] {
        sent[1].1 = at.to_string();
        assert_eq!(verify(for_audience().replay_window(window), &sent, "").is_ok(), fits, "{at}");
    }
}

#[test]
fn the_time_of_the_event_is_never_used_against_replay() {
    let long_ago = event_with(&json!({ "timestamp": "1999-01-01T00:00:00Z" }));
    assert!(judge_event(any_tenant(), &long_ago).is_ok());
    assert!(judge_claims(&claims_with(&json!({ "timestamp": "1999-01-01T00:00:00Z" }))).is_ok());
}

#[test]
fn a_captured_request_can_be_verified_at_its_own_time() {
    let late = any_tenant().clock(ManualClock::at(1)).build().unwrap();
    let time = UNIX_EPOCH + Duration::from_secs(NOW.try_into().unwrap());
    assert!(late.verify_with(&keys(), &v1a("{}"), "{}").is_err());
    assert!(late.verify_with_at(&keys(), &v1a("{}"), "{}", time).is_ok());
}

#[test]
fn a_body_is_bounded_and_the_bound_itself_passes() {
    let limit = limits::LEAST_MAX_BODY_BYTES;
    let both = for_audience().accept_unsigned_body().binding(Binding::dangerous_any_tenant());
    let verifier = both.max_body_bytes(limit).build().unwrap();
    assert_eq!(verifier.max_body_bytes(), limit);
    let judge = |size: usize| {
        let body = " ".repeat(size);
        [v1a(&body), headers(rsa().token(&bearer_claims()))]
            .map(|headers| verifier.verify_with(&keys(), &headers, body.clone()).map(|_| ()))
    };
    for size in [limit - 1, limit] {
        assert_eq!(judge(size), [Ok(()), Ok(())]);
    }
    assert_eq!(
        judge(limit + 1),
        [Err(Error::BodyTooLarge { limit }), Err(Error::BodyTooLarge { limit })]
    );
}

#[test]
fn the_bound_of_a_body_is_bounded_itself() {
    let (least, greatest) = (limits::LEAST_MAX_BODY_BYTES, limits::GREATEST_MAX_BODY_BYTES);
    for (bytes, fits) in
        [(least - 1, false), (least, true), (greatest, true), (greatest + 1, false)]
    {
        let built = any_tenant().max_body_bytes(bytes).build();
        assert_eq!(built.err(), (!fits).then_some(ConfigError::MaxBodyOutOfRange));
    }
}

#[test]
fn every_failure_to_authenticate_has_one_status() {
    let refused = [
        judge("a.b.c"),
        judge(&JwtSigner::new(KID, TestRsaKey::Two).token(&claims())),
        judge(&JwtSigner::new("other", TestRsaKey::One).token(&claims())),
        judge_claims(&claims_with(&json!({ "aud": "other" }))),
        judge_claims(&claims_with(&json!({ "exp": NOW - 3600 }))),
        judge_claims(&bearer_claims()),
        judge_event(builder().binding(our_token()), &event()),
        verify(any_tenant(), &v1a("a"), "b"),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert_eq!((error.status().as_u16(), error.who_must_act()), (400, Party::Sender));
    }
}

// The JWT as a text.

#[test]
fn a_token_has_three_segments_with_something_in_each() {
    let token = rsa().token(&claims());
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for empty in [
        "..".to_owned(),
        format!(".{claims}.{signature}"),
        format!("{header}..{signature}"),
        format!("{header}.{claims}."),
    ] {
        assert_eq!(token_problem(judge(&empty)), TokenProblem::NotThreeSegments, "{empty}");
    }
    // Without two dots it is no token at all.
    for other in [
        header.to_owned(),
        format!("{header}.{claims}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}.{signature}"),
        ".".repeat(4096),
    ] {
        let refused = judge(&other).unwrap_err();
        assert_eq!(refused, Error::SchemeNotConfigured { saw: SeenScheme::Unknown }, "{other}");
    }
}

#[test]
fn a_prefix_is_no_part_of_a_token() {
    let token = rsa().token(&claims());
    for prefix in ["Bearer ", "bearer ", "JWT ", " ", "v1a"] {
        let refused = judge(&format!("{prefix}{token}"));
        assert_eq!(token_problem(refused), TokenProblem::NotBase64Url, "{prefix}");
    }
    assert!(judge(&format!("v1a,{token}")).is_err());
    assert!(judge(&format!("{token} {token}")).is_err());
    assert!(judge(&format!("\"{token}\"")).is_err());
}

#[test]
fn the_json_form_of_a_token_is_refused() {
    let token = rsa().token(&claims());
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let flat = json!({ "protected": header, "payload": claims, "signature": signature });
    let general = json!({ "payload": claims, "signatures": [{ "protected": header, "signature": signature }] });
    for form in [flat, general] {
        assert!(matches!(judge(&form.to_string()), Err(Error::SchemeNotConfigured { .. })));
    }
    // With a genuine token inside, both dots of it included.
    let polyglot = format!("{{\"x\":\"{token}\"}}");
    assert_eq!(token_problem(judge(&polyglot)), TokenProblem::NotBase64Url);
}

/// Every other way to write the same bytes: none of them may pass.
fn other_spellings(segment: &str) -> Vec<String> {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (body, last) = segment.split_at(segment.len() - 1);
    let value = alphabet.find(last).unwrap();
    let mut spellings = vec![
        format!("{segment}="),
        format!("{segment}=="),
        format!(" {segment}"),
        format!("{segment} "),
        format!("{body} {last}"),
        format!("{segment}%3D"),
        format!("{segment}?"),
    ];
    // Bits that encode nothing: two of them in the third character of four, four in the second.
    let spare = [0, 0, 4, 2][segment.len() % 4];
    spellings
        .extend((1..(1 << spare)).map(|bits| format!("{body}{}", &alphabet[value + bits..][..1])));
    let standard = segment.replace('-', "+").replace('_', "/");
    spellings.extend((standard != segment).then_some(standard));
    spellings
}

#[test]
fn signatures_have_one_spelling() {
    let token = rsa().token(&claims());
    assert!(judge(&token).is_ok());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    for spelling in other_spellings(signature) {
        let refused = judge(&format!("{signed}.{spelling}"));
        assert!(refused.is_err(), "{spelling}");
    }
}

#[test]
fn each_segment_of_a_token_has_one_spelling() {
    // Refused for the spelling, before the signature that it does not fit is looked at.
    for pad in ["", " ", "  "] {
        let token = rsa().token_of(format!("{HEADER}{pad}"), format!("{}{pad}", claims()));
        assert!(judge(&token).is_ok());
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            panic!()
        };
        for spelling in other_spellings(header) {
            let refused = judge(&format!("{spelling}.{claims}.{signature}"));
            assert_eq!(token_problem(refused), TokenProblem::NotBase64Url, "{spelling}");
        }
        for spelling in other_spellings(claims) {
            let refused = judge(&format!("{header}.{spelling}.{signature}"));
            assert_eq!(token_problem(refused), TokenProblem::NotBase64Url, "{spelling}");
        }
    }
}

#[test]
fn spare_bits_are_looked_for_where_there_are_some() {
    assert_eq!(other_spellings("QQ").len(), 7 + 15);
    assert_eq!(other_spellings("QUE").len(), 7 + 3);
    assert_eq!(other_spellings("_-8").len(), 7 + 3 + 1);
}

/// A good token of exactly this many bytes.
fn token_of_length(bytes: usize) -> String {
    let text = claims_with(&json!({ "pad": "" })).to_string();
    let encoded = |length: usize| (4 * length).div_ceil(3);
    let signature = 2 + encoded(256);
    let fits =
        |header: usize, claims: usize| encoded(header) + encoded(claims) + signature == bytes;
    let (header, claims) = (0..3)
        .flat_map(|pad| (text.len()..bytes).map(move |claims| (HEADER.len() + pad, claims)))
        .find(|(header, claims)| fits(*header, *claims))
        .unwrap();
    let pad = "x".repeat(claims - text.len());
    let token = rsa()
        .token_of(format!("{HEADER:header$}"), claims_with(&json!({ "pad": pad })).to_string());
    assert_eq!(token.len(), bytes);
    token
}

#[test]
fn a_token_is_bounded_at_16_kib_and_the_bound_itself_passes() {
    let limit = limits::MAX_SIGNATURE_HEADER_BYTES;
    assert!(judge(&token_of_length(limit - 1)).is_ok());
    assert!(judge(&token_of_length(limit)).is_ok());
    let refused = judge(&token_of_length(limit + 1));
    assert_eq!(signature_problem(refused), HeaderProblem::TooLong { limit });
    for huge in ["a".repeat(1 << 20), ".".repeat(1 << 20), "a.b.".repeat(1 << 18)] {
        assert_eq!(signature_problem(judge(&huge)), HeaderProblem::TooLong { limit });
    }
}

// The header of the JWT.

#[test]
fn the_header_must_say_rs256() {
    let others = [
        "none", "None", "NONE", "nOnE", "", "rs256", "RS256 ", "Rs256", "RS384", "RS512", "PS256",
        "PS384", "PS512", "HS256", "HS384", "HS512", "ES256", "ES384", "EdDSA", "Ed25519", "RSA",
    ];
    for alg in others {
        let refused = judge_header(json!({ "alg": alg, "kid": KID }).to_string());
        assert_eq!(token_problem(refused), TokenProblem::AlgorithmNotRs256, "{alg}");
    }
    let refused = judge_header(json!({ "kid": KID }).to_string());
    assert_eq!(token_problem(refused), TokenProblem::AlgorithmNotRs256);
    for odd in [json!(null), json!(256), json!(["RS256"]), json!({ "RS256": true }), json!(true)] {
        let refused = judge_header(json!({ "alg": odd, "kid": KID }).to_string());
        assert_eq!(token_problem(refused), TokenProblem::MalformedHeader, "{odd}");
    }
}

#[test]
fn typ_is_absent_or_jwt() {
    for header in [
        json!({ "alg": "RS256", "kid": KID }),
        json!({ "alg": "RS256", "kid": KID, "typ": "JWT" }),
        json!({ "alg": "RS256", "kid": KID, "typ": "jwt" }),
    ] {
        assert!(judge_header(header.to_string()).is_ok());
    }
    for typ in ["at+jwt", "application/jwt", "JWE", "JOSE", "JWT ", "", "secevent+jwt"] {
        let refused = judge_header(json!({ "alg": "RS256", "kid": KID, "typ": typ }).to_string());
        assert_eq!(token_problem(refused), TokenProblem::TypeNotJwt, "{typ}");
    }
    for odd in [json!(null), json!(["JWT"]), json!(1)] {
        let refused = judge_header(json!({ "alg": "RS256", "kid": KID, "typ": odd }).to_string());
        assert_eq!(token_problem(refused), TokenProblem::MalformedHeader, "{odd}");
    }
}

#[test]
fn members_that_change_the_meaning_or_bring_a_key_are_refused() {
    let forbidden = ["crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c"];
    let values = [
        json!(null),
        json!([]),
        json!(["exp"]),
        json!({}),
        json!(true),
        json!(false),
        json!("DEF"),
        rsa().jwk(),
    ];
    for member in forbidden {
        for value in &values {
            let header = json!({ "alg": "RS256", "kid": KID, member: value });
            let refused = judge_header(header.to_string());
            assert_eq!(token_problem(refused), TokenProblem::ForbiddenHeader, "{header}");
        }
        // Written with an escape it is the same member.
        let escaped = format!("\\u{:04x}{}", member.as_bytes()[0], &member[1..]);
        let header = format!("{{{}\"{escaped}\":1}}", members_of(HEADER));
        assert_eq!(token_problem(judge_header(header)), TokenProblem::ForbiddenHeader, "{member}");
    }
}

#[test]
fn other_members_of_the_header_are_ignored() {
    let header = json!({ "alg": "RS256", "kid": KID, "x5t": "a", "jti": 1, "é": [{}], "Crit": 1 });
    assert!(judge_header(header.to_string()).is_ok());
}

#[test]
fn the_header_names_each_member_once() {
    for header in [
        r#"{"alg":"RS256","alg":"RS256","kid":"key-1"}"#,
        r#"{"alg":"none","alg":"RS256","kid":"key-1"}"#,
        r#"{"alg":"RS256","\u0061lg":"RS256","kid":"key-1"}"#,
        r#"{"alg":"RS256","kid":"key-1","kid":"key-1"}"#,
        r#"{"alg":"RS256","kid":"key-1","kid":"key-2"}"#,
        r#"{"alg":"RS256","kid":"key-1","typ":"JWT","typ":"JWT"}"#,
    ] {
        let refused = judge_header(header);
        assert_eq!(token_problem(refused), TokenProblem::MalformedHeader, "{header}");
    }
}

/// What is no JSON object in UTF-8, made of one that is.
fn not_one_object(object: &str) -> Vec<Vec<u8>> {
    let utf16 = object.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let members = members_of(object);
    let texts = [
        format!("[{object}]"),
        format!("\u{feff}{object}"),
        format!("{object}{object}"),
        format!("{object}x"),
        format!("{object}\0"),
        format!("{{{members}}}"),
        format!("{{{members}\"x\":\"\\ud800\"}}"),
        format!("{{{members}\"x\":\"\n\"}}"),
        format!("{{{members}\"x\":NaN}}"),
        format!("{{{members}\"x\":1e400}}"),
        format!("{{{members}\"x\":01}}"),
        format!("{{{members}'x':1}}"),
        format!("{{{members}/**/\"x\":1}}"),
        object[..object.len() - 1].to_owned(),
        "null".to_owned(),
        "true".to_owned(),
        "1".to_owned(),
        "\"\"".to_owned(),
        "[]".to_owned(),
        " ".to_owned(),
    ];
    let mut inputs: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    let open = format!("{{{members}\"x\":\"");
    inputs.extend([utf16, [open.as_bytes(), b"\xff\"}"].concat()]);
    inputs.push([open.as_bytes(), b"\xc0\xae\"}"].concat());
    inputs.push([open.as_bytes(), b"\xed\xa0\x80\"}"].concat());
    inputs
}

#[test]
fn the_header_is_one_json_object_in_utf8() {
    for header in not_one_object(HEADER) {
        let refused = token_problem(judge_header(&header));
        let text = String::from_utf8_lossy(&header);
        assert_eq!(refused, TokenProblem::MalformedHeader, "{text}");
    }
    let refused = token_problem(judge_header("{}"));
    assert_eq!(refused, TokenProblem::AlgorithmNotRs256);
    assert!(judge_header(format!(" \n{HEADER}\t\r ")).is_ok());
}

#[test]
fn a_header_is_bounded_before_it_is_decoded() {
    let padded = |bytes: usize| format!("{HEADER}{}", " ".repeat(bytes - HEADER.len()));
    // Three bytes are four characters.
    let limit = limits::MAX_JWT_HEADER_BYTES / 4 * 3;
    assert!(judge_header(padded(limit)).is_ok());
    let refused = judge_header(padded(limit + 1));
    assert_eq!(token_problem(refused), TokenProblem::HeaderTooLong);
}

#[test]
fn the_header_is_nested_at_most_64_deep() {
    let limit = limits::MAX_JSON_DEPTH;
    let members = members_of(HEADER);
    assert!(judge_header(nested(&members, limit - 1)).is_ok());
    assert!(judge_header(nested(&members, limit)).is_ok());
    for depth in [limit + 1, 200, 700] {
        let refused = judge_header(nested(&members, depth));
        assert_eq!(token_problem(refused), TokenProblem::MalformedHeader, "{depth}");
    }
}

#[test]
fn a_kid_is_required_and_1_to_256_visible_characters() {
    let refused = judge_header(r#"{"alg":"RS256"}"#);
    assert_eq!(token_problem(refused), TokenProblem::BadKid);
    let longest = "k".repeat(limits::MAX_KID_BYTES);
    let bad = [
        String::new(),
        format!("{longest}k"),
        "k".repeat(1024),
        "key 1".to_owned(),
        "key-1\0".to_owned(),
        "key-1\n".to_owned(),
        "key\u{1b}[31m".to_owned(),
        "key-1\u{7f}".to_owned(),
        "kéy".to_owned(),
        "\u{202e}1-yek".to_owned(),
    ];
    for kid in bad {
        let refused = judge_header(json!({ "alg": "RS256", "kid": kid }).to_string());
        assert_eq!(token_problem(refused), TokenProblem::BadKid, "{kid:?}");
    }
    for odd in [json!(null), json!(1), json!([KID]), json!({}), json!(true)] {
        let refused = judge_header(json!({ "alg": "RS256", "kid": odd }).to_string());
        assert_eq!(token_problem(refused), TokenProblem::MalformedHeader, "{odd}");
    }
}

#[test]
fn the_longest_kid_chooses_its_key() {
    let longest = "k".repeat(limits::MAX_KID_BYTES);
    let signer = JwtSigner::new(longest.clone(), TestRsaKey::One);
    let token = headers(signer.token(&claims()));
    let keys = set([signer.jwk()]);
    let delivery = for_audience().build().unwrap().verify_with(&keys, &token, "").unwrap();
    assert_eq!(jwt_match(&delivery).kid(), longest);
}

#[test]
fn a_kid_is_matched_exactly_and_no_other_key_is_tried() {
    let others = ["KEY-1", "Key-1", "key-", "key-11", "*", "%", "../key-1", "'or'1'='1", "key-1/"];
    for kid in others {
        // The signature is right by the only key there is.
        let token = JwtSigner::new(kid, TestRsaKey::One).token(&claims());
        assert_eq!(judge(&token).unwrap_err(), Error::UnknownKey, "{kid}");
    }
    let escaped = r#"{"alg":"RS256","kid":"\u006bey-1"}"#;
    assert!(judge_header(escaped).is_ok(), "an escape is the same text");
}

#[test]
fn the_key_of_that_kid_alone_is_used() {
    let (one, two) = (rsa(), JwtSigner::new("key-2", TestRsaKey::Two));
    let keys = set([one.jwk(), two.jwk()]);
    let verifier = for_audience().build().unwrap();
    let verify = |token: String| verifier.verify_with(&keys, &headers(token), "");
    assert!(verify(one.token(&claims())).is_ok());
    assert!(verify(two.token(&claims())).is_ok());
    let crossed = JwtSigner::new("key-2", TestRsaKey::One).token(&claims());
    assert_eq!(verify(crossed).unwrap_err(), Error::SignatureMismatch);
}

#[test]
fn what_is_signed_is_the_header_and_the_claims() {
    let token = rsa().token(&claims());
    let [header, body, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    let later = BASE64_URL_SAFE_NO_PAD.encode(claims_with(&json!({ "x": 1 })).to_string());
    let spaced = BASE64_URL_SAFE_NO_PAD.encode(format!("{HEADER} "));
    for forged in [
        format!("{header}.{later}.{signature}"),
        format!("{spaced}.{body}.{signature}"),
        format!("{header}.{body}.{}", &signature[..signature.len() - 2]),
        format!("{header}.{body}.{signature}AA"),
        format!("{header}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 256])),
        format!("{header}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode([0xff; 256])),
        format!("{header}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode([1])),
        format!("{header}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode([1; 1024])),
    ] {
        assert_eq!(judge(&forged).unwrap_err(), Error::SignatureMismatch, "{forged}");
    }
}

#[test]
fn a_signature_longer_than_any_key_makes_is_malformed() {
    let token = rsa().token(&claims());
    let [header, body, _] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for length in [1025, 4096] {
        let signature = BASE64_URL_SAFE_NO_PAD.encode(vec![1; length]);
        let refused = judge(&format!("{header}.{body}.{signature}")).unwrap_err();
        assert_eq!(refused, Error::MalformedToken { problem: TokenProblem::SignatureTooLong });
    }
}

// The claims: whom a token is for.

#[test]
fn an_audience_is_matched_exactly() {
    let url = "https://example.com/hook";
    let judge = |aud: &str| {
        let token = rsa().token(&claims_with(&json!({ "aud": aud })));
        verify(builder().audience(url), &headers(token), "")
    };
    assert!(judge(url).is_ok());
    for other in [
        "https://example.com/hook/",
        "https://example.com/hoo",
        "https://example.com/hook?x",
        "https://EXAMPLE.com/hook",
        "http://example.com/hook",
        " https://example.com/hook",
        "https://example.com/hook,",
        "https://example.com/hook\0",
        "",
        "*",
    ] {
        assert_eq!(judge(other).unwrap_err(), Error::WrongAudience, "{other}");
    }
}

#[test]
fn a_token_without_an_audience_is_refused() {
    assert_eq!(judge_claims(&without(claims(), "aud")).unwrap_err(), Error::WrongAudience);
}

#[test]
fn any_configured_audience_is_accepted() {
    for aud in ["a", "b", "c"] {
        let token = rsa().token(&claims_with(&json!({ "aud": aud })));
        let verifier = builder().audience("a").audience("b");
        assert_eq!(verify(verifier, &headers(token), "").is_ok(), aud != "c");
    }
}

#[test]
fn a_list_of_audiences_needs_one_of_ours() {
    for (aud, ours) in [
        (json!([AUDIENCE]), true),
        (json!(["a", AUDIENCE]), true),
        (json!([AUDIENCE, "a"]), true),
        (json!([]), false),
        (json!(["a", "b"]), false),
        (json!([""]), false),
        (json!([format!("{AUDIENCE},a")]), false),
    ] {
        let verdict = judge_claims(&claims_with(&json!({ "aud": aud }))).map(|_| ());
        assert_eq!(verdict, if ours { Ok(()) } else { Err(Error::WrongAudience) }, "{aud}");
    }
}

#[test]
fn an_audience_of_another_type_is_refused() {
    for aud in [
        json!(null),
        json!(1),
        json!(true),
        json!({ AUDIENCE: true }),
        json!([AUDIENCE, 1]),
        json!([AUDIENCE, null]),
        json!([[AUDIENCE]]),
        json!([{ "aud": AUDIENCE }, AUDIENCE]),
    ] {
        let refused = judge_claims(&claims_with(&json!({ "aud": aud })));
        assert_eq!(token_problem(refused), TokenProblem::MalformedClaims, "{aud}");
    }
}

#[test]
fn an_issuer_is_required_where_one_is_configured_and_matched_exactly() {
    let issuer = "https://accounts.google.com";
    let judge = |claims: &Value| {
        let token = rsa().token(claims);
        verify(for_audience().issuer(issuer).issuer("other"), &headers(token), "")
    };
    for good in [issuer, "other"] {
        assert!(judge(&claims_with(&json!({ "iss": good }))).is_ok());
    }
    for wrong in ["https://accounts.google.com/", "accounts.google.com", "https", "", "oTHER"] {
        let refused = judge(&claims_with(&json!({ "iss": wrong }))).unwrap_err();
        assert_eq!(refused, Error::WrongIssuer, "{wrong}");
    }
    assert_eq!(judge(&claims()).unwrap_err(), Error::WrongIssuer);
    for odd in [json!([issuer]), json!(null), json!(1), json!({ "iss": issuer })] {
        let refused = judge(&claims_with(&json!({ "iss": odd })));
        assert_eq!(token_problem(refused), TokenProblem::MalformedClaims, "{odd}");
    }
}

#[test]
fn an_issuer_is_not_asked_for_where_none_is_configured() {
    assert!(judge_claims(&claims()).is_ok());
    assert!(judge_claims(&claims_with(&json!({ "iss": "whoever" }))).is_ok());
}

// The claims: when a token is valid.

/// Judges a token with these times, relative to now.
fn judge_times(
    builder: DynamicVerifierBuilder,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
) -> Result<(), Error> {
    let mut claims = with(event(), &json!({ "aud": AUDIENCE, "exp": NOW + exp }));
    for (name, time) in [("iat", iat), ("nbf", nbf)] {
        if let Some(time) = time {
            claims[name] = json!(NOW + time);
        }
    }
    verify(builder, &headers(rsa().token(&claims)), "").map(|_| ())
}

const DAY: i64 = 24 * 3600;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_token_without_exp_is_refused() {
    let refused = judge_claims(&without(claims(), "exp"));
    assert_eq!(token_problem(refused), TokenProblem::NoExpiry);
}

#[test]
fn a_token_ends_at_its_expiry_and_the_leeway() {
    let judge = |exp| judge_times(for_audience(), exp, None, None);
    assert_eq!(judge(1), Ok(()));
    assert_eq!(judge(-59), Ok(()));
    assert_eq!(judge(-60), Err(Error::TokenExpired));
    assert_eq!(judge(-61), Err(Error::TokenExpired));
    let without_leeway = |exp| judge_times(for_audience().leeway(seconds(0)), exp, None, None);
    assert_eq!(without_leeway(1), Ok(()));
    assert_eq!(without_leeway(0), Err(Error::TokenExpired));
    let with_most = |exp| judge_times(for_audience().leeway(seconds(300)), exp, None, None);
    assert_eq!(with_most(-299), Ok(()));
    assert_eq!(with_most(-300), Err(Error::TokenExpired));
}

#[test]
fn a_fraction_does_not_prolong_a_token() {
    for (exp, verdict) in [
        ("1799999940.999", Err(Error::TokenExpired)),
        ("1799999941.0", Ok(())),
        ("1.799999941e9", Ok(())),
        ("1800000300.25", Ok(())),
    ] {
        let claims = without(without(claims(), "exp"), "iat").to_string();
        let claims = format!("{{{}\"exp\":{exp}}}", members_of(&claims));
        assert_eq!(judge_claims_text(claims).map(|_| ()), verdict, "{exp}");
    }
}

#[test]
fn exp_is_never_further_ahead_than_the_longest_life_and_the_leeway() {
    for iat in [None, Some(60)] {
        let judge = |exp| judge_times(for_audience(), exp, iat, None);
        assert_eq!(judge(DAY + 59), Ok(()));
        assert_eq!(judge(DAY + 60), Ok(()));
        assert_eq!(judge(DAY + 61), Err(Error::TokenLivesTooLong));
    }
    for exp in [10 * DAY, 253_402_300_799 - NOW] {
        let refused = judge_times(for_audience(), exp, None, None);
        assert_eq!(refused, Err(Error::TokenLivesTooLong));
    }
}

#[test]
fn a_token_lives_no_longer_than_the_longest_life_from_its_issue() {
    for iat in [-300, 0, 60] {
        let judge = |life| judge_times(for_audience(), iat + life, Some(iat), None);
        assert_eq!(judge(DAY - 1), Ok(()));
        assert_eq!(judge(DAY), Ok(()));
        assert_eq!(judge(DAY + 1), Err(Error::TokenLivesTooLong));
    }
}

#[test]
fn the_longest_life_is_adjustable() {
    for life in [60, 7 * DAY] {
        let allowed = || for_audience().longest_token_life(seconds(life.try_into().unwrap()));
        assert_eq!(judge_times(allowed(), life, Some(0), None), Ok(()));
        let refused = Err(Error::TokenLivesTooLong);
        assert_eq!(judge_times(allowed(), life + 1, Some(0), None), refused);
        assert_eq!(judge_times(allowed(), life + 60, None, None), Ok(()));
        assert_eq!(judge_times(allowed(), life + 61, None, None), refused);
    }
}

#[test]
fn nbf_and_iat_are_not_ahead_by_more_than_the_leeway() {
    for (leeway, builder) in [(60, for_audience()), (0, for_audience().leeway(seconds(0)))] {
        let verifier = builder.build().unwrap();
        for claim in ["nbf", "iat"] {
            let judge = |ahead: i64| {
                let claims = claims_with(&json!({ claim: NOW + ahead }));
                let token = headers(rsa().token(&claims));
                verifier.verify_with(&keys(), &token, "").map(|_| ())
            };
            assert_eq!(judge(leeway - 1), Ok(()));
            assert_eq!(judge(leeway), Ok(()));
            assert_eq!(judge(leeway + 1), Err(Error::TokenNotYetValid));
            assert_eq!(judge(10 * DAY), Err(Error::TokenNotYetValid));
        }
    }
}

#[test]
fn a_token_is_no_older_than_the_largest_age_and_the_leeway() {
    let judge = |iat| judge_times(for_audience(), 300, Some(iat), None);
    assert_eq!(judge(-359), Ok(()));
    assert_eq!(judge(-360), Ok(()));
    assert_eq!(judge(-361), Err(Error::TokenTooOld));
    for (age, leeway) in [(1, 0), (1, 300), (DAY, 60)] {
        let allowed = || {
            for_audience()
                .max_token_age(seconds(age.try_into().unwrap()))
                .leeway(seconds(leeway.try_into().unwrap()))
                .longest_token_life(seconds(7 * 24 * 3600))
        };
        let oldest = age + leeway;
        assert_eq!(judge_times(allowed(), 300, Some(-oldest), None), Ok(()));
        let refused = judge_times(allowed(), 300, Some(-oldest - 1), None);
        assert_eq!(refused, Err(Error::TokenTooOld));
    }
    assert_eq!(Error::TokenTooOld.code(), "token_too_old");
}

#[test]
fn an_old_nbf_is_no_age() {
    assert_eq!(judge_times(for_audience(), 300, None, Some(-10 * DAY)), Ok(()));
}

#[test]
fn without_iat_freshness_rests_on_exp_and_the_delivery_says_so() {
    let delivery = judge_claims(&without(claims(), "iat")).unwrap();
    assert_eq!(jwt_match(&delivery).issued_at(), None);
    assert_eq!(jwt_match(&delivery).expires_at().unix_timestamp(), NOW + 300);
    let delivery = judge_claims(&claims()).unwrap();
    assert_eq!(jwt_match(&delivery).issued_at().unwrap().unix_timestamp(), NOW);
}

#[test]
fn times_are_numbers_from_1970_to_9999_and_nothing_else() {
    let odd = [
        "-1",
        "-0.5",
        "-1800000300",
        "253402300800",
        "1e12",
        "1e300",
        "1e400",
        "-1e400",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "\"1800000300\"",
        "\"\"",
        "true",
        "false",
        "null",
        "[1800000300]",
        "{}",
        "{\"$serde_json::private::Number\":\"-1\"}",
        "{\"$serde_json::private::Number\":\"1800000300\"}",
        "NaN",
        "Infinity",
        "0x6b49d200",
        "01800000300",
        "+1800000300",
        "1_800_000_300",
    ];
    for claim in ["exp", "nbf", "iat"] {
        let mut good = claims_with(&json!({ "nbf": NOW }));
        good.as_object_mut().unwrap().remove(claim);
        for value in odd {
            let claims = format!("{{{}\"{claim}\":{value}}}", members_of(&good.to_string()));
            let refused = judge_claims_text(claims);
            assert_eq!(token_problem(refused), TokenProblem::MalformedClaims, "{claim} {value}");
        }
    }
}

#[test]
fn times_at_the_ends_of_their_range_overflow_nothing() {
    let extremes = ["0", "-0.0", "1", "1e-300", "253402300799", "253402300799.9"];
    for exp in extremes {
        for iat in extremes {
            for nbf in extremes {
                let claims = format!(
                    r#"{{"aud":"{AUDIENCE}","exp":{exp},"iat":{iat},"nbf":{nbf},"type":"x","data":{{}}}}"#
                );
                let refused = judge_claims_text(claims).unwrap_err();
                assert!(
                    matches!(refused, Error::TokenExpired | Error::TokenLivesTooLong),
                    "{exp} {iat} {nbf} {refused}"
                );
            }
        }
    }
}

#[test]
fn the_numbers_for_times_are_bounded_at_build_time() {
    let in_range = [
        for_audience().leeway(seconds(0)),
        for_audience().leeway(seconds(300)),
        for_audience().longest_token_life(seconds(60)),
        for_audience().longest_token_life(seconds(7 * 24 * 3600)),
        for_audience().max_token_age(seconds(1)),
        for_audience().max_token_age(seconds(24 * 3600)),
    ];
    assert!(in_range.into_iter().all(|builder| builder.build().is_ok()));
    let out_of_range = [
        for_audience().leeway(seconds(301)),
        for_audience().leeway(Duration::MAX),
        for_audience().longest_token_life(seconds(59)),
        for_audience().longest_token_life(seconds(7 * 24 * 3600 + 1)),
        for_audience().max_token_age(seconds(0)),
        for_audience().max_token_age(Duration::from_millis(999)),
        for_audience().max_token_age(seconds(24 * 3600 + 1)),
    ];
    for builder in out_of_range {
        assert_eq!(builder.build().unwrap_err(), ConfigError::TokenTimesOutOfRange);
    }
}

#[test]
fn time_is_asked_of_the_clock_that_was_given() {
    let clock = clock();
    let verifier = for_audience().clock(clock.clone()).build().unwrap();
    let token = headers(rsa().token(&claims_with(&json!({ "exp": NOW + 10 }))));
    let verify = || verifier.verify_with(&keys(), &token, "").map(|_| ());
    clock.advance(Duration::from_millis(69_999));
    assert_eq!(verify(), Ok(()));
    clock.advance(Duration::from_millis(1));
    assert_eq!(verify(), Err(Error::TokenExpired));
}

// The claims as JSON.

#[test]
fn the_claims_are_one_json_object_in_utf8() {
    for claims in not_one_object(&claims().to_string()) {
        let refused = token_problem(judge_claims_text(&claims));
        let text = String::from_utf8_lossy(&claims);
        assert_eq!(refused, TokenProblem::MalformedClaims, "{text}");
    }
    assert_eq!(judge_claims_text("{}").unwrap_err(), Error::WrongAudience);
}

#[test]
fn the_claims_name_each_of_ours_once() {
    let good = claims_with(&json!({ "iss": "a", "nbf": NOW }));
    for claim in ["aud", "iss", "exp", "nbf", "iat", "type", "data"] {
        let escaped = format!("\\u{:04x}{}", claim.as_bytes()[0], &claim[1..]);
        for name in [claim, &escaped] {
            let twice = format!("{{{}\"{name}\":{}}}", members_of(&good.to_string()), good[claim]);
            let refused = judge_claims_text(&twice);
            assert_eq!(token_problem(refused), TokenProblem::MalformedClaims, "{twice}");
        }
    }
}

#[test]
fn the_claims_are_nested_at_most_64_deep() {
    let limit = limits::MAX_JSON_DEPTH;
    let members = members_of(&claims().to_string());
    assert!(judge_claims_text(nested(&members, limit - 1)).is_ok());
    assert!(judge_claims_text(nested(&members, limit)).is_ok());
    for depth in [limit + 1, 200, 5_000] {
        let refused = judge_claims_text(nested(&members, depth));
        assert_eq!(token_problem(refused), TokenProblem::MalformedClaims, "{depth}");
    }
}

#[test]
fn claims_are_judged_before_a_key_is_looked_for() {
    // A stranger's token for somebody else, or of yesterday, must not even cost a look for its key.
    let stranger = JwtSigner::new("unheard-of", TestRsaKey::Three);
    let judge = |members: &Value| judge(&stranger.token(&claims_with(members))).unwrap_err();
    assert_eq!(judge(&json!({ "aud": "other" })), Error::WrongAudience);
    assert_eq!(judge(&json!({ "exp": NOW - 60 })), Error::TokenExpired);
    assert_eq!(judge(&json!({ "exp": NOW + 2 * DAY })), Error::TokenLivesTooLong);
    assert_eq!(judge(&json!({ "nbf": NOW + 61 })), Error::TokenNotYetValid);
    assert_eq!(judge(&json!({ "iat": NOW - 361 })), Error::TokenTooOld);
    assert_eq!(judge(&json!({})), Error::UnknownKey);
}

// The event: from the claims, or from a body that nobody signed.

#[test]
fn claims_that_hold_the_event_win_and_a_body_that_says_otherwise_is_refused() {
    let judge = |body: &Value| {
        let token = headers(rsa().token(&claims()));
        verify(for_audience(), &token, body.to_string())
    };
    assert_eq!(judge(&event()).unwrap().event().job_id(), Some("batch_123456"));
    for other in [
        json!({ "type": "batch.failed" }),
        json!({ "data": { "id": "batch_666", "output_file_uri": "gs://my-bucket/results.jsonl" } }),
        json!({ "data": { "id": "batch_123456" } }),
        json!({ "data": null }),
        json!({ "version": "v2" }),
        json!({ "version": 1 }),
        json!({ "timestamp": "2026-01-22T12:00:01Z" }),
        json!({ "timestamp": "yesterday" }),
        json!({ "timestamp": 1_769_083_200 }),
    ] {
        let refused = judge(&event_with(&other)).unwrap_err();
        assert_eq!(refused, Error::BodyDiffers, "{other}");
    }
}

#[test]
fn metadata_in_the_body_must_be_that_of_the_claims() {
    let token = headers(rsa().token(&claims_with(&json!({ "user_metadata": { "a": 1 } }))));
    let judge = |metadata: Value| {
        let body = event_with(&json!({ "user_metadata": metadata }));
        verify(for_audience(), &token, body.to_string()).map(|_| ())
    };
    assert_eq!(judge(json!({ "a": 1 })), Ok(()));
    assert_eq!(judge(json!({ "a": 2 })), Err(Error::BodyDiffers));
}

#[test]
fn the_same_event_in_another_spelling_of_json_is_no_other_event() {
    let body = event();
    let spaced = serde_json::to_string_pretty(&body).unwrap();
    let shifted = event_with(&json!({ "timestamp": "2026-01-22T13:00:00+01:00" })).to_string();
    for body in [spaced, shifted] {
        let token = headers(rsa().token(&claims()));
        assert!(verify(for_audience(), &token, body).is_ok());
    }
}

#[test]
fn beside_claims_with_the_event_the_body_may_be_empty_or_no_event() {
    let other = r#"{"data":{"id":"batch_666"}}"#;
    let twice = r#"[{"a":1,"a":1}]"#;
    for body in ["", " ", "\r\n", "{}", "[]", other, twice, "null", "1", "a.b.c", "<html>"] {
        let delivery = verify(for_audience(), &headers(rsa().token(&claims())), body).unwrap();
        assert_eq!(delivery.event().job_id(), Some("batch_123456"), "{body}");
    }
}

#[test]
fn a_body_that_cannot_be_compared_with_the_claims_is_refused() {
    let twice = r#"{"type":"batch.expired","type":"batch.expired","data":{"id":"b"}}"#;
    let deep = nested(&members_of(&event().to_string()), limits::MAX_JSON_DEPTH + 1);
    // Whoever takes the last of two types would see an event here.
    let first_of_no_type = r#"{"type":7,"type":"batch.expired","data":{"id":"b"}}"#;
    for body in [
        twice.as_bytes(),
        first_of_no_type.as_bytes(),
        deep.as_bytes(),
        b"{",
        b"\xff",
        b"{\"type\":\"batch.expired\"",
        b"{\"type\":7",
        // Some readers skip a byte order mark.
        b"\xef\xbb\xbf{\"type\":\"batch.expired\",\"data\":{\"id\":\"b\"}}",
        // And some guess UTF-16 or UTF-32, of which the zeros are UTF-8 as well.
        b"\0{\0}",
        b"\0\0\0{\0\0\0}",
    ] {
        let token = headers(rsa().token(&claims()));
        let refused = verify(for_audience(), &token, body.to_vec()).unwrap_err();
        assert_eq!(refused, Error::BodyDiffers, "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn what_was_authenticated_are_the_claims_where_they_hold_the_event() {
    let text = format!(" {} ", claims());
    let body = event().to_string();
    let token = headers(rsa().token_of(HEADER, &text));
    let delivery = verify(for_audience(), &token, body.clone()).unwrap();
    assert_eq!(delivery.raw(), text.as_bytes());
    assert_eq!(delivery.request_body(), body.as_bytes());
    assert_eq!(delivery.body_authentication(), BodyAuthentication::Claims);
}

#[test]
fn a_body_that_is_not_signed_is_refused_with_the_builder_call_named() {
    let token = headers(rsa().token(&bearer_claims()));
    let refused = verify(for_audience(), &token, event().to_string()).unwrap_err();
    assert_eq!(refused, Error::BodyNotSigned);
    assert!(refused.to_string().contains("accept_unsigned_body"), "{refused}");
}

#[test]
fn claims_hold_the_event_if_type_and_data_are_there() {
    for missing in ["type", "data"] {
        let refused = judge_claims(&without(claims(), missing)).unwrap_err();
        assert_eq!(refused, Error::BodyNotSigned, "{missing}");
    }
}

#[test]
fn a_bearer_token_says_so() {
    let token = headers(rsa().token(&bearer_claims()));
    let body = event().to_string();
    let delivery = verify(for_audience().accept_unsigned_body(), &token, body.clone()).unwrap();
    assert_eq!(delivery.body_authentication(), BodyAuthentication::Unsigned);
    assert_eq!(delivery.event().job_id(), Some("batch_123456"));
    assert_eq!((delivery.raw(), delivery.request_body()), (&body.clone().into(), &body.into()));
}

#[test]
fn accepting_an_unsigned_body_changes_nothing_for_claims_with_the_event() {
    let token = headers(rsa().token(&claims()));
    let other = event_with(&json!({ "data": { "id": "batch_666" } })).to_string();
    let refused = verify(for_audience().accept_unsigned_body(), &token, other).unwrap_err();
    assert_eq!(refused, Error::BodyDiffers);
    let delivery = verify(for_audience().accept_unsigned_body(), &token, "").unwrap();
    assert_eq!(delivery.body_authentication(), BodyAuthentication::Claims);
}

#[test]
fn an_unsigned_body_needs_a_valid_token_all_the_same() {
    let judge = |signer: &JwtSigner, claims: &Value| {
        let token = headers(signer.token(claims));
        verify(for_audience().accept_unsigned_body(), &token, "{}").unwrap_err()
    };
    let stranger = JwtSigner::new(KID, TestRsaKey::Three);
    assert_eq!(judge(&stranger, &bearer_claims()), Error::SignatureMismatch);
    let expired = with(bearer_claims(), &json!({ "exp": NOW - 60 }));
    assert_eq!(judge(&rsa(), &expired), Error::TokenExpired);
    let foreign = with(bearer_claims(), &json!({ "aud": "other" }));
    assert_eq!(judge(&rsa(), &foreign), Error::WrongAudience);
}

#[test]
fn beside_a_jwt_id_and_timestamp_are_not_signed() {
    let mut sent = headers(rsa().token(&claims()));
    sent[0].1 = "msg_other".to_owned();
    sent[1].1 = (NOW - 7).to_string();
    let delivery = verify(for_audience(), &sent, "").unwrap();
    assert_eq!(delivery.id().as_str(), "msg_other");
    assert_eq!(delivery.timestamp().unix_timestamp(), NOW - 7);
}

#[test]
fn claims_of_an_unknown_type_are_authentic_all_the_same() {
    let delivery = judge_claims(&claims_with(&json!({ "type": "webhook.ping" }))).unwrap();
    assert!(matches!(delivery.event(), Event::Unknown { .. }));
}

#[test]
fn claims_whose_data_does_not_fit_are_authentic_all_the_same() {
    let odd = claims_with(&json!({ "data": { "no": "id" } }));
    let delivery = judge_claims(&odd).unwrap();
    let reason = UnreadableReason::DataDoesNotFit;
    let type_name = Some("batch.succeeded".to_owned());
    assert_eq!(delivery.event(), &Event::Unreadable { type_name, reason });
}

#[test]
fn claims_that_cannot_be_read_as_an_event_are_refused_only_where_that_is_needed() {
    let twice = r#""data":{"id":"batch_ours","x":1,"x":2}"#;
    let claims = members_of(&without(claims(), "data").to_string());
    let token = headers(rsa().token_of(HEADER, format!("{{{claims}{twice}}}")));
    let delivery = verify(for_audience(), &token, "").unwrap();
    let reason = UnreadableReason::DuplicateMember;
    assert!(
        matches!(delivery.event(), Event::Unreadable { reason: found, .. } if *found == reason)
    );
    let refused = verify(for_audience(), &token, event().to_string()).unwrap_err();
    assert_eq!(refused, Error::BodyDiffers);
    let refused = verify(for_audience().binding(jobs()), &token, "").unwrap_err();
    assert_eq!(refused, Error::NotOurs);
}

// The v1a signature.

#[test]
fn what_v1a_signs_is_id_timestamp_and_raw_body() {
    let body = event().to_string();
    let good = v1a(&body);
    assert!(verify(any_tenant(), &good, body.clone()).is_ok());
    let mut other_id = good.clone();
    other_id[0].1 = "msg_other".to_owned();
    let mut other_time = good.clone();
    other_time[1].1 = (NOW - 1).to_string();
    for (headers, body) in [
        (other_id, body.clone()),
        (other_time, body.clone()),
        (good.clone(), format!("{body} ")),
        (good, body.replace("batch", "BATCH")),
    ] {
        let refused = verify(any_tenant(), &headers, body).unwrap_err();
        assert_eq!(refused, Error::SignatureMismatch);
    }
}

#[test]
fn a_v1a_body_need_not_be_an_event_nor_utf8() {
    for (body, reason) in [
        (&b"\xff\x00"[..], UnreadableReason::NotUtf8),
        (b"", UnreadableReason::NotJson),
        (b"[]", UnreadableReason::NotAnEnvelope),
        (b"{\"type\":\"a\",\"type\":\"a\"}", UnreadableReason::DuplicateMember),
    ] {
        let delivery = judge_body(any_tenant(), body.to_vec()).unwrap();
        assert_eq!(delivery.raw(), body);
        assert!(
            matches!(delivery.event(), Event::Unreadable { reason: found, .. } if *found == reason)
        );
    }
}

#[test]
fn every_key_is_tried_on_every_entry() {
    let entry = |n: u8| ed25519(n).signature(ID, &NOW.to_string(), "{}");
    let keys = set([1, 2, 3].map(|n| ed25519(n).jwk()));
    let verifier = any_tenant().build().unwrap();
    let verify = |list: &[u8]| {
        let list: Vec<_> = list.iter().map(|n| entry(*n)).collect();
        verifier.verify_with(&keys, &headers(list.join(" ")), "{}").is_ok()
    };
    for list in [&[1][..], &[2], &[3], &[9, 3], &[9, 8, 7, 3], &[3, 9, 8, 7]] {
        assert!(verify(list), "{list:?}");
    }
    assert!(!verify(&[9, 8, 7, 6]));
}

#[test]
fn a_list_has_at_most_four_v1a_entries() {
    let good = ed25519(1).signature(ID, &NOW.to_string(), "{}");
    let judge = |other: &str, count: usize| {
        let list = format!("{}{good}", format!("{other} ").repeat(count));
        verify(any_tenant(), &headers(list), "{}")
    };
    let bad = ed25519(9).signature(ID, &NOW.to_string(), "{}");
    assert!(judge(&bad, 2).is_ok());
    assert!(judge(&bad, 3).is_ok());
    let limit = limits::MAX_V1A_ENTRIES;
    let refused = signature_problem(judge(&bad, 4));
    assert_eq!(refused, HeaderProblem::TooManyEntries { limit });
    // A malformed entry is skipped, but counted.
    assert!(judge("v1a,", 3).is_ok());
    let refused = signature_problem(judge("v1a,", 4));
    assert_eq!(refused, HeaderProblem::TooManyEntries { limit });
}

#[test]
fn a_list_has_at_most_sixteen_entries_of_any_version() {
    let good = ed25519(1).signature(ID, &NOW.to_string(), "{}");
    let judge = |others: usize| {
        let list = format!("{}{good}", "v9,x ".repeat(others));
        verify(any_tenant(), &headers(list), "{}")
    };
    assert!(judge(14).is_ok());
    assert!(judge(15).is_ok());
    let limit = limits::MAX_SIGNATURE_ENTRIES;
    let refused = signature_problem(judge(16));
    assert_eq!(refused, HeaderProblem::TooManyEntries { limit });
}

#[test]
fn a_list_is_bounded_at_4_kib() {
    let good = ed25519(1).signature(ID, &NOW.to_string(), "{}");
    let limit = limits::MAX_SIGNATURE_LIST_BYTES;
    let judge = |bytes: usize| {
        let filler = "x".repeat(bytes - good.len() - 1);
        verify(any_tenant(), &headers(format!("{filler} {good}")), "{}")
    };
    assert!(judge(limit - 1).is_ok());
    assert!(judge(limit).is_ok());
    assert_eq!(signature_problem(judge(limit + 1)), HeaderProblem::TooLong { limit });
}

#[test]
fn a_mixed_header_is_read_by_its_v1a_entries_alone() {
    let v1 = format!("v1,{}", BASE64_STANDARD.encode([0; 32]));
    let good = ed25519(1).signature(ID, &NOW.to_string(), "{}");
    for list in [format!("{v1} {good}"), format!("{good} {v1}"), format!("{v1} v2,a {good}")] {
        assert!(verify(any_tenant(), &headers(list), "{}").is_ok());
    }
    let as_v1 = good.replace("v1a,", "v1,");
    assert!(verify(any_tenant(), &headers(as_v1), "{}").is_err());
    for version in ["V1A,", "v1a", "v1a;", "v1b,", "v01a,"] {
        let other = good.replace("v1a,", version);
        assert!(verify(any_tenant(), &headers(other), "{}").is_err(), "{version}");
    }
}

#[test]
fn a_v1a_signature_has_one_spelling_and_64_bytes() {
    let body = (0..1000).map(|n| n.to_string()).find(|body| v1a(body)[2].1.contains(['+', '/']));
    let body = body.unwrap();
    let good = v1a(&body)[2].1[4..].to_owned();
    assert!(verify(any_tenant(), &headers(format!("v1a,{good}")), body.clone()).is_ok());
    let bytes = BASE64_STANDARD.decode(&good).unwrap();
    let longer = [&bytes[..], &[0]].concat();
    let last = good.as_bytes()[85];
    let bad = [
        String::new(),
        BASE64_STANDARD.encode(&bytes[..63]),
        BASE64_STANDARD.encode(longer),
        good.trim_end_matches('=').to_owned(),
        good.trim_end_matches("==").to_owned() + "=",
        format!("{good}="),
        good.replace('+', "-").replace('/', "_"),
        format!("{}{}==", &good[..85], char::from(last + 1)),
        format!("{good}{good}"),
        format!("{good},x"),
        format!(",{good}"),
    ];
    for signature in bad {
        let refused = verify(any_tenant(), &headers(format!("v1a,{signature}")), body.clone());
        assert_eq!(signature_problem(refused), HeaderProblem::NoWellFormedEntry, "{signature}");
    }
}

/// The order of the group (RFC 8032 section 5.1), little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

#[test]
fn the_second_half_of_a_v1a_signature_is_below_the_order_of_the_group() {
    let good = BASE64_STANDARD.decode(&v1a("{}")[2].1[4..]).unwrap();
    let mut changed = good.clone();
    let mut carry = 0;
    for (byte, order) in changed[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum.to_le_bytes()[0];
        carry = sum >> 8;
    }
    // By the equation alone S + L would do as well as S.
    for (bytes, fits) in [(good, true), (changed, false)] {
        let entry = format!("v1a,{}", BASE64_STANDARD.encode(bytes));
        assert_eq!(verify(any_tenant(), &headers(entry), "{}").is_ok(), fits);
    }
}

#[test]
fn a_v1a_signature_of_constants_is_refused() {
    let mut identity = [0; 64];
    identity[0] = 1;
    for bytes in [[0; 64], [0xff; 64], identity] {
        let entry = format!("v1a,{}", BASE64_STANDARD.encode(bytes));
        let refused = verify(any_tenant(), &headers(entry), "{}").unwrap_err();
        assert_eq!(refused, Error::SignatureMismatch);
    }
}

// The binding.

#[test]
fn a_metadata_token_is_found_at_the_top_or_inside_data() {
    let metadata = json!({ "token": SECRET, "more": 1 });
    let at_the_top = event_with(&json!({ "user_metadata": metadata }));
    let in_data = event_with(&json!({ "data": { "id": "b", "user_metadata": metadata } }));
    let unknown = with(in_data.clone(), &json!({ "type": "webhook.ping" }));
    let odd = event_with(&json!({ "data": { "id": 1, "user_metadata": metadata } }));
    for event in [at_the_top, in_data, unknown, odd] {
        assert!(judge_event(builder().binding(our_token()), &event).is_ok(), "{event}");
    }
}

#[test]
fn a_metadata_token_inside_data_is_found_whatever_is_at_the_top() {
    let in_data = json!({ "id": "b", "user_metadata": { "token": SECRET } });
    for top in [json!({ "o": 1 }), json!(null), json!(7)] {
        let event = json!({ "type": "x", "user_metadata": top, "data": in_data });
        assert!(judge_event(builder().binding(our_token()), &event).is_ok(), "{top}");
    }
}

#[test]
fn another_metadata_token_is_not_ours() {
    for token in [
        json!("another-token-0000001"),
        json!(&SECRET[..19]),
        json!(format!("{SECRET}1")),
        json!(SECRET.to_uppercase()),
        json!(""),
        json!(null),
        json!([SECRET]),
        json!({ "token": SECRET }),
        json!(1),
        json!(true),
    ] {
        let event = event_with(&json!({ "user_metadata": { "token": token } }));
        let refused = judge_event(builder().binding(our_token()), &event).unwrap_err();
        assert_eq!(refused, Error::NotOurs, "{token}");
    }
}

#[test]
fn a_metadata_token_in_another_place_is_not_ours() {
    for members in [
        json!({}),
        json!({ "token": SECRET }),
        json!({ "user_metadata": SECRET }),
        json!({ "user_metadata": { "Token": SECRET } }),
        json!({ "user_metadata": { "x": { "token": SECRET } } }),
        json!({ "data": { "id": "b", "token": SECRET } }),
        json!({ "extra": { "user_metadata": { "token": SECRET } } }),
    ] {
        let refused =
            judge_event(builder().binding(our_token()), &event_with(&members)).unwrap_err();
        assert_eq!(refused, Error::NotOurs, "{members}");
    }
}

#[test]
fn a_metadata_token_has_16_bytes_and_1_to_4_are_valid_at_once() {
    let tokens = |count: usize, bytes: usize| {
        let tokens = (0..count).map(|n| format!("{n}{}", "t".repeat(bytes - 1)));
        Binding::metadata_tokens("token", tokens).map(|_| ())
    };
    for (count, bytes, verdict) in [
        (1, limits::MIN_BINDING_TOKEN_BYTES, Ok(())),
        (1, limits::MIN_BINDING_TOKEN_BYTES - 1, Err(ConfigError::BindingToken)),
        (limits::MAX_BINDING_TOKENS, 20, Ok(())),
        (limits::MAX_BINDING_TOKENS + 1, 20, Err(ConfigError::BindingToken)),
        (0, 20, Err(ConfigError::BindingToken)),
    ] {
        assert_eq!(tokens(count, bytes), verdict, "{count} {bytes}");
    }
    let one_too_short = Binding::metadata_tokens("token", [SECRET, "short"]);
    assert_eq!(one_too_short.unwrap_err(), ConfigError::BindingToken);
}

#[test]
fn any_of_the_valid_metadata_tokens_is_ours() {
    let tokens = ["token-number-0001", "token-number-0002", "token-number-0003"];
    // One that is given twice is as good as once.
    let given = [tokens[0], tokens[1], tokens[2], tokens[2]];
    for token in tokens {
        let binding = Binding::metadata_tokens("token", given).unwrap();
        let event = event_with(&json!({ "user_metadata": { "token": token } }));
        assert!(judge_event(builder().binding(binding), &event).is_ok(), "{token}");
    }
}

#[test]
fn a_binding_is_replaced_for_all_clones_at_once() {
    let event = event_with(&json!({ "user_metadata": { "token": SECRET } })).to_string();
    let other = Binding::metadata_token("token", "another-token-0000001").unwrap();
    let verifier = builder().binding(other).build().unwrap();
    let clone = verifier.clone();
    let verify = || clone.verify_with(&keys(), &v1a(&event), event.clone()).map(|_| ());
    assert_eq!(verify(), Err(Error::NotOurs));
    verifier.replace_binding(our_token());
    assert_eq!(verify(), Ok(()));
}

fn jobs() -> Binding {
    Binding::job(|id| match id {
        "batch_ours" => JobOwner::Ours,
        "batch_not_ours" => JobOwner::NotOurs,
        _ => JobOwner::NotYetKnown,
    })
}

#[test]
fn a_job_is_ours_or_not_or_not_yet_known() {
    let judge = |id: &str| {
        let event = event_with(&json!({ "data": { "id": id } }));
        judge_event(builder().binding(jobs()), &event).map(|_| ())
    };
    assert_eq!(judge("batch_ours"), Ok(()));
    assert_eq!(judge("batch_not_ours"), Err(Error::NotOurs));
    assert_eq!(judge("batch_of_a_moment_ago"), Err(Error::JobNotYetKnown));
}

#[test]
fn a_job_that_is_not_yet_known_is_answered_503() {
    assert_eq!(Error::JobNotYetKnown.status(), 503);
    assert_eq!(Error::NotOurs.status(), 400);
}

#[test]
fn a_job_is_named_by_the_id_in_data() {
    for type_name in ["batch.expired", "video.generated", "interaction.failed", "webhook.ping"] {
        let event = json!({ "type": type_name, "data": { "id": "batch_ours" } });
        assert!(judge_event(builder().binding(jobs()), &event).is_ok(), "{type_name}");
    }
    for members in [
        json!({ "data": {} }),
        json!({ "data": { "id": 1 } }),
        json!({ "data": null }),
        json!({ "data": {}, "id": "batch_ours" }),
        json!({ "data": {}, "user_metadata": { "id": "batch_ours" } }),
    ] {
        for type_name in ["batch.expired", "video.generated", "webhook.ping"] {
            let event = with(with(event(), &members), &json!({ "type": type_name }));
            let refused = judge_event(builder().binding(jobs()), &event).unwrap_err();
            assert_eq!(refused, Error::NotOurs, "{event}");
        }
    }
}

#[test]
fn a_known_type_whose_data_does_not_fit_is_ours_by_its_job_id() {
    let event = json!({ "type": "batch.failed", "data": { "id": "batch_ours", "error_code": {} } });
    let delivery = judge_event(builder().binding(jobs()), &event).unwrap();
    assert!(matches!(delivery.event(), Event::Unreadable { .. }));
}

#[test]
fn any_tenant_is_an_explicit_choice() {
    assert!(judge_event(any_tenant(), &event()).is_ok());
    assert!(judge_body(any_tenant(), "no event").is_ok());
}

#[test]
fn a_binding_is_checked_for_jwts_too() {
    let judge = |binding: Binding, members: &Value| {
        let token = headers(rsa().token(&claims_with(members)));
        verify(for_audience().binding(binding), &token, "").map(|_| ())
    };
    assert_eq!(judge(our_token(), &json!({ "user_metadata": { "token": SECRET } })), Ok(()));
    assert_eq!(judge(our_token(), &json!({})), Err(Error::NotOurs));
    assert_eq!(judge(jobs(), &json!({ "data": { "id": "batch_ours" } })), Ok(()));
    let refused = judge(jobs(), &json!({ "data": { "id": "batch_not_ours" } }));
    assert_eq!(refused, Err(Error::NotOurs));
    let refused = judge(jobs(), &json!({ "data": { "id": "unheard-of" } }));
    assert_eq!(refused, Err(Error::JobNotYetKnown));
    assert_eq!(judge(Binding::dangerous_any_tenant(), &json!({})), Ok(()));
}

#[test]
fn a_token_found_only_in_an_unsigned_body_never_counts() {
    let body = event_with(&json!({
        "user_metadata": { "token": SECRET },
        "data": { "id": "batch_ours" },
    }));
    // Beside claims that hold another event's members, and beside claims that hold none.
    for (claims, binding) in [
        (bearer_claims(), our_token()),
        (bearer_claims(), jobs()),
        (claims_with(&json!({ "data": { "id": "batch_ours" } })), our_token()),
    ] {
        let token = headers(rsa().token(&claims));
        let bound = for_audience().accept_unsigned_body().binding(binding);
        let refused = verify(bound, &token, body.to_string()).unwrap_err();
        assert_eq!(refused, Error::NotOurs);
    }
}

#[test]
fn what_a_binding_cannot_read_is_refused() {
    let metadata = format!(r#""user_metadata":{{"token":"{SECRET}"}}"#);
    for body in [
        "no event".to_owned(),
        String::new(),
        format!("{{{metadata}}}"),
        format!(r#"[{{"type":"batch.expired","data":{{"id":"batch_ours"}},{metadata}}}]"#),
        format!(r#"{{"type":"batch.expired","data":{{"id":"batch_ours"}},{metadata},{metadata}}}"#),
    ] {
        for binding in [our_token(), jobs()] {
            let refused = judge_body(builder().binding(binding), body.clone()).unwrap_err();
            assert_eq!(refused, Error::NotOurs, "{body}");
        }
    }
}

#[test]
fn a_binding_is_asked_after_the_signature() {
    let never = Binding::job(|_| panic!("asked about a forged delivery"));
    let entry = ed25519(9).signature(ID, &NOW.to_string(), event().to_string());
    let refused = verify(builder().binding(never), &headers(entry), event().to_string());
    assert_eq!(refused.unwrap_err(), Error::SignatureMismatch);
}

// The key set.

#[test]
fn one_odd_key_does_not_spoil_the_set() {
    let odd = [
        json!(null),
        json!(1),
        json!("key"),
        json!([]),
        json!({}),
        json!({ "kty": "oct", "k": "AAAA", "kid": "a" }),
        json!({ "kty": "EC", "crv": "P-256", "kid": "a" }),
        json!({ "kty": "AKP", "alg": "ML-DSA-65", "pub": "AA", "kid": "a" }),
        json!({ "kty": "OKP", "crv": "X25519", "x": "AA" }),
        json!({ "kty": "OKP" }),
        json!({ "kty": ["RSA"] }),
        json!({ "kty": "RSA" }),
        json!({ "kty": "RSA", "kid": "a", "n": 1, "e": 1 }),
        json!({ "kty": "RSA", "kid": "a", "n": "!", "e": "AQAB" }),
        json!({ "kty": "OKP", "crv": "Ed25519" }),
    ];
    let count = odd.len();
    let document = odd.into_iter().chain([rsa().jwk(), ed25519(1).jwk()]);
    let keys = set(document);
    assert_eq!((keys.kids().collect::<Vec<_>>(), keys.ed25519_count()), (vec![KID], 1));
    assert_eq!(keys.skipped().len(), count);
    let token = headers(rsa().token(&claims()));
    assert!(for_audience().build().unwrap().verify_with(&keys, &token, "").is_ok());
    let verifier = any_tenant().build().unwrap();
    assert!(verifier.verify_with(&keys, &v1a("{}"), "{}").is_ok());
}

#[test]
fn a_skipped_key_is_told_with_its_place_and_its_kid() {
    let keys = set([rsa().jwk(), json!({ "kty": "EC", "kid": "other" }), json!({ "kid": 1 })]);
    let told: Vec<_> =
        keys.skipped().iter().map(|key| (key.index, key.kid.as_deref(), key.reason)).collect();
    let reason = SkipReason::UnknownKeyType;
    assert_eq!(told, [(1, Some("other"), reason), (2, None, reason)]);
}

#[test]
fn a_key_names_each_member_once() {
    let twice = |key: Value, member: &str| {
        let text = format!("{{{}\"{member}\":{}}}", members_of(&key.to_string()), key[member]);
        format!("{{\"keys\":[{text}]}}")
    };
    for document in
        [twice(rsa().jwk(), "n"), twice(rsa().jwk(), "use"), twice(ed25519(1).jwk(), "x")]
    {
        let keys = KeySet::from_json(document.as_bytes()).unwrap();
        assert!(keys.is_empty());
        assert_eq!(keys.skipped()[0].reason, SkipReason::Malformed);
    }
}

#[test]
fn a_key_is_nested_at_most_64_deep() {
    let limit = limits::MAX_JSON_DEPTH;
    let read = |depth: usize| {
        let key = nested(&members_of(&rsa().jwk().to_string()), depth);
        KeySet::from_json(format!("{{\"keys\":[{key}]}}").as_bytes()).unwrap()
    };
    assert!(!read(limit - 1).is_empty());
    assert!(!read(limit).is_empty());
    for depth in [limit + 1, 1_000, 50_000] {
        let keys = read(depth);
        assert_eq!(keys.skipped()[0].reason, SkipReason::Malformed, "{depth}");
    }
}

#[test]
fn a_key_for_anything_but_signatures_is_ruled_out() {
    for key in [rsa().jwk(), ed25519(1).jwk()] {
        assert!(is_taken(with(key.clone(), &json!({ "use": "sig" }))));
        for usage in [json!("enc"), json!("SIG"), json!(""), json!(null), json!(["sig"])] {
            let key = with(key.clone(), &json!({ "use": usage, "kid": "other" }));
            assert_eq!(skip_reason(key), SkipReason::NotForSignatures, "{usage}");
        }
        for operations in [json!(["verify"]), json!(["verify", "sign"]), json!(["a", "verify"])] {
            assert!(is_taken(with(key.clone(), &json!({ "key_ops": operations }))));
        }
        for operations in [
            json!([]),
            json!(["sign"]),
            json!(["encrypt"]),
            json!("verify"),
            json!(null),
            json!(["verify", "verify"]),
            json!(["verify", "sign", "sign"]),
            json!(["verify", 1]),
        ] {
            let key = with(key.clone(), &json!({ "key_ops": operations, "kid": "other" }));
            assert_eq!(skip_reason(key), SkipReason::NotForSignatures, "{operations}");
        }
    }
}

#[test]
fn an_alg_that_contradicts_the_type_rules_a_key_out() {
    let other = json!({ "kid": "other" });
    let rsa = without(with(rsa().jwk(), &other), "alg");
    assert!(is_taken(rsa.clone()), "alg may be absent");
    assert!(is_taken(with(rsa.clone(), &json!({ "alg": "RS256" }))));
    for alg in ["RS384", "RS512", "PS256", "RSA-OAEP", "HS256", "none", "rs256", "", "EdDSA"] {
        let key = with(rsa.clone(), &json!({ "alg": alg }));
        assert_eq!(skip_reason(key), SkipReason::AlgorithmMismatch, "{alg}");
    }
    let ed25519 = with(ed25519(1).jwk(), &other);
    for alg in ["EdDSA", "Ed25519"] {
        assert!(is_taken(with(ed25519.clone(), &json!({ "alg": alg }))));
    }
    for alg in [json!("RS256"), json!("Ed448"), json!("ES256"), json!(null), json!(1)] {
        let key = with(ed25519.clone(), &json!({ "alg": alg }));
        assert_eq!(skip_reason(key), SkipReason::AlgorithmMismatch, "{alg}");
    }
}

#[test]
fn a_key_with_private_members_is_ruled_out() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for key in [rsa().jwk(), ed25519(1).jwk()] {
            let key = with(key, &json!({ "kid": "other", member: "AAAA" }));
            assert_eq!(skip_reason(key), SkipReason::PrivateKey, "{member}");
        }
    }
}

#[test]
fn an_rsa_key_needs_a_kid_and_an_ed25519_key_does_not() {
    assert!(is_taken(ed25519(1).jwk()));
    assert!(is_taken(with(ed25519(1).jwk(), &json!({ "kid": "any" }))));
    assert_eq!(skip_reason(without(rsa().jwk(), "kid")), SkipReason::BadKid);
    for kid in [json!(""), json!("a b"), json!("k".repeat(257)), json!(1), json!(null), json!("é")]
    {
        let key = with(rsa().jwk(), &json!({ "kid": kid }));
        assert_eq!(skip_reason(key), SkipReason::BadKid, "{kid}");
    }
}

/// An RSA key whose modulus has this many bits: `1000…0001`.
fn rsa_key(bits: usize) -> Value {
    let mut modulus = vec![0; bits.div_ceil(8)];
    modulus[0] = 1 << ((bits - 1) % 8);
    *modulus.last_mut().unwrap() |= 1;
    with(rsa().jwk(), &json!({ "kid": "other", "n": BASE64_URL_SAFE_NO_PAD.encode(modulus) }))
}

/// The largest modulus of the backend under test.
const MAX_RSA_BITS: usize =
    if cfg!(feature = "aws-lc-rs") { limits::MAX_RSA_BITS } else { limits::MAX_RSA_BITS / 2 };

#[test]
fn an_rsa_modulus_has_2048_bits_up_to_the_backends_most() {
    for bits in [1024, 2040, limits::MIN_RSA_BITS - 1] {
        assert_eq!(skip_reason(rsa_key(bits)), SkipReason::TooSmall, "{bits}");
    }
    for bits in [limits::MIN_RSA_BITS, limits::MIN_RSA_BITS + 1, MAX_RSA_BITS - 1, MAX_RSA_BITS] {
        assert!(is_taken(rsa_key(bits)), "{bits}");
    }
    for bits in [MAX_RSA_BITS + 1, 8193, 16_384] {
        assert_eq!(skip_reason(rsa_key(bits)), SkipReason::TooLarge, "{bits}");
    }
}

#[test]
fn the_exponent_is_65537() {
    for exponent in
        [&[][..], &[1], &[3], &[17], &[1, 0, 0], &[0, 1, 0, 1], &[1, 0, 1, 0], &[2; 300]]
    {
        let e = BASE64_URL_SAFE_NO_PAD.encode(exponent);
        let key = with(rsa().jwk(), &json!({ "kid": "other", "e": e }));
        assert_eq!(skip_reason(key), SkipReason::BadExponent, "{exponent:?}");
    }
}

#[test]
fn the_numbers_of_an_rsa_key_are_canonical() {
    let key = |member: &str, value: &str| {
        let key = with(rsa().jwk(), &json!({ "kid": "other", member: value }));
        skip_reason(key)
    };
    let n = rsa().jwk()["n"].as_str().unwrap().to_owned();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&n).unwrap();
    for spelling in other_spellings(&n) {
        assert_eq!(key("n", &spelling), SkipReason::MalformedNumber, "{spelling}");
    }
    for spelling in other_spellings("AQAB").into_iter().chain(["AQAB\n".to_owned()]) {
        assert_eq!(key("e", &spelling), SkipReason::MalformedNumber, "{spelling}");
    }
    let mut even = bytes.clone();
    *even.last_mut().unwrap() &= 0xfe;
    for odd in [vec![], [&[0][..], &bytes].concat(), even, vec![0; 256]] {
        let odd = BASE64_URL_SAFE_NO_PAD.encode(odd);
        assert_eq!(key("n", &odd), SkipReason::MalformedNumber, "{odd}");
    }
    for missing in ["n", "e"] {
        let key = without(with(rsa().jwk(), &json!({ "kid": "other" })), missing);
        assert_eq!(skip_reason(key), SkipReason::MalformedNumber);
    }
}

#[test]
fn equal_kids_of_the_same_type_refuse_that_kid() {
    let (one, two) = (rsa(), JwtSigner::new(KID, TestRsaKey::Two));
    let good = JwtSigner::new("key-3", TestRsaKey::Three);
    let keys = set([one.jwk(), good.jwk(), two.jwk()]);
    assert_eq!(keys.kids().collect::<Vec<_>>(), ["key-3"]);
    let reasons: Vec<_> = keys.skipped().iter().map(|key| (key.index, key.reason)).collect();
    let ambiguous = SkipReason::AmbiguousKid;
    assert_eq!(reasons, [(0, ambiguous), (2, ambiguous)]);
    let verifier = for_audience().build().unwrap();
    for signer in [one, two] {
        let token = headers(signer.token(&claims()));
        assert_eq!(verifier.verify_with(&keys, &token, "").unwrap_err(), Error::UnknownKey);
    }
    let token = headers(good.token(&claims()));
    assert!(verifier.verify_with(&keys, &token, "").is_ok());
}

#[test]
fn equal_kids_of_different_types_are_told_apart_by_type() {
    let named = with(ed25519(1).jwk(), &json!({ "kid": KID }));
    let keys = set([named, rsa().jwk()]);
    assert!(keys.skipped().is_empty());
    let verifier = for_audience().build().unwrap();
    let token = headers(rsa().token(&claims()));
    assert!(verifier.verify_with(&keys, &token, "").is_ok());
}

#[test]
fn the_same_key_twice_is_one_key() {
    let keys = set([rsa().jwk(), ed25519(1).jwk(), rsa().jwk(), ed25519(1).jwk()]);
    assert_eq!((keys.kids().count(), keys.ed25519_count()), (1, 1));
    assert!(keys.skipped().is_empty());
}

#[test]
fn a_key_that_is_ruled_out_takes_no_kid_from_another() {
    let for_encryption = with(JwtSigner::new(KID, TestRsaKey::Two).jwk(), &json!({ "use": "enc" }));
    let keys = set([for_encryption, rsa().jwk()]);
    assert_eq!(keys.kids().collect::<Vec<_>>(), [KID]);
}

fn ed25519_key(point: &[u8]) -> Value {
    let x = BASE64_URL_SAFE_NO_PAD.encode(point);
    json!({ "kty": "OKP", "crv": "Ed25519", "x": x })
}

fn with_sign(mut point: [u8; 32]) -> [u8; 32] {
    point[31] |= 0x80;
    point
}

/// The `y` of the eight points of small order, little-endian, without the sign of `x`.
fn small_order() -> [[u8; 32]; 5] {
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let of_order_8 = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    // The other two are its negative: p - y, with p = 2^255 - 19.
    let mut negative = of_order_8.map(|byte: u8| !byte);
    negative[31] &= 0x7f;
    negative[0] -= 18;
    [[0; 32], one, minus_one, of_order_8, negative]
}

#[test]
fn a_key_of_small_order_is_refused_at_import() {
    let mut points = 0;
    for point in small_order() {
        for point in [point, with_sign(point)] {
            assert_eq!(skip_reason(ed25519_key(&point)), SkipReason::WeakKey, "{point:x?}");
            points += 1;
        }
    }
    // Eight points, and two encodings of a negative zero.
    assert_eq!(points, 10);
}

#[test]
fn a_key_that_is_not_reduced_is_refused_at_import() {
    for lowest in 0xed..=0xff {
        let mut point = [0xff; 32];
        (point[0], point[31]) = (lowest, 0x7f);
        for point in [point, with_sign(point)] {
            assert_eq!(skip_reason(ed25519_key(&point)), SkipReason::WeakKey, "{point:x?}");
        }
    }
}

#[test]
fn a_weak_key_verifies_nothing() {
    // With a key of order 1 the signature R = 1, S = 0 is right for every message.
    let mut identity = [0; 64];
    identity[0] = 1;
    let keys = set([ed25519_key(&identity[..32])]);
    let entry = format!("v1a,{}", BASE64_STANDARD.encode(identity));
    let verifier = any_tenant().build().unwrap();
    let refused = verifier.verify_with(&keys, &headers(entry), "{}").unwrap_err();
    assert_eq!(refused, Error::SignatureMismatch);
}

#[test]
fn an_ed25519_key_has_32_bytes_in_one_spelling() {
    let x = ed25519(1).jwk()["x"].as_str().unwrap().to_owned();
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(&x).unwrap();
    for length in [&bytes[..31], &[&bytes[..], &[0]].concat(), &[]] {
        assert_eq!(skip_reason(ed25519_key(length)), SkipReason::MalformedNumber);
    }
    for spelling in other_spellings(&x) {
        let key = json!({ "kty": "OKP", "crv": "Ed25519", "x": spelling });
        assert_eq!(skip_reason(key), SkipReason::MalformedNumber);
    }
}

#[test]
fn at_most_eight_ed25519_keys_are_used() {
    let keys = set((1..=9).map(|n| ed25519(n).jwk()));
    assert_eq!(keys.ed25519_count(), limits::MAX_ED25519_KEYS);
    let [skipped] = keys.skipped() else { panic!("{keys:?}") };
    assert_eq!((skipped.index, skipped.reason), (8, SkipReason::TooManyKeys));
    let verifier = any_tenant().build().unwrap();
    for (n, used) in [(7, true), (8, true), (9, false)] {
        let entry = ed25519(n).signature(ID, &NOW.to_string(), "{}");
        assert_eq!(verifier.verify_with(&keys, &headers(entry), "{}").is_ok(), used, "{n}");
    }
}

#[test]
fn at_most_32_rsa_keys_are_used() {
    let limit = limits::MAX_RSA_KEYS;
    let kids = (0..=limit).map(|n| JwtSigner::new(format!("key-{n}"), TestRsaKey::One).jwk());
    let keys = set(kids);
    assert_eq!(keys.len(), limit);
    let skipped = &keys.skipped()[0];
    assert_eq!((skipped.index, skipped.reason), (limit, SkipReason::TooManyKeys));
}

#[test]
fn at_most_64_keys_are_read() {
    let limit = limits::MAX_JWKS_KEYS;
    let after = |others: usize| set((0..others).map(|_| json!({})).chain([rsa().jwk()]));
    assert_eq!(after(limit - 2).kids().count(), 1);
    assert_eq!(after(limit - 1).kids().count(), 1);
    for others in [limit, 4 * limit] {
        let keys = after(others);
        assert!(keys.is_empty());
        let last = keys.skipped().last().unwrap();
        assert_eq!((last.index, last.reason), (limit, SkipReason::TooManyKeys));
    }
}

#[test]
fn a_document_is_bounded_at_128_kib() {
    let document = jwks([rsa().jwk()]);
    let limit = limits::MAX_JWKS_BYTES;
    let of_size = |bytes: usize| format!("{document}{}", " ".repeat(bytes - document.len()));
    for bytes in [limit - 1, limit] {
        assert!(KeySet::from_json(of_size(bytes).as_bytes()).is_ok());
    }
    let refused = KeySet::from_json(of_size(limit + 1).as_bytes()).unwrap_err();
    assert_eq!(refused, KeySetProblem::TooLarge);
}

#[test]
fn a_document_is_an_object_with_an_array_of_keys() {
    for document in [
        "",
        " ",
        "<html></html>",
        "null",
        "7",
        "[]",
        "[[]]",
        r#"[{"keys":[]}]"#,
        "{}",
        r#"{"keys":null}"#,
        r#"{"keys":{}}"#,
        r#"{"keys":"[]"}"#,
        r#"{"Keys":[]}"#,
        r#"{"keys":[],"keys":[]}"#,
        r#"{"keys":[]}x"#,
        r#"{"keys":[}"#,
        "\u{feff}{\"keys\":[]}",
    ] {
        let refused = KeySet::from_json(document.as_bytes()).unwrap_err();
        assert_eq!(refused, KeySetProblem::NotAKeySet, "{document}");
    }
    assert!(KeySet::from_json(br#"{"keys":[],"more":{"a":1}}"#).unwrap().is_empty());
}

#[test]
fn a_key_document_is_utf8_throughout() {
    for document in [&b"{\"keys\":[],\"more\":\"\xff\"}"[..], b"{\"\xc3\":1,\"keys\":[]}"] {
        let refused = KeySet::from_json(document).unwrap_err();
        assert_eq!(refused, KeySetProblem::NotAKeySet, "{}", String::from_utf8_lossy(document));
    }
}

// What is never shown, and what a record keeps.

/// A record by way of JSON, as a queue would hand it over, and that JSON.
fn record(delivery: Delivery) -> (Record, String) {
    let text = serde_json::to_string(&delivery).unwrap();
    let record = delivery.into_record();
    assert_eq!(serde_json::to_string(&record).unwrap(), text);
    assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    (record, text)
}

#[test]
fn records_leave_the_binding_token_out() {
    let metadata = json!({ "token": SECRET, "order": "o-7" });
    let at_the_top = event_with(&json!({ "user_metadata": metadata }));
    let in_data = event_with(&json!({ "data": { "id": "b", "user_metadata": metadata } }));
    let in_both = with(at_the_top.clone(), &json!({ "data": in_data["data"] }));
    let odd = event_with(&json!({ "data": { "id": 1, "user_metadata": metadata } }));
    let list = with(at_the_top.clone(), &json!({ "data": ["a"] }));
    let ping = json!({ "type": "webhook.ping" });
    let unknown = [&at_the_top, &in_data, &in_both].map(|event| with(event.clone(), &ping));
    for event in [at_the_top, in_data, in_both, odd, list].into_iter().chain(unknown) {
        let delivery = judge_event(builder().binding(our_token()), &event).unwrap();
        let (record, text) = record(delivery);
        assert!(!text.contains(SECRET), "{text}");
        let kept = record.envelope().unwrap().user_metadata().unwrap();
        assert_eq!(kept, &json!({ "order": "o-7" }), "the rest is kept");
    }
}

#[test]
fn records_of_jwts_leave_the_binding_token_out() {
    let claims = claims_with(&json!({ "user_metadata": { "token": SECRET } }));
    let token = headers(rsa().token(&claims));
    let delivery = verify(for_audience().binding(our_token()), &token, "").unwrap();
    let (record, text) = record(delivery);
    assert!(!text.contains(SECRET), "{text}");
    assert_eq!(record.event().job_id(), Some("batch_123456"));
}

#[test]
fn records_keep_metadata_that_is_no_binding_token() {
    let event = event_with(&json!({
        "data": { "id": "batch_ours" },
        "user_metadata": { "token": "o-7" },
    }));
    for binding in [jobs(), Binding::dangerous_any_tenant()] {
        let delivery = judge_event(builder().binding(binding), &event).unwrap();
        let (_, text) = record(delivery);
        assert!(text.contains("o-7"), "{text}");
    }
}

#[test]
fn records_tell_the_scheme() {
    let (jwt, text) = record(judge_claims(&claims()).unwrap());
    assert!(matches!(jwt.scheme(), Scheme::Jwt(jwt) if jwt.kid() == KID), "{text}");
    let (v1a, _) = record(judge_event(any_tenant(), &event()).unwrap());
    assert_eq!(v1a.scheme(), &Scheme::Ed25519);
}

const MARK: &str = "MARKEDMARKEDMARKEDMARKED";

/// An event that has the mark wherever a stranger or we may write something.
fn marked() -> Value {
    json!({
        "type": "batch.failed",
        "data": { "id": "b", "x": MARK, "user_metadata": { "token": MARK } },
        "user_metadata": { "token": MARK },
        "x": { "y": MARK },
    })
}

#[test]
fn nothing_secret_is_in_any_debug_text() {
    let binding = || Binding::metadata_token("token", MARK).unwrap();
    let bound = || for_audience().binding(binding());
    let verifier = bound().build().unwrap();
    let marked_claims = with(claims_with(&json!({ "sub": MARK, "jti": MARK })), &marked());
    let jwt = verify(bound(), &headers(rsa().token(&marked_claims)), "").unwrap();
    let v1a = judge_event(bound(), &marked()).unwrap();
    let signer = Ed25519Signer::from_seed([b'M'; 32]);
    let mut shown = vec![
        format!("{:?} {:?} {verifier:?} {signer:?}", binding(), bound()),
        format!("{:?} {:?}", keys(), rsa()),
    ];
    for delivery in [jwt, v1a] {
        shown.push(format!("{delivery:?} {:?} {:?}", delivery.event(), delivery.envelope()));
        shown.push(format!("{:?}", delivery.into_record()));
    }
    let shown = shown.join(" ");
    assert!(!shown.contains("MARKED"), "{shown}");
    assert!(!shown.contains("77, 77, 77"), "{shown}");
}

#[test]
fn debug_of_a_delivery_prints_scheme_type_and_lengths() {
    let jwt = format!("{:?}", judge_claims(&small_claims("batch.expired")).unwrap());
    assert_eq!(
        jwt,
        "Delivery { scheme: Jwt(JwtMatch { kid: \"key-1\", expires_at: 1800000300, \
         issued_at: Some(1800000000) }), type: Some(\"batch.expired\"), id_bytes: 40, \
         raw_bytes: 105 }"
    );
    let v1a = judge_body(any_tenant(), r#"{"type":"a"}"#).unwrap();
    assert_eq!(
        format!("{v1a:?}"),
        "Delivery { scheme: Ed25519, type: Some(\"a\"), id_bytes: 40, raw_bytes: 12 }"
    );
}

fn small_claims(type_name: &str) -> Value {
    with(bearer_claims(), &json!({ "type": type_name, "data": { "id": "b" } }))
}

#[test]
fn no_error_shows_any_part_of_a_request() {
    let mark = |claims: &Value| with(claims.clone(), &json!({ "sub": MARK }));
    let marked_claims = with(mark(&claims()), &marked());
    let wrong = |name: &str| mark(&claims_with(&json!({ name: MARK })));
    let token = headers(rsa().token(&marked_claims));
    let refused = [
        judge(MARK),
        judge(&format!("{MARK}.{MARK}.{MARK}")),
        judge(&format!("v9,{MARK}")),
        judge_header(format!(r#"{{"alg":"{MARK}"}}"#)),
        judge_header(format!(r#"{{"alg":"RS256","kid":"{MARK}"}}"#)),
        judge_header(format!(r#"{{"alg":"RS256","kid":"k","typ":"{MARK}"}}"#)),
        judge_header(format!(r#"{{"alg":"RS256","crit":"{MARK}"}}"#)),
        judge_header(format!(r#"{{"{MARK}"#)),
        judge_claims(&wrong("aud")),
        judge_claims(&wrong("exp")),
        verify(for_audience().issuer("a"), &headers(rsa().token(&wrong("iss"))), ""),
        judge_claims_text(format!(r#"{{"{MARK}":"{MARK}","#)),
        judge_claims(&mark(&claims_with(&json!({ "exp": NOW - DAY })))),
        judge_claims(&mark(&bearer_claims())),
        verify(for_audience(), &token, marked().to_string().replace("batch", "video")),
        judge_event(builder().binding(our_token()), &marked()),
        verify(any_tenant(), &v1a("{}"), marked().to_string()),
        verify(any_tenant(), &headers(format!("v1a,{MARK}")), marked().to_string()),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        let shown = format!("{error} {error:?} {error:#?} {}", error.code());
        assert!(!shown.contains("MARKED"), "{shown}");
    }
}

#[test]
fn no_error_of_the_setup_shows_a_token() {
    let error = Binding::metadata_tokens("token", [MARK, "short"]).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("MARKED") && !shown.contains("short\""), "{shown}");
}

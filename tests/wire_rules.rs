//! The rules of the protocol that concern static deliveries: one test each, named after the rule.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use gemini_webhooks::testing::{ManualClock, SignedRequest, StaticSigner, sample_body};
use gemini_webhooks::{
    Clock, ConfigError, Delivery, Error, HeaderProblem, ReplayWindow, Scheme, Secret, SeenScheme,
    StaticVerifier, Verifier, WebhookHeader, limits,
};
use http::{HeaderMap, HeaderValue};

const NOW: u64 = 1_800_000_000;
const ID: &str = "msg_0f8fad5b-d9cb-469f-a165-70867728950e";

fn secret(n: u8) -> Secret {
    Secret::from_raw_bytes([n; 32]).unwrap()
}

fn clock() -> ManualClock {
    ManualClock::at(NOW)
}

fn verifier(secrets: &[u8]) -> StaticVerifier {
    let secrets = secrets.iter().map(|n| secret(*n));
    StaticVerifier::builder().secrets(secrets).clock(clock()).build().unwrap()
}

fn body() -> &'static str {
    sample_body("batch.succeeded").unwrap()
}

fn signed() -> SignedRequest {
    StaticSigner::new(&secret(1)).sign(ID, clock().now(), body())
}

fn signed_at(seconds: u64) -> SignedRequest {
    let time = UNIX_EPOCH + Duration::from_secs(seconds);
    StaticSigner::new(&secret(1)).sign(ID, time, body())
}

fn verify(request: &SignedRequest) -> Result<Delivery, Error> {
    verifier(&[1]).verify(&request.headers, request.body.clone())
}

/// A request whose header is replaced by these bytes; the signature stays.
fn with_header(header: WebhookHeader, value: impl AsRef<[u8]>) -> SignedRequest {
    let mut request = signed();
    let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
    request.headers.insert(header.header_name().clone(), value);
    request
}

/// A request with a correct signature for whatever its id and timestamp are.
fn signed_with(id: &str, timestamp: &str) -> [(&'static str, String); 3] {
    let signature = StaticSigner::new(&secret(1)).signature(id, timestamp, body());
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", timestamp.to_owned()),
        ("webhook-signature", signature),
    ]
}

fn problem_with(header: WebhookHeader, result: Result<Delivery, Error>) -> HeaderProblem {
    match result {
        Err(Error::MalformedHeader { header: which, problem }) if which == header => problem,
        other => panic!("{other:?}"),
    }
}

// The three headers.

#[test]
fn a_delivery_needs_each_of_the_three_headers() {
    for header in [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature] {
        let mut request = signed();
        request.headers.remove(header.header_name());
        assert_eq!(verify(&request).unwrap_err(), Error::MissingHeader { header });
    }
}

#[test]
fn a_missing_header_is_named_in_the_error() {
    let mut request = signed();
    request.headers.remove("webhook-timestamp");
    let text = verify(&request).unwrap_err().to_string();
    assert!(text.starts_with("webhook-timestamp header missing"), "{text}");
}

#[tokio::test]
async fn what_the_headers_refuse_is_refused_before_the_body_is_there() {
    let verifier = Verifier::from(verifier(&[1]));
    let good = signed();
    assert!(verifier.receive(&good.headers, async { Ok(good.body) }).await.is_ok());
    let stale = signed_at(NOW - 301);
    let nobody_asks = async { Err::<Bytes, _>(Error::BodyInterrupted) };
    let refused = verifier.receive(&stale.headers, nobody_asks).await;
    assert_eq!(refused.unwrap_err(), Error::TooOld { age: 301, limit: 300 });
}

#[test]
fn an_empty_header_equals_a_missing_one() {
    for header in [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature] {
        let request = with_header(header, "");
        assert_eq!(verify(&request).unwrap_err(), Error::MissingHeader { header });
    }
}

#[test]
fn a_repeated_header_is_refused_even_if_all_values_agree() {
    for header in [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature] {
        let mut request = signed();
        let same = request.headers[header.header_name()].clone();
        request.headers.append(header.header_name().clone(), same);
        assert_eq!(verify(&request).unwrap_err(), Error::RepeatedHeader { header });
    }
}

#[test]
fn names_of_headers_come_in_any_letter_case() {
    for change in [str::to_ascii_lowercase, str::to_ascii_uppercase] {
        let headers = signed_with(ID, &NOW.to_string());
        let headers = headers.map(|(name, value)| (change(name), value));
        assert!(verifier(&[1]).verify(&headers, body()).is_ok());
    }
}

#[test]
fn every_kind_of_header_collection_gives_the_same_answer() {
    let request = signed();
    let array = signed_with(ID, &NOW.to_string());
    let slice: &[(&str, String)] = &array;
    let vec = array.to_vec();
    let hash_map: HashMap<_, _> = array.iter().cloned().collect();
    let tree_map: BTreeMap<_, _> = array.iter().cloned().collect();
    let verifier = verifier(&[1]);
    assert!(verifier.check(&request.headers, &request.body).is_ok());
    assert!(verifier.check(&&request.headers, &request.body).is_ok());
    assert!(verifier.check(&array, &request.body).is_ok());
    assert!(verifier.check(slice, &request.body).is_ok());
    assert!(verifier.check(&vec, &request.body).is_ok());
    assert!(verifier.check(&hash_map, &request.body).is_ok());
    assert!(verifier.check(&tree_map, &request.body).is_ok());
}

#[test]
fn a_map_with_one_name_in_two_letter_cases_is_a_repeated_header() {
    let mut map: HashMap<_, _> = signed_with(ID, &NOW.to_string()).into_iter().collect();
    map.insert("Webhook-Id", ID.to_owned());
    let header = WebhookHeader::Id;
    let refused = verifier(&[1]).verify(&map, body()).unwrap_err();
    assert_eq!(refused, Error::RepeatedHeader { header });
}

#[test]
fn only_webhook_headers_are_read() {
    let branded = signed_with(ID, &NOW.to_string())
        .map(|(name, value)| (name.replace("webhook-", "svix-"), value));
    let refused = verifier(&[1]).verify(&branded, body()).unwrap_err();
    assert_eq!(refused, Error::MissingHeader { header: WebhookHeader::Id });
}

#[test]
fn an_id_is_visible_ascii_without_a_dot_at_most_256_bytes() {
    let now = NOW.to_string();
    let verify = |id: &str| verifier(&[1]).verify(&signed_with(id, &now), body());
    assert!(verify(&"a".repeat(256)).is_ok());
    assert_eq!(
        problem_with(WebhookHeader::Id, verify(&"a".repeat(257))),
        HeaderProblem::TooLong { limit: 256 },
    );
    assert_eq!(problem_with(WebhookHeader::Id, verify("a.b")), HeaderProblem::ContainsDot);
    for id in ["a b", "a\tb", " a", "a\u{7f}", "é", "\u{0}"] {
        assert_eq!(problem_with(WebhookHeader::Id, verify(id)), HeaderProblem::NotVisibleAscii);
    }
}

#[test]
fn a_timestamp_is_decimal_digits_and_nothing_else() {
    let bad = [
        "0",
        "01800000000",
        "+1800000000",
        "-1800000000",
        "1800000000.0",
        "1.8e9",
        " 1800000000",
        "1800000000 ",
        "1800000000,1800000000",
        "0x6b49d200",
        "１８０００００００",
        "1800000000s",
        "253402300800",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775808",
    ];
    for timestamp in bad {
        let result = verifier(&[1]).verify(&signed_with(ID, timestamp), body());
        problem_with(WebhookHeader::Timestamp, result);
    }
}

#[test]
fn a_timestamp_in_milliseconds_is_refused() {
    let result = verifier(&[1]).verify(&signed_with(ID, &format!("{NOW}000")), body());
    problem_with(WebhookHeader::Timestamp, result);
}

#[test]
fn white_space_around_values_is_not_trimmed_by_us() {
    let request = signed();
    let signature = request.headers["webhook-signature"].to_str().unwrap();
    for padded in [format!(" {signature}"), format!("{signature} ")] {
        // The spaces make one more, malformed entry each: skipped, but nothing is trimmed.
        let headers = [
            ("webhook-id", ID.to_owned()),
            ("webhook-timestamp", NOW.to_string()),
            ("webhook-signature", padded),
        ];
        assert!(verifier(&[1]).verify(&headers, body()).is_ok());
    }
    let tab = format!("{signature}\t");
    let result = verify(&with_header(WebhookHeader::Signature, tab));
    assert_eq!(problem_with(WebhookHeader::Signature, result), HeaderProblem::NotVisibleAscii);
}

// The replay window.

#[test]
fn what_is_more_than_five_minutes_off_is_refused() {
    assert!(verify(&signed_at(NOW - 300)).is_ok());
    assert!(verify(&signed_at(NOW + 300)).is_ok());
    let (too_old, too_new) = (signed_at(NOW - 301), signed_at(NOW + 301));
    assert_eq!(verify(&too_old).unwrap_err(), Error::TooOld { age: 301, limit: 300 });
    assert_eq!(verify(&too_new).unwrap_err(), Error::TooNew { ahead: 301, limit: 300 });
}

#[test]
fn the_window_is_adjustable_past_and_future_apart() {
    let window = ReplayWindow::new(Duration::from_secs(3600), Duration::from_secs(1)).unwrap();
    let verifier = StaticVerifier::builder()
        .secret(secret(1))
        .replay_window(window)
        .clock(clock())
        .build()
        .unwrap();
    let verify = |request: SignedRequest| verifier.verify(&request.headers, request.body);
    assert!(verify(signed_at(NOW - 3600)).is_ok());
    assert!(verify(signed_at(NOW - 3601)).is_err());
    assert!(verify(signed_at(NOW + 1)).is_ok());
    assert!(verify(signed_at(NOW + 2)).is_err());
}

#[test]
fn the_time_of_the_event_is_never_used_against_replay() {
    let long_ago =
        r#"{"type":"batch.expired","timestamp":"1999-01-01T00:00:00Z","data":{"id":"b"}}"#;
    let request = StaticSigner::new(&secret(1)).sign(ID, clock().now(), long_ago);
    assert!(verify(&request).is_ok());
}

#[test]
fn a_stale_request_is_refused_before_its_signature_is_looked_at() {
    let mut request = signed_at(NOW - 301);
    request.headers.insert("webhook-signature", HeaderValue::from_static("v1,forged"));
    assert_eq!(verify(&request).unwrap_err(), Error::TooOld { age: 301, limit: 300 });
}

// The signature.

#[test]
fn what_is_signed_is_id_timestamp_and_raw_body() {
    let request = signed();
    assert!(verify(&request).is_ok());
    let swapped_id = with_header(WebhookHeader::Id, "msg_other");
    assert_eq!(verify(&swapped_id).unwrap_err(), Error::SignatureMismatch);
    let swapped_time = with_header(WebhookHeader::Timestamp, (NOW - 1).to_string());
    assert_eq!(verify(&swapped_time).unwrap_err(), Error::SignatureMismatch);
    let mut swapped_body = signed();
    swapped_body.body = Bytes::from(format!("{} ", body()));
    assert_eq!(verify(&swapped_body).unwrap_err(), Error::SignatureMismatch);
}

#[test]
fn the_raw_body_need_not_be_utf8() {
    let bytes = vec![0xff, 0x00, 0xfe];
    let request = StaticSigner::new(&secret(1)).sign(ID, clock().now(), bytes.clone());
    assert_eq!(verify(&request).unwrap().raw(), &bytes);
}

#[test]
fn an_empty_body_can_be_signed() {
    let request = StaticSigner::new(&secret(1)).sign(ID, clock().now(), "");
    assert!(verify(&request).unwrap().raw().is_empty());
}

#[test]
fn the_key_is_the_decoded_base64_and_never_the_text() {
    let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let as_text = Secret::from_raw_bytes(&text[6..]).unwrap();
    let request = StaticSigner::new(&as_text).sign(ID, clock().now(), body());
    let decoded = Secret::parse(text).unwrap();
    let verifier = StaticVerifier::builder().secret(decoded).clock(clock()).build().unwrap();
    let refused = verifier.verify(&request.headers, request.body).unwrap_err();
    assert_eq!(refused, Error::SignatureMismatch);
}

#[test]
fn a_legacy_raw_secret_has_a_constructor_of_its_own() {
    let legacy = "0k3v9x2m7q1w8e4r6t5y0u2i9o3p7a1s";
    let signer = StaticSigner::new(&Secret::from_raw_bytes(legacy).unwrap());
    let request = signer.sign(ID, clock().now(), body());
    let verify = |secret: Secret| {
        let verifier = StaticVerifier::builder().secret(secret).clock(clock()).build().unwrap();
        verifier.verify(&request.headers, request.body.clone())
    };
    assert!(verify(Secret::from_raw_bytes(legacy).unwrap()).is_ok());
    // The same text is valid base64 of 24 bytes, and then every signature fails.
    let read_as_base64 = Secret::parse(&format!("whsec_{legacy}")).unwrap();
    assert_eq!(verify(read_as_base64).unwrap_err(), Error::SignatureMismatch);
}

#[test]
fn any_configured_secret_times_any_v1_entry_is_accepted() {
    let signer = StaticSigner::new(&secret(9)).and(&secret(2)).and(&secret(8));
    let request = signer.sign(ID, clock().now(), body());
    for secrets in [&[2][..], &[1, 2], &[2, 1], &[1, 3, 4, 5, 6, 7, 10, 2]] {
        assert!(verifier(secrets).check(&request.headers, &request.body).is_ok());
    }
    assert!(verifier(&[1, 3]).check(&request.headers, &request.body).is_err());
}

#[test]
fn an_entry_that_is_listed_twice_is_as_good_as_once() {
    let signed = signed();
    let entry = signed.headers["webhook-signature"].to_str().unwrap();
    assert!(verify(&with_header(WebhookHeader::Signature, format!("{entry} {entry}"))).is_ok());
}

#[test]
fn the_secret_that_matched_is_told() {
    let verifier = StaticVerifier::builder()
        .secret(secret(1).with_label("new"))
        .secret(secret(2).with_label("old"))
        .secret(secret(3))
        .clock(clock())
        .build()
        .unwrap();
    for (n, label) in [(1, Some("new")), (2, Some("old")), (3, None), (1, Some("new"))] {
        let request = StaticSigner::new(&secret(n)).sign(ID, clock().now(), body());
        let delivery = verifier.verify(&request.headers, request.body).unwrap();
        let Scheme::Static(matched) = delivery.scheme() else { panic!() };
        assert_eq!((matched.position(), matched.label()), (usize::from(n), label));
    }
}

#[test]
fn entries_of_other_versions_are_ignored() {
    let good = signed().headers["webhook-signature"].to_str().unwrap().to_owned();
    let other = good.replace("v1,", "v2,");
    let mixed = with_header(WebhookHeader::Signature, format!("v1a,AAAA {other} {good}"));
    assert!(verify(&mixed).is_ok());
    let unknown = with_header(WebhookHeader::Signature, other);
    let saw = SeenScheme::Unknown;
    assert_eq!(verify(&unknown).unwrap_err(), Error::SchemeNotConfigured { saw });
}

#[test]
fn a_header_without_a_v1_entry_names_the_scheme_that_came() {
    let cases = [
        ("eyJhbGciOiJSUzI1NiJ9.e30.c2ln", SeenScheme::Jwt),
        ("v1a,AAAA", SeenScheme::V1a),
        ("v2,AAAA", SeenScheme::Unknown),
        ("nonsense", SeenScheme::Unknown),
    ];
    for (value, saw) in cases {
        let request = with_header(WebhookHeader::Signature, value);
        assert_eq!(verify(&request).unwrap_err(), Error::SchemeNotConfigured { saw });
    }
}

#[test]
fn a_signature_is_44_canonical_characters_exactly() {
    let good = signed().headers["webhook-signature"].to_str().unwrap()[3..].to_owned();
    assert!(verify(&with_header(WebhookHeader::Signature, format!("v1,{good}"))).is_ok());
    let last = good.as_bytes()[42];
    let spare_bits = format!("{}{}=", &good[..42], char::from(last + 1));
    let bad = [
        String::new(),
        good[..43].to_owned(),
        good[..8].to_owned(),
        format!("{good}="),
        format!("{good},{good}"),
        good.replace('=', ""),
        good.replace('=', "A"),
        format!("={}", &good[..43]),
        spare_bits,
        good.to_ascii_lowercase(),
    ];
    for signature in bad {
        let request = with_header(WebhookHeader::Signature, format!("v1,{signature}"));
        let refused = verify(&request).unwrap_err();
        assert!(
            matches!(refused, Error::SignatureMismatch | Error::MalformedHeader { .. }),
            "{signature}: {refused:?}"
        );
    }
}

#[test]
fn the_url_safe_alphabet_is_another_spelling_and_refused() {
    // Look for a signature in which the two alphabets differ.
    let verifier = verifier(&[1]);
    let (headers, url_safe) = (0..1000)
        .map(|n| signed_with(&format!("msg_{n}"), &NOW.to_string()))
        .map(|headers| (headers.clone(), headers[2].1.replace('+', "-").replace('/', "_")))
        .find(|(headers, url_safe)| headers[2].1 != *url_safe)
        .unwrap();
    assert!(verifier.verify(&headers, body()).is_ok());
    let mut other_spelling = headers;
    other_spelling[2].1 = url_safe;
    assert!(verifier.verify(&other_spelling, body()).is_err());
}

#[test]
fn at_most_sixteen_entries_and_four_kib() {
    let good = signed().headers["webhook-signature"].to_str().unwrap().to_owned();
    let list = |n: usize| format!("{}{good}", "v1,AAAA ".repeat(n - 1));
    assert!(verify(&with_header(WebhookHeader::Signature, list(16))).is_ok());
    let seventeen = verify(&with_header(WebhookHeader::Signature, list(17)));
    let limit = limits::MAX_SIGNATURE_ENTRIES;
    assert_eq!(
        problem_with(WebhookHeader::Signature, seventeen),
        HeaderProblem::TooManyEntries { limit }
    );
    let long = |bytes: usize| format!("v2,{} {good}", "A".repeat(bytes - 4 - good.len()));
    assert!(verify(&with_header(WebhookHeader::Signature, long(4096))).is_ok());
    let too_long = verify(&with_header(WebhookHeader::Signature, long(4097)));
    let limit = limits::MAX_SIGNATURE_LIST_BYTES;
    assert_eq!(problem_with(WebhookHeader::Signature, too_long), HeaderProblem::TooLong { limit });
}

#[test]
fn a_body_may_be_as_large_as_the_limit_and_no_larger() {
    let verifier = StaticVerifier::builder()
        .secret(secret(1))
        .max_body_bytes(1024)
        .clock(clock())
        .build()
        .unwrap();
    let verify = |bytes: usize| {
        let request = StaticSigner::new(&secret(1)).sign(ID, clock().now(), vec![b'x'; bytes]);
        verifier.verify(&request.headers, request.body)
    };
    assert!(verify(1024).is_ok());
    assert_eq!(verify(1025).unwrap_err(), Error::BodyTooLarge { limit: 1024 });
    assert_eq!(Error::BodyTooLarge { limit: 1024 }.status(), 413);
}

// Configuration: nothing missing ever means "skip the check".

#[test]
fn a_verifier_needs_one_to_eight_secrets() {
    let build = |n: u8| StaticVerifier::builder().secrets((0..n).map(secret)).build();
    assert_eq!(build(0).unwrap_err(), ConfigError::NoSecret);
    assert!(build(1).is_ok() && build(8).is_ok());
    assert_eq!(build(9).unwrap_err(), ConfigError::TooManySecrets);
}

#[test]
fn the_limit_of_the_body_is_bounded_both_ways() {
    let build = |n| StaticVerifier::builder().secret(secret(1)).max_body_bytes(n).build();
    for fits in [1024, 16 * 1024 * 1024] {
        assert_eq!(build(fits).unwrap().max_body_bytes(), fits);
    }
    assert_eq!(build(1023).unwrap_err(), ConfigError::MaxBodyOutOfRange);
    assert_eq!(build(16 * 1024 * 1024 + 1).unwrap_err(), ConfigError::MaxBodyOutOfRange);
}

// Rotation.

#[test]
fn secrets_are_replaced_in_a_running_server() {
    let verifier = verifier(&[1]);
    let clone = verifier.clone();
    let (old, new) = (signed(), StaticSigner::new(&secret(2)).sign(ID, clock().now(), body()));
    assert!(clone.check(&old.headers, &old.body).is_ok());
    assert!(clone.check(&new.headers, &new.body).is_err());
    verifier.replace_secrets([secret(2), secret(1)]).unwrap();
    assert!(clone.check(&old.headers, &old.body).is_ok());
    assert!(clone.check(&new.headers, &new.body).is_ok());
    verifier.replace_secrets([secret(2)]).unwrap();
    assert!(clone.check(&old.headers, &old.body).is_err());
}

#[test]
fn an_empty_or_too_long_replacement_is_refused_and_the_old_one_stays() {
    let verifier = verifier(&[1]);
    assert_eq!(verifier.replace_secrets([]), Err(ConfigError::NoSecret));
    assert_eq!(verifier.replace_secrets((0..9).map(secret)), Err(ConfigError::TooManySecrets));
    let request = signed();
    assert!(verifier.check(&request.headers, &request.body).is_ok());
}

#[test]
fn a_secret_ends_at_its_retirement() {
    let clock = clock();
    let end = clock.now() + Duration::from_secs(10);
    let verifier = StaticVerifier::builder()
        .secret(secret(2))
        .secret(secret(1).retire_at(end))
        .clock(clock.clone())
        .build()
        .unwrap();
    let request = signed();
    clock.advance(Duration::from_millis(9_999));
    assert!(verifier.check(&request.headers, &request.body).is_ok());
    clock.advance(Duration::from_millis(1));
    let refused = verifier.check(&request.headers, &request.body).unwrap_err();
    assert_eq!(refused, Error::SignatureMismatch);
}

#[test]
fn with_every_secret_retired_it_is_the_receiver_who_must_act() {
    let clock = clock();
    let retired = secret(1).retire_at(clock.now());
    let verifier = StaticVerifier::builder().secret(retired).clock(clock).build().unwrap();
    let request = signed();
    let refused = verifier.check(&request.headers, &request.body).unwrap_err();
    assert_eq!(refused, Error::NoActiveSecret);
    assert_eq!(refused.status(), 500);
}

#[test]
fn rotation_under_load_never_refuses_a_request() {
    let verifier = verifier(&[1, 2]);
    let requests = [1, 2].map(|n| StaticSigner::new(&secret(n)).sign(ID, clock().now(), body()));
    std::thread::scope(|scope| {
        for request in &requests {
            let verifier = verifier.clone();
            scope.spawn(move || {
                for _ in 0..20_000 {
                    verifier.check(&request.headers, &request.body).unwrap();
                }
            });
        }
        for n in 0..200 {
            let order = if n % 2 == 0 { [1, 2] } else { [2, 1] };
            verifier.replace_secrets(order.map(secret)).unwrap();
        }
    });
}

// What is never shown.

#[test]
fn nothing_secret_is_in_any_debug_text() {
    let mark = "MARKEDMARKEDMARKEDMARKEDMARKEDMA";
    let marked = || Secret::from_raw_bytes(mark).unwrap();
    let signer = StaticSigner::new(&marked());
    let body = format!(
        r#"{{"type":"{mark}","data":{{"token":"{mark}"}},"user_metadata":{{"token":"{mark}"}}}}"#
    );
    let request = signer.sign(ID, clock().now(), body);
    let verifier = StaticVerifier::builder().secret(marked()).clock(clock()).build().unwrap();
    let delivery = verifier.verify(&request.headers, request.body).unwrap();
    let builder = StaticVerifier::builder().secret(marked());
    let debug = format!("{:?}{builder:?}{verifier:?}{signer:?}", marked());
    assert!(!debug.contains(mark), "{debug}");
    let shown = format!("{:?}{:?}", delivery, delivery.envelope());
    let only_the_type = shown.matches(mark).count();
    assert_eq!(only_the_type, 2, "{shown}");
}

#[test]
fn debug_of_a_delivery_prints_scheme_type_and_lengths() {
    let text = format!("{:?}", verify(&signed()).unwrap());
    assert_eq!(
        text,
        "Delivery { scheme: Static(SecretMatch { position: 1, label: None }), \
         type: Some(\"batch.succeeded\"), id_bytes: 40, raw_bytes: 154 }"
    );
}

#[test]
fn a_header_map_with_other_headers_is_read_the_same() {
    let mut headers = HeaderMap::new();
    for n in 0..60 {
        let name: http::HeaderName = format!("x-filler-{n}").parse().unwrap();
        headers.insert(name, HeaderValue::from_static("webhook-id"));
    }
    headers.extend(signed().headers);
    assert!(verifier(&[1]).check(&headers, body().as_bytes()).is_ok());
}

//! Headers that are missing, renamed or malformed, clocks that differ, and schemes.

use std::collections::{BTreeMap, HashMap};

use gemini_webhooks::explain::{Cause, Explainer, Step};
use gemini_webhooks::testing::SignedRequest;
use gemini_webhooks::{FoundHeaders, HeaderLookup, WebhookHeader};
use http::{HeaderName, HeaderValue};

use super::{
    ID, NOW, assert_explained, assert_is_one_safe_sentence, at, body, explain, set, sign, signer,
    verifier,
};

/// What a proxy made of the headers: each under another name.
fn renamed(rename: impl Fn(&str) -> String) -> SignedRequest {
    let mut request = sign(body());
    request.headers = request
        .headers
        .iter()
        .map(|(name, value)| (HeaderName::try_from(rename(name.as_str())).unwrap(), value.clone()))
        .collect();
    request
}

#[test]
fn headers_under_other_names_are_recognised() {
    for (rename, shown) in [
        ("svix-{}", "`svix-id`"),
        ("x-webhook-{}", "`x-webhook-id`"),
        ("webhook_{}", "`webhook_id`"),
        ("http_webhook_{}", "`http_webhook_id`"),
        ("x-amzn-remapped-webhook-{}", "`x-amzn-remapped-webhook-id`"),
    ] {
        let request = renamed(|name| rename.replace("{}", name.strip_prefix("webhook-").unwrap()));
        let words = ["webhook-id is missing", shown, "under its own name"];
        assert_explained(
            &explain(&verifier(), &request),
            Cause::HeaderRenamed,
            Step::Headers,
            &words,
        );
    }
}

#[test]
fn names_as_cgi_has_them_are_recognised() {
    let request = sign(body());
    let cgi = |name: &str| format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_"));
    let headers: Vec<(String, Vec<u8>)> = request
        .headers
        .iter()
        .map(|(name, value)| (cgi(name.as_str()), value.as_bytes().to_vec()))
        .collect();
    let explanation = Explainer::new(verifier()).explain(&headers, &request.body);
    assert_is_one_safe_sentence(&explanation);
    assert_explained(&explanation, Cause::HeaderRenamed, Step::Headers, &["`HTTP_WEBHOOK_ID`"]);
}

#[test]
fn every_kind_of_collection_shows_its_headers() {
    let pairs = [("x-webhook-id", "msg_1"), ("x-webhook-timestamp", "1"), ("host", "a")];
    let explainer = Explainer::new(verifier());
    let mut map = http::HeaderMap::new();
    map.insert("x-webhook-id", HeaderValue::from_static("msg_1"));
    let collections: [&dyn HeaderLookup; 6] = [
        &map,
        &pairs,
        &pairs.as_slice(),
        &pairs.to_vec(),
        &HashMap::from(pairs),
        &BTreeMap::from(pairs),
    ];
    for headers in collections {
        assert_eq!(explainer.explain(headers, b"{}").cause(), Cause::HeaderRenamed);
    }
}

#[cfg(feature = "actix-web")]
#[test]
fn the_headers_of_actix_web_are_shown() {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
    let mut headers = HeaderMap::new();
    headers.insert(HeaderName::from_static("svix-id"), HeaderValue::from_static("msg_1"));
    let explanation = Explainer::new(verifier()).explain(&headers, b"{}");
    assert_explained(&explanation, Cause::HeaderRenamed, Step::Headers, &["`svix-id`"]);
}

/// Shows the three, and no others.
struct Three(SignedRequest);

impl HeaderLookup for Three {
    fn lookup(&self) -> FoundHeaders<'_> {
        self.0.headers.lookup()
    }
}

#[test]
fn a_collection_that_shows_only_the_three_is_explained_by_them() {
    let three = Three(renamed(|name| format!("x-{name}")));
    let explanation = Explainer::new(verifier()).explain(&three, b"{}");
    assert_explained(&explanation, Cause::HeaderMissing, Step::Headers, &["none of the three"]);
}

#[test]
fn a_name_that_a_stranger_chose_is_bounded_and_escaped() {
    let name = format!("\x1b[31m{}\nwebhook-id", "x".repeat(10_000));
    let explanation = Explainer::new(verifier()).explain(&[(name, "msg_1")], b"{}");
    assert_is_one_safe_sentence(&explanation);
    assert_explained(&explanation, Cause::HeaderRenamed, Step::Headers, &[r"\u{1b}[31mxxx"]);
}

#[test]
fn headers_that_are_missing_are_named() {
    let mut request = sign(body());
    request.headers.clear();
    let words = ["none of the three webhook-* headers", "in front of the proxies"];
    assert_explained(&explain(&verifier(), &request), Cause::HeaderMissing, Step::Headers, &words);
    for header in [WebhookHeader::Id, WebhookHeader::Timestamp, WebhookHeader::Signature] {
        let mut request = sign(body());
        request.headers.remove(header.header_name());
        let words = [&*format!("{header} is missing"), "while others of the three are there"];
        assert_explained(
            &explain(&verifier(), &request),
            Cause::HeaderMissing,
            Step::Headers,
            &words,
        );
        set(&mut request.headers, header, "");
        let words = [&*format!("{header} is there, but empty")];
        assert_explained(
            &explain(&verifier(), &request),
            Cause::HeaderMissing,
            Step::Headers,
            &words,
        );
    }
}

#[test]
fn a_header_that_came_twice_is_named() {
    let mut request = sign(body());
    request.headers.append("webhook-signature", HeaderValue::from_static("v1,x"));
    let words = ["webhook-signature came more than once", "the proxy that adds it"];
    assert_explained(&explain(&verifier(), &request), Cause::HeaderRepeated, Step::Headers, &words);
}

#[test]
fn a_malformed_header_is_named() {
    let mut request = sign(body());
    set(&mut request.headers, WebhookHeader::Id, "a.b");
    let words = ["webhook-id is malformed (contains a dot)"];
    assert_explained(
        &explain(&verifier(), &request),
        Cause::HeaderMalformed,
        Step::Headers,
        &words,
    );
}

#[test]
fn a_timestamp_in_another_unit_or_form_is_recognised() {
    for (timestamp, words) in [
        (format!("{NOW}000"), "in milliseconds"),
        (format!("{NOW}000000"), "in microseconds"),
        (format!("{NOW}000000000"), "in nanoseconds"),
        (format!("{NOW}.25"), "a number with a fraction"),
        ("2027-01-15T08:00:00Z".to_owned(), "a date"),
        ("now".to_owned(), "a text"),
        (format!("0{NOW}"), "a zero before it"),
    ] {
        let signature = signer().signature(ID, &timestamp, body());
        let mut request = sign(body());
        set(&mut request.headers, WebhookHeader::Timestamp, &timestamp);
        set(&mut request.headers, WebhookHeader::Signature, &signature);
        let explanation = explain(&verifier(), &request);
        let words = [words, "whole Unix seconds"];
        assert_explained(&explanation, Cause::TimestampNotSeconds, Step::Headers, &words);
        assert_eq!(explanation.also(), None, "the signature is right");
    }
}

#[test]
fn a_timestamp_in_milliseconds_beside_another_mistake_is_not_all() {
    let timestamp = format!("{NOW}000");
    let mut request = sign(body());
    let signature = signer().signature(ID, &timestamp, body() + "\n");
    set(&mut request.headers, WebhookHeader::Timestamp, &timestamp);
    set(&mut request.headers, WebhookHeader::Signature, &signature);
    let explanation = explain(&verifier(), &request);
    assert_eq!(explanation.also(), Some(Cause::BodyLineEnd));
    let words = ["milliseconds", "; besides, ", "a line end"];
    assert_explained(&explanation, Cause::TimestampNotSeconds, Step::Headers, &words);
}

#[test]
fn a_clock_that_is_off_is_named_with_its_direction() {
    let behind = signer().sign(ID, at(NOW - 1234), body());
    let words = ["1234 s behind this receiver's clock", "300 s are allowed", "if it is ahead"];
    let explanation = explain(&verifier(), &behind);
    assert_explained(&explanation, Cause::TimestampTooOld, Step::ReplayWindow, &words);
    assert_eq!(explanation.also(), None, "the signature is right");

    let ahead = signer().sign(ID, at(NOW + 1234), body());
    let words = ["1234 s ahead of this receiver's clock", "300 s are allowed", "if it is behind"];
    let explanation = explain(&verifier(), &ahead);
    assert_explained(&explanation, Cause::TimestampTooNew, Step::ReplayWindow, &words);
}

#[test]
fn a_local_time_is_recognised() {
    const MINUTE: u64 = 60;
    for (sent_at, words) in [
        (NOW - 120 * MINUTE + 3, "7197 s behind this receiver's clock, 2 hours as a local time"),
        (NOW + 60 * MINUTE, "3600 s ahead of this receiver's clock, 1 hour as"),
        // India, Nepal, Newfoundland, and the islands that are the farthest east.
        (NOW + 330 * MINUTE - 30, "19770 s ahead of this receiver's clock, 5 hours and 30 minutes"),
        (NOW + 345 * MINUTE, "5 hours and 45 minutes as"),
        (NOW - 210 * MINUTE - 30, "3 hours and 30 minutes as"),
        (NOW + 840 * MINUTE, "14 hours as"),
    ] {
        let explanation = explain(&verifier(), &signer().sign(ID, at(sent_at), body()));
        let words = [words, "300 s are allowed", "in UTC", "a replay", "at its own time"];
        assert_explained(&explanation, Cause::TimestampInLocalTime, Step::ReplayWindow, &words);
        assert_eq!(explanation.also(), None, "the signature is right");
    }
    for off in [45 * MINUTE, 60 * MINUTE + 31, 75 * MINUTE - 31, 855 * MINUTE] {
        let explanation = explain(&verifier(), &signer().sign(ID, at(NOW - off), body()));
        assert_explained(&explanation, Cause::TimestampTooOld, Step::ReplayWindow, &[]);
    }
}

#[test]
fn a_request_that_is_late_and_changed_is_both() {
    let mut request = signer().sign(ID, at(NOW - 1000), body());
    request.body = (body() + "\n").into();
    let explanation = explain(&verifier(), &request);
    assert_eq!(explanation.also(), Some(Cause::BodyLineEnd));
    let words = ["1000 s behind", "; besides, a line end was added"];
    assert_explained(&explanation, Cause::TimestampTooOld, Step::ReplayWindow, &words);
    // At its own time only the body is left.
    let explanation =
        Explainer::new(verifier()).explain_at(&request.headers, &request.body, at(NOW - 1000));
    assert_explained(&explanation, Cause::BodyLineEnd, Step::Signature, &[]);
}

#[test]
fn a_scheme_that_is_not_set_up_is_named() {
    for (signature, words) in [
        ("a.b.c", "a JWT came, as dynamic webhooks are documented"),
        ("v1a,AAAA", "v1a signatures came, as dynamic webhooks were seen"),
    ] {
        let mut request = sign(body());
        set(&mut request.headers, WebhookHeader::Signature, signature);
        let explanation = explain(&verifier(), &request);
        assert_explained(&explanation, Cause::SchemeNotConfigured, Step::Scheme, &[words]);
    }
}

use gemini_webhooks::{Error, WebhookHeader};

use super::super::{Input, is_legal};
use super::jwt_claims::judge_bytes;
use super::rules::{Setup, faults};
use super::{TOKEN, assert_named};

/// A token verifies as it was signed and in no other spelling, and what is none costs no look for
/// keys.
pub fn jwt_split(data: &[u8]) {
    let mut input = Input(data);
    let (place, replaced, fault) = (input.number(), input.number(), input.line());
    assert_judged_by_its_form(input.0);
    let genuine = TOKEN.as_bytes();
    let start = place % (genuine.len() + 1);
    let end = start.saturating_add(replaced).min(genuine.len());
    assert_judged_by_its_form(&[&genuine[..start], fault, &genuine[end..]].concat());
}

fn assert_judged_by_its_form(header: &[u8]) {
    let (verdict, asked) = judge_bytes(header, Setup::USUAL);
    if header == TOKEN.as_bytes() {
        assert!(verdict.is_ok(), "{verdict:?}");
        return;
    }
    let refusal = verdict.unwrap_err();
    if !is_legal(WebhookHeader::Signature, header) {
        let signature = WebhookHeader::Signature;
        let named = matches!(
            refusal,
            Error::MissingHeader { header } | Error::MalformedHeader { header, .. }
                if header == signature
        );
        assert!(named, "{refusal:?}");
    } else if !is_token(header) {
        let of_a_list =
            matches!(refusal, Error::SchemeNotConfigured { .. } | Error::MalformedHeader { .. });
        assert!(of_a_list, "{refusal:?}");
    } else {
        let faults = faults(header, Setup::USUAL);
        if faults.is_empty() {
            assert_eq!(asked, 1);
            assert!(matches!(refusal, Error::SignatureMismatch | Error::UnknownKey), "{refusal:?}");
            return;
        }
        assert_named(&refusal, &faults);
    }
    assert_eq!(asked, 0, "{refusal:?} cost a look for keys");
}

/// No comma and two dots.
fn is_token(header: &[u8]) -> bool {
    !header.contains(&b',') && header.split(|byte| *byte == b'.').count() == 3
}

//! What can be seen of a body that cannot be turned into what was signed: guesses, said to be such.

use serde::de::IgnoredAny;

use super::cause::Cause;
use super::finding::Finding;
use super::request::Request;

/// Says what is odd about a body, when no signature matches it in any form.
pub(super) fn find(request: &Request<'_>) -> Option<Finding> {
    let hint = |cause, what: String| {
        Some(Finding::new(cause, format!("no signature matches, and {what}")))
    };
    let (body, bytes) = (request.body, request.body.len());
    let announced = request.header("content-length").and_then(|text| text.parse::<usize>().ok());
    if let Some(announced) = announced.filter(|announced| *announced > bytes && bytes > 0) {
        let what = format!("the body has {bytes} bytes where content-length announces {announced}");
        return hint(Cause::BodyCutOff, what);
    }
    if body.is_empty() {
        return hint(Cause::BodyEmpty, "the body is empty".to_owned());
    }
    if let Some(format) = compression(body) {
        return hint(Cause::BodyCompressed, format!("the body is {format} data"));
    }
    if std::str::from_utf8(body).is_ok_and(|text| text.contains('\u{fffd}')) {
        let what = "the body has the character U+FFFD, which stands for bytes that were lost";
        return hint(Cause::BodyLossy, what.to_owned());
    }
    let is_encoded = |coding: &str| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
    if request.header("content-encoding").is_some_and(is_encoded) {
        let what = "the body is not compressed, though content-encoding says that it was";
        return hint(Cause::BodyDecompressed, what.to_owned());
    }
    match serde_json::from_slice::<IgnoredAny>(body) {
        Err(error) if error.is_eof() => hint(
            Cause::BodyCutOff,
            format!("the body ends in the middle of its JSON, after {bytes} bytes"),
        ),
        Err(_) => hint(Cause::BodyNotJson, "the body is no JSON".to_owned()),
        Ok(IgnoredAny) => None,
    }
}

/// The formats that are told by their first bytes (RFC 1952, RFC 8878, RFC 1950).
fn compression(body: &[u8]) -> Option<&'static str> {
    match body {
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some("zlib"),
        _ => None,
    }
}

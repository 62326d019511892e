//! What became of the signed bytes on the way, and signers that sign something else.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::{
    BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD,
};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use gemini_webhooks::WebhookHeader;
use gemini_webhooks::explain::{Cause, Step};
use gemini_webhooks::testing::SignedRequest;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::{
    ID, MARK, NOW, assert_explained, body, explain, mac, set, sign, signed_text, verifier,
    with_signature,
};

/// The sender signed `signed`, and `received` is what came to the verifier.
fn became(signed: impl AsRef<[u8]>, received: impl Into<Vec<u8>>) -> SignedRequest {
    SignedRequest { body: received.into().into(), ..sign(signed) }
}

#[track_caller]
fn assert_body(request: &SignedRequest, cause: Cause, words: &[&str]) {
    assert_explained(&explain(&verifier(), request), cause, Step::Signature, words);
}

// Rewritten by `serde_json`: a tree has its members sorted.

fn tree() -> Value {
    serde_json::from_str(&body()).unwrap()
}

fn indented(json: &Value, indent: &str) -> String {
    let mut out = Vec::new();
    let formatter = PrettyFormatter::with_indent(indent.as_bytes());
    json.serialize(&mut Serializer::with_formatter(&mut out, formatter)).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn compact_json_that_was_indented_is_recognised() {
    let compact = tree().to_string();
    for received in [indented(&tree(), "  "), indented(&tree(), "    "), indented(&tree(), "\t")] {
        let words = ["as compact JSON)", "before any JSON parser"];
        assert_body(&became(&compact, received), Cause::BodyRewritten, &words);
    }
}

#[test]
fn indented_json_that_was_made_compact_is_recognised() {
    let compact = tree().to_string();
    let two = indented(&tree(), "  ");
    for (signed, words) in [
        (two.clone(), "indented by 2 spaces)"),
        (two + "\n", "indented by 2 spaces, with a line end"),
        (indented(&tree(), "    "), "indented by 4 spaces"),
        (indented(&tree(), "\t"), "indented by tabs"),
    ] {
        assert_body(&became(signed, &*compact), Cause::BodyRewritten, &[words]);
    }
}

#[test]
fn sorted_members_are_recognised() {
    let received = tree().to_string();
    assert_ne!(received, body());
    assert_body(&became(body(), received), Cause::BodyRewritten, &["in the documented order"]);
    let received = indented(&tree(), "  ");
    assert_body(&became(body(), received), Cause::BodyRewritten, &["in the documented order"]);
    // A test signer that sorts, before a receiver that does not.
    let signed = tree().to_string();
    assert_body(&became(signed, body()), Cause::BodyRewritten, &["with sorted members"]);
}

// Rewritten by other languages: what Python 3.13 and Node 24 print of the first text.

const SENT: &str = r#"{"type":"batch.succeeded","version":"v1","data":{"id":"b/1","output_file_uri":"gs://b/café?a=1&b=<2>"},"user_metadata":{"note":"☃ 😀 marked-value","n":1.50,"big":12345678901234567890}}"#;

/// `json.dumps(json.loads(text, parse_float=Decimal))`, with a number that keeps its spelling.
const PYTHON: &str = r#"{"type": "batch.succeeded", "version": "v1", "data": {"id": "b/1", "output_file_uri": "gs://b/caf\u00e9?a=1&b=<2>"}, "user_metadata": {"note": "\u2603 \ud83d\ude00 marked-value", "n": 1.50, "big": 12345678901234567890}}"#;

/// The same with `sort_keys=True`.
const PYTHON_SORTED: &str = r#"{"data": {"id": "b/1", "output_file_uri": "gs://b/caf\u00e9?a=1&b=<2>"}, "type": "batch.succeeded", "user_metadata": {"note": "\u2603 \ud83d\ude00 marked-value", "n": 1.50, "big": 12345678901234567890}, "version": "v1"}"#;

/// The same with `ensure_ascii=False`.
const PYTHON_UNICODE: &str = r#"{"type": "batch.succeeded", "version": "v1", "data": {"id": "b/1", "output_file_uri": "gs://b/café?a=1&b=<2>"}, "user_metadata": {"note": "☃ 😀 marked-value", "n": 1.50, "big": 12345678901234567890}}"#;

/// `json.Marshal` of Go.
const GO: &str = r#"{"type":"batch.succeeded","version":"v1","data":{"id":"b/1","output_file_uri":"gs://b/café?a=1\u0026b=\u003c2\u003e"},"user_metadata":{"note":"☃ 😀 marked-value","n":1.50,"big":12345678901234567890}}"#;

/// Gson of Java.
const GSON: &str = r#"{"type":"batch.succeeded","version":"v1","data":{"id":"b/1","output_file_uri":"gs://b/café?a\u003d1\u0026b\u003d\u003c2\u003e"},"user_metadata":{"note":"☃ 😀 marked-value","n":1.50,"big":12345678901234567890}}"#;

/// `json_encode` of PHP.
const PHP: &str = r#"{"type":"batch.succeeded","version":"v1","data":{"id":"b\/1","output_file_uri":"gs:\/\/b\/caf\u00e9?a=1&b=<2>"},"user_metadata":{"note":"\u2603 \ud83d\ude00 marked-value","n":1.50,"big":12345678901234567890}}"#;

#[test]
fn json_written_again_by_python_is_recognised() {
    for received in [PYTHON, PYTHON_SORTED, PYTHON_UNICODE] {
        assert_body(&became(SENT, received), Cause::BodyRewritten, &["as compact JSON"]);
    }
    assert_body(&became(PYTHON, SENT), Cause::BodyRewritten, &["spaced JSON in ASCII"]);
    assert_body(&became(PYTHON_UNICODE, SENT), Cause::BodyRewritten, &["a space behind"]);
    assert_body(&became(PYTHON, PYTHON_UNICODE), Cause::BodyRewritten, &["spaced JSON in ASCII"]);
    assert_body(&became(PYTHON_UNICODE, PYTHON), Cause::BodyRewritten, &["spaced JSON with few"]);
}

#[test]
fn json_written_again_with_other_escapes_is_recognised() {
    for received in [GO, GSON, PHP] {
        assert_body(&became(SENT, received), Cause::BodyRewritten, &["with few escapes"]);
    }
    assert_body(&became(GO, SENT), Cause::BodyRewritten, &["with `<`, `>` and `&` escaped"]);
    assert_body(&became(GSON, SENT), Cause::BodyRewritten, &["`=` and `'` escaped"]);
    assert_body(&became(PHP, SENT), Cause::BodyRewritten, &["with `/` escaped"]);
}

#[test]
fn a_body_in_base64_is_recognised() {
    for received in [
        BASE64_STANDARD.encode(body()),
        BASE64_URL_SAFE_NO_PAD.encode(body()),
        serde_json::to_string(&BASE64_STANDARD.encode(body())).unwrap(),
        BASE64_STANDARD.encode(body()) + "\n",
    ] {
        let words = ["decoded from base64", "decode it first"];
        assert_body(&became(body(), received), Cause::BodyInBase64, &words);
    }
}

#[test]
fn a_body_within_a_json_text_is_recognised() {
    let received = serde_json::to_string(&body()).unwrap();
    assert_body(&became(body(), received), Cause::BodyQuoted, &["what the JSON text holds"]);
    let received = format!("b'{}'", body());
    assert_body(&became(body(), received), Cause::BodyQuoted, &["not a text that holds them"]);
}

#[test]
fn a_line_end_behind_the_body_is_recognised() {
    for line_end in ["\n", "\r\n"] {
        let with = body() + line_end;
        assert_body(&became(body(), &*with), Cause::BodyLineEnd, &["without the line end"]);
        assert_body(&became(with, body()), Cause::BodyLineEnd, &["behind it"]);
    }
}

#[test]
fn changed_line_ends_are_recognised() {
    let lf = indented(&tree(), "  ").replace("batch_123456", "b\u{e9}");
    let crlf = lf.replace('\n', "\r\n");
    // In spellings that no library writes, so that only the line ends can explain it.
    let (lf, crlf) = (lf.replace(": ", " : "), crlf.replace(": ", " : "));
    assert_body(&became(&lf, &*crlf), Cause::BodyLineEnds, &["LF for each CRLF"]);
    assert_body(&became(&crlf, &*lf), Cause::BodyLineEnds, &["CRLF for each LF", "lines"]);
}

#[test]
fn a_byte_order_mark_is_recognised() {
    let with = format!("\u{feff}{}", body());
    assert_body(
        &became(body(), &*with),
        Cause::BodyByteOrderMark,
        &["without the byte order mark"],
    );
    assert_body(&became(with, body()), Cause::BodyByteOrderMark, &["with a byte order mark"]);
}

#[test]
fn a_body_in_another_encoding_is_recognised() {
    let utf8 = body().replace("my-bucket", "mön-bücket").into_bytes();
    // Read as Latin-1 by one, and written as UTF-8 by the next.
    let garbled: String = utf8.iter().map(|byte| char::from(*byte)).collect();
    assert_body(&became(&utf8, garbled), Cause::BodyReencoded, &["written as Latin-1"]);
    let latin1: Vec<u8> =
        std::str::from_utf8(&utf8).unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect();
    assert_body(&became(&latin1, &*utf8), Cause::BodyReencoded, &["written as Latin-1"]);
    assert_body(&became(&utf8, latin1), Cause::BodyReencoded, &["written as UTF-8"]);
}

#[test]
fn a_body_that_was_kept_in_utf_16_is_recognised() {
    let sent = body().replace("my-bucket", "mön-bücket-😀");
    let kept = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    assert_body(&became(&sent, kept(&sent)), Cause::BodyReencoded, &["read as UTF-16"]);
    // As a redirection of PowerShell 5 writes a text.
    let file = kept(&format!("\u{feff}{sent}\r\n"));
    assert_body(&became(&sent, file), Cause::BodyReencoded, &["UTF-16", "without the line end"]);
}

// What cannot be undone, and is seen all the same.

#[test]
fn a_compressed_body_is_seen() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(body().as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let words = ["the body is gzip data", "verify the bytes that the sender signed"];
    assert_body(&became(body(), gzip), Cause::BodyCompressed, &words);
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(body().as_bytes()).unwrap();
    let zlib = zlib.finish().unwrap();
    assert_body(&became(body(), zlib), Cause::BodyCompressed, &["the body is zlib data"]);
}

#[test]
fn a_decompressed_body_is_seen() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(body().as_bytes()).unwrap();
    let mut request = became(gzip.finish().unwrap(), body());
    request.headers.insert(CONTENT_ENCODING, "gzip".parse().unwrap());
    assert_body(&request, Cause::BodyDecompressed, &["content-encoding says that it was"]);
    // Without that header nothing tells of it: it is named as what cannot be ruled out.
    request.headers.remove(CONTENT_ENCODING);
    let words =
        ["a body that was decompressed on the way", "cannot be recognised", "to the sender"];
    assert_body(&request, Cause::Unexplained, &words);
}

#[test]
fn a_body_that_is_cut_off_is_seen() {
    assert_body(
        &became(body(), &body().as_bytes()[..60]),
        Cause::BodyCutOff,
        &["after 60 bytes", "a limit"],
    );
    let mut request = became(body(), "{}");
    request.headers.insert(CONTENT_LENGTH, body().len().into());
    assert_body(&request, Cause::BodyCutOff, &["has 2 bytes where content-length announces"]);
}

#[test]
fn an_empty_body_is_seen() {
    let mut request = became(body(), "");
    request.headers.insert(CONTENT_LENGTH, body().len().into());
    let words = ["the body is empty", "what reads the body before the verifier"];
    assert_body(&request, Cause::BodyEmpty, &words);
}

#[test]
fn characters_that_were_lost_are_seen() {
    let signed = b"{\"type\":\"x\",\"data\":\"\xff\xfe\"}";
    let received = String::from_utf8_lossy(signed).into_owned();
    assert_body(&became(signed, received), Cause::BodyLossy, &["U+FFFD", "bytes that arrived"]);
}

#[test]
fn what_is_no_json_is_seen() {
    let received = "{'type': 'batch.succeeded'}";
    assert_body(&became(body(), received), Cause::BodyNotJson, &["the body is no JSON"]);
    assert_body(&became(body(), "[object Object]"), Cause::BodyNotJson, &["nothing else"]);
}

#[test]
fn what_nothing_explains_is_said_plainly() {
    let request = became(body(), body().replace(MARK, "marked-value-changed"));
    let words = [
        "no signature is right by 1 secret and 0 retired ones",
        "no other reading of a secret",
        "no other form of the body",
        "no other way to join",
        "make sure that the secret",
    ];
    assert_body(&request, Cause::Unexplained, &words);
}

// Signers that sign something else.

#[test]
fn parts_that_are_joined_otherwise_are_recognised() {
    let body = body();
    for (text, shown) in [
        (body.clone(), "`{body}`"),
        (format!("{NOW}.{body}"), "`{timestamp}.{body}`"),
        (format!("{ID}.{body}"), "`{id}.{body}`"),
        (format!("{NOW}.{ID}.{body}"), "`{timestamp}.{id}.{body}`"),
        (format!("{ID}{NOW}{body}"), "`{id}{timestamp}{body}`"),
        (format!("{ID}:{NOW}:{body}"), "`{id}:{timestamp}:{body}`"),
        (format!("{ID}\n{NOW}\n{body}"), r"`{id}\n{timestamp}\n{body}`"),
        (format!("{body}.{NOW}.{ID}"), "`{body}.{timestamp}.{id}`"),
        (format!("{ID}.{NOW}"), "`{id}.{timestamp}`"),
        (format!("{NOW}{body}"), "`{timestamp}{body}`"),
        (format!("{ID},{NOW},{body}"), "`{id},{timestamp},{body}`"),
        (format!("{ID}{body}"), "`{id}{body}`"),
        (format!("v0:{NOW}:{body}"), "`v0:{timestamp}:{body}`"),
    ] {
        let signature = format!("v1,{}", BASE64_STANDARD.encode(mac(text)));
        let request = with_signature(&signature, &body);
        let words = [shown, "sign `{webhook-id}.{webhook-timestamp}.{body}`"];
        assert_body(&request, Cause::SignedOtherText, &words);
    }
}

#[test]
fn a_timestamp_that_is_signed_in_another_spelling_is_recognised() {
    let body = body();
    for (timestamp, shown) in [
        (format!("{NOW}000"), "{timestamp}000"),
        (format!("{NOW}.0"), "{timestamp}.0"),
        ("2027-01-15T08:00:00Z".to_owned(), "{date}"),
    ] {
        let signature = BASE64_STANDARD.encode(mac(format!("{ID}.{timestamp}.{body}")));
        let request = with_signature(&format!("v1,{signature}"), &body);
        assert_body(&request, Cause::SignedOtherText, &[shown]);
    }
}

// Signatures in another spelling.

#[test]
fn a_signature_in_another_spelling_is_recognised() {
    // One whose base64 has all that the alphabets differ in.
    let bodies = (0..).map(|n| body().replace("123456", &n.to_string()));
    let differs = |body: &String| {
        let signature = BASE64_STANDARD.encode(mac(signed_text(body)));
        signature.contains('+') && signature.contains('/')
    };
    let body = bodies.into_iter().find(differs).unwrap();
    let signature = mac(signed_text(&body));
    let hex = hex(&signature);
    let standard = BASE64_STANDARD.encode(signature);
    for (header, step, words) in [
        (format!("v1,{hex}"), Step::Headers, "written in hex"),
        (format!("v1,{}", hex.to_uppercase()), Step::Headers, "written in hex"),
        (format!("sha256={hex}"), Step::Scheme, "written in hex"),
        (hex.clone(), Step::Scheme, "written in hex"),
        (format!("v1,{}", BASE64_STANDARD.encode(&hex)), Step::Headers, "base64 of its hex"),
        (format!("v1,{}", BASE64_URL_SAFE.encode(signature)), Step::Signature, "URL-safe"),
        (format!("v1,{}", BASE64_STANDARD_NO_PAD.encode(signature)), Step::Headers, "padding"),
        (standard.clone(), Step::Scheme, "not an entry of its own"),
        (format!("v1={standard}"), Step::Scheme, "not an entry of its own"),
        (format!("v1,AAAA,v1,{standard}"), Step::Headers, "not an entry of its own"),
    ] {
        let explanation = explain(&verifier(), &with_signature(&header, &body));
        let words = [words, "the signature is right, but", "padded standard base64"];
        assert_explained(&explanation, Cause::SignatureSpelling, step, &words);
        assert!(!explanation.to_string().contains(&hex[..8]), "{explanation}");
    }
}

#[test]
fn two_faults_of_one_signature_are_both_named() {
    let hex = hex(&mac(body()));
    let explanation = explain(&verifier(), &with_signature(&format!("v1,{hex}"), &body()));
    let words = ["signed `{body}`, and it is written in hex"];
    assert_explained(&explanation, Cause::SignedOtherText, Step::Headers, &words);
}

#[test]
fn a_header_without_any_signature_is_said_to_be_so() {
    for (header, step) in [("v1,", Step::Headers), ("v1,xyz", Step::Headers), ("x", Step::Scheme)] {
        let mut request = sign(body());
        set(&mut request.headers, WebhookHeader::Signature, header);
        let explanation = explain(&verifier(), &request);
        let words = ["44 characters of base64"];
        assert_explained(&explanation, Cause::SignatureMalformed, step, &words);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

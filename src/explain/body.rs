//! What can have become of a body on its way: the changes that are undone, the likely ones first.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

use super::cause::Cause;
use super::json::{Escapes, Json, Order, Spacing, Style};
use crate::limits::MAX_EXPLAINED_BODY_BYTES;

/// One supposition: that the signed body was another form of ours.
struct Form {
    cause: Cause,
    /// Says what the signature is right for.
    what: &'static str,
    make: Make,
}

enum Make {
    /// The same JSON in another style.
    Json(Style),
    /// Other bytes; `None` where there is nothing to undo.
    Bytes(fn(&[u8]) -> Option<Vec<u8>>),
}

const fn json(what: &'static str, style: Style) -> Form {
    Form { cause: Cause::BodyRewritten, what, make: Make::Json(style) }
}

const fn bytes(cause: Cause, what: &'static str, make: fn(&[u8]) -> Option<Vec<u8>>) -> Form {
    Form { cause, what, make: Make::Bytes(make) }
}

const COMPACT: Style = Style::of(Spacing::Compact);
const SPACED: Style = Style::of(Spacing::Spaced);
const TWO: Style = Style::of(Spacing::Lines("  "));

/// Everything that is tried.
const FORMS: &[Form] = &[
    bytes(Cause::BodyLineEnd, "without the line end behind it", without_line_end),
    bytes(Cause::BodyLineEnd, "with a line end behind it", with_line_end),
    json("as compact JSON", COMPACT),
    json("as JSON with a space behind `,` and `:`", SPACED),
    json("as JSON in lines, indented by 2 spaces", TWO),
    json("as JSON in lines, indented by 2 spaces, with a line end", TWO.with_line_end()),
    json("as JSON in lines, indented by 4 spaces", Style::of(Spacing::Lines("    "))),
    json("as JSON in lines, indented by tabs", Style::of(Spacing::Lines("\t"))),
    json("as compact JSON in the documented order", COMPACT.ordered(Order::Documented)),
    json("as compact JSON with sorted members", COMPACT.ordered(Order::Sorted)),
    json("as spaced JSON in the documented order", SPACED.ordered(Order::Documented)),
    json("as spaced JSON with sorted members", SPACED.ordered(Order::Sorted)),
    json("as indented JSON in the documented order", TWO.ordered(Order::Documented)),
    bytes(Cause::BodyInBase64, "decoded from base64", decoded),
    bytes(Cause::BodyQuoted, "as what the JSON text holds", unquoted),
    json("as compact JSON with few escapes", COMPACT.escaped(Escapes::Few)),
    json(
        "as compact JSON in the documented order with few escapes",
        COMPACT.ordered(Order::Documented).escaped(Escapes::Few),
    ),
    json("as compact JSON in ASCII", COMPACT.escaped(Escapes::Ascii)),
    json("as spaced JSON with few escapes", SPACED.escaped(Escapes::Few)),
    json("as spaced JSON in ASCII", SPACED.escaped(Escapes::Ascii)),
    json("as compact JSON with `<`, `>` and `&` escaped", COMPACT.escaped(Escapes::Html)),
    json(
        "as compact JSON with `<`, `>`, `&`, `=` and `'` escaped",
        COMPACT.escaped(Escapes::HtmlAndQuotes),
    ),
    json("as compact JSON in ASCII with `/` escaped", COMPACT.escaped(Escapes::AsciiAndSlash)),
    bytes(Cause::BodyByteOrderMark, "without the byte order mark", without_byte_order_mark),
    bytes(Cause::BodyByteOrderMark, "with a byte order mark", with_byte_order_mark),
    bytes(Cause::BodyLineEnds, "with LF for each CRLF", to_lf),
    bytes(Cause::BodyLineEnds, "with CRLF for each LF", to_crlf),
    bytes(Cause::BodyReencoded, "read as UTF-8 and written as Latin-1", to_latin1),
    bytes(Cause::BodyReencoded, "read as Latin-1 and written as UTF-8", from_latin1),
    bytes(Cause::BodyReencoded, "read as UTF-16 and written as UTF-8", from_utf16),
    bytes(
        Cause::BodyReencoded,
        "read as UTF-16 and written as UTF-8, without the line end behind it",
        from_utf16_line,
    ),
    json("as compact JSON with a line end", COMPACT.with_line_end()),
    json("as spaced JSON with a line end", SPACED.with_line_end()),
    bytes(Cause::BodyLineEnd, "with CRLF behind it", with_crlf),
];

/// Hands over the other forms of a body until one is the signed one, each form once; says then what
/// happened to it.
pub(super) fn find(
    body: &[u8],
    mut is_signed: impl FnMut(&[u8]) -> bool,
) -> Option<(Cause, String)> {
    let hasher = RandomState::new();
    let mut seen = HashSet::from([hasher.hash_one(body)]);
    let json = Json::cut(body);
    let signed = FORMS.iter().find(|form| {
        let other = match form.make {
            Make::Json(style) => json.as_ref().and_then(|json| json.write(style)),
            Make::Bytes(make) => make(body),
        };
        let other = other.filter(|other| other.len() <= MAX_EXPLAINED_BODY_BYTES);
        other.is_some_and(|other| seen.insert(hasher.hash_one(&*other)) && is_signed(&other))
    })?;
    let happened = match signed.cause {
        Cause::BodyByteOrderMark => "a byte order mark was added or removed",
        Cause::BodyInBase64 => "the body was wrapped in base64",
        Cause::BodyLineEnd => "a line end was added behind the body, or removed",
        Cause::BodyLineEnds => "the line ends of the body were changed",
        Cause::BodyQuoted => "the body was put into a text",
        Cause::BodyReencoded => "the body was decoded as text and encoded again",
        _ => "the body was parsed as JSON and written again",
    };
    let what = format!("{happened} (the signature is right for it {})", signed.what);
    Some((signed.cause, what))
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

fn without_line_end(body: &[u8]) -> Option<Vec<u8>> {
    let line = body.strip_suffix(b"\n")?;
    Some(line.strip_suffix(b"\r").unwrap_or(line).to_vec())
}

#[allow(clippy::unnecessary_wraps)] // As the other rows'.
fn with_line_end(body: &[u8]) -> Option<Vec<u8>> {
    Some([body, b"\n"].concat())
}

#[allow(clippy::unnecessary_wraps)] // As the other rows'.
fn with_crlf(body: &[u8]) -> Option<Vec<u8>> {
    Some([body, b"\r\n"].concat())
}

fn without_byte_order_mark(body: &[u8]) -> Option<Vec<u8>> {
    body.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec)
}

#[allow(clippy::unnecessary_wraps)] // As the other rows'.
fn with_byte_order_mark(body: &[u8]) -> Option<Vec<u8>> {
    Some([BYTE_ORDER_MARK, body].concat())
}

/// In either alphabet, padded or not, in lines or not, and perhaps as a JSON text.
fn decoded(body: &[u8]) -> Option<Vec<u8>> {
    let loose =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let keep = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b'"';
    let text: Vec<u8> = body.iter().copied().filter(keep).collect();
    let alphabets = [alphabet::STANDARD, alphabet::URL_SAFE];
    let mut decoded = alphabets.iter().map(|one| GeneralPurpose::new(one, loose).decode(&text));
    decoded.find_map(Result::ok).filter(|decoded| !decoded.is_empty())
}

/// What a JSON text holds, or the `b'...'` that Python prints of bytes.
fn unquoted(body: &[u8]) -> Option<Vec<u8>> {
    let printed = body.strip_prefix(b"b'").and_then(|rest| rest.strip_suffix(b"'"));
    let text = || serde_json::from_slice::<String>(body).ok().map(String::into_bytes);
    printed.map(<[u8]>::to_vec).or_else(text)
}

fn to_lf(body: &[u8]) -> Option<Vec<u8>> {
    let mut lines = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if byte != b'\r' || bytes.peek() != Some(&b'\n') {
            lines.push(byte);
        }
    }
    (lines.len() < body.len()).then_some(lines)
}

fn to_crlf(body: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<_> = body.split(|byte| *byte == b'\n').collect();
    let is_lf = lines.len() > 1 && !lines.iter().any(|line| line.ends_with(b"\r"));
    is_lf.then(|| lines.join(b"\r\n".as_slice()))
}

/// Undoes that bytes were taken for Latin-1 and written as UTF-8, and does the same to a body that
/// was signed in Latin-1.
fn to_latin1(body: &[u8]) -> Option<Vec<u8>> {
    if body.is_ascii() {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    text.chars().map(|character| u8::try_from(character).ok()).collect()
}

fn from_latin1(body: &[u8]) -> Option<Vec<u8>> {
    let text = || body.iter().map(|byte| char::from(*byte)).collect::<String>();
    (!body.is_ascii()).then(|| text().into_bytes())
}

/// What a file holds that was written in UTF-16, as a redirection of `PowerShell` does.
fn from_utf16(body: &[u8]) -> Option<Vec<u8>> {
    let (read, text): (fn([u8; 2]) -> u16, _) = match body {
        [0xff, 0xfe, text @ ..] => (u16::from_le_bytes, text),
        [0xfe, 0xff, text @ ..] => (u16::from_be_bytes, text),
        [b'{', 0, ..] => (u16::from_le_bytes, body),
        [0, b'{', ..] => (u16::from_be_bytes, body),
        _ => return None,
    };
    let (units, rest) = text.as_chunks();
    let units: Vec<u16> = units.iter().copied().map(read).collect();
    String::from_utf16(&units).ok().filter(|_| rest.is_empty()).map(String::into_bytes)
}

fn from_utf16_line(body: &[u8]) -> Option<Vec<u8>> {
    from_utf16(body).as_deref().and_then(without_line_end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn each_form_is_handed_over_once() {
        let mut forms = HashMap::new();
        let body = br#"{"b": "x", "a": [1]}"#;
        assert!(
            find(body, |form| {
                *forms.entry(form.to_vec()).or_insert(0) += 1;
                false
            })
            .is_none()
        );
        assert!(forms.len() > 10 && forms.values().all(|count| *count == 1), "{forms:?}");
        assert!(!forms.contains_key(body.as_slice()));
    }

    #[test]
    fn nothing_larger_than_the_bound_is_handed_over() {
        let body = vec![b'{'; MAX_EXPLAINED_BODY_BYTES];
        find(&body, |form| panic!("{} bytes", form.len()));
    }

    #[test]
    fn line_ends_are_changed_only_where_there_are_some() {
        assert_eq!(to_lf(b"a\r\nb\rc\n").as_deref(), Some(b"a\nb\rc\n".as_slice()));
        assert_eq!(to_lf(b"a\nb"), None);
        assert_eq!(to_crlf(b"a\nb\n").as_deref(), Some(b"a\r\nb\r\n".as_slice()));
        assert_eq!(to_crlf(b"a\r\nb"), None);
        assert_eq!(to_crlf(b"a"), None);
    }

    #[test]
    fn base64_is_decoded_in_every_spelling() {
        for text in ["eyJhIjoiPz8_In0", "eyJhIjoiPz8/In0=", "\"eyJh\nIjoiPz8/In0=\"\n"] {
            assert_eq!(decoded(text.as_bytes()).as_deref(), Some(br#"{"a":"???"}"#.as_slice()));
        }
        assert_eq!(decoded(b"{}"), None);
        assert_eq!(decoded(b""), None);
    }

    #[test]
    fn latin_1_is_undone_both_ways() {
        let utf8 = "{\"a\":\"é\"}".as_bytes();
        let garbled = from_latin1(utf8).unwrap();
        assert_eq!(garbled, "{\"a\":\"Ã©\"}".as_bytes());
        assert_eq!(to_latin1(&garbled).as_deref(), Some(utf8));
        assert_eq!(to_latin1(utf8).as_deref(), Some(b"{\"a\":\"\xe9\"}".as_slice()));
        assert_eq!(to_latin1("{\"a\":\"…\"}".as_bytes()), None);
        assert_eq!(to_latin1(b"{}").or(from_latin1(b"{}")), None);
    }

    #[test]
    fn utf_16_is_undone_in_either_order() {
        let little: &[u8] = b"\xff\xfe{\0}\0";
        for body in [little, b"\xfe\xff\0{\0}", b"{\0}\0", b"\0{\0}"] {
            assert_eq!(from_utf16(body).as_deref(), Some(b"{}".as_slice()), "{body:?}");
        }
        // Half a unit, half a pair, and another text.
        for body in [b"{\0}".as_slice(), b"{\0\x00\xd8", b"[\0]\0", b"{}", b"\xff", b""] {
            assert_eq!(from_utf16(body), None, "{body:?}");
        }
    }
}

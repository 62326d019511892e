//! A captured request: a raw HTTP message, or headers and body in two files.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use httparse::{EMPTY_HEADER, Status, parse_chunk_size, parse_headers};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::exit::Failure;
use crate::text::count;

/// Most bytes of a captured request: the library's largest body, and room for headers.
pub(crate) const MAX_REQUEST_BYTES: usize =
    gemini_webhooks::limits::GREATEST_MAX_BODY_BYTES + 128 * 1024;

/// Most headers that are read.
const MAX_HEADERS: usize = 256;

/// The headers and the body of a request as they arrived, and what was noticed on the way.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Captured {
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Bytes,
    pub(crate) notes: Vec<String>,
}

impl Captured {
    /// Reads a message as it is on the wire: request line, headers, an empty line, the body. The
    /// request line may be missing; a chunked body is put together.
    pub(crate) fn from_message(message: &[u8]) -> Result<Self, Failure> {
        let (headers, rest) = read_headers(without_request_line(message))?;
        let mut captured = Self { headers, ..Self::default() };
        captured.body = captured.framed(rest)?.into();
        Ok(captured)
    }

    /// Takes headers, as lines or as a JSON object, and the body byte by byte.
    pub(crate) fn from_parts(headers: &[u8], body: Vec<u8>) -> Result<Self, Failure> {
        let headers = if headers.trim_ascii_start().starts_with(b"{") {
            json_headers(headers)?
        } else {
            let lines = [without_request_line(headers).trim_ascii(), b"\r\n\r\n"].concat();
            read_headers(&lines)?.0
        };
        Ok(Self { headers, body: body.into(), notes: Vec::new() })
    }

    /// Returns the value of a header that is there once.
    pub(crate) fn single(&self, name: &str) -> Option<&[u8]> {
        let mut values = self.all(name);
        values.next().filter(|_| values.next().is_none())
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let is_it = move |found: &&(String, Vec<u8>)| found.0.eq_ignore_ascii_case(name);
        self.headers.iter().filter(is_it).map(|(_, value)| value.as_slice())
    }

    /// What of the rest of the message is the body.
    fn framed(&mut self, rest: &[u8]) -> Result<Vec<u8>, Failure> {
        let chunked = self
            .all(TRANSFER_ENCODING.as_str())
            .any(|value| value.trim_ascii().to_ascii_lowercase().ends_with(b"chunked"));
        if chunked {
            return unchunked(rest);
        }
        let announced = self.single(CONTENT_LENGTH.as_str()).map(<[u8]>::to_vec);
        let Some(announced) = announced else { return Ok(rest.to_vec()) };
        let announced = std::str::from_utf8(&announced).ok().and_then(|text| text.parse().ok());
        let announced: usize =
            announced.ok_or_else(|| Failure::usage("content-length is no number"))?;
        match rest.get(..announced) {
            Some(body) if body.len() < rest.len() => {
                let more = count(rest.len().saturating_sub(announced), "byte");
                self.notes.push(format!(
                    "{more} after the body that content-length announces, not taken: an editor adds \
                     a line end, for one"
                ));
                Ok(body.to_vec())
            }
            Some(body) => Ok(body.to_vec()),
            None => {
                self.notes.push(format!(
                    "the body is cut off: {} of {announced} that content-length announces",
                    count(rest.len(), "byte")
                ));
                Ok(rest.to_vec())
            }
        }
    }
}

/// A request line ends in the version; HTTP/2, written down as text, has none that parsers know.
fn without_request_line(message: &[u8]) -> &[u8] {
    let Some(end) = message.iter().position(|byte| *byte == b'\n') else { return message };
    let (line, rest) = message.split_at(end);
    let is_request_line = line.windows(6).any(|part| part == b" HTTP/");
    if is_request_line { rest.get(1..).unwrap_or_default() } else { message }
}

type Headers = Vec<(String, Vec<u8>)>;

fn read_headers(bytes: &[u8]) -> Result<(Headers, &[u8]), Failure> {
    let mut headers = [EMPTY_HEADER; MAX_HEADERS];
    match parse_headers(bytes, &mut headers) {
        Ok(Status::Complete((end, headers))) => {
            let owned = headers.iter().map(|header| (header.name.to_owned(), header.value.to_vec()));
            Ok((owned.collect(), bytes.get(end..).unwrap_or_default()))
        }
        Ok(Status::Partial) => {
            Err(Failure::usage("no empty line ends the headers: there must be one before the body"))
        }
        Err(error) => Err(Failure::usage(format_args!("these are no HTTP headers: {error}"))
            .remedy("the file holds a message as on the wire: `Name: value` lines, an empty line, the body")),
    }
}

/// Reads `{"name": "value", "other": ["one", "two"]}`, as many frameworks log headers. A name that is
/// there twice stays twice.
fn json_headers(json: &[u8]) -> Result<Headers, Failure> {
    let bad = || Failure::usage("the headers are no JSON object of texts or lists of texts");
    let Members(members) = serde_json::from_slice(json).map_err(|_| bad())?;
    let mut headers = Headers::new();
    for (name, values) in members {
        let values = match values {
            Values::One(value) => vec![value],
            Values::Several(values) => values,
        };
        headers.extend(values.into_iter().map(|value| (name.clone(), value.into_bytes())));
    }
    Ok(headers)
}

/// The members of an object in their order, and all of them: a map would keep the last of two with
/// one name.
struct Members(Vec<(String, Values)>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Several(Vec<String>),
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Puts the chunks of a body together (RFC 9112 section 7.1).
fn unchunked(mut rest: &[u8]) -> Result<Vec<u8>, Failure> {
    let bad = || Failure::usage("the chunks of the body are malformed or cut off");
    let mut body = Vec::new();
    loop {
        let Ok(Status::Complete((start, size))) = parse_chunk_size(rest) else { return Err(bad()) };
        if size == 0 {
            return Ok(body);
        }
        let end = usize::try_from(size).ok().and_then(|size| start.checked_add(size));
        let end = end.ok_or_else(bad)?;
        body.extend_from_slice(rest.get(start..end).ok_or_else(bad)?);
        rest = rest.get(end..).and_then(|rest| rest.strip_prefix(b"\r\n")).ok_or_else(bad)?;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(message: &str) -> Captured {
        Captured::from_message(message.as_bytes()).unwrap()
    }

    #[test]
    fn a_message_is_read_with_or_without_its_request_line() {
        for first in ["POST /hook HTTP/1.1\r\n", "POST /hook HTTP/2\n", ""] {
            let captured = read(&format!("{first}Webhook-Id: msg_1\r\nhost: x\r\n\r\n{{}}"));
            assert_eq!(captured.headers.len(), 2, "{first}");
            assert_eq!(captured.single("webhook-id"), Some(b"msg_1".as_slice()));
            assert_eq!(captured.body, "{}");
        }
        assert_eq!(read("a: b\nc: d\n\nbody\n").body, "body\n", "bare line feeds");
    }

    #[test]
    fn content_length_says_where_the_body_ends() {
        let exact = read("content-length: 2\r\n\r\n{}");
        assert_eq!((exact.body, exact.notes.len()), ("{}".into(), 0));
        let longer = read("content-length: 2\r\n\r\n{}\n");
        assert_eq!(longer.body, "{}");
        assert!(longer.notes[0].starts_with("1 byte after"), "{:?}", longer.notes);
        let shorter = read("content-length: 9\r\n\r\n{}");
        assert_eq!(shorter.body, "{}");
        assert!(shorter.notes[0].contains("2 bytes of 9"), "{:?}", shorter.notes);
    }

    #[test]
    fn a_chunked_body_is_put_together() {
        let captured =
            read("transfer-encoding: chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n");
        assert_eq!(captured.body, r#"{"a":1}"#);
        for bad in ["4\r\nab", "zz\r\n", "4\r\nabcdXX", "ffffffffffffffff\r\na", ""] {
            let message = format!("transfer-encoding: chunked\r\n\r\n{bad}");
            assert!(Captured::from_message(message.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn headers_may_stand_in_a_file_of_their_own() {
        let lines = Captured::from_parts(b"Webhook-Id: msg_1\nX: y\n", b"{}\n".to_vec()).unwrap();
        assert_eq!(lines.single("webhook-id"), Some(b"msg_1".as_slice()));
        assert_eq!(lines.body, "{}\n", "the body is taken byte by byte");
        let json = br#"{"webhook-id": "msg_1", "twice": ["a", "b"]}"#;
        let json = Captured::from_parts(json, Vec::new()).unwrap();
        assert_eq!(json.headers.len(), 3);
        assert_eq!(json.single("twice"), None);
        let twice = Captured::from_parts(br#"{"a": "1", "A": "2", "a": "1"}"#, Vec::new()).unwrap();
        assert_eq!((twice.headers.len(), twice.single("a")), (3, None));
        for bad in ["{", "{\"a\": 1}", "{\"a\": {}}", "no header", ""] {
            let empty = bad.is_empty();
            assert_eq!(Captured::from_parts(bad.as_bytes(), Vec::new()).is_ok(), empty, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, body: Vec<u8>) {
            let _ = Captured::from_message(&bytes);
            let _ = Captured::from_parts(&bytes, body);
        }

        #[test]
        fn a_body_comes_back_as_it_was_sent(body: Vec<u8>, cut in 1_usize..9) {
            let length = format!("content-length: {}\r\n\r\n", body.len());
            let whole = [length.as_bytes(), &body].concat();
            prop_assert_eq!(&Captured::from_message(&whole).unwrap().body, &body);
            let mut chunked = b"transfer-encoding: chunked\r\n\r\n".to_vec();
            for chunk in body.chunks(cut) {
                chunked.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
            }
            chunked.extend(b"0\r\n\r\n");
            prop_assert_eq!(&Captured::from_message(&chunked).unwrap().body, &body);
        }
    }
}

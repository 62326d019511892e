//! JSON written again as the usual libraries write it, over the text: a number stays as it is
//! spelled.

use serde_json::value::RawValue;

use crate::limits::{MAX_EXPLAINED_BODY_BYTES, MAX_JSON_DEPTH};

/// How a library writes JSON.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) spacing: Spacing,
    pub(super) escapes: Escapes,
    pub(super) order: Order,
    /// What stands behind the value.
    pub(super) end: &'static str,
}

impl Style {
    pub(super) const fn of(spacing: Spacing) -> Self {
        Self { spacing, escapes: Escapes::Kept, order: Order::Kept, end: "" }
    }

    pub(super) const fn escaped(self, escapes: Escapes) -> Self {
        Self { escapes, ..self }
    }

    pub(super) const fn ordered(self, order: Order) -> Self {
        Self { order, ..self }
    }

    pub(super) const fn with_line_end(self) -> Self {
        Self { end: "\n", ..self }
    }
}

/// What stands between the parts.
#[derive(Clone, Copy)]
pub(super) enum Spacing {
    /// Nothing: JavaScript, Go, `serde_json`.
    Compact,
    /// A space behind `,` and `:`: Python.
    Spaced,
    /// A line for each part, indented by this.
    Lines(&'static str),
}

/// Which characters of a text are escaped.
#[derive(Clone, Copy)]
pub(super) enum Escapes {
    /// Those that are escaped in the body.
    Kept,
    /// As few as possible: JavaScript, `serde_json`.
    Few,
    /// All that is not ASCII: Python.
    Ascii,
    /// All that is not ASCII, and `/`: PHP.
    AsciiAndSlash,
    /// `<`, `>` and `&`: Go.
    Html,
    /// Those, `=` and `'`: Gson.
    HtmlAndQuotes,
}

/// In which order the members of an object stand.
#[derive(Clone, Copy)]
pub(super) enum Order {
    /// As in the body.
    Kept,
    /// By name.
    Sorted,
    /// As in the events of Google's page.
    Documented,
}

/// The members of the documented events, in their order there.
const DOCUMENTED: [&str; 11] = [
    "type",
    "version",
    "timestamp",
    "data",
    "id",
    "output_file_uri",
    "video_uri",
    "file_name",
    "error_code",
    "error_message",
    "user_metadata",
];

/// A JSON value, cut from the text of a body.
pub(super) enum Json<'j> {
    /// A text, a number, or a word, as it is spelled.
    Scalar(&'j str),
    Array(Vec<Self>),
    Object(Vec<(&'j str, Self)>),
}

impl<'j> Json<'j> {
    /// Cuts a body that is valid JSON, nested as deep as an event may be.
    pub(super) fn cut(body: &'j [u8]) -> Option<Self> {
        let text = serde_json::from_slice::<&RawValue>(body).ok()?.get();
        Cutter { rest: text }.value(MAX_JSON_DEPTH)
    }

    /// Writes it in a style, unless that takes more bytes than are looked into.
    pub(super) fn write(&self, style: Style) -> Option<Vec<u8>> {
        let mut writer = Writer { style, out: String::new() };
        writer.value(self, 0)?;
        writer.push(style.end)?;
        Some(writer.out.into_bytes())
    }
}

/// Cuts text that was found to be valid; what is not simply ends the cutting.
struct Cutter<'j> {
    rest: &'j str,
}

impl<'j> Cutter<'j> {
    fn value(&mut self, depth: usize) -> Option<Json<'j>> {
        self.skip_space();
        match self.rest.as_bytes().first()? {
            b'{' => {
                let inner = depth.checked_sub(1)?;
                let member = |cutter: &mut Self| {
                    let name = cutter.scalar()?;
                    cutter.eat(':').then_some(())?;
                    Some((name, cutter.value(inner)?))
                };
                self.list('}', member).map(Json::Object)
            }
            b'[' => {
                let inner = depth.checked_sub(1)?;
                self.list(']', |cutter| cutter.value(inner)).map(Json::Array)
            }
            _ => self.scalar().map(Json::Scalar),
        }
    }

    fn list<T>(
        &mut self,
        close: char,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.rest = self.rest.get(1..)?;
        let mut items = Vec::new();
        if self.eat(close) {
            return Some(items);
        }
        loop {
            self.skip_space();
            items.push(item(self)?);
            if !self.eat(',') {
                return self.eat(close).then_some(items);
            }
        }
    }

    fn scalar(&mut self) -> Option<&'j str> {
        let end = if self.rest.starts_with('"') {
            end_of_text(self.rest)?
        } else {
            let ends = |c: char| matches!(c, ',' | ']' | '}' | ':') || is_space(c);
            self.rest.find(ends).unwrap_or(self.rest.len())
        };
        let (scalar, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        (!scalar.is_empty()).then_some(scalar)
    }

    fn eat(&mut self, wanted: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(wanted);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(is_space);
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

/// Behind the quote that is not escaped.
fn end_of_text(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return at.checked_add(1),
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

struct Writer {
    style: Style,
    out: String,
}

impl Writer {
    fn value(&mut self, json: &Json<'_>, depth: usize) -> Option<()> {
        match json {
            Json::Scalar(scalar) => self.scalar(scalar),
            Json::Array(items) => self.list(["[", "]"], items.iter(), depth, Self::value),
            Json::Object(members) => {
                let members = self.in_order(members);
                self.list(["{", "}"], members.into_iter(), depth, |writer, member, depth| {
                    let (name, value) = member;
                    writer.scalar(name)?;
                    writer.push(match writer.style.spacing {
                        Spacing::Compact => ":",
                        Spacing::Spaced | Spacing::Lines(_) => ": ",
                    })?;
                    writer.value(value, depth)
                })
            }
        }
    }

    fn list<T>(
        &mut self,
        [open, close]: [&str; 2],
        items: impl ExactSizeIterator<Item = T>,
        depth: usize,
        mut write: impl FnMut(&mut Self, T, usize) -> Option<()>,
    ) -> Option<()> {
        self.push(open)?;
        let (inner, is_empty) = (depth.saturating_add(1), items.len() == 0);
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.push(if matches!(self.style.spacing, Spacing::Spaced) { ", " } else { "," })?;
            }
            self.line(inner)?;
            write(self, item, inner)?;
        }
        if !is_empty {
            self.line(depth)?;
        }
        self.push(close)
    }

    fn line(&mut self, depth: usize) -> Option<()> {
        let Spacing::Lines(indent) = self.style.spacing else { return Some(()) };
        self.push("\n")?;
        (0..depth).try_for_each(|_| self.push(indent))
    }

    fn in_order<'m, 'j>(&self, members: &'m [(&'j str, Json<'j>)]) -> Vec<&'m (&'j str, Json<'j>)> {
        let mut ordered: Vec<_> = members.iter().collect();
        match self.style.order {
            Order::Kept => {}
            Order::Sorted => ordered.sort_by_cached_key(|(name, _)| text_of(name)),
            Order::Documented => ordered.sort_by_cached_key(|(name, _)| {
                let text = text_of(name).unwrap_or_default();
                DOCUMENTED.iter().position(|known| *known == text).unwrap_or(usize::MAX)
            }),
        }
        ordered
    }

    fn scalar(&mut self, scalar: &str) -> Option<()> {
        let text = if matches!(self.style.escapes, Escapes::Kept) { None } else { text_of(scalar) };
        // What cannot be decoded, half of a surrogate pair, stays as it is.
        let Some(text) = text else { return self.push(scalar) };
        self.push("\"")?;
        text.chars().try_for_each(|character| self.character(character))?;
        self.push("\"")
    }

    fn character(&mut self, character: char) -> Option<()> {
        let short = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\u{c}' => "\\f",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '/' if matches!(self.style.escapes, Escapes::AsciiAndSlash) => "\\/",
            _ if self.must_escape(character) => {
                let mut units = [0; 2];
                let units = character.encode_utf16(&mut units).iter();
                return units
                    .map(|unit| format!("\\u{unit:04x}"))
                    .try_for_each(|unit| self.push(&unit));
            }
            _ => return self.push(character.encode_utf8(&mut [0; 4])),
        };
        self.push(short)
    }

    fn must_escape(&self, character: char) -> bool {
        let ascii = matches!(character, ' '..='~');
        let html = matches!(character, '<' | '>' | '&' | '\u{2028}' | '\u{2029}');
        match self.style.escapes {
            _ if character < ' ' => true,
            Escapes::Kept | Escapes::Few => false,
            Escapes::Ascii | Escapes::AsciiAndSlash => !ascii,
            Escapes::Html => html,
            Escapes::HtmlAndQuotes => html || matches!(character, '=' | '\''),
        }
    }

    /// Writes, up to the bound.
    fn push(&mut self, text: &str) -> Option<()> {
        if self.out.len().saturating_add(text.len()) > MAX_EXPLAINED_BODY_BYTES {
            return None;
        }
        self.out.push_str(text);
        Some(())
    }
}

/// What a text stands for; `None` for other scalars.
fn text_of(scalar: &str) -> Option<String> {
    if scalar.starts_with('"') { serde_json::from_str(scalar).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#" { "b" : [ 1.50 , -2e+3 , 12345678901234567890123 , { } , [ ] , null ] ,
        "a\u0062" : "caf\u00e9 \/ <\"&>=' \\" , "data" : { "x" : true , "id" : "😀" } } "#;

    fn written(body: &str, style: Style) -> String {
        let json = Json::cut(body.as_bytes()).expect("valid JSON");
        String::from_utf8(json.write(style).expect("short")).unwrap()
    }

    const COMPACT: Style = Style::of(Spacing::Compact);

    #[test]
    fn spacing_is_written_and_spellings_are_kept() {
        assert_eq!(
            written(BODY, COMPACT),
            r#"{"b":[1.50,-2e+3,12345678901234567890123,{},[],null],"a\u0062":"caf\u00e9 \/ <\"&>=' \\","data":{"x":true,"id":"😀"}}"#,
        );
        assert_eq!(
            written(r#"{"a":[1,2],"b":{}}"#, Style::of(Spacing::Spaced)),
            r#"{"a": [1, 2], "b": {}}"#
        );
        assert_eq!(
            written(r#"{"a":[1,[]],"b":{"c":2}}"#, Style::of(Spacing::Lines("  ")).with_line_end()),
            "{\n  \"a\": [\n    1,\n    []\n  ],\n  \"b\": {\n    \"c\": 2\n  }\n}\n",
        );
    }

    #[test]
    fn escapes_are_those_of_the_libraries() {
        let text =
            |escapes| written(r#""caf\u00e9/<&>='\u007f\n\u0001😀""#, COMPACT.escaped(escapes));
        assert_eq!(text(Escapes::Few), "\"café/<&>='\u{7f}\\n\\u0001😀\"");
        let ascii = r#""caf\u00e9/<&>='\u007f\n\u0001\ud83d\ude00""#;
        assert_eq!(text(Escapes::Ascii), ascii);
        assert_eq!(text(Escapes::AsciiAndSlash), ascii.replace('/', "\\/"));
        let html = "\"café/\\u003c\\u0026\\u003e='\u{7f}\\n\\u0001😀\"";
        assert_eq!(text(Escapes::Html), html);
        let quotes = html.replace('=', "\\u003d").replace('\'', "\\u0027");
        assert_eq!(text(Escapes::HtmlAndQuotes), quotes);
    }

    #[test]
    fn half_of_a_surrogate_pair_stays_as_it_is() {
        assert_eq!(written(r#"["\ud83d"]"#, COMPACT.escaped(Escapes::Few)), r#"["\ud83d"]"#);
    }

    #[test]
    fn members_are_ordered_at_every_depth() {
        let body = r#"{"user_metadata":1,"data":{"z":1,"id":2},"a":3,"type":4}"#;
        assert_eq!(
            written(body, COMPACT.ordered(Order::Sorted)),
            r#"{"a":3,"data":{"id":2,"z":1},"type":4,"user_metadata":1}"#,
        );
        assert_eq!(
            written(body, COMPACT.ordered(Order::Documented)),
            r#"{"type":4,"data":{"id":2,"z":1},"user_metadata":1,"a":3}"#,
        );
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_not_cut() {
        for body in ["", "{", r#"{"a":}"#, "[1,]", "{'a':1}", "1 2", "\"\x01\""] {
            assert!(Json::cut(body.as_bytes()).is_none(), "{body}");
        }
        assert!(Json::cut(b"\xff").is_none());
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Json::cut(nested(MAX_JSON_DEPTH).as_bytes()).is_some());
        assert!(Json::cut(nested(MAX_JSON_DEPTH + 1).as_bytes()).is_none());
        assert!(Json::cut(nested(100_000).as_bytes()).is_none());
    }

    #[test]
    fn no_more_is_written_than_is_looked_into() {
        let body = format!("{}{}{}", "[".repeat(60), "1,".repeat(50_000) + "1", "]".repeat(60));
        let json = Json::cut(body.as_bytes()).unwrap();
        assert_eq!(json.write(COMPACT), Some(body.clone().into_bytes()));
        assert_eq!(json.write(Style::of(Spacing::Lines("    "))), None);
    }
}

//! Reads an envelope: one pass, members in any order, no tree on the usual path.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::error::Category;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::payload::{DataMembers, Members};
use super::{Envelope, Event, EventType, UnreadableReason};
use crate::json::{self, Fault, Strict, visit_scalars_as_values};

/// What is known of a body that is not an envelope.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) type_name: Option<String>,
    pub(crate) reason: UnreadableReason,
}

impl Envelope {
    /// Reads the bytes of an envelope, strictly: UTF-8, one object, no repeated member, depth 64.
    pub(crate) fn read(json: &[u8]) -> Result<Self, Unreadable> {
        // The whole at once is faster than each text by itself.
        let text = std::str::from_utf8(json)
            .map_err(|_| Unreadable { type_name: None, reason: UnreadableReason::NotUtf8 })?;
        let fault = Cell::new(None);
        let mut draft = Draft::default();
        let mut parser = serde_json::Deserializer::from_str(text);
        let visitor = EnvelopeVisitor { strict: Strict::new(&fault), draft: &mut draft };
        match parser.deserialize_map(visitor).and_then(|()| parser.end()) {
            Ok(()) => draft.finish(text),
            Err(error) => {
                let reason = reason_of(text, fault.get(), &error);
                let type_name = draft.type_name.map(TypeName::into_string);
                Err(Unreadable { type_name, reason })
            }
        }
    }
}

fn reason_of(text: &str, fault: Option<Fault>, error: &serde_json::Error) -> UnreadableReason {
    match (fault, error.classify()) {
        (Some(fault), _) => fault.into(),
        (None, Category::Data) => reason_of_no_envelope(text),
        (None, _) => UnreadableReason::NotJson,
    }
}

/// What is no envelope was read up to where that was seen; the rest decides whether it is JSON.
#[cold]
fn reason_of_no_envelope(text: &str) -> UnreadableReason {
    let fault = Cell::new(None);
    let mut parser = serde_json::Deserializer::from_str(text);
    match Strict::new(&fault).deserialize(&mut parser).and_then(|_| parser.end()) {
        Ok(()) => UnreadableReason::NotAnEnvelope,
        Err(_) => fault.get().map_or(UnreadableReason::NotJson, UnreadableReason::from),
    }
}

impl From<Fault> for UnreadableReason {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::DuplicateMember => Self::DuplicateMember,
            Fault::TooDeep => Self::TooDeep,
        }
    }
}

/// The members of an envelope as far as they were read.
#[derive(Default)]
struct Draft {
    type_name: Option<TypeName>,
    version: Option<TextOr<Cow<'static, str>>>,
    timestamp: Option<TextOr<OffsetDateTime>>,
    user_metadata: Option<Value>,
    data: Option<Data>,
    /// What `data` holds, where it is an object.
    data_members: DataMembers,
    extra: Members,
}

impl Draft {
    /// Borrows, since to move a draft costs more than to take its parts.
    fn finish(&mut self, text: &str) -> Result<Envelope, Unreadable> {
        let extra = &mut self.extra;
        let event = match (self.type_name.take(), self.data) {
            (None, _) => {
                let reason = UnreadableReason::NotAnEnvelope;
                return Err(Unreadable { type_name: None, reason });
            }
            (Some(TypeName::Other(type_name)), _) => {
                Event::Unknown { type_name, data: data_of(text).unwrap_or_default() }
            }
            (Some(TypeName::Known(known)), data) => {
                let is_object = data == Some(Data::Object);
                let event = is_object.then(|| known.event(&mut self.data_members)).flatten();
                event.unwrap_or_else(|| {
                    extra.as_map_mut().extend(data_of(text).map(|data| ("data".to_owned(), data)));
                    let reason = UnreadableReason::DataDoesNotFit;
                    Event::Unreadable { type_name: Some(known.as_str().to_owned()), reason }
                })
            }
        };
        let mut keep = |name: &str, value| {
            extra.as_map_mut().insert(name.to_owned(), value);
        };
        let version = self.version.take().and_then(|version| version.or_keep("version", &mut keep));
        let timestamp = self.timestamp.take().and_then(|time| time.or_keep("timestamp", &mut keep));
        let (user_metadata, extra) = (self.user_metadata.take(), std::mem::take(extra));
        Ok(Envelope { event, version, timestamp, user_metadata, extra })
    }
}

/// `data` as a tree, by a second pass: for what the catalogue does not describe.
#[cold]
fn data_of(text: &str) -> Option<Value> {
    let mut parser = serde_json::Deserializer::from_str(text);
    match json::value(&mut parser) {
        Ok(Value::Object(mut members)) => members.remove("data"),
        _ => None,
    }
}

/// A member that is expected to be a certain text, and kept as it is where it is not.
enum TextOr<T> {
    Text(T),
    Value(Value),
}

impl<T> TextOr<T> {
    fn or_keep(self, name: &str, keep: &mut impl FnMut(&str, Value)) -> Option<T> {
        match self {
            Self::Text(text) => Some(text),
            Self::Value(value) => {
                keep(name, value);
                None
            }
        }
    }
}

enum TypeName {
    Known(EventType),
    Other(String),
}

impl TypeName {
    fn into_string(self) -> String {
        match self {
            Self::Known(known) => known.as_str().to_owned(),
            Self::Other(name) => name,
        }
    }
}

/// What kind of value `data` is.
#[derive(Clone, Copy, PartialEq)]
enum Data {
    Object,
    NotAnObject,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum EnvelopeMember {
    Type,
    Version,
    Timestamp,
    Data,
    UserMetadata,
    Other(String),
}

struct EnvelopeVisitor<'c, 'd> {
    strict: Strict<'c>,
    draft: &'d mut Draft,
}

impl<'de> Visitor<'de> for EnvelopeVisitor<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { strict, draft } = self;
        let strict = strict.nested()?;
        while let Some(member) = members.next_key()? {
            match member {
                EnvelopeMember::Type => {
                    let value = members.next_value_seed(TypeSeed)?;
                    strict.fill(&mut draft.type_name, value)?;
                }
                EnvelopeMember::Version => {
                    let value = members
                        .next_value_seed(TextSeed { strict, read: |text| Some(version(text)) })?;
                    strict.fill(&mut draft.version, value)?;
                }
                EnvelopeMember::Timestamp => {
                    let value = members.next_value_seed(TextSeed { strict, read: read_time })?;
                    strict.fill(&mut draft.timestamp, value)?;
                }
                EnvelopeMember::Data => {
                    let members_of_data = &mut draft.data_members;
                    let seed = DataSeed { strict, members: members_of_data };
                    let kind = members.next_value_seed(seed)?;
                    strict.fill(&mut draft.data, kind)?;
                }
                EnvelopeMember::UserMetadata => {
                    let value = members.next_value_seed(strict)?;
                    strict.fill(&mut draft.user_metadata, value)?;
                }
                EnvelopeMember::Other(name) => {
                    let value = members.next_value_seed(strict)?;
                    strict.insert(draft.extra.as_map_mut(), name, value)?;
                }
            }
        }
        Ok(())
    }
}

fn version(text: &str) -> Cow<'static, str> {
    if text == "v1" { Cow::Borrowed("v1") } else { Cow::Owned(text.to_owned()) }
}

/// The parser takes any byte between date and time; RFC 3339 names these (section 5.6).
fn read_time(text: &str) -> Option<OffsetDateTime> {
    match text.as_bytes().get(10)? {
        b'T' | b't' | b' ' => OffsetDateTime::parse(text, &Rfc3339).ok(),
        _ => None,
    }
}

/// Reads `type`, which must be a text.
struct TypeSeed;

impl<'de> DeserializeSeed<'de> for TypeSeed {
    type Value = TypeName;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<TypeName, D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for TypeSeed {
    type Value = TypeName;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TypeName, E> {
        let known = EventType::parse(text).map(TypeName::Known);
        Ok(known.unwrap_or_else(|| TypeName::Other(text.to_owned())))
    }
}

/// Reads a text by a function, and anything else as the value it is.
struct TextSeed<'c, T> {
    strict: Strict<'c>,
    read: fn(&str) -> Option<T>,
}

impl<'de, T> DeserializeSeed<'de> for TextSeed<'_, T> {
    type Value = TextOr<T>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<TextOr<T>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, T> Visitor<'de> for TextSeed<'_, T> {
    type Value = TextOr<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    visit_scalars_as_values!(self => TextOr::Value);

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TextOr<T>, E> {
        let value = || TextOr::Value(Value::from(text));
        Ok((self.read)(text).map_or_else(value, TextOr::Text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<TextOr<T>, A::Error> {
        self.strict.visit_seq(items).map(TextOr::Value)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<TextOr<T>, A::Error> {
        self.strict.visit_map(members).map(TextOr::Value)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum DataMember {
    Id,
    OutputFileUri,
    FileName,
    VideoUri,
    ErrorCode,
    ErrorMessage,
    Other(String),
}

/// Reads `data`, which all known types have as an object, into its place.
struct DataSeed<'c, 'd> {
    strict: Strict<'c>,
    members: &'d mut DataMembers,
}

impl<'de> DeserializeSeed<'de> for DataSeed<'_, '_> {
    type Value = Data;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Data, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for DataSeed<'_, '_> {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("data")
    }

    visit_scalars_as_values!(self => |_| Data::NotAnObject);

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Data, E> {
        Ok(Data::NotAnObject)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Data, A::Error> {
        self.strict.visit_seq(items).map(|_| Data::NotAnObject)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Data, A::Error> {
        let Self { strict, members: data } = self;
        let strict = strict.nested()?;
        let mut count = 0_usize;
        while let Some(member) = members.next_key()? {
            count = count.saturating_add(1);
            let slot = match member {
                DataMember::Id => &mut data.id,
                DataMember::OutputFileUri => &mut data.output_file_uri,
                DataMember::FileName => &mut data.file_name,
                DataMember::VideoUri => &mut data.video_uri,
                DataMember::ErrorCode => &mut data.error_code,
                DataMember::ErrorMessage => &mut data.error_message,
                DataMember::Other(name) => {
                    let value = members.next_value_seed(strict)?;
                    strict.insert(data.extra.as_map_mut(), name, value)?;
                    continue;
                }
            };
            strict.fill(slot, members.next_value_seed(strict)?)?;
        }
        let is_number = count == 1 && json::disguised_number(data.extra.as_map()).is_some();
        Ok(if is_number { Data::NotAnObject } else { Data::Object })
    }
}

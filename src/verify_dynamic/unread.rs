//! Reads JSON that nobody has vouched for: what is not asked for is skipped, not kept, so that a
//! stranger's token costs no memory beyond its own size.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::json::{Strict, disguised_number, visit_scalars_as_values};

/// Reads a text, borrowed where it is written without escapes; anything else is an error.
pub(super) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// Skips any value without keeping it, within the bound of depth: for what a stranger wrote and
/// nobody asked for. Members that repeat in it are not looked for.
#[derive(Clone, Copy)]
pub(super) struct Skip<'c>(pub(super) Strict<'c>);

impl<'de> DeserializeSeed<'de> for Skip<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skip<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    visit_scalars_as_values!(self => drop);

    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = Self(self.0.nested()?);
        while let Some(()) = items.next_element_seed(inner)? {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = Self(self.0.nested()?);
        while let Some(IgnoredAny) = members.next_key()? {
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

/// Reads a number that arrives as an object, as it does with `serde_json`'s feature
/// `arbitrary_precision`.
pub(super) fn disguised_number_of<'de, A: MapAccess<'de>>(
    mut members: A,
) -> Result<Number, A::Error> {
    let mut map = Map::new();
    if let Some(name) = members.next_key::<String>()? {
        map.insert(name, Value::String(members.next_value::<String>()?));
    }
    disguised_number(&map).ok_or_else(|| de::Error::custom("an object"))
}

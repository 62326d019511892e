//! The one strict way in which this crate reads JSON: no repeated member, bounded depth.

use std::cell::Cell;
use std::fmt;
use std::sync::LazyLock;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::limits::MAX_JSON_DEPTH;

/// What the JSON grammar allows and this crate does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// One object has two members of one name, of which two readers could take different ones.
    DuplicateMember,
    /// Nested deeper than [`MAX_JSON_DEPTH`].
    TooDeep,
}

/// Carries the depth that is left and reports a [`Fault`] past serde, whose errors are only text.
#[derive(Clone, Copy)]
pub(crate) struct Strict<'c> {
    fault: &'c Cell<Option<Fault>>,
    depth_left: usize,
}

impl<'c> Strict<'c> {
    pub(crate) fn new(fault: &'c Cell<Option<Fault>>) -> Self {
        Self { fault, depth_left: MAX_JSON_DEPTH }
    }

    /// Enters an object or an array.
    #[inline]
    pub(crate) fn nested<E: de::Error>(self) -> Result<Self, E> {
        match self.depth_left.checked_sub(1) {
            Some(depth_left) => Ok(Self { depth_left, ..self }),
            None => Err(self.fail(Fault::TooDeep)),
        }
    }

    /// Puts a member's value where it belongs; a second one leaves nothing there, since neither of
    /// the two can be relied on.
    #[inline]
    pub(crate) fn fill<T, E: de::Error>(self, slot: &mut Option<T>, value: T) -> Result<(), E> {
        if slot.is_some() {
            *slot = None;
            return Err(self.fail(Fault::DuplicateMember));
        }
        *slot = Some(value);
        Ok(())
    }

    /// Keeps a member under its name, unless there is one of that name already.
    pub(crate) fn insert<E: de::Error>(
        self,
        map: &mut Map<String, Value>,
        name: String,
        value: Value,
    ) -> Result<(), E> {
        match map.insert(name, value) {
            None => Ok(()),
            Some(_) => Err(self.fail(Fault::DuplicateMember)),
        }
    }

    fn fail<E: de::Error>(self, fault: Fault) -> E {
        self.fault.set(Some(fault));
        E::custom(match fault {
            Fault::DuplicateMember => "duplicate member",
            Fault::TooDeep => "nested too deep",
        })
    }
}

/// Reads a whole value as a tree, strictly, out of any deserializer.
pub(crate) fn value<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let fault = Cell::new(None);
    Strict::new(&fault).deserialize(deserializer)
}

/// Implements the scalar methods of a visitor by one function from `Value`.
macro_rules! visit_scalars_as_values {
    ($visitor:ident => $scalar:expr) => {
        fn visit_bool<E: de::Error>($visitor: Self, value: bool) -> Result<Self::Value, E> {
            Ok($scalar(Value::from(value)))
        }
        fn visit_i64<E: de::Error>($visitor: Self, value: i64) -> Result<Self::Value, E> {
            Ok($scalar(Value::from(value)))
        }
        fn visit_u64<E: de::Error>($visitor: Self, value: u64) -> Result<Self::Value, E> {
            Ok($scalar(Value::from(value)))
        }
        fn visit_f64<E: de::Error>($visitor: Self, value: f64) -> Result<Self::Value, E> {
            Ok($scalar(Value::from(value)))
        }
        fn visit_unit<E: de::Error>($visitor: Self) -> Result<Self::Value, E> {
            Ok($scalar(Value::Null))
        }
    };
}
pub(crate) use visit_scalars_as_values;

/// Reads any value as a tree, strictly.
impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    visit_scalars_as_values!(self => std::convert::identity);

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.nested()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.nested()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            inner.insert(&mut map, name, value)?;
        }
        Ok(disguised_number(&map).map_or(Value::Object(map), Value::Number))
    }
}

/// With `serde_json`'s feature `arbitrary_precision`, which any crate of the build may turn on,
/// every number arrives as an object whose only member has this name. Without it, one that does is
/// an object like any other.
pub(crate) fn disguised_number(members: &Map<String, Value>) -> Option<Number> {
    if members.len() != 1 {
        return None;
    }
    let text = members.get("$serde_json::private::Number")?.as_str()?;
    if *DISGUISES_NUMBERS { text.parse().ok() } else { None }
}

/// Whether the feature is on, told by what it is for: digits that a float does not keep.
static DISGUISES_NUMBERS: LazyLock<bool> = LazyLock::new(|| {
    serde_json::from_str::<Number>("1.10").is_ok_and(|number| number.to_string() == "1.10")
});

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Value, Option<Fault>> {
        let fault = Cell::new(None);
        let mut json = serde_json::Deserializer::from_str(text);
        Strict::new(&fault).deserialize(&mut json).map_err(|_| fault.get())
    }

    #[test]
    fn a_tree_is_read_as_serde_json_reads_it() {
        let text = r#"{"a":[1,-2,3.5,true,null,"x\n"],"b":{"c":{}},"d":18446744073709551615}"#;
        assert_eq!(read(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_repeated_member_is_a_fault_at_any_depth() {
        for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            assert_eq!(read(text), Err(Some(Fault::DuplicateMember)), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded_and_the_bound_itself_passes() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |n: usize| format!("{}0{}", open.repeat(n), close.repeat(n));
            assert!(read(&nested(MAX_JSON_DEPTH)).is_ok());
            assert_eq!(read(&nested(MAX_JSON_DEPTH + 1)), Err(Some(Fault::TooDeep)));
        }
    }

    #[test]
    fn a_number_is_disguised_only_where_serde_json_does_so() {
        let one = serde_json::json!(1.5);
        assert_eq!(read("1.5").unwrap(), one);
        let text = r#"[{"$serde_json::private::Number":"1.5"}]"#;
        let found = read(text).unwrap();
        if *DISGUISES_NUMBERS {
            assert_eq!(found, serde_json::json!([one]));
        } else {
            assert!(found[0].is_object());
        }
        // Beside another member it is none in any build, and nothing is lost.
        let text = r#"{"$serde_json::private::Number":"12","x":1}"#;
        assert_eq!(read(text).unwrap().as_object().unwrap().len(), 2);
    }
}

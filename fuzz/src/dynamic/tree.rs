//! JSON and base64url as they were written, for models that must see what a reader may lose.

use std::collections::HashSet;
use std::fmt;

use gemini_webhooks::limits::MAX_JSON_DEPTH;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

/// A value of JSON with every member that it came with.
pub(super) enum Tree {
    Text(String),
    Number(Number),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
    /// `null`, `true` or `false`.
    Word,
}

impl Tree {
    /// Reads a text in UTF-8; past its bound of depth, which is over ours, `serde_json` gives up.
    pub(super) fn read(json: &[u8]) -> Option<Self> {
        serde_json::from_str(std::str::from_utf8(json).ok()?).ok()
    }

    /// Reads an object that is not nested too deep.
    pub(super) fn read_object(json: &[u8]) -> Option<Self> {
        Self::read(json).filter(|tree| matches!(tree, Self::Object(_)) && !tree.is_too_deep())
    }

    pub(super) fn is_too_deep(&self) -> bool {
        self.depth() > MAX_JSON_DEPTH
    }

    fn depth(&self) -> usize {
        let deepest = |depths: &mut dyn Iterator<Item = usize>| 1 + depths.max().unwrap_or(0);
        match self {
            Self::List(items) => deepest(&mut items.iter().map(Self::depth)),
            Self::Object(members) => deepest(&mut members.iter().map(|(_, tree)| tree.depth())),
            _ => 0,
        }
    }

    /// Tells whether an object has two members of one name, here or anywhere below.
    pub(super) fn has_twins(&self) -> bool {
        match self {
            Self::List(items) => items.iter().any(Self::has_twins),
            Self::Object(members) => {
                let names: HashSet<_> = members.iter().map(|(name, _)| name).collect();
                names.len() < members.len() || members.iter().any(|(_, tree)| tree.has_twins())
            }
            _ => false,
        }
    }

    /// The members of this name; more than one where they repeat.
    pub(super) fn all(&self, name: &str) -> Vec<&Self> {
        let Self::Object(members) = self else { return Vec::new() };
        members.iter().filter(|(found, _)| found == name).map(|(_, tree)| tree).collect()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.all(name).first().copied()
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// The number, also where it comes as an object, as it does with `serde_json`'s feature
    /// `arbitrary_precision`, which keeps all digits.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Self::Number(number) => Some(number.clone()),
            Self::Object(members) => match members.as_slice() {
                [(name, Self::Text(text))] if name == "$serde_json::private::Number" => {
                    let kept = |number: &Number| number.to_string() == "1.10";
                    let disguised = "1.10".parse().is_ok_and(|number| kept(&number));
                    if disguised { text.parse().ok() } else { None }
                }
                _ => None,
            },
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Tree, E> {
        Ok(Tree::Word)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Tree, E> {
        Ok(Tree::Word)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Tree, E> {
        Number::from_f64(number).map(Tree::Number).ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Tree::Object(object))
    }
}

/// Decodes base64url without padding, in its one spelling.
pub(super) fn base64url(text: &[u8]) -> Option<Vec<u8>> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0, 0);
    for character in text {
        let value = ALPHABET.iter().position(|other| other == character)?;
        held = held << 6 | value;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits).unwrap());
            held &= (1 << bits) - 1;
        }
    }
    (bits < 6 && held == 0).then_some(bytes)
}

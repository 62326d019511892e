//! Which form the signature header has, told apart as the library does it: by its syntax alone.

use gemini_webhooks::{HeaderLookup as _, Lookup};
use http::HeaderMap;

use super::form::few;
use super::token::Token;

/// What stands in `webhook-signature`.
pub(super) enum Signature {
    Missing,
    Repeated,
    Token(Box<Token>),
    List(Entries),
}

impl Signature {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match headers.lookup().signature {
            Lookup::Missing => Self::Missing,
            Lookup::Repeated => Self::Repeated,
            Lookup::One(value) => match Token::read(value) {
                Some(token) => Self::Token(Box::new(token)),
                None => Self::List(Entries::count(value)),
            },
        }
    }

    /// Tells whether Google's keys judge it.
    pub(super) fn is_of_keys(&self) -> bool {
        match self {
            Self::Token(_) => true,
            Self::List(entries) => entries.v1a > 0,
            Self::Missing | Self::Repeated => false,
        }
    }

    /// Whomever the token says that it is for; somebody, where it does not say.
    pub(super) fn audiences(&self) -> Vec<String> {
        let Self::Token(token) = self else { return Vec::new() };
        let audiences = token.audiences();
        if audiences.is_empty() { vec!["nobody".to_owned()] } else { audiences }
    }

    pub(super) fn forms(&self) -> String {
        match self {
            Self::Missing => "missing".to_owned(),
            Self::Repeated => "repeated".to_owned(),
            Self::Token(_) => "a JWT".to_owned(),
            Self::List(entries) => entries.forms(),
        }
    }
}

/// How many entries of which version a list has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Entries {
    pub(super) v1: usize,
    pub(super) v1a: usize,
    others: usize,
}

impl Entries {
    fn count(value: &[u8]) -> Self {
        let mut entries = Self::default();
        for entry in value.split(|byte| *byte == b' ').take(17) {
            let place = match entry {
                [b'v', b'1', b',', ..] => &mut entries.v1,
                [b'v', b'1', b'a', b',', ..] => &mut entries.v1a,
                _ => &mut entries.others,
            };
            *place = place.saturating_add(1);
        }
        entries
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, usize)> {
        let parts = [("v1", self.v1), ("v1a", self.v1a), ("another version", self.others)];
        parts.into_iter().filter(|(_, number)| *number > 0)
    }

    fn forms(&self) -> String {
        self.parts().map(|(form, _)| form).collect::<Vec<_>>().join(" and ")
    }

    pub(super) fn numbers(&self) -> String {
        let numbers = self.parts().map(|(form, number)| format!("{} of {form}", few(number)));
        numbers.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_counted_by_version() {
        let list = Entries::count(b"v1,AAAA v1a,BBBB v1,CC v2,DD");
        assert_eq!(list, Entries { v1: 2, v1a: 1, others: 1 });
        assert_eq!(list.forms(), "v1 and v1a and another version");
        assert_eq!(list.numbers(), "2 of v1, 1 of v1a, 1 of another version");
    }
}

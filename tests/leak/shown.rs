//! What each type may show, and the search of what it does.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde::Serialize;

use crate::marks::Marks;
use crate::requests::{contents, secrets};

/// What a type may show.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Shows {
    Nothing,
    /// The webhook-id, by the type that is one.
    Id,
    /// The documented fields of an event, by the event and its payloads.
    Fields,
    /// The event as it came, but for the token of a binding: what goes into a queue.
    Event,
    /// What it was read from, and writes again.
    Wire,
}

/// Looks at what types print, and remembers which it has seen.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) seen: BTreeSet<String>,
    pub(crate) signatures: Marks,
}

impl Shown {
    pub(crate) fn text(&mut self, name: &str, may: Shows, text: &str) {
        let always =
            Marks::named(["secret", "old secret", "seed"]).and_all(self.signatures.clone());
        let marks = match may {
            Shows::Nothing => secrets().and_all(contents()).and_all(always),
            Shows::Id => {
                secrets().and_all(Marks::named(["field", "body", "header"])).and_all(always)
            }
            Shows::Fields => {
                secrets().and_all(Marks::named(["id", "body", "header"])).and_all(always)
            }
            Shows::Event => secrets().and_all(always),
            Shows::Wire => always,
        };
        marks.must_not_be_in(name, text);
        self.seen.insert(name.to_owned());
    }

    pub(crate) fn debug(&mut self, name: &str, may: Shows, value: &dyn Debug) {
        self.text(name, may, &format!("{value:?}\n{value:#?}"));
    }

    pub(crate) fn nothing(&mut self, name: &str, value: &dyn Debug) {
        self.debug(name, Shows::Nothing, value);
    }

    pub(crate) fn json(&mut self, name: &str, may: Shows, value: &impl Serialize) {
        self.text(name, may, &serde_json::to_string(value).unwrap());
    }
}

//! The endpoint that a key cache asks, and the documents that it has.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use gemini_webhooks::testing::{Ed25519Signer, JwtSigner, TestRsaKey};
use gemini_webhooks::{Fetch, FetchFuture, FetchProblem, FetchRequest, Fetched, KeySet};
use tokio::sync::watch;

use super::document;

/// A document with usable keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doc {
    A,
    B,
    Ab,
    /// Without an Ed25519 key.
    AAlone,
}

impl Doc {
    pub(super) fn has_kid(self, kid: &str) -> bool {
        match self {
            Self::A | Self::AAlone => kid == "a",
            Self::B => kid == "b",
            Self::Ab => kid == "a" || kid == "b",
        }
    }

    pub(super) fn has_ed25519(self) -> bool {
        self != Self::AAlone
    }

    pub(super) fn keys(self) -> usize {
        match self {
            Self::A | Self::B => 2,
            Self::Ab => 3,
            Self::AAlone => 1,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Set(Doc),
    Empty,
    Garbage,
    NotModified,
    Failure,
}

impl Answer {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "a" => Self::Set(Doc::A),
            "b" => Self::Set(Doc::B),
            "ab" => Self::Set(Doc::Ab),
            "a_alone" => Self::Set(Doc::AAlone),
            "empty" => Self::Empty,
            "garbage" => Self::Garbage,
            "304" => Self::NotModified,
            "fail" => Self::Failure,
            _ => return None,
        })
    }
}

/// Two RSA keys and an Ed25519 key, in four sets.
pub(super) fn text_of(doc: Doc) -> &'static str {
    static TEXTS: LazyLock<[String; 4]> = LazyLock::new(|| {
        let a = JwtSigner::new("a", TestRsaKey::One).jwk();
        let b = JwtSigner::new("b", TestRsaKey::Two).jwk();
        let ed25519 = Ed25519Signer::from_seed([1; 32]).jwk();
        let with_ed25519 = |jwk: &serde_json::Value| document([jwk.clone(), ed25519.clone()]);
        let sets = [with_ed25519(&a), with_ed25519(&b)];
        let [of_a, of_b] = sets;
        [of_a, of_b, document([a.clone(), b, ed25519]), document([a])]
    });
    match doc {
        Doc::A => &TEXTS[0],
        Doc::B => &TEXTS[1],
        Doc::Ab => &TEXTS[2],
        Doc::AAlone => &TEXTS[3],
    }
}

pub(super) fn doc_of(keys: &KeySet) -> Doc {
    let kids: Vec<_> = keys.kids().collect();
    match (&kids[..], keys.ed25519_count()) {
        (["a"], 1) => Doc::A,
        (["b"], 1) => Doc::B,
        (["a", "b"], 1) => Doc::Ab,
        (["a"], 0) => Doc::AAlone,
        _ => panic!("{keys:?} was never served"),
    }
}

/// An endpoint that answers as it is told, when it is told, and keeps a record.
#[derive(Clone)]
pub(super) struct Endpoint {
    script: Arc<Mutex<Script>>,
    held: watch::Sender<bool>,
}

struct Script {
    answer: Answer,
    max_age: Option<i64>,
    events: Vec<Seen>,
}

pub(super) enum Seen {
    Started {
        forced: bool,
    },
    /// `anew` is false where the tag of a set was answered, and not the set.
    Ended {
        answer: Answer,
        max_age: Option<i64>,
        anew: bool,
    },
}

impl Endpoint {
    pub(super) fn new() -> Self {
        let script = Script { answer: Answer::Set(Doc::A), max_age: None, events: Vec::new() };
        Self { script: Arc::new(Mutex::new(script)), held: watch::Sender::new(false) }
    }

    pub(super) fn serve(&self, what: &str, max_age: Option<i64>) {
        if let Some(answer) = Answer::named(what) {
            let mut script = self.script.lock().unwrap();
            (script.answer, script.max_age) = (answer, max_age);
        }
    }

    pub(super) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    pub(super) fn take_events(&self) -> Vec<Seen> {
        std::mem::take(&mut self.script.lock().unwrap().events)
    }
}

impl Fetch for Endpoint {
    fn fetch(&self, request: FetchRequest) -> FetchFuture {
        let forced = request.forced;
        self.script.lock().unwrap().events.push(Seen::Started { forced });
        let mut fetching = Fetching { script: Arc::clone(&self.script), answered: false };
        let mut held = self.held.subscribe();
        Box::pin(async move {
            held.wait_for(|held| !held).await.unwrap();
            fetching.answer(request.etag.as_deref())
        })
    }
}

/// A fetch under way, which is given up where it is dropped.
struct Fetching {
    script: Arc<Mutex<Script>>,
    answered: bool,
}

impl Fetching {
    fn answer(&mut self, etag: Option<&str>) -> Result<Fetched, FetchProblem> {
        self.answered = true;
        let mut script = self.script.lock().unwrap();
        let (answer, max_age) = (script.answer, script.max_age);
        let tag = format!("{answer:?}");
        let anew = etag != Some(&tag) && !matches!(answer, Answer::NotModified);
        script.events.push(Seen::Ended { answer, max_age, anew });
        let age = max_age.map(|age| Duration::from_secs(age.try_into().unwrap()));
        let document = |text: &str, tag| Ok(Fetched::document(text.to_owned(), age, tag));
        match answer {
            Answer::Set(doc) if anew => document(text_of(doc), Some(tag)),
            Answer::Set(_) | Answer::NotModified => Ok(Fetched::not_modified(age)),
            Answer::Empty => document(r#"{"keys":[{"kty":"EC"}]}"#, None),
            Answer::Garbage => document("<html>", None),
            Answer::Failure => Err(FetchProblem::Status(500)),
        }
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        if !self.answered {
            let ended = Seen::Ended { answer: Answer::Failure, max_age: None, anew: false };
            self.script.lock().unwrap().events.push(ended);
        }
    }
}

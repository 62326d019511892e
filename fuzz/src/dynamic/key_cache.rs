//! The key cache, driven step by step through its public face beside a [`Model`] of it.
//!
//! | step | what happens |
//! |---|---|
//! | `ask KID` | a caller wants the RSA key of this kid |
//! | `ed`, `beyond` | a caller wants Ed25519 keys, or newer ones than the last caller was given |
//! | `warm` | `warm_up` is called |
//! | `drop N` | one of those who wait goes away |
//! | `+N`, `-N`, `+Nms` | the clock goes on, or is set back, in seconds or milliseconds |
//! | `serve WHAT AGE` | from now on the endpoint answers so, with this `max-age` |
//! | `hold`, `release` | the endpoint takes its time, and answers at last |
//! | `timeout` | it took too long |
//! | `export`, `import` | a snapshot is kept, and brought back |
//! | `import SET AGE` | a snapshot of another process comes, so many seconds old |
//!
//! Any other line is no step.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use gemini_webhooks::testing::ManualClock;
use gemini_webhooks::{CachedKeys, Clock, Error, KeySet, KeySnapshot, KeySource, Wanted};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::JoinHandle;

use super::super::{Input, NOW};
use super::cache_endpoint::{Answer, Doc, Endpoint, Seen, doc_of, text_of};
use super::cache_model::{Ask, Model, Outcome, Wish};

/// Whatever happens in whatever order, the cache does what its model says.
pub fn key_cache(data: &[u8]) {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut world = World::new();
        let mut input = Input(data);
        while !input.0.is_empty() {
            let line = String::from_utf8_lossy(input.line()).into_owned();
            world.step(&line).await;
        }
        world.assert_recovers().await;
    });
}

const URL: &str = "https://keys.example.com";

/// More would only be more of the same.
const MOST_WAITING: usize = 64;

/// A cache over a scripted endpoint, and all that moves it.
struct World {
    clock: ManualClock,
    endpoint: Endpoint,
    keys: CachedKeys,
    model: Model,
    waiting: Vec<Caller>,
    /// The last set that was given for its Ed25519 keys, by its number in the model.
    given: Option<(Arc<KeySet>, usize)>,
    exported: Option<(KeySnapshot, Doc, i64)>,
}

struct Caller {
    ask: Ask,
    task: JoinHandle<Result<Option<Arc<KeySet>>, Error>>,
}

impl World {
    fn new() -> Self {
        let (clock, endpoint) = (ManualClock::at(NOW), Endpoint::new());
        let keys = CachedKeys::builder(URL, endpoint.clone()).clock(clock.clone()).build().unwrap();
        let model = Model::new(i64::try_from(NOW * 1000).unwrap());
        Self { clock, endpoint, keys, model, waiting: Vec::new(), given: None, exported: None }
    }

    async fn step(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["ask", kid] => self.ask(Want::Kid(kid.to_owned())),
            ["ed"] => self.ask(Want::Ed25519),
            ["beyond"] => {
                if let Some((keys, number)) = self.given.clone() {
                    self.ask(Want::Beyond(keys, number));
                }
            }
            ["warm"] => self.ask(Want::Warm),
            ["drop", n] => self.drop_caller(number(n)),
            ["serve", what] => self.endpoint.serve(what, None),
            ["serve", what, age] => self.endpoint.serve(what, Some(number(age))),
            ["hold"] => self.endpoint.hold(true),
            ["release"] => self.endpoint.hold(false),
            ["timeout"] if self.model.is_under_way() => {
                tokio::time::advance(Duration::from_millis(5_001)).await;
            }
            ["export"] => self.export(),
            ["import"] => self.import_exported(),
            ["import", set, age] => self.import(set, number(age)),
            [time] => self.move_clock(time),
            _ => {}
        }
        self.settle().await;
    }

    fn ask(&mut self, want: Want) {
        if self.waiting.len() == MOST_WAITING {
            return;
        }
        let ask = self.model.ask(match &want {
            Want::Kid(kid) => Wish::Kid(kid.clone()),
            Want::Ed25519 => Wish::Ed25519,
            Want::Beyond(_, number) => Wish::Beyond(*number),
            Want::Warm => Wish::Fresh,
        });
        let (keys, clock) = (self.keys.clone(), self.clock.clone());
        let task = tokio::spawn(async move { want.of(&keys, &clock).await });
        self.waiting.push(Caller { ask, task });
    }

    fn drop_caller(&mut self, n: i64) {
        if !self.waiting.is_empty() {
            let index = usize::try_from(n).unwrap() % self.waiting.len();
            self.waiting.remove(index).task.abort();
        }
    }

    fn move_clock(&mut self, time: &str) {
        let sign = match time.chars().next() {
            Some('+') => 1,
            Some('-') => -1,
            _ => return,
        };
        let millis = match time[1..].strip_suffix("ms") {
            Some(millis) => number(millis),
            None => number(&time[1..]) * 1000,
        };
        self.model.move_clock(sign * millis);
        self.clock.set(UNIX_EPOCH + Duration::from_millis(self.model.now().try_into().unwrap()));
    }

    fn export(&mut self) {
        let snapshot = self.keys.snapshot();
        let set = self.model.set_at_hand();
        assert_eq!(snapshot.is_some(), set.is_some());
        if let (Some(snapshot), Some((doc, asked_at))) = (snapshot, set) {
            self.exported = Some((snapshot, doc, asked_at));
        }
    }

    fn import_exported(&mut self) {
        if let Some((snapshot, doc, asked_at)) = self.exported.clone() {
            assert_eq!(self.keys.import(&snapshot), self.model.import(Some(doc), asked_at));
        }
    }

    fn import(&mut self, set: &str, age: i64) {
        let Some(Answer::Set(doc)) = Answer::named(set) else { return };
        let asked_at = self.model.now() - age * 1000;
        let snapshot = json!({ "url": URL, "fetched_at": asked_at, "document": text_of(doc) });
        let snapshot: KeySnapshot = serde_json::from_value(snapshot).unwrap();
        assert_eq!(self.keys.import(&snapshot), self.model.import(Some(doc), asked_at));
    }

    /// Lets everything run until nothing moves, and compares what happened with the model.
    async fn settle(&mut self) {
        for _ in 0..6 {
            tokio::task::yield_now().await;
        }
        for event in self.endpoint.take_events() {
            match event {
                Seen::Started { forced } => self.model.start(forced),
                Seen::Ended { answer, max_age, anew } => self.model.end(answer, max_age, anew),
            }
        }
        let callers = std::mem::take(&mut self.waiting);
        for Caller { ask, task } in callers {
            if !task.is_finished() {
                self.model.assert_may_wait(&ask);
                self.waiting.push(Caller { ask, task });
                continue;
            }
            let outcome = match task.await.unwrap() {
                Ok(None) => Outcome::Warm,
                Ok(Some(keys)) => self.outcome(&ask, keys),
                Err(Error::KeysUnreachable) => Outcome::Unreachable,
                Err(Error::UnknownKey | Error::SignatureMismatch) => Outcome::Missing,
                Err(error) => panic!("{error:?}"),
            };
            self.model.judge(&ask, outcome);
        }
        self.model.assert_every_start_was_asked_for();
        let health = self.keys.health();
        let age = health.age.map(|age| i64::try_from(age.as_millis()).unwrap());
        self.model.assert_health(health.usable, age, health.stale, health.failures);
    }

    fn outcome(&mut self, ask: &Ask, keys: Arc<KeySet>) -> Outcome {
        let doc = doc_of(&keys);
        if doc.has_ed25519()
            && let Some(number) = self.model.number_of(doc, ask)
        {
            self.given = Some((keys, number));
        }
        Outcome::Given(doc)
    }

    /// However it went: once the endpoint is well again, so is the cache. Twice, since the clock may
    /// just show a time again at which the key was missing.
    async fn assert_recovers(&mut self) {
        for line in ["serve ab", "release", "+200", "ask a", "+200", "ask a"] {
            self.step(line).await;
        }
        assert!(self.waiting.is_empty());
        self.model.assert_has("a");
    }
}

/// What a caller wants, with what that takes.
enum Want {
    Kid(String),
    Ed25519,
    Beyond(Arc<KeySet>, usize),
    Warm,
}

impl Want {
    /// Asks as a verifier does.
    async fn of(
        self,
        keys: &CachedKeys,
        clock: &ManualClock,
    ) -> Result<Option<Arc<KeySet>>, Error> {
        let wanted = match &self {
            Self::Kid(kid) => Wanted::Kid(kid),
            Self::Ed25519 => Wanted::Ed25519,
            Self::Beyond(old, _) => Wanted::Ed25519Beyond(old),
            Self::Warm => return keys.warm_up().await.map(|()| None),
        };
        match keys.at_hand(wanted, clock.now()) {
            Some(keys) => Ok(Some(keys.into_arc())),
            None => keys.look(wanted).await.map(|keys| Some(keys.into_arc())),
        }
    }
}

/// A number of seconds or the like, within bounds that no sum of them overflows.
fn number(text: &str) -> i64 {
    text.parse().map_or(0, |number: i64| number.clamp(0, 1_000_000_000))
}

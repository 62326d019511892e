//! What a key cache must do, by its rules and not by its code: which answers are right at which
//! time, and which fetches may, must and must not start. Times are milliseconds.

use std::collections::HashMap;

use gemini_webhooks::SnapshotProblem;

use super::cache_endpoint::{Answer, Doc};

const SECOND: i64 = 1_000;
const LEAST_TTL: i64 = 60 * SECOND;
const TTL: i64 = 600 * SECOND;
const STALE: i64 = 3_600 * SECOND;
/// How far a clock may be set back before it is not believed what it said earlier.
const SLACK: i64 = 60 * SECOND;
/// Of the waits after failures, with all of the jitter.
const LONGEST_WAIT: i64 = 72 * SECOND;
/// How long a failure excuses a set past its time: until the next fetch, at its latest, has ended.
const EXCUSE: i64 = LONGEST_WAIT + 10 * SECOND;
/// After it was set back, everything that waited for it has ended by then.
const QUIET: i64 = 132 * SECOND;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Kid(String),
    Ed25519,
    /// Keys of another set than that of this number.
    Beyond(usize),
    /// Any keys that are fresh.
    Fresh,
}

/// What a caller got.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    Given(Doc),
    Warm,
    Missing,
    Unreachable,
}

/// Whether the kid is remembered as one that a look did not find.
#[derive(Clone, Copy, PartialEq)]
enum Memory {
    None,
    /// Unless another kid has pushed it out: a kid has one place.
    Perhaps,
    Surely,
}

/// What a caller asked for, and how things stood then.
pub(super) struct Ask {
    pub(super) wish: Wish,
    /// What was at hand and good, so that there was nothing to wait for.
    at_hand: Option<Set>,
    missing: Memory,
    under_way: bool,
    /// Nothing forbade a fetch.
    may_start: bool,
    ends: usize,
}

#[derive(Clone, Copy, Debug)]
struct Set {
    doc: Doc,
    /// Tells sets of the same document apart.
    number: usize,
    asked_at: i64,
    fresh_until: i64,
    /// What the answer said, in seconds.
    max_age: Option<i64>,
    /// Came from another process while the fetch under way was asked.
    imported_meanwhile: bool,
    /// The endpoint itself was asked for it, and no cache on the way.
    forced: bool,
}

impl Set {
    fn satisfies(&self, wish: &Wish) -> bool {
        match wish {
            Wish::Kid(kid) => self.doc.has_kid(kid),
            Wish::Ed25519 => self.doc.has_ed25519(),
            Wish::Beyond(_) => self.forced && self.satisfies_after_a_look(wish),
            Wish::Fresh => true,
        }
    }

    /// The same where the endpoint itself was asked since.
    fn satisfies_after_a_look(&self, wish: &Wish) -> bool {
        match wish {
            Wish::Beyond(number) => self.number != *number && self.doc.has_ed25519(),
            _ => self.satisfies(wish),
        }
    }
}

struct Start {
    at: i64,
    elapsed: i64,
    had_keys: bool,
    set_backs: usize,
}

pub(super) struct Model {
    now: i64,
    /// How far the clock has gone forward in all.
    elapsed: i64,
    set_backs: usize,
    set_back_at: Option<i64>,
    current: Option<Set>,
    sets: usize,
    failures: u32,
    /// When the wait after a failure has ended at the earliest and at the latest, by `elapsed`.
    waits: (i64, i64),
    /// When the last fetch failed, by the clock.
    failed_at: Option<i64>,
    under_way: Option<i64>,
    /// Whether the last fetch asked the endpoint itself.
    forced: Option<bool>,
    /// What was at hand after each fetch that ended in this step: there can be two.
    brought: Vec<Set>,
    /// What was at hand when that was asked: "not modified" is said of it.
    asked_about: Option<Set>,
    starts: Vec<Start>,
    /// What may have made a fetch start in this step: whether somebody has to wait for it.
    asked_in_step: Option<Asked>,
    ends: usize,
    last_end_was_good: bool,
    /// When a look did not find these kids.
    missing: HashMap<String, i64>,
}

struct Asked {
    waits: bool,
    fetch: Due,
    started: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Must,
    May,
    MustNot,
}

impl Due {
    fn from(must: bool, must_not: bool) -> Self {
        match (must, must_not) {
            (_, true) => Self::MustNot,
            (true, false) => Self::Must,
            (false, false) => Self::May,
        }
    }
}

impl Model {
    pub(super) fn new(now: i64) -> Self {
        Self {
            now,
            elapsed: 0,
            set_backs: 0,
            set_back_at: None,
            current: None,
            sets: 0,
            failures: 0,
            waits: (0, 0),
            failed_at: None,
            under_way: None,
            forced: None,
            brought: Vec::new(),
            asked_about: None,
            starts: Vec::new(),
            asked_in_step: None,
            ends: 0,
            last_end_was_good: false,
            missing: HashMap::new(),
        }
    }

    pub(super) fn now(&self) -> i64 {
        self.now
    }

    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Moves the clock, not back beyond 1970.
    pub(super) fn move_clock(&mut self, by: i64) {
        let before = self.now;
        self.now = (before + by).max(0);
        self.elapsed += (self.now - before).max(0);
        if self.now < before {
            self.set_backs += 1;
            self.set_back_at = Some(self.elapsed);
        }
    }

    /// The set that is at hand, whether it is still good or not: what an export holds.
    pub(super) fn set_at_hand(&self) -> Option<(Doc, i64)> {
        self.current.map(|set| (set.doc, set.asked_at))
    }

    fn usable(&self) -> Option<Set> {
        self.current
            .filter(|set| self.now < set.fresh_until + STALE && set.asked_at <= self.now + SLACK)
    }

    /// What may be used without a look: past its time only because the endpoint has failed, so lately
    /// that nobody may have asked again.
    fn good(&self) -> Option<Set> {
        let has_just_failed = self.failed_at.is_some_and(|at| self.now - at < EXCUSE);
        self.usable().filter(|set| self.now < set.fresh_until || has_just_failed)
    }

    fn interval(has_keys: bool) -> i64 {
        if has_keys { 30 * SECOND } else { 5 * SECOND }
    }

    /// Nothing forbids a fetch: of two starts at once, and one more per interval, one is left, and
    /// no failure is waited for; neither by the clock nor by the time that it has shown in all,
    /// which differ once it was set back.
    fn may_start(&self) -> bool {
        let span = 2 * Self::interval(self.usable().is_some());
        let is_recent = |start: &&Start| {
            self.elapsed - start.elapsed < span || (self.now - start.at).abs() < span
        };
        let was_set_back = self.set_back_at.is_some_and(|at| self.elapsed - at < QUIET);
        let failed_lately = self.failed_at.is_some_and(|at| (self.now - at).abs() < LONGEST_WAIT);
        self.under_way.is_none()
            && !was_set_back
            && self.elapsed >= self.waits.1
            && (self.set_backs == 0 || !failed_lately)
            && self.starts.iter().filter(is_recent).count() <= 1
    }

    pub(super) fn ask(&mut self, wish: Wish) -> Ask {
        let good = match wish {
            Wish::Fresh => self.usable().filter(|set| self.now < set.fresh_until),
            _ => self.good(),
        };
        let at_hand = good.filter(|set| set.satisfies(&wish));
        let missing = match at_hand.is_none() && self.is_known_missing(&wish) {
            true if self.missing.len() == 1 => Memory::Surely,
            true => Memory::Perhaps,
            false => Memory::None,
        };
        let may_start = self.may_start();
        let (must_start, must_not_start) = match at_hand {
            Some(_) if wish == Wish::Fresh => (false, true),
            Some(set) => {
                let (age, ttl) = (self.now - set.asked_at, set.fresh_until - set.asked_at);
                (may_start && age > ttl * 91 / 100, age < ttl * 79 / 100)
            }
            None => (may_start && missing == Memory::None, missing == Memory::Surely),
        };
        let waits = at_hand.is_none();
        let fetch = Due::from(must_start, must_not_start || self.is_under_way());
        self.asked_in_step = Some(Asked { waits, fetch, started: false });
        let under_way = self.is_under_way();
        Ask { wish, at_hand, missing, under_way, may_start, ends: self.ends }
    }

    /// A look that found nothing is remembered for a cooldown.
    fn is_known_missing(&self, wish: &Wish) -> bool {
        let Wish::Kid(kid) = wish else { return false };
        let is_in_current = self.current.is_some_and(|set| set.doc.has_kid(kid));
        let age = self.missing.get(kid).map(|looked_at| self.now - looked_at);
        !is_in_current && age.is_some_and(|age| (0..30 * SECOND).contains(&age))
    }

    pub(super) fn start(&mut self, forced: bool) {
        assert!(self.under_way.is_none(), "two fetches at once");
        match &mut self.asked_in_step {
            Some(asked) if !asked.started => {
                assert!(asked.fetch != Due::MustNot, "there was no need of a fetch");
                assert_eq!(forced, asked.waits, "forced where somebody waits, and only there");
                asked.started = true;
            }
            // Who joined a refresh asks once more, since a cache on the way may have answered it.
            _ => assert!(forced && self.forced == Some(false), "nobody asked for this fetch"),
        }
        let was_set_back = self.set_back_at.is_some_and(|at| self.elapsed - at < QUIET);
        assert!(was_set_back || self.elapsed >= self.waits.0, "a failure is not waited for");
        self.under_way = Some(self.now);
        self.forced = Some(forced);
        if let Some(set) = &mut self.current {
            set.imported_meanwhile = false;
        }
        self.asked_about = self.current;
        let had_keys = self.usable().is_some();
        let start =
            Start { at: self.now, elapsed: self.elapsed, had_keys, set_backs: self.set_backs };
        self.starts.push(start);
        self.assert_starts_are_few();
    }

    /// In any time T at most 2 + T/30 s, or T/5 s where there were no usable keys; and two more
    /// each time that the clock is set back, since it must not stop the fetches.
    fn assert_starts_are_few(&self) {
        let mut had_keys = true;
        for (count, start) in (1..).zip(self.starts.iter().rev()) {
            had_keys &= start.had_keys;
            let time = self.elapsed - start.elapsed;
            let set_backs = self.set_backs - start.set_backs;
            let refilled = usize::try_from(time / Self::interval(had_keys)).unwrap();
            assert!(count <= 2 + refilled + 2 * set_backs, "{count} starts in {time} ms");
        }
    }

    pub(super) fn end(&mut self, answer: Answer, max_age: Option<i64>, anew: bool) {
        let asked_at = self.under_way.take().expect("no fetch is under way");
        self.ends += 1;
        let brought = match answer {
            Answer::Set(doc) if anew => Some(doc),
            // That says nothing of a set that came meanwhile.
            Answer::Set(_) | Answer::NotModified => self.asked_about.map(|set| set.doc),
            Answer::Empty | Answer::Garbage | Answer::Failure => None,
        };
        self.last_end_was_good = brought.is_some();
        let Some(doc) = brought else { return self.note_failure() };
        self.failures = 0;
        self.waits = (self.elapsed, self.elapsed);
        self.failed_at = None;
        // What the document was given with holds on where "not modified" does not say.
        let said = if anew { None } else { self.asked_about.and_then(|set| set.max_age) };
        let max_age = max_age.or(said);
        let ttl = max_age.map_or(TTL, |age| (age * SECOND).clamp(LEAST_TTL, TTL));
        match (self.current, self.asked_about) {
            (Some(set), _) if set.imported_meanwhile && set.asked_at > asked_at => {}
            // The same document once more is no other set.
            (_, Some(set)) if !anew || set.doc == doc => {
                let fresh_until = asked_at + ttl;
                self.current =
                    Some(Set { asked_at, fresh_until, max_age, imported_meanwhile: false, ..set });
                self.mark_forced();
            }
            _ => {
                self.store(doc, asked_at, ttl, max_age);
                self.mark_forced();
            }
        }
        self.brought.extend(self.usable());
    }

    fn mark_forced(&mut self) {
        if let Some(set) = &mut self.current {
            set.forced = self.forced == Some(true);
        }
    }

    fn store(&mut self, doc: Doc, asked_at: i64, ttl: i64, max_age: Option<i64>) {
        self.sets += 1;
        let fresh_until = asked_at + ttl;
        let number = self.sets;
        self.current = Some(Set {
            doc,
            number,
            asked_at,
            fresh_until,
            max_age,
            imported_meanwhile: false,
            forced: false,
        });
    }

    fn note_failure(&mut self) {
        self.failures += 1;
        let longest = if self.usable().is_some() { 60 } else { 5 };
        let wait = longest.min(1 << (self.failures - 1).min(6));
        // Without any jitter, and with all of it.
        self.failed_at = Some(self.now);
        self.waits = (self.elapsed + wait * SECOND, self.elapsed + wait * SECOND * 6 / 5);
    }

    pub(super) fn import(&mut self, doc: Option<Doc>, at: i64) -> Result<(), SnapshotProblem> {
        if at > self.now {
            return Err(SnapshotProblem::FromTheFuture);
        }
        if at <= self.now - TTL - STALE {
            return Err(SnapshotProblem::TooOld);
        }
        let doc = doc.ok_or(SnapshotProblem::NoUsableKey)?;
        if self.current.is_none_or(|set| set.asked_at < at || set.asked_at > self.now + SLACK) {
            self.store(doc, at, TTL, None);
            if let Some(set) = &mut self.current {
                set.imported_meanwhile = true;
            }
        }
        Ok(())
    }

    /// Nobody waits for nothing: neither one whose keys are at hand, nor without a fetch.
    pub(super) fn assert_may_wait(&self, ask: &Ask) {
        assert!(ask.at_hand.is_none(), "{:?} is at hand, and waited for", ask.wish);
        assert!(self.is_under_way(), "{:?} is waited for, and no fetch is under way", ask.wish);
        assert_eq!(ask.ends, self.ends, "the fetch has ended, and {:?} still waits", ask.wish);
    }

    pub(super) fn judge(&mut self, ask: &Ask, outcome: Outcome) {
        let looked = self.ends > ask.ends;
        let looked_well = looked && self.last_end_was_good;
        // A cache on the way may have answered a refresh: it is no verdict on what is missing.
        let asked_itself = looked_well && self.forced == Some(true);
        match outcome {
            Outcome::Given(doc) => {
                let of = |set: Option<Set>| {
                    set.is_some_and(|set| {
                        let wish = &ask.wish;
                        let satisfies = set.satisfies(wish)
                            || (asked_itself && set.satisfies_after_a_look(wish));
                        set.doc == doc && satisfies
                    })
                };
                let after_a_look =
                    || of(self.usable()) || self.brought.iter().any(|set| of(Some(*set)));
                let fair = of(ask.at_hand) || (looked && after_a_look());
                assert!(fair, "{:?}: {doc:?} is not good now", ask.wish);
            }
            Outcome::Warm => {
                let well = looked_well || !self.brought.is_empty();
                assert!(ask.at_hand.is_some() || (looked && well && self.usable().is_some()));
            }
            Outcome::Missing => {
                let lacks = |set: Set| !set.satisfies_after_a_look(&ask.wish);
                let fresh_look = asked_itself && self.usable().is_some_and(lacks);
                let known = ask.missing != Memory::None;
                assert!(known || fresh_look, "{:?} without a look", ask.wish);
                let by_a_look = !known || (asked_itself && ask.missing == Memory::Perhaps);
                if let (Wish::Kid(kid), true) = (&ask.wish, by_a_look) {
                    self.missing.insert(kid.clone(), self.now);
                }
            }
            Outcome::Unreachable => {
                let wish = &ask.wish;
                assert!(ask.at_hand.is_none(), "{wish:?} is at hand, and refused");
                assert!(ask.missing != Memory::Surely, "{wish:?} is known to be missing");
                assert!(looked || !(ask.may_start || ask.under_way), "{wish:?} without a look");
                assert!(!(asked_itself && self.usable().is_some()), "{wish:?} after a good look");
            }
        }
    }

    pub(super) fn assert_every_start_was_asked_for(&mut self) {
        self.brought.clear();
        if let Some(asked) = self.asked_in_step.take() {
            assert!(asked.started || asked.fetch != Due::Must, "a fetch is due");
        }
    }

    /// The set that such a caller was given, by its number; none where there are two of them.
    pub(super) fn number_of(&self, doc: Doc, ask: &Ask) -> Option<usize> {
        let candidates = [ask.at_hand, self.current].into_iter().flatten();
        let mut numbers: Vec<_> = candidates.filter(|s| s.doc == doc).map(|s| s.number).collect();
        numbers.dedup();
        match numbers[..] {
            [number] => Some(number),
            _ => None,
        }
    }

    pub(super) fn assert_health(
        &self,
        usable: usize,
        age: Option<i64>,
        stale: bool,
        failures: u32,
    ) {
        let set = self.usable();
        assert_eq!(usable, set.map_or(0, |set| set.doc.keys()));
        assert_eq!(age, set.map(|set| (self.now - set.asked_at).max(0)));
        assert_eq!(stale, set.is_some_and(|set| self.now >= set.fresh_until));
        assert_eq!(failures, self.failures);
    }

    pub(super) fn assert_has(&self, kid: &str) {
        assert!(self.good().is_some_and(|set| set.doc.has_kid(kid)), "it never recovers");
    }
}

//! The rules of the key cache as a state machine: no clock, no network, no lock.
//!
//! It is told the time and what happened, and says what to do. All times are milliseconds since
//! 1970 by one clock.

use std::sync::Arc;
use std::time::Duration;

use super::policy::{LONGEST_BACKOFF_WITH_JITTER, Policy};
use crate::verify_dynamic::keys::KeySet;

/// Milliseconds since 1970.
pub(super) type Millis = i64;

/// A set of keys that was fetched, with the times that it lives by. Never changed, only replaced.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) keys: Arc<KeySet>,
    /// When the fetch that brought it was started: of two answers the later question wins.
    pub(super) asked_at: Millis,
    /// When it is time to look for a newer one, while this is still good.
    pub(super) refresh_at: Millis,
    /// When it is no longer good, unless the endpoint fails.
    pub(super) fresh_until: Millis,
    /// When it is no longer good at all.
    pub(super) usable_until: Millis,
    /// Whether the endpoint itself was asked for it: a cache on the way may have answered else, and no
    /// verdict rests on what is not in such a set.
    pub(super) forced: bool,
}

impl Current {
    /// What there is before the first fetch: no key, at no time.
    pub(super) fn none() -> Self {
        let keys = Arc::new(KeySet::none());
        let never = Millis::MIN;
        Self {
            keys,
            asked_at: never,
            refresh_at: never,
            fresh_until: never,
            usable_until: never,
            forced: false,
        }
    }

    /// Tells whether it may be used; a clock that was set back makes no key live longer.
    pub(super) fn is_usable(&self, now: Millis) -> bool {
        now < self.usable_until && !self.is_ahead(now)
    }

    /// Tells whether it came by a clock that was ahead and has been set back since.
    fn is_ahead(&self, now: Millis) -> bool {
        self.asked_at > now.saturating_add(CLOCK_SLACK)
    }
}

/// How far a clock may step back before what it said earlier is no longer believed.
const CLOCK_SLACK: Millis = 60_000;

/// What a request should do about keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Use the keys at hand.
    Use,
    /// Use the keys at hand, and start a fetch that nobody waits for.
    UseAndRefresh,
    /// Start a fetch and wait for it.
    Fetch,
    /// Wait for the fetch that is under way.
    Join,
    /// No look is allowed now: answer 503.
    Refuse,
}

/// What the cache remembers of its fetches.
#[derive(Debug)]
pub(super) struct State {
    policy: Policy,
    pub(super) current: Option<Arc<Current>>,
    bucket: Bucket,
    /// When the next attempt is allowed after failures.
    retry_at: Millis,
    /// When the last fetch failed, unless one has succeeded since.
    failed_at: Option<Millis>,
    pub(super) failures: u32,
    /// The number of the fetch under way.
    pub(super) under_way: Option<u64>,
    /// When the set at hand was asked for, if it was imported since the last fetch started.
    imported: Option<Millis>,
    started: u64,
}

impl State {
    pub(super) fn new(policy: Policy) -> Self {
        let bucket = Bucket { starts_left: BUCKET_SIZE, refilled_at: Millis::MIN };
        Self {
            policy,
            current: None,
            bucket,
            retry_at: Millis::MIN,
            failed_at: None,
            failures: 0,
            under_way: None,
            imported: None,
            started: 0,
        }
    }

    /// Says what to do for a request whose key is, or is not, among the usable ones at hand.
    pub(super) fn plan(&self, has_key: bool, now: Millis) -> Plan {
        let may_start = self.under_way.is_none() && self.may_start(now);
        if has_key && self.is_good(now) {
            let is_time = self.current.as_ref().is_some_and(|current| now >= current.refresh_at);
            return if is_time && may_start { Plan::UseAndRefresh } else { Plan::Use };
        }
        match self.under_way {
            Some(_) => Plan::Join,
            None if may_start => Plan::Fetch,
            None => Plan::Refuse,
        }
    }

    /// Tells whether the set may be used without a look first. Past its time it may only because
    /// the endpoint has failed just now: else a withdrawn key would live on in a receiver that was
    /// idle.
    fn is_good(&self, now: Millis) -> bool {
        self.current.as_ref().is_some_and(|current| {
            current.is_usable(now) && (now < current.fresh_until || self.has_just_failed(now))
        })
    }

    /// Tells whether the last fetch failed, so lately that the next need not have ended yet.
    fn has_just_failed(&self, now: Millis) -> bool {
        self.failed_at.is_some_and(|at| now.saturating_sub(at) < self.policy.excuse())
    }

    /// Takes note that a fetch starts: attempts are counted, whatever their result. Gives the
    /// fetch its number.
    pub(super) fn start(&mut self, now: Millis) -> u64 {
        let interval = self.cooldown(now);
        self.bucket.take(now, interval);
        self.started = self.started.wrapping_add(1);
        self.under_way = Some(self.started);
        self.imported = None;
        self.started
    }

    /// Takes a set that a fetch brought, unless a newer one was imported meanwhile. Fetches come one
    /// after the other, so that their order needs no clock, which may have been set back. `jitter`
    /// is 0 to 255 and only puts the refresh off.
    pub(super) fn store(
        &mut self,
        keys: Arc<KeySet>,
        asked_at: Millis,
        max_age: Option<Duration>,
        jitter: u8,
        forced: bool,
    ) -> bool {
        self.under_way = None;
        self.failures = 0;
        self.failed_at = None;
        self.retry_at = Millis::MIN;
        if self.imported.is_some_and(|imported| imported > asked_at) {
            return false;
        }
        let dated = self.policy.dated(keys, asked_at, max_age, jitter);
        self.current = Some(Arc::new(Current { forced, ..dated }));
        true
    }

    /// Takes a set that another process fetched at that time, if it is newer than the one at hand.
    pub(super) fn import(&mut self, keys: Arc<KeySet>, asked_at: Millis, now: Millis) -> bool {
        let newer = |current: &Arc<Current>| current.asked_at >= asked_at && !current.is_ahead(now);
        if self.current.as_ref().is_some_and(newer) {
            return false;
        }
        self.imported = Some(asked_at);
        self.current = Some(Arc::new(self.policy.dated(keys, asked_at, None, 0)));
        true
    }

    /// Takes note that a fetch failed. The keys at hand stay; nothing else justifies stale ones.
    /// `jitter` is 0 to 255 and only lengthens.
    pub(super) fn note_failure(&mut self, now: Millis, jitter: u8) {
        self.under_way = None;
        self.failures = self.failures.saturating_add(1);
        self.failed_at = Some(now);
        let backoff = Policy::backoff(self.failures, self.has_keys(now), jitter);
        self.retry_at = now.saturating_add(backoff);
    }

    fn has_keys(&self, now: Millis) -> bool {
        self.current.as_ref().is_some_and(|current| current.is_usable(now))
    }

    /// Without any keys nothing can be verified, so that a look is allowed more often.
    fn cooldown(&self, now: Millis) -> Millis {
        if self.has_keys(now) { self.policy.cooldown } else { self.policy.cooldown_without_keys }
    }

    fn may_start(&self, now: Millis) -> bool {
        // A clock that was set back by more than the longest wait has nothing left to wait for.
        let waits =
            now < self.retry_at && self.retry_at.saturating_sub(now) <= LONGEST_BACKOFF_WITH_JITTER;
        !waits && self.bucket.starts_left_at(now, self.cooldown(now)) > 0
    }
}

/// How many fetches may start at once: one for the usual refresh, one for a rotation.
const BUCKET_SIZE: u8 = 2;

/// A bucket of fetch starts that is refilled by one per interval.
#[derive(Debug)]
struct Bucket {
    starts_left: u8,
    refilled_at: Millis,
}

impl Bucket {
    fn starts_left_at(&self, now: Millis, interval: Millis) -> u8 {
        // The clock was set back: what it said earlier must not stop us until it comes there again.
        if self.refilled_at > now.saturating_add(interval) {
            return BUCKET_SIZE;
        }
        let refilled = now.saturating_sub(self.refilled_at).checked_div(interval).unwrap_or(0);
        let refilled = u8::try_from(refilled.clamp(0, BUCKET_SIZE.into())).unwrap_or(BUCKET_SIZE);
        self.starts_left.saturating_add(refilled).min(BUCKET_SIZE)
    }

    fn take(&mut self, now: Millis, interval: Millis) {
        let left = self.starts_left_at(now, interval);
        let refilled = left.saturating_sub(self.starts_left);
        // What is left of the current interval counts towards the next refill.
        self.refilled_at = if left == BUCKET_SIZE {
            now
        } else {
            self.refilled_at.saturating_add(interval.saturating_mul(refilled.into()))
        };
        self.starts_left = left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Millis = 1_800_000_000_000;
    const SECOND: Millis = 1_000;
    const MINUTE: Millis = 60 * SECOND;

    fn keys() -> Arc<KeySet> {
        Arc::new(KeySet::from_json(br#"{"keys":[]}"#).unwrap())
    }

    fn fetched_at(now: Millis) -> State {
        let mut state = State::new(Policy::default());
        state.start(now);
        assert!(state.store(keys(), now, None, 0, true));
        state
    }

    fn fail(state: &mut State, now: Millis) {
        state.start(now);
        state.note_failure(now, 0);
    }

    #[test]
    fn a_cold_start_fetches_and_others_join() {
        let mut state = State::new(Policy::default());
        assert_eq!(state.plan(false, T0), Plan::Fetch);
        state.start(T0);
        assert_eq!(state.plan(false, T0), Plan::Join);
    }

    #[test]
    fn a_key_at_hand_is_used_and_refreshed_ahead() {
        let state = fetched_at(T0);
        assert_eq!(state.plan(true, T0), Plan::Use);
        // Four fifths of ten minutes.
        assert_eq!(state.plan(true, T0 + 480 * SECOND), Plan::Use);
        assert_eq!(state.plan(true, T0 + 481 * SECOND), Plan::UseAndRefresh);
    }

    #[test]
    fn jitter_only_puts_the_refresh_off() {
        let mut state = State::new(Policy::default());
        state.start(T0);
        state.store(keys(), T0, None, 255, true);
        assert_eq!(state.plan(true, T0 + 540 * SECOND), Plan::Use);
        assert_eq!(state.plan(true, T0 + 542 * SECOND), Plan::UseAndRefresh);
    }

    #[test]
    fn past_its_time_a_set_is_not_used_without_a_look() {
        let state = fetched_at(T0);
        assert_eq!(state.plan(true, T0 + 10 * MINUTE - 1), Plan::UseAndRefresh);
        assert_eq!(state.plan(true, T0 + 10 * MINUTE), Plan::Fetch);
    }

    #[test]
    fn past_its_time_a_set_is_used_while_the_endpoint_fails_for_an_hour() {
        let mut state = fetched_at(T0);
        fail(&mut state, T0 + 10 * MINUTE);
        assert_eq!(state.plan(true, T0 + 10 * MINUTE), Plan::Use);
        fail(&mut state, T0 + 69 * MINUTE);
        assert_eq!(state.plan(true, T0 + 70 * MINUTE - 1), Plan::UseAndRefresh);
        assert_eq!(state.plan(true, T0 + 70 * MINUTE), Plan::Fetch);
        fail(&mut state, T0 + 70 * MINUTE);
        assert_eq!(state.plan(true, T0 + 70 * MINUTE), Plan::Refuse);
    }

    #[test]
    fn an_old_failure_excuses_no_set_that_is_past_its_time() {
        let mut state = fetched_at(T0);
        fail(&mut state, T0 + 9 * MINUTE);
        assert_eq!(state.plan(true, T0 + 10 * MINUTE + 22 * SECOND - 1), Plan::UseAndRefresh);
        assert_eq!(state.plan(true, T0 + 10 * MINUTE + 22 * SECOND), Plan::Fetch);
    }

    #[test]
    fn a_failure_that_was_made_good_excuses_nothing() {
        let mut state = fetched_at(T0);
        fail(&mut state, T0 + 9 * MINUTE);
        let now = T0 + 9 * MINUTE + SECOND;
        state.start(now);
        assert!(state.store(keys(), now, Some(Duration::ZERO), 0, true));
        assert_eq!(state.plan(true, now + MINUTE - 1), Plan::UseAndRefresh);
        assert_eq!(state.plan(true, now + MINUTE), Plan::Fetch);
    }

    #[test]
    fn no_request_waits_for_an_endpoint_that_answers_late_and_fails() {
        for cooldown in [SECOND, 30 * SECOND, 90 * SECOND, 10 * MINUTE] {
            let mut state = State::new(Policy { cooldown, ..Policy::default() });
            state.start(T0);
            assert!(state.store(keys(), T0, None, 0, true));
            let end = state.current.as_ref().unwrap().usable_until;
            let mut fails_at = None;
            for now in (T0..end).step_by(1_000) {
                if fails_at == Some(now) {
                    state.note_failure(now, 255);
                    fails_at = None;
                }
                match state.plan(true, now) {
                    Plan::Use => {}
                    Plan::UseAndRefresh => {
                        state.start(now);
                        fails_at = Some(now + 5 * SECOND);
                    }
                    plan => panic!("{plan:?} after {} s", (now - T0) / SECOND),
                }
            }
            assert!(state.failures > 3);
        }
    }

    #[test]
    fn max_age_is_kept_within_a_minute_and_the_ttl() {
        let expires = |max_age: u64| {
            let mut state = State::new(Policy::default());
            state.start(T0);
            state.store(keys(), T0, Some(Duration::from_secs(max_age)), 0, true);
            state.current.unwrap().fresh_until - T0
        };
        assert_eq!(expires(0), MINUTE);
        assert_eq!(expires(59), MINUTE);
        assert_eq!(expires(300), 5 * MINUTE);
        assert_eq!(expires(86_400), 10 * MINUTE);
        assert_eq!(expires(u64::MAX), 10 * MINUTE);
    }

    #[test]
    fn two_starts_at_once_and_one_more_per_thirty_seconds() {
        let mut state = fetched_at(T0);
        assert_eq!(state.plan(false, T0), Plan::Fetch);
        state.start(T0);
        state.store(keys(), T0, None, 0, true);
        assert_eq!(state.plan(false, T0), Plan::Refuse);
        assert_eq!(state.plan(false, T0 + 30 * SECOND - 1), Plan::Refuse);
        assert_eq!(state.plan(false, T0 + 30 * SECOND), Plan::Fetch);
    }

    #[test]
    fn a_start_is_allowed_again_at_the_end_of_each_interval() {
        let mut state = fetched_at(T0);
        for (start, next) in [(10, 30), (45, 60), (60, 90)] {
            state.start(T0 + start * SECOND);
            state.store(keys(), T0 + start * SECOND, None, 0, true);
            assert_eq!(state.plan(false, T0 + next * SECOND - 1), Plan::Refuse);
            assert_eq!(state.plan(false, T0 + next * SECOND), Plan::Fetch);
        }
    }

    #[test]
    fn a_flood_costs_at_most_four_starts_in_any_minute() {
        for step in [1, 7, 999, 1_000, 29_999, 30_000] {
            let mut state = fetched_at(T0);
            let mut starts = Vec::new();
            let mut now = T0 + 10 * MINUTE;
            state.store(keys(), now, None, 0, true);
            while now < T0 + 13 * MINUTE {
                if state.plan(false, now) == Plan::Fetch {
                    state.start(now);
                    state.store(keys(), now, None, 0, true);
                    starts.push(now);
                }
                now += step;
            }
            for (index, first) in starts.iter().enumerate() {
                let within = starts[index..].iter().filter(|start| **start < first + MINUTE);
                assert!(within.count() <= 4, "{step}: {starts:?}");
            }
        }
    }

    #[test]
    fn attempts_are_counted_whatever_their_result() {
        let mut state = fetched_at(T0);
        fail(&mut state, T0);
        assert_eq!(state.plan(false, T0 + 29 * SECOND), Plan::Refuse);
    }

    #[test]
    fn without_keys_a_look_is_allowed_every_five_seconds() {
        let mut state = State::new(Policy::default());
        fail(&mut state, T0);
        // Of two starts one is left, and the first failure is waited for a second.
        assert_eq!(state.plan(false, T0 + SECOND - 1), Plan::Refuse);
        assert_eq!(state.plan(false, T0 + SECOND), Plan::Fetch);
        fail(&mut state, T0);
        assert_eq!(state.plan(false, T0 + 4_999), Plan::Refuse);
        assert_eq!(state.plan(false, T0 + 5_000), Plan::Fetch);
    }

    #[test]
    fn failures_back_off_to_a_minute_with_keys_and_to_five_seconds_without() {
        let seconds = |failures, has_keys| Policy::backoff(failures, has_keys, 0) / SECOND;
        let waits: Vec<_> = (1..9).map(|failures| seconds(failures, true)).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(seconds(u32::MAX, true), 60);
        assert_eq!([1, 2, 3, 4, 99].map(|failures| seconds(failures, false)), [1, 2, 4, 5, 5]);
        assert!(Policy::backoff(7, true, 255) <= 72 * SECOND);
        assert!(Policy::backoff(7, true, 255) > 71 * SECOND);
    }

    #[test]
    fn an_older_answer_never_replaces_a_newer_import() {
        let mut state = State::new(Policy::default());
        state.start(T0);
        let newer = keys();
        assert!(state.import(Arc::clone(&newer), T0 + 1, T0 + 2));
        assert!(!state.store(keys(), T0, None, 0, true));
        assert!(Arc::ptr_eq(&state.current.as_ref().unwrap().keys, &newer));
        state.start(T0 + 2);
        let newest = keys();
        assert!(state.import(keys(), T0 + 3, T0 + 4));
        assert!(state.store(Arc::clone(&newest), T0 + 3, None, 0, true));
        assert!(Arc::ptr_eq(&state.current.unwrap().keys, &newest));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_key_live_longer() {
        let state = fetched_at(T0);
        assert_eq!(state.plan(true, T0 - MINUTE), Plan::Use);
        assert_eq!(state.plan(true, T0 - MINUTE - 1), Plan::Fetch);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_no_new_set_out() {
        for back in [SECOND, MINUTE, 365 * 24 * 60 * MINUTE] {
            let (mut state, now) = (fetched_at(T0), T0 - back);
            state.start(now);
            assert!(state.store(keys(), now, None, 0, true));
            assert_eq!(state.plan(true, now), Plan::Use);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_never_stops_the_fetches_for_long() {
        let mut state = fetched_at(T0);
        fail(&mut state, T0);
        let year = 365 * 24 * 60 * MINUTE;
        let now = T0 - year;
        let allowed = (0..120).any(|n| state.plan(false, now + n * SECOND) == Plan::Fetch);
        assert!(allowed);
        // By up to a cooldown there is nothing to be made good.
        let mut state = fetched_at(T0);
        state.start(T0);
        state.store(keys(), T0, None, 0, true);
        assert_eq!(state.plan(false, T0 - 30 * SECOND), Plan::Refuse);
        assert_eq!(state.plan(false, T0 - 30 * SECOND - 1), Plan::Fetch);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        for now in [Millis::MIN, -1, 0, 1, Millis::MAX] {
            let mut state = fetched_at(now);
            for later in [Millis::MIN, 0, Millis::MAX] {
                state.plan(true, later);
                fail(&mut state, later);
            }
        }
    }
}

//! The numbers of the key cache, each within its bounds.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::plan::{Current, Millis};
use crate::limits::FETCH_TIMEOUT;
use crate::verify_dynamic::keys::KeySet;

/// Shortest time that a set is kept, whatever the answer says: a flood of answers that must not be
/// kept would otherwise cost a fetch each.
const LEAST_TTL: Millis = 60_000;

/// When those who wait for a fetch give it up: its own time limit may have been dropped with it.
pub(super) const GIVE_UP_AFTER: Duration = FETCH_TIMEOUT.saturating_mul(2);

/// When to look for a newer set, in parts of its life out of 256: at four fifths.
const REFRESH_AHEAD: i64 = 205;

/// How far the jitter puts that off at most, in parts of the life out of 256: a tenth, so that many
/// receivers do not ask in the same second.
const REFRESH_JITTER: i64 = 26;

/// The first wait after a failure; it doubles with each further one.
const FIRST_BACKOFF: Millis = 1_000;
const LONGEST_BACKOFF: Millis = 60_000;
/// No wait after a failure is as long as that: the longest and a fifth.
pub(super) const LONGEST_BACKOFF_WITH_JITTER: Millis = 72_000;
/// The longest wait while there are no keys at all.
const LONGEST_BACKOFF_WITHOUT_KEYS: Millis = 5_000;

/// What a caller may set, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// How long a set is kept if the answer does not say, and at most.
    pub(super) ttl: Millis,
    /// How long it is used after that while the endpoint fails.
    pub(super) stale: Millis,
    /// How much time a fetch start takes to be allowed again.
    pub(super) cooldown: Millis,
    /// The same while there are no usable keys.
    pub(super) cooldown_without_keys: Millis,
}

impl Default for Policy {
    fn default() -> Self {
        Self { ttl: 600_000, stale: 3_600_000, cooldown: 30_000, cooldown_without_keys: 5_000 }
    }
}

impl Policy {
    /// Dates a set by the answer's `max-age` within our bounds.
    pub(super) fn dated(
        &self,
        keys: Arc<KeySet>,
        asked_at: Millis,
        max_age: Option<Duration>,
        jitter: u8,
    ) -> Current {
        let least = self.least_ttl();
        let ttl = max_age.map_or(self.ttl, millis).clamp(least, self.ttl.max(least));
        let parts = |of_256: i64| ttl.saturating_mul(of_256) >> 8;
        let late = parts(REFRESH_JITTER).saturating_mul(jitter.into()) >> 8;
        let fresh_until = asked_at.saturating_add(ttl);
        Current {
            keys,
            asked_at,
            refresh_at: asked_at.saturating_add(parts(REFRESH_AHEAD)).saturating_add(late),
            fresh_until,
            usable_until: fresh_until.saturating_add(self.stale),
            forced: false,
        }
    }

    /// The least that a set is kept: two fetches may have started just before, and one must be allowed
    /// again before it ends.
    pub(super) fn least_ttl(&self) -> Millis {
        self.cooldown.saturating_mul(2).max(LEAST_TTL)
    }

    /// How long a failure excuses a set that is past its time: until the next fetch, which waits for
    /// its turn first, has ended. While requests come, none of them waits for it.
    pub(super) fn excuse(&self) -> Millis {
        let turn = self.cooldown.max(LONGEST_BACKOFF_WITH_JITTER);
        turn.saturating_add(millis(GIVE_UP_AFTER))
    }

    /// How long to wait after this many failures in a row, with up to a fifth more by jitter.
    pub(super) fn backoff(failures: u32, has_keys: bool, jitter: u8) -> Millis {
        let longest = if has_keys { LONGEST_BACKOFF } else { LONGEST_BACKOFF_WITHOUT_KEYS };
        let doublings = failures.saturating_sub(1).min(16);
        let wait = FIRST_BACKOFF.checked_shl(doublings).unwrap_or(longest).min(longest);
        let fifth = wait.checked_div(5).unwrap_or(0);
        wait.saturating_add(fifth.saturating_mul(jitter.into()) >> 8)
    }
}

pub(super) fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// Milliseconds since 1970; before that they are negative.
pub(super) fn millis_of(time: SystemTime) -> Millis {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => 0_i64.saturating_sub(millis(before.duration())),
    }
}

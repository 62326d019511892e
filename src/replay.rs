//! The replay rule: refuse what was sent more than five minutes ago, or ahead of our clock.

use std::time::Duration;

use crate::error::{ConfigError, Error};
use crate::limits::REPLAY_WINDOW_SECONDS;

/// Says how far `webhook-timestamp` may be off the receiver's clock, past and future apart.
///
/// Google's page asks to refuse what is more than five minutes old; Standard Webhooks bounds both
/// directions. Whole seconds, limits included: at the default 300 s pass and 301 s do not. There
/// is no value that turns the check off.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use gemini_webhooks::ReplayWindow;
///
/// let strict_ahead = ReplayWindow::new(Duration::from_secs(300), Duration::from_secs(30))?;
/// assert_eq!(strict_ahead.past(), ReplayWindow::FIVE_MINUTES.past());
/// assert!(ReplayWindow::new(Duration::MAX, Duration::ZERO).is_err());
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayWindow {
    past_seconds: u64,
    future_seconds: u64,
}

impl ReplayWindow {
    /// Refuses what is more than five minutes off, in either direction: the default.
    pub const FIVE_MINUTES: Self = Self { past_seconds: 300, future_seconds: 300 };

    /// Makes a window that reaches `past` back and `future` ahead, in whole seconds (fractions are
    /// dropped).
    ///
    /// # Errors
    /// [`ConfigError::ReplayWindowOutOfRange`] when either is under 1 s or over 3600 s.
    ///
    /// # Security
    /// A captured request can be replayed for as long as the window. Deduplicate, for at least 25
    /// hours: the service repeats a delivery for 24.
    pub const fn new(past: Duration, future: Duration) -> Result<Self, ConfigError> {
        let (past_seconds, future_seconds) = (past.as_secs(), future.as_secs());
        if Self::in_range(past_seconds) && Self::in_range(future_seconds) {
            Ok(Self { past_seconds, future_seconds })
        } else {
            Err(ConfigError::ReplayWindowOutOfRange)
        }
    }

    const fn in_range(seconds: u64) -> bool {
        *REPLAY_WINDOW_SECONDS.start() <= seconds && seconds <= *REPLAY_WINDOW_SECONDS.end()
    }

    /// Returns how old a delivery may be.
    #[must_use]
    pub const fn past(&self) -> Duration {
        Duration::from_secs(self.past_seconds)
    }

    /// Returns how far a delivery may be ahead of our clock.
    #[must_use]
    pub const fn future(&self) -> Duration {
        Duration::from_secs(self.future_seconds)
    }

    /// Refuses a timestamp that is outside the window, both in Unix seconds.
    pub(crate) fn check(&self, sent_at: i64, now: i64) -> Result<(), Error> {
        let distance = sent_at.abs_diff(now);
        let (limit, error) = if sent_at <= now {
            let limit = self.past_seconds;
            (limit, Error::TooOld { age: distance, limit })
        } else {
            let limit = self.future_seconds;
            (limit, Error::TooNew { ahead: distance, limit })
        };
        if distance > limit { Err(error) } else { Ok(()) }
    }
}

impl Default for ReplayWindow {
    fn default() -> Self {
        Self::FIVE_MINUTES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn exactly_five_minutes_passes_and_one_second_more_does_not() {
        let window = ReplayWindow::FIVE_MINUTES;
        assert_eq!(window.check(NOW - 300, NOW), Ok(()));
        assert_eq!(window.check(NOW + 300, NOW), Ok(()));
        assert_eq!(window.check(NOW - 301, NOW), Err(Error::TooOld { age: 301, limit: 300 }));
        assert_eq!(window.check(NOW + 301, NOW), Err(Error::TooNew { ahead: 301, limit: 300 }));
    }

    #[test]
    fn past_and_future_are_judged_apart() {
        let window = ReplayWindow::new(Duration::from_secs(10), Duration::from_secs(2)).unwrap();
        assert!(window.check(NOW - 10, NOW).is_ok());
        assert!(window.check(NOW - 11, NOW).is_err());
        assert!(window.check(NOW + 2, NOW).is_ok());
        assert!(window.check(NOW + 3, NOW).is_err());
    }

    #[test]
    fn no_pair_of_times_overflows() {
        let window = ReplayWindow::FIVE_MINUTES;
        for extreme in [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX] {
            for other in [i64::MIN, -1, 0, 1, i64::MAX] {
                let close = extreme.abs_diff(other) <= 300;
                assert_eq!(window.check(extreme, other).is_ok(), close);
            }
        }
    }

    #[test]
    fn a_window_is_bounded_on_both_sides() {
        let seconds = Duration::from_secs;
        assert!(ReplayWindow::new(seconds(1), seconds(3600)).is_ok());
        for bad in [seconds(0), Duration::from_millis(999), seconds(3601), Duration::MAX] {
            let refused = Err(ConfigError::ReplayWindowOutOfRange);
            assert_eq!(ReplayWindow::new(bad, seconds(1)), refused);
            assert_eq!(ReplayWindow::new(seconds(1), bad), refused);
        }
    }
}

//! Where the time comes from: asked at the facade, and handed down from there.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;

/// Tells the current time to a verifier.
///
/// A verifier asks its clock when it begins with a request, and again once a body has come that was
/// waited for. The key cache and the deduplication have clocks of their own to set. Implement this
/// to run a receiver on a time source of yours, or take `ManualClock` of the feature `testing` to
/// replay yesterday's requests in a test.
///
/// # Security
/// The replay check is only as good as this clock. One that stands still accepts a captured
/// request for ever.
///
/// # Examples
/// ```
/// use std::time::SystemTime;
/// use gemini_webhooks::{Clock, SystemClock};
///
/// assert!(SystemClock.now() > SystemTime::UNIX_EPOCH);
/// ```
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current wall-clock time.
    fn now(&self) -> SystemTime;
}

/// Reads the clock of the operating system: the default of every verifier.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Clock, SystemClock};
///
/// assert!(SystemClock.now().elapsed().is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[inline]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// Whole Unix seconds of `time`, rounded down; before 1970 they are negative.
pub(crate) fn unix_seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(error) => {
            let before = error.duration();
            let seconds = i64::try_from(before.as_secs()).unwrap_or(i64::MAX);
            let floor = i64::from(before.subsec_nanos() > 0);
            0_i64.saturating_sub(seconds).saturating_sub(floor)
        }
    }
}

/// The date of a webhook-timestamp, which its syntax keeps within the years that a date can have.
pub(crate) fn date_time(unix_seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::unix_seconds;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn unix_seconds_round_down_on_both_sides_of_1970() {
        let at = |millis: u64| UNIX_EPOCH + Duration::from_millis(millis);
        let before = |millis: u64| UNIX_EPOCH - Duration::from_millis(millis);
        assert_eq!(unix_seconds(at(1_999)), 1);
        assert_eq!(unix_seconds(at(0)), 0);
        assert_eq!(unix_seconds(before(1)), -1);
        assert_eq!(unix_seconds(before(1_000)), -1);
        assert_eq!(unix_seconds(before(1_001)), -2);
    }
}

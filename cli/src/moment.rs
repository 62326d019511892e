//! Times that people write, and times that people read.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use gemini_webhooks::Clock;
use gemini_webhooks::limits::MAX_TIMESTAMP;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A clock that stands still.
#[derive(Clone, Debug)]
pub(crate) struct At(pub(crate) SystemTime);

impl Clock for At {
    fn now(&self) -> SystemTime {
        self.0
    }
}

/// Reads Unix seconds or an RFC 3339 time: `1769083200`, `2026-01-22T12:00:00Z`.
pub(crate) fn parse(text: &str) -> Result<SystemTime, String> {
    let seconds = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp)
    };
    seconds
        .filter(|seconds| (0..=MAX_TIMESTAMP).contains(seconds))
        .and_then(|seconds| u64::try_from(seconds).ok())
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
        .ok_or_else(|| {
            "neither Unix seconds (1769083200) nor an RFC 3339 time (2026-01-22T12:00:00Z)"
                .to_owned()
        })
}

/// Whole seconds since 1970.
pub(crate) fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The time as RFC 3339, in UTC and whole seconds.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let seconds = i64::try_from(unix_seconds(time)).unwrap_or(MAX_TIMESTAMP).min(MAX_TIMESTAMP);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// The time of day of an RFC 3339 time, for a line of a log: `12:00:00`.
pub(crate) fn time_of_day(rfc3339: &str) -> &str {
    rfc3339.get(11..19).unwrap_or_default()
}

/// A distance for people: `7 s`, `4 min`, `2 h`, `3 days`.
pub(crate) fn distance(seconds: u64) -> String {
    let (count, unit) = match seconds {
        0..120 => (seconds, "s"),
        120..7_200 => (seconds / 60, "min"),
        7_200..172_800 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same() {
        let time = UNIX_EPOCH + Duration::from_secs(1_769_083_200);
        for text in ["1769083200", "2026-01-22T12:00:00Z", "2026-01-22T13:00:00.75+01:00"] {
            assert_eq!(parse(text).unwrap(), time, "{text}");
        }
        assert_eq!(rfc3339(time), "2026-01-22T12:00:00Z");
        assert_eq!(time_of_day(&rfc3339(time)), "12:00:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", "now", "-1", "+1", "1.5", "253402300800", "2026-01-22", "99999999999999999999"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("253402300799").is_ok());
    }

    #[test]
    fn distances_are_short() {
        let texts = [0, 119, 120, 7_199, 7_200, 172_799, 172_800].map(distance);
        assert_eq!(texts, ["0 s", "119 s", "2 min", "119 min", "2 h", "47 h", "2 days"]);
    }
}

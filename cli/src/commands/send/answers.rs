//! What came back: counted, timed, and told.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Serialize, Serializer};

use crate::exit::Failure;
use crate::output::Report;
use crate::style::{BAD, BOLD, DIM, GOOD};
use crate::text::Shown;

/// Which answers are right: one status, or a hundred of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    first: u16,
    last: u16,
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || "a status is 2xx, 400 or the like".to_owned();
        let (first, last) = match text.strip_suffix("xx") {
            Some(hundreds) => (format!("{hundreds}00"), format!("{hundreds}99")),
            None => (text.to_owned(), text.to_owned()),
        };
        let (first, last) = (first.parse().map_err(|_| bad())?, last.parse().map_err(|_| bad())?);
        if (100..=599).contains(&first) { Ok(Self { first, last }) } else { Err(bad()) }
    }
}

impl Expected {
    pub(super) fn contains(self, status: u16) -> bool {
        (self.first..=self.last).contains(&status)
    }
}

/// How one attempt went.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Status(u16),
    None(NoAnswer),
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NoAnswer {
    NoConnection,
    Timeout,
    Broken,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::None(NoAnswer::NoConnection) => f.write_str("no connection"),
            Self::None(NoAnswer::Timeout) => f.write_str("no answer in time"),
            Self::None(NoAnswer::Broken) => f.write_str("the connection broke"),
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Status(status) => serializer.serialize_u16(*status),
            Self::None(_) => serializer.collect_str(self),
        }
    }
}

/// One attempt, where there are few of them.
#[derive(Debug, Serialize)]
pub(super) struct Attempt {
    pub(super) id: String,
    pub(super) sent_at: String,
    pub(super) answer: Answer,
    pub(super) expected: bool,
    #[serde(serialize_with = "milliseconds")]
    pub(super) latency_ms: Duration,
}

impl Report for Attempt {
    const KIND: &'static str = "answer";
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = if self.expected { GOOD } else { BAD };
        let milliseconds = self.latency_ms.as_secs_f64() * 1000.0;
        write!(f, "{style}{}{style:#} {} ", self.answer, Shown(&self.id))?;
        write!(f, "{DIM}dated {}, {milliseconds:.1} ms{DIM:#}", self.sent_at)
    }
}

fn milliseconds<S: Serializer>(latency: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(rounded(latency.as_secs_f64() * 1000.0))
}

fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1000.0).round() / 1000.0
}

/// All attempts, counted in bounded memory.
#[derive(Debug)]
pub(super) struct Tally {
    statuses: BTreeMap<u16, u64>,
    none: BTreeMap<NoAnswer, u64>,
    pub(super) unexpected: u64,
    /// In microseconds, of answers alone.
    latencies: Histogram<u64>,
}

/// Longest latency that is told apart, in microseconds.
const LONGEST: u64 = 3_600_000_000;

impl Tally {
    pub(super) fn new() -> Result<Self, Failure> {
        let latencies = Histogram::new_with_bounds(1, LONGEST, 2).map_err(Failure::usage)?;
        Ok(Self { statuses: BTreeMap::new(), none: BTreeMap::new(), unexpected: 0, latencies })
    }

    pub(super) fn add(&mut self, answer: &Answer, is_expected: bool, latency: Duration) {
        match answer {
            Answer::Status(status) => {
                increase(self.statuses.entry(*status).or_default());
                let micros = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
                self.latencies.saturating_record(micros.max(1));
                if !is_expected {
                    increase(&mut self.unexpected);
                }
            }
            Answer::None(why) => increase(self.none.entry(*why).or_default()),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) -> Result<(), Failure> {
        for (status, number) in &other.statuses {
            let total = self.statuses.entry(*status).or_default();
            *total = total.saturating_add(*number);
        }
        for (why, number) in &other.none {
            let total = self.none.entry(*why).or_default();
            *total = total.saturating_add(*number);
        }
        self.unexpected = self.unexpected.saturating_add(other.unexpected);
        self.latencies.add(&other.latencies).map_err(Failure::usage)
    }

    /// How many got no answer.
    pub(super) fn unanswered(&self) -> u64 {
        self.none.values().copied().fold(0, u64::saturating_add)
    }

    pub(super) fn summary(&self, took: Duration) -> Summary {
        let answers = self.statuses.iter().map(|(status, n)| (Answer::Status(*status), *n));
        let none = self.none.iter().map(|(why, n)| (Answer::None(*why), *n));
        let answers: Vec<(String, u64)> =
            answers.chain(none).map(|(answer, n)| (answer.to_string(), n)).collect();
        let sent = answers.iter().map(|(_, n)| *n).fold(0, u64::saturating_add);
        Summary {
            sent,
            unexpected: self.unexpected,
            unanswered: self.unanswered(),
            answers: answers.into_iter().collect(),
            latency_ms: (!self.latencies.is_empty()).then(|| Latencies::of(&self.latencies)),
            seconds: rounded(took.as_secs_f64()),
        }
    }
}

fn increase(number: &mut u64) {
    *number = number.saturating_add(1);
}

/// How all attempts went.
#[derive(Debug, Serialize)]
pub(super) struct Summary {
    sent: u64,
    unexpected: u64,
    unanswered: u64,
    answers: BTreeMap<String, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latency_ms: Option<Latencies>,
    seconds: f64,
}

/// In milliseconds.
#[derive(Debug, Serialize)]
struct Latencies {
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Latencies {
    fn of(latencies: &Histogram<u64>) -> Self {
        let milliseconds = |micros| rounded(Duration::from_micros(micros).as_secs_f64() * 1000.0);
        let quantile = |quantile| milliseconds(latencies.value_at_quantile(quantile));
        Self {
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: milliseconds(latencies.max()),
        }
    }
}

impl Report for Summary {
    const KIND: &'static str = "summary";
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, unexpected, unanswered, answers, latency_ms, seconds } = self;
        let noun = if *sent == 1 { "delivery" } else { "deliveries" };
        write!(f, "{BOLD}{sent} {noun}{BOLD:#} in {seconds:.2} s")?;
        for (answer, number) in answers {
            write!(f, "\n  {number} × {answer}")?;
        }
        if let Some(Latencies { p50, p90, p99, max }) = latency_ms {
            write!(f, "\n  latency: p50 {p50} ms, p90 {p90} ms, p99 {p99} ms, max {max} ms")?;
        }
        match (unexpected, unanswered) {
            (0, 0) => write!(f, "\n  {GOOD}every answer is as expected{GOOD:#}"),
            (0, none) => write!(f, "\n  {BAD}{none} without an answer{BAD:#}"),
            (unexpected, _) => write!(f, "\n  {BAD}{unexpected} not as expected{BAD:#}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_a_status_or_a_hundred() {
        let expected = |text: &str| text.parse::<Expected>();
        assert!(expected("2xx").unwrap().contains(204) && !expected("2xx").unwrap().contains(400));
        assert!(expected("400").unwrap().contains(400) && !expected("400").unwrap().contains(404));
        for bad in ["", "x", "xx", "20", "600", "2x", "6xx", "-1", "0xx"] {
            assert!(expected(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_summary_counts_and_times() {
        let mut tally = Tally::new().unwrap();
        for milliseconds in 1..=100 {
            tally.add(&Answer::Status(204), true, Duration::from_millis(milliseconds));
        }
        let mut other = Tally::new().unwrap();
        other.add(&Answer::Status(400), false, Duration::from_millis(1));
        other.add(&Answer::None(NoAnswer::Timeout), false, Duration::from_secs(9));
        tally.merge(&other).unwrap();
        let summary = tally.summary(Duration::from_secs(1));
        assert_eq!((summary.sent, summary.unexpected, summary.unanswered), (102, 1, 1));
        let latencies = summary.latency_ms.unwrap();
        assert!((49.0..52.0).contains(&latencies.p50), "{latencies:?}");
        assert!((99.0..101.5).contains(&latencies.max), "{latencies:?}");
        assert!(Tally::new().unwrap().summary(Duration::ZERO).latency_ms.is_none());
    }
}

//! How the keys are, and what happens to them: for health endpoints, metrics and logs.

use std::sync::Arc;
use std::time::Duration;

use super::fetcher::FetchProblem;

/// Tells how the keys are: for a health endpoint and for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyHealth {
    /// How many usable keys there are; 0 before the first fetch.
    pub usable: usize,
    /// How old they are.
    pub age: Option<Duration>,
    /// Whether they are past their time: then they are used only while the endpoint fails.
    pub stale: bool,
    /// How many fetches have failed in a row.
    pub failures: u32,
}

/// Tells what happened to the keys: for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyEvent {
    /// A set was fetched and is used now.
    Fetched {
        /// How many keys are usable.
        usable: usize,
        /// How many were skipped.
        skipped: usize,
    },
    /// The set at hand is still the newest.
    NotModified,
    /// A fetch failed.
    Failed {
        /// Why.
        problem: FetchProblem,
        /// How many have failed in a row.
        failures: u32,
    },
}

pub(super) type Hook = Arc<dyn Fn(KeyEvent) + Send + Sync>;

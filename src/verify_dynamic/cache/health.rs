//! How the keys are, and what happens to them: for health endpoints, metrics and logs.

use std::sync::Arc;
use std::time::Duration;

use super::fetcher::FetchProblem;

/// Tells how the keys are: for a health endpoint and for metrics.
///
/// # Examples
/// ```
/// use gemini_webhooks::{CachedKeys, KeyHealth};
///
/// /// What a health endpoint answers: with stale keys, too, deliveries are verified.
/// fn is_ready(keys: &CachedKeys) -> bool {
///     let KeyHealth { usable, failures, stale, .. } = keys.health();
///     if stale {
///         eprintln!("the key endpoint has failed {failures} times in a row");
///     }
///     usable > 0
/// }
/// ```
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
///
/// # Examples
/// ```
/// use gemini_webhooks::{FetchProblem, KeyEvent};
///
/// fn line(event: KeyEvent) -> String {
///     match event {
///         KeyEvent::Failed { problem, failures } => format!("{problem}, {failures} in a row"),
///         other => format!("{other:?}"),
///     }
/// }
///
/// let failed = KeyEvent::Failed { problem: FetchProblem::Timeout, failures: 2 };
/// assert_eq!(line(failed), "the key endpoint did not answer in time, 2 in a row");
/// ```
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

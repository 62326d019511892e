//! What was seen, counted in bounded memory.

use std::collections::BTreeMap;

use serde::Serialize;

use super::needs::Needs;
use super::topic::Topic;

/// Most findings of one question, and most shapes: a sender makes as many as it likes.
const MAX_FINDINGS: usize = 32;
const MAX_SHAPES: usize = 64;

/// How a finding of a request that did not verify ends: anybody may have sent it.
const NOT_VERIFIED: &str = " (not verified)";

/// All that is remembered of what came.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    pub(super) verified: u64,
    pub(super) refused: BTreeMap<&'static str, u64>,
    findings: BTreeMap<Topic, BTreeMap<String, u64>>,
    pub(super) shapes: BTreeMap<Shape, u64>,
    /// Findings and shapes that found no place.
    pub(super) left_out: u64,
    pub(super) needs: Needs,
}

/// What an event looked like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Shape {
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) form: &'static str,
    pub(super) members: Vec<String>,
}

impl Evidence {
    /// Takes note of a finding, which is made of words of ours.
    pub(super) fn note(&mut self, topic: Topic, finding: impl Into<String>) {
        let findings = self.findings.entry(topic).or_default();
        if !increase(findings, finding.into(), MAX_FINDINGS) {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The same of a request that did not verify.
    pub(super) fn note_of(&mut self, is_verified: bool, topic: Topic, finding: String) {
        let end = if is_verified { "" } else { NOT_VERIFIED };
        self.note(topic, finding + end);
    }

    pub(super) fn note_shape(&mut self, shape: Shape) {
        if !increase(&mut self.shapes, shape, MAX_SHAPES) {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The answers to a question, the most frequent first.
    pub(super) fn answers(&self, topic: Topic) -> Vec<(&str, u64)> {
        let findings = self.findings.get(&topic).into_iter().flatten();
        let mut answers: Vec<_> = findings.map(|(text, times)| (text.as_str(), *times)).collect();
        answers.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
        answers
    }
}

/// Counts one more, unless it is a new one and there is no place left.
fn increase<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, most: usize) -> bool {
    let is_full = counts.len() >= most;
    match counts.get_mut(&key) {
        Some(times) => *times = times.saturating_add(1),
        None if is_full => return false,
        None => {
            counts.insert(key, 1);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sender_makes_up_takes_no_more_than_its_place() {
        let mut evidence = Evidence::default();
        for number in 0..1000 {
            evidence.note(Topic::JobId, format!("finding {number}"));
            evidence.note(Topic::JobId, "finding 0");
            let members = vec![format!("member {number}")];
            evidence.note_shape(Shape { type_name: String::new(), form: "v1", members });
        }
        assert_eq!(evidence.answers(Topic::JobId).len(), MAX_FINDINGS);
        assert_eq!(evidence.answers(Topic::JobId)[0], ("finding 0", 1001));
        assert_eq!(evidence.shapes.len(), MAX_SHAPES);
        assert_eq!(evidence.left_out, 1000 - 32 + 1000 - 64);
    }
}

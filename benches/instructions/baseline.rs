//! What was counted before, and by how much a count may be over it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What the cases cost, on the kind of machine where it was counted.
#[derive(Serialize, Deserialize)]
pub struct Counts {
    /// The processor's features as programs under valgrind see them.
    pub processor: String,
    pub cases: Vec<Count>,
}

/// What one case costs.
#[derive(Clone, Serialize, Deserialize)]
pub struct Count {
    pub stage: String,
    pub name: String,
    pub instructions: u64,
    pub hash_instructions: u64,
    pub signature_checks: u64,
    pub allocations: u64,
    pub allocated_bytes: u64,
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("instructions/baseline.json")
}

impl Counts {
    /// Reads the baseline.
    pub fn baseline() -> Self {
        serde_json::from_slice(&fs::read(path()).unwrap()).unwrap()
    }

    /// Makes these the baseline.
    pub fn write(&self) {
        let json = serde_json::to_string_pretty(self).unwrap();
        fs::write(path(), json + "\n").unwrap();
    }

    /// Says what is more than before. Less is no fault, but for so much less that something else must
    /// have been counted.
    ///
    /// Calls and allocations are the same everywhere. Instructions differ a little with compilers,
    /// and a lot where a processor lacks what the fastest paths need: there only the order of
    /// magnitude is judged.
    pub fn faults(&self, before: &Self) -> Vec<String> {
        let names = |counts: &Self| counts.cases.iter().map(Count::full_name).collect::<Vec<_>>();
        if names(self) != names(before) {
            return vec!["the cases are others than those of the baseline".to_owned()];
        }
        let same_processor = self.processor == before.processor;
        let pairs = self.cases.iter().zip(&before.cases);
        pairs.flat_map(|(now, before)| now.faults(before, same_processor)).collect()
    }
}

impl Count {
    fn full_name(&self) -> String {
        format!("{}: {}", self.stage, self.name)
    }

    fn faults(&self, before: &Self, same_processor: bool) -> Vec<String> {
        let (factor, more) = if same_processor { (5, 250) } else { (16, 20_000) };
        let instructions = |before: u64| before / 8..=before * factor / 4 + more;
        let rows = [
            ("instructions", self.instructions, instructions(before.instructions)),
            // With SHA extensions there would hardly be any.
            (
                "instructions in hashes",
                self.hash_instructions,
                0..=*instructions(before.hash_instructions).end(),
            ),
            (
                "checks of a signature",
                self.signature_checks,
                before.signature_checks..=before.signature_checks,
            ),
            ("allocations", self.allocations, 0..=before.allocations),
            ("bytes allocated", self.allocated_bytes, 0..=before.allocated_bytes * 11 / 10 + 64),
        ];
        let faults = rows.into_iter().filter(|(_, now, good)| !good.contains(now));
        faults
            .map(|(what, now, good)| {
                format!("{}: {now} {what}, expected {good:?}", self.full_name())
            })
            .collect()
    }
}

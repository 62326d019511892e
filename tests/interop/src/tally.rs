//! Counts the cases and shows those that went wrong.

use crate::Result;

/// More failures than this in one section say nothing new.
const SHOWN_FAILURES: usize = 10;

/// How a case went: if badly, then in words that let somebody repeat it.
pub type Outcome = std::result::Result<(), String>;

#[derive(Default)]
pub struct Tally {
    sections: Vec<Section>,
}

/// One line of the summary.
#[derive(Default)]
struct Section {
    title: String,
    judged: usize,
    passed: usize,
    failed: usize,
}

impl Tally {
    /// Starts a section: the cases that follow belong to it.
    pub fn section(&mut self, title: String) {
        self.sections.push(Section { title, ..Section::default() });
    }

    /// Adds a case: it passes if all its messages were judged as expected.
    pub fn record(&mut self, judged: impl IntoIterator<Item = Outcome>) {
        let Some(section) = self.sections.last_mut() else { return };
        let mut failures = Vec::new();
        for outcome in judged {
            section.judged += 1;
            failures.extend(outcome.err());
        }
        let Some(first) = failures.first() else {
            section.passed += 1;
            return;
        };
        section.failed += 1;
        if section.failed <= SHOWN_FAILURES {
            println!("FAILED, {}: {first}", section.title);
        }
    }

    /// Prints the summary; an error if any case failed, or if there was none.
    pub fn finish(self) -> Result<()> {
        for Section { title, judged, passed, failed } in &self.sections {
            println!("{title}: {passed} of {} cases, {judged} messages", passed + failed);
        }
        let passed: usize = self.sections.iter().map(|section| section.passed).sum();
        let failed: usize = self.sections.iter().map(|section| section.failed).sum();
        println!("{passed} passed, {failed} failed");
        match (passed, failed) {
            (0, 0) => Err("no case was checked".into()),
            (_, 0) => Ok(()),
            _ => Err("this crate and its peers do not agree".into()),
        }
    }
}

//! The bound on the work of one diagnosis.

use std::cell::Cell;

use crate::limits::MAX_EXPLAIN_CHECKS;

/// How many signatures may still be checked.
pub(super) struct Budget {
    left: Cell<usize>,
    refused: Cell<bool>,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { left: Cell::new(MAX_EXPLAIN_CHECKS), refused: Cell::new(false) }
    }

    /// Allows one check, or no more.
    pub(super) fn take(&self) -> bool {
        let allowed = self.allows(1);
        self.spend(1);
        self.refused.set(self.refused.get() || !allowed);
        allowed
    }

    /// Tells whether as many checks are left.
    pub(super) fn allows(&self, checks: usize) -> bool {
        checks <= self.left.get()
    }

    /// Takes note of checks that were made.
    pub(super) fn spend(&self, checks: usize) {
        self.left.set(self.left.get().saturating_sub(checks));
    }

    /// Says in the middle of a sentence that something was not tried for want of checks.
    pub(super) fn so_far(&self) -> String {
        if self.refused.get() {
            format!("as far as {MAX_EXPLAIN_CHECKS} checks go, ")
        } else {
            String::new()
        }
    }
}

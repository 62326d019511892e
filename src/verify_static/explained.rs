//! What a diagnosis asks of a static verifier.

use std::time::SystemTime;

use super::StaticVerifier;

impl StaticVerifier {
    pub(crate) fn now(&self) -> SystemTime {
        self.shared.settings.now()
    }
}

//! What a diagnosis asks of a dynamic verifier.

use std::time::SystemTime;

use super::DynamicVerifier;

impl DynamicVerifier {
    pub(crate) fn now(&self) -> SystemTime {
        self.shared.settings.now()
    }
}

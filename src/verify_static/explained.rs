//! What a diagnosis asks of a static verifier.

use std::time::SystemTime;

use super::{MacKey, Reading, Secret, StaticVerifier};
use crate::error::Error;
use crate::headers::HeaderLookup;
use crate::observe::Verdict;

impl StaticVerifier {
    pub(crate) fn now(&self) -> SystemTime {
        self.shared.settings.now()
    }

    /// Why it refuses a request, if it does. Nobody is told: it is no delivery that is looked at.
    pub(crate) fn refusal(
        &self,
        headers: &dyn HeaderLookup,
        body: &[u8],
        now: SystemTime,
    ) -> Option<Error> {
        self.judge(&headers, body, now, &mut Verdict::default()).err()
    }

    /// Why it refuses a request whose body is not looked into, if it does.
    pub(crate) fn refusal_unread(
        &self,
        headers: &dyn HeaderLookup,
        body_bytes: usize,
        now: SystemTime,
    ) -> Option<Error> {
        let size = self.shared.settings.check_body_size(body_bytes);
        size.and_then(|()| self.prepare(&headers, now, &mut Verdict::default()).map(drop)).err()
    }

    /// Shows the secrets of this moment, retired ones too.
    pub(crate) fn with_secrets<T>(&self, look: impl FnOnce(&[Secret]) -> T) -> T {
        look(&self.shared.secrets.load().secrets)
    }
}

impl Secret {
    pub(crate) fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The keys that the same text could stand for as well.
    pub(crate) fn readings(&self) -> &[(Reading, MacKey)] {
        &self.readings
    }
}

//! What both verifiers are set up with.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use crate::clock::{Clock, SystemClock};
use crate::error::{ConfigError, Error};
use crate::limits::{DEFAULT_MAX_BODY_BYTES, body_range};
use crate::observe::Hook;
use crate::replay::ReplayWindow;

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) replay_window: ReplayWindow,
    pub(crate) max_body_bytes: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hook: Option<Hook>,
}

impl Settings {
    /// Tells whether a verifier can be built with them.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if body_range().contains(&self.max_body_bytes) {
            Ok(())
        } else {
            Err(ConfigError::MaxBodyOutOfRange)
        }
    }

    #[inline]
    pub(crate) fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// The first bound: before anything of a request is worked on.
    #[inline]
    pub(crate) fn check_body_size(&self, bytes: usize) -> Result<(), Error> {
        let limit = self.max_body_bytes;
        if bytes > limit { Err(Error::BodyTooLarge { limit }) } else { Ok(()) }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            replay_window: ReplayWindow::FIVE_MINUTES,
            max_body_bytes: DEFAULT_MAX_BODY_BYTES,
            clock: Arc::new(SystemClock),
            hook: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { replay_window, max_body_bytes, clock, hook } = self;
        f.debug_struct("Settings")
            .field("replay_window", replay_window)
            .field("max_body_bytes", max_body_bytes)
            .field("clock", clock)
            .field("on_verdict", &hook.is_some())
            .finish()
    }
}

/// The setters that both builders have, over their field `settings`.
macro_rules! common_setters {
    () => {
        /// Sets how far a timestamp may be off; five minutes both ways if not set.
        pub fn replay_window(mut self, window: $crate::replay::ReplayWindow) -> Self {
            self.settings.replay_window = window;
            self
        }

        /// Sets the largest body, in bytes, from 1 KiB to 16 MiB; 1 MiB if not set.
        pub fn max_body_bytes(mut self, bytes: usize) -> Self {
            self.settings.max_body_bytes = bytes;
            self
        }

        /// Sets the clock; the system's if not set.
        pub fn clock(mut self, clock: impl $crate::clock::Clock) -> Self {
            self.settings.clock = std::sync::Arc::new(clock);
            self
        }

        /// Sets what is told of every verification, for metrics: also of one that is dropped while it
        /// waits, for its body as interrupted, for keys as without them. It runs on the way of the
        /// request, so it must be quick.
        pub fn on_verdict(
            mut self,
            hook: impl Fn(&$crate::observe::Verdict) + Send + Sync + 'static,
        ) -> Self {
            self.settings.hook = Some(std::sync::Arc::new(hook));
            self
        }
    };
}
pub(crate) use common_setters;

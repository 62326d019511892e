//! What is told of each verification: to a hook for metrics, and to `tracing`.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "tracing")]
use crate::error::Party;
use crate::error::{Error, SeenScheme};
use crate::settings::Settings;

/// Tells how one verification went, by few codes and nothing that was sent. Of a request that was
/// refused, the skew is a stranger's choice.
///
/// # Examples
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use gemini_webhooks::{Secret, StaticVerifier};
///
/// static REFUSED: AtomicU64 = AtomicU64::new(0);
///
/// let verifier = StaticVerifier::builder()
///     .secret(Secret::from_raw_bytes([7; 32])?)
///     .on_verdict(|verdict| {
///         REFUSED.fetch_add(u64::from(verdict.refusal().is_some()), Ordering::Relaxed);
///     })
///     .build()?;
/// let no_headers: [(&str, &str); 0] = [];
/// assert!(verifier.check(&no_headers, b"{}").is_err());
/// assert_eq!(REFUSED.load(Ordering::Relaxed), 1);
/// # Ok::<(), gemini_webhooks::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    pub(crate) scheme: Option<SeenScheme>,
    pub(crate) skew: Option<i64>,
    pub(crate) key_age: Option<Duration>,
    pub(crate) refusal: Option<Error>,
}

impl Verdict {
    /// Returns `accepted`, or the [code](Error::code) of the refusal: a label for a counter.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.refusal.as_ref().map_or("accepted", Error::code)
    }

    /// Returns why the request was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }

    /// Returns the form that the request came in, as far as it was looked at: a label for a counter.
    #[must_use]
    pub fn scheme(&self) -> Option<SeenScheme> {
        self.scheme
    }

    /// Returns by how many seconds the timestamp is off our clock; ahead of it is positive.
    #[must_use]
    pub fn skew(&self) -> Option<i64> {
        self.skew
    }

    /// Returns how long ago the keys were fetched that it was verified with, where the source tells.
    #[must_use]
    pub fn key_age(&self) -> Option<Duration> {
        self.key_age
    }
}

/// A verification that has come as far as the headers go.
pub(crate) struct Unfinished<'v> {
    settings: &'v Settings,
    verdict: Verdict,
}

impl<'v> Unfinished<'v> {
    /// Does what can be done before the body is there, and tells of it where that is the end.
    pub(crate) fn start<T>(
        settings: &'v Settings,
        prepare: impl FnOnce(&mut Verdict) -> Result<T, Error>,
    ) -> Result<Self, Error> {
        let mut so_far = Self { settings, verdict: Verdict::default() };
        match prepare(&mut so_far.verdict) {
            Ok(_) => Ok(so_far),
            Err(error) => Err(so_far.end(error)),
        }
    }

    /// Ends it because of its body, and tells of that.
    pub(crate) fn end(self, error: Error) -> Error {
        let result = Err::<(), _>(error.clone());
        Watch::start().end(self.settings, self.verdict, &result);
        error
    }
}

pub(crate) type Hook = Arc<dyn Fn(&Verdict) + Send + Sync>;

/// Watches one verification: a span of `tracing`, where that feature is on, and the hook at its end.
pub(crate) struct Watch {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Watch {
    #[inline]
    pub(crate) fn start() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: tracing::info_span!(
                "verify_webhook",
                outcome = tracing::field::Empty,
                scheme = tracing::field::Empty,
                skew_seconds = tracing::field::Empty,
                key_age_seconds = tracing::field::Empty,
            ),
        }
    }

    /// Runs a verification inside the span.
    #[cfg_attr(not(feature = "tracing"), allow(clippy::unused_self))]
    #[inline]
    pub(crate) fn run<T>(&self, verify: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        let _entered = self.span.enter();
        verify()
    }

    /// Runs a verification that may wait inside the span.
    #[cfg(feature = "dynamic")]
    #[cfg_attr(not(feature = "tracing"), allow(clippy::unused_self))]
    #[inline]
    pub(crate) fn wait<F: Future>(&self, verify: F) -> impl Future<Output = F::Output> + use<F> {
        #[cfg(feature = "tracing")]
        let verify = tracing::Instrument::instrument(verify, self.span.clone());
        verify
    }

    /// Tells of the end.
    #[cfg_attr(not(feature = "tracing"), allow(clippy::unused_self))]
    #[inline]
    pub(crate) fn end<T>(
        self,
        settings: &Settings,
        mut verdict: Verdict,
        result: &Result<T, Error>,
    ) {
        verdict.refusal = result.as_ref().err().cloned();
        if let Some(Error::SchemeNotConfigured { saw }) = verdict.refusal {
            verdict.scheme = Some(saw);
        }
        #[cfg(feature = "tracing")]
        self.run(|| self.record(&verdict));
        if let Some(hook) = &settings.hook {
            hook(&verdict);
        }
    }

    /// A refusal is the sender's affair, and strangers send as much as they like: only what needs us
    /// or the keys is a warning.
    #[cfg(feature = "tracing")]
    fn record(&self, verdict: &Verdict) {
        self.span.record("outcome", verdict.outcome());
        if let Some(scheme) = verdict.scheme {
            self.span.record("scheme", scheme.code());
        }
        if let Some(skew) = verdict.skew {
            self.span.record("skew_seconds", skew);
        }
        if let Some(age) = verdict.key_age {
            self.span.record("key_age_seconds", age.as_secs());
        }
        match &verdict.refusal {
            None => tracing::debug!("accepted"),
            Some(error) if error.who_must_act() == Party::Sender => {
                tracing::debug!(%error, "refused");
            }
            Some(error) => tracing::warn!(%error, "not verified"),
        }
    }
}

//! What is told of each verification: to a hook for metrics, and to `tracing`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use crate::clock::unix_seconds;
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

/// A verification that has come as far as the headers go, and waits for its body. It is told of once:
/// as interrupted if it is dropped while it waits.
pub(crate) struct Begun<'v> {
    settings: &'v Settings,
    now: SystemTime,
    verdict: Option<Verdict>,
}

impl<'v> Begun<'v> {
    /// Does what can be done before the body is there, and tells of it where that is the end.
    pub(crate) fn new<T>(
        settings: &'v Settings,
        prepare: impl FnOnce(SystemTime, &mut Verdict) -> Result<T, Error>,
    ) -> Result<(Self, T), Error> {
        let (now, mut verdict) = (settings.now(), Verdict::default());
        match prepare(now, &mut verdict) {
            Ok(prepared) => Ok((Self::at(settings, now, verdict), prepared)),
            Err(error) => Err(tell_of_end(settings, verdict, error)),
        }
    }

    pub(crate) fn at(settings: &'v Settings, now: SystemTime, verdict: Verdict) -> Self {
        Self { settings, now, verdict: Some(verdict) }
    }

    /// Waits for the body. What was prepared holds for the second in which it began: past that,
    /// everything is to be judged again.
    pub(crate) async fn body<B: Into<Bytes>>(
        mut self,
        body: impl Future<Output = Result<B, Error>>,
    ) -> Result<(Bytes, Option<(SystemTime, Verdict)>), Error> {
        let body = body.await;
        let verdict = self.verdict.take().unwrap_or_default();
        match body {
            Ok(body) => {
                let holds = unix_seconds(self.settings.now()) == unix_seconds(self.now);
                Ok((body.into(), holds.then_some((self.now, verdict))))
            }
            Err(error) => Err(tell_of_end(self.settings, verdict, error)),
        }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        if let Some(verdict) = self.verdict.take() {
            tell_of_end(self.settings, verdict, Error::BodyInterrupted);
        }
    }
}

fn tell_of_end(settings: &Settings, verdict: Verdict, error: Error) -> Error {
    Watch::start().end(settings, verdict, &Err::<(), _>(error.clone()));
    error
}

/// A verification that may wait for keys. It is told of once: as one without keys if it is dropped
/// while it waits.
#[cfg(feature = "dynamic")]
pub(crate) struct Waiting<'v> {
    settings: &'v Settings,
    pub(crate) watch: Watch,
    pub(crate) verdict: Verdict,
    told: bool,
}

#[cfg(feature = "dynamic")]
impl<'v> Waiting<'v> {
    pub(crate) fn start(settings: &'v Settings, verdict: Verdict) -> Self {
        Self { settings, watch: Watch::start(), verdict, told: false }
    }

    pub(crate) fn end<T>(mut self, result: &Result<T, Error>) {
        self.tell(result);
    }

    fn tell<T>(&mut self, result: &Result<T, Error>) {
        if !std::mem::replace(&mut self.told, true) {
            self.watch.end(self.settings, std::mem::take(&mut self.verdict), result);
        }
    }
}

#[cfg(feature = "dynamic")]
impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.tell(&Err::<(), _>(Error::KeysUnreachable));
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
        &self,
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

    /// Strangers send as much as they like, also what needs keys that are not at hand: only what is
    /// wrong with our setup is a warning. That keys cannot be fetched, the cache tells by itself.
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
            Some(error @ (Error::NoActiveSecret | Error::NoKeySource)) => {
                tracing::warn!(%error, "not verified");
            }
            Some(error) => tracing::debug!(%error, "refused"),
        }
    }
}

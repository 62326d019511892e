//! The answer: a step, a cause, and one sentence.

use std::borrow::Cow;
use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::cause::{Cause, Step};
use crate::error::Error;

/// Says in one sentence what probably happened to a request, and what to do.
///
/// `Display` is the sentence; `Serialize` writes `{"step", "code", "text"}`.
///
/// # Security
/// For developers alone: never send any of it to the sender of the request. It may quote, bounded
/// and escaped, what a stranger wrote: the name of a header, the audience of a token, a `kid`. It
/// holds no signature, secret, token or body, and nothing verified.
///
/// It is no response:
/// ```compile_fail,E0277
/// fn answer<T: axum::response::IntoResponse>(_: T) {}
/// answer(gemini_webhooks::explain::secret_text(""));
/// ```
///
/// # Examples
/// ```
/// use gemini_webhooks::explain::secret_text;
///
/// let explanation = secret_text("\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"");
/// assert_eq!(explanation.cause().code(), "secret_malformed");
/// assert_eq!(explanation.step().code(), "setup");
/// assert!(explanation.to_string().contains("quotes"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    step: Step,
    cause: Cause,
    also: Option<Cause>,
    refusal: Option<Error>,
    text: String,
}

/// A cause with the words for what was seen.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) cause: Cause,
    what: Cow<'static, str>,
}

impl Finding {
    pub(super) fn new(cause: Cause, what: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, what: what.into() }
    }
}

impl Explanation {
    /// Joins the findings to one sentence, each with its remedy.
    pub(super) fn new(
        step: Step,
        refusal: Option<Error>,
        found: &Finding,
        also: Option<&Finding>,
    ) -> Self {
        let mut text = format!("{}: {}", found.what, found.cause.remedy());
        if let Some(also) = also {
            text.push_str(&format!("; besides, {}: {}", also.what, also.cause.remedy()));
        }
        Self { step, cause: found.cause, also: also.map(|also| also.cause), refusal, text }
    }

    /// Returns the step of the verification that failed.
    #[must_use]
    pub fn step(&self) -> Step {
        self.step
    }

    /// Returns what probably happened.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Returns what happened besides: of a request that is too old as well as re-written, say.
    #[must_use]
    pub fn also(&self) -> Option<Cause> {
        self.also
    }

    /// Returns the error that the verifier refuses the request with, where there is one.
    #[must_use]
    pub fn refusal(&self) -> Option<&Error> {
        self.refusal.as_ref()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Explanation", 3)?;
        fields.serialize_field("step", self.step.code())?;
        fields.serialize_field("code", self.cause.code())?;
        fields.serialize_field("text", &self.text)?;
        fields.end()
    }
}

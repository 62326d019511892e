//! The answer: a step, a cause, and one sentence.

use std::fmt;

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::cause::{Cause, Step};
use super::finding::Finding;
use crate::error::{Error, SeenScheme};

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
            let also = [&*also.what, also.cause.remedy()].join(": ");
            text = [text, also].join("; besides, ");
        }
        Self { step, cause: found.cause, also: also.map(|also| also.cause), refusal, text }
    }

    pub(super) fn nothing_wrong() -> Self {
        let found = Finding::new(Cause::NothingWrong, "the request verifies");
        Self::new(Step::None, None, &found, None)
    }

    /// Of the answers of the verifiers that a request concerns, the one that says most; in doubt the
    /// last, which is the dynamic one's, as of a verifier for both kinds.
    pub(super) fn best(answers: impl Iterator<Item = Self>) -> Self {
        let worth = |one: &Self| match one.cause {
            Cause::NothingWrong => 3,
            Cause::Unexplained => 0,
            cause if cause.is_hint() => 1,
            _ => 2,
        };
        answers.max_by_key(worth).unwrap_or_else(|| {
            let found = Finding::of_scheme(SeenScheme::Unknown);
            Self::new(Step::Scheme, None, &found, None)
        })
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

//! What can go wrong with a call of the API.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use super::call::Call;
use crate::event::EventType;
use crate::limits;

/// Says why a call of the API did not succeed.
///
/// Each variant is one row: a stable code for logs and metrics, and a text that says what to do.
/// None of them carries the API key or a secret; what the service wrote is cut, escaped and freed
/// of both.
///
/// # Examples
/// ```
/// use gemini_webhooks::client::ClientError;
///
/// let error = ClientError::Unreachable;
/// assert_eq!(error.code(), "unreachable");
/// assert_eq!(error.status(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientError {
    /// The answer is larger than its limit.
    AnswerTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer says success but is not what the API documents: no JSON, or without what it must
    /// have.
    AnswerUnreadable,
    /// The connection broke before the answer was there.
    Interrupted,
    /// The request was not sent, because the service could only refuse it.
    InvalidRequest {
        /// What is wrong with it.
        problem: RequestProblem,
    },
    /// The answer has no secret where the service shows one.
    NoSecretInAnswer,
    /// A call that must not be repeated was sent, and its answer was lost: nobody knows whether it
    /// was carried out.
    OutcomeUnknown {
        /// The call.
        call: Call,
        /// How the answer was lost.
        cause: Box<Self>,
    },
    /// A listing repeats a page, or has more than 1000 of them.
    PagesDoNotEnd,
    /// The answer points elsewhere, where the API key must not go.
    Redirected {
        /// The HTTP status.
        status: StatusCode,
    },
    /// The service answered with an error.
    Service {
        /// The HTTP status.
        status: StatusCode,
        /// What the service calls the error: its `status`, else its `code`, such as
        /// `INVALID_ARGUMENT`.
        reason: Option<String>,
        /// What the service says of it, for people.
        message: Option<String>,
        /// When the service wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The time for the call was over.
    TimedOut,
    /// No connection could be made, so that nothing was sent.
    Unreachable,
}

impl ClientError {
    /// The rows: the code, and what to do. `Display` adds the particulars.
    const fn row(&self) -> (&'static str, &'static str) {
        match self {
            Self::AnswerTooLarge { .. } => (
                "answer_too_large",
                "the answer is over the limit: is this the base URL of the API?",
            ),
            Self::AnswerUnreadable => (
                "answer_unreadable",
                "the answer is not what the API documents: is this its base URL?",
            ),
            Self::Interrupted => {
                ("interrupted", "the connection broke before the answer was there: try again")
            }
            Self::InvalidRequest { .. } => ("invalid_request", "not sent"),
            Self::NoSecretInAnswer => {
                ("no_secret_in_answer", "the answer has no secret: rotate it to get one")
            }
            Self::OutcomeUnknown { call, .. } => ("outcome_unknown", outcome_unknown(*call)),
            Self::PagesDoNotEnd => (
                "pages_do_not_end",
                "the listing repeats a page or has too many: what came before is not all there is",
            ),
            Self::Redirected { .. } => (
                "redirected",
                "the answer points elsewhere, where the API key must not go: correct the base URL",
            ),
            Self::Service { status, .. } => service(*status),
            Self::TimedOut => ("timed_out", "no answer in time: try again, or give it more time"),
            Self::Unreachable => {
                ("unreachable", "no connection could be made: check the network and the base URL")
            }
        }
    }

    /// Returns a code that stays the same over versions, for logs and metrics.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::client::ClientError;
    ///
    /// assert_eq!(ClientError::TimedOut.code(), "timed_out");
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.row().0
    }

    /// Returns the HTTP status, where the service answered with an error: 404 says that there is no
    /// such webhook.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Redirected { status } | Self::Service { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns when the service wants to be asked again, where it said so.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Service { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What it means for this call: where the answer is lost, the call may have been carried out.
    pub(super) fn after(self, call: Call) -> Self {
        if self.leaves_open() && !call.is_repeatable() {
            Self::OutcomeUnknown { call, cause: Box::new(self) }
        } else {
            self
        }
    }

    /// Tells whether an attempt that ended so may have been carried out.
    pub(super) fn leaves_open(&self) -> bool {
        match self {
            Self::AnswerTooLarge { .. }
            | Self::AnswerUnreadable
            | Self::Interrupted
            | Self::NoSecretInAnswer
            | Self::TimedOut => true,
            // Two of the others are no refusals: whoever answered so had waited long enough (408,
            // RFC 9110 section 15.5.9), or the call was cancelled on its way (499, what Google's APIs
            // make of CANCELLED).
            Self::Service { status, .. } => {
                status.is_server_error() || matches!(status.as_u16(), 408 | 499)
            }
            Self::InvalidRequest { .. }
            | Self::OutcomeUnknown { .. }
            | Self::PagesDoNotEnd
            | Self::Redirected { .. }
            | Self::Unreachable => false,
        }
    }
}

const fn outcome_unknown(call: Call) -> &'static str {
    match call {
        Call::Create => {
            "the answer was lost, and the webhook may be registered: list the webhooks, and if it \
             is there, rotate its secret to get one, or delete it and create it again"
        }
        Call::Rotate => {
            "the answer was lost, and the secret may have been rotated: rotate again at once and \
             store what that gives, because the secrets from before end in 24 hours, or have ended \
             if they were to be revoked immediately"
        }
        _ => {
            "the answer was lost, and the call may have been carried out: it is safe to call again"
        }
    }
}

/// The row of an HTTP status.
const fn service(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        400 => ("bad_request", "the service does not accept the request"),
        401 | 403 => (
            "not_authorized",
            "the service does not accept the API key for this: check the key and its project",
        ),
        404 => ("not_found", "there is none of this id in the project of the API key"),
        409 => ("conflict", "the service says that this conflicts with what is there"),
        429 => ("rate_limited", "too many calls: wait, and try again"),
        500..=599 => ("service_failed", "the service failed: try again later"),
        _ => ("refused", "the service refused the call"),
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.row().1;
        match self {
            Self::AnswerTooLarge { limit } => write!(f, "{text} (limit {limit} bytes)"),
            Self::InvalidRequest { problem } => write!(f, "{text}: {problem}"),
            Self::OutcomeUnknown { call, cause } => write!(f, "{call}: {text} ({cause})"),
            Self::Redirected { status } => write!(f, "{text} (status {})", status.as_u16()),
            Self::Service { status, reason, message, retry_after } => {
                write!(f, "{text} (status {}", status.as_u16())?;
                for said in [reason, message].into_iter().flatten() {
                    write!(f, ", {said}")?;
                }
                if let Some(wait) = retry_after {
                    write!(f, ", retry after {} s", wait.as_secs())?;
                }
                f.write_str(")")
            }
            _ => f.write_str(text),
        }
    }
}

impl Error for ClientError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::InvalidRequest { problem } => Some(problem),
            Self::OutcomeUnknown { cause, .. } => Some(&**cause),
            _ => None,
        }
    }
}

/// Says why a request was not sent.
///
/// # Examples
/// ```
/// use gemini_webhooks::EventType;
/// use gemini_webhooks::client::RequestProblem;
///
/// let problem = RequestProblem::NotSubscribable { event_type: EventType::BatchCancelled };
/// assert!(problem.to_string().contains("batch.cancelled"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestProblem {
    /// The token of a binding is shorter than 16 bytes.
    #[error("a token of a binding has at least {} random bytes", limits::MIN_BINDING_TOKEN_BYTES)]
    BindingToken,
    /// A URI that events are to be sent to is not https, or too long.
    #[error(
        "events go to an https URI of at most {} bytes, written in ASCII",
        limits::MAX_CALLBACK_URI_BYTES
    )]
    CallbackUri,
    /// No URI, or more than 8.
    #[error("a job has 1 to {} URIs that events are sent to", limits::MAX_CALLBACK_URIS)]
    CallbackUriCount,
    /// The name is too long.
    #[error("a webhook's name has at most {} bytes", limits::MAX_WEBHOOK_NAME_BYTES)]
    Name,
    /// No events to subscribe to.
    #[error("no events to subscribe to: such a webhook would never be called")]
    NoEvents,
    /// A type that cannot be subscribed to.
    #[error("{event_type} cannot be subscribed to")]
    NotSubscribable {
        /// The type.
        event_type: EventType,
    },
    /// The update sets nothing.
    #[error("the update sets nothing")]
    NothingToUpdate,
    /// The page size is out of range.
    #[error("a page has {} to {} webhooks", limits::PAGE_SIZES.start(), limits::PAGE_SIZES.end())]
    PageSize,
    /// The page token is empty or too long.
    #[error("a page token has 1 to {} bytes", limits::MAX_PAGE_TOKEN_BYTES)]
    PageToken,
    /// A token of a binding would go to more than one URI.
    #[error(
        "a token of a binding goes to one URI alone: whoever is told it can re-post a delivery to \
         the others"
    )]
    SharedToken,
    /// The metadata has a member twice, is too large, or nests too deep to be read back.
    #[error(
        "user_metadata has each member once, at most {} bytes of JSON, and nests no deeper than a \
         verifier reads",
        limits::MAX_USER_METADATA_BYTES
    )]
    UserMetadata,
    /// What can be no id of a webhook.
    #[error(
        "the id of a webhook has 1 to {} letters, digits, `-` or `_`",
        limits::MAX_WEBHOOK_ID_BYTES
    )]
    WebhookId,
}

impl From<RequestProblem> for ClientError {
    fn from(problem: RequestProblem) -> Self {
        Self::InvalidRequest { problem }
    }
}

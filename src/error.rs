//! What can go wrong: [`Error`] with a request, [`ConfigError`] with the setup.

mod config;
mod problem;

use std::fmt;

use http::StatusCode;

pub use self::config::{ConfigError, SecretProblem};
pub use self::problem::{HeaderProblem, SeenScheme, TokenProblem};
use crate::headers::WebhookHeader;

/// Says why a request was not accepted.
///
/// Each variant is one row: who must act, the HTTP status to answer, a stable code for logs and
/// metrics, and a text that says what to do. None of them carries a header value, a secret, a
/// signature or a body, so every part of it may be logged.
///
/// # Security
/// Log the text; do not send it. A sender that is told why it was refused learns how to be
/// accepted: answer [`status`](Self::status) and nothing else, as the adapters do. Every failure
/// to authenticate has the same status.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Error, Party};
///
/// let error = Error::SignatureMismatch;
/// assert_eq!(error.status(), 400);
/// assert_eq!(error.code(), "signature_mismatch");
/// assert_eq!(error.who_must_act(), Party::Sender);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The claims of the JWT are an event, and the body is another one.
    BodyDiffers,
    /// The body did not arrive whole: the connection broke, or the sender gave up.
    BodyInterrupted,
    /// The JWT is valid but does not hold the event, and the body is not signed.
    BodyNotSigned,
    /// The body is larger than the verifier's limit, in bytes.
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The binding cannot tell yet whether the job is ours: the sender will come again.
    JobNotYetKnown,
    /// The keys are not at hand and could not be fetched: nothing is said of the signature.
    KeysUnreachable,
    /// One of the three headers is not what the protocol allows.
    MalformedHeader {
        /// Which header.
        header: WebhookHeader,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// The JWT is not of the form that RFC 7515 and RFC 8725 ask for.
    MalformedToken {
        /// What is wrong with it.
        problem: TokenProblem,
    },
    /// One of the three headers is missing or empty.
    MissingHeader {
        /// Which header.
        header: WebhookHeader,
    },
    /// Every secret is past its `retire_at`, so that nothing can be verified.
    NoActiveSecret,
    /// The verifier was built without a source of keys.
    NoKeySource,
    /// The delivery is authentic, but by the binding it is not ours.
    NotOurs,
    /// One of the three headers came more than once, so that two readers could take two values.
    RepeatedHeader {
        /// Which header.
        header: WebhookHeader,
    },
    /// The request is signed in a form that this verifier is not set up for.
    SchemeNotConfigured {
        /// The form that arrived.
        saw: SeenScheme,
    },
    /// No signature matches: another secret, or bytes that were changed on the way.
    SignatureMismatch,
    /// The JWT has expired.
    TokenExpired,
    /// The JWT lives longer than is allowed.
    TokenLivesTooLong,
    /// The JWT is not valid yet: `nbf` or `iat` is ahead of our clock.
    TokenNotYetValid,
    /// The JWT was issued longer ago than is allowed.
    TokenTooOld,
    /// The delivery was sent further ahead of our clock than the replay window allows.
    TooNew {
        /// How far ahead, in seconds.
        ahead: u64,
        /// How far ahead is allowed, in seconds.
        limit: u64,
    },
    /// The delivery was sent longer ago than the replay window allows.
    TooOld {
        /// How long ago, in seconds.
        age: u64,
        /// How long ago is allowed, in seconds.
        limit: u64,
    },
    /// The JWT names a key that is not in the key set.
    UnknownKey,
    /// The JWT is addressed to somebody else.
    WrongAudience,
    /// The JWT is issued by somebody else.
    WrongIssuer,
}

/// Says who must act so that a refused request can be accepted.
///
/// # Examples
/// ```
/// use gemini_webhooks::{Error, Party};
///
/// assert_eq!(Error::NoActiveSecret.who_must_act(), Party::Receiver);
/// assert_eq!(Error::NoActiveSecret.status(), 500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Party {
    /// Whoever sent the request: it is forged, damaged, late, or not for this endpoint. Answered
    /// with 400, or 413 for a body that is too large.
    Sender,
    /// Whoever serves the keys, or the network between: come again. Answered with 503.
    Keys,
    /// Ourselves: the receiver is not set up to judge it. Answered with 500, or with 503 where it
    /// will be by itself.
    Receiver,
}

impl Error {
    /// The rows: who must act, the code, and what to do. `Display` adds the numbers.
    #[allow(clippy::too_many_lines)] // One table.
    const fn row(&self) -> (Party, &'static str, &'static str) {
        use Party::{Keys, Receiver, Sender};
        match self {
            Self::BodyDiffers => (
                Sender,
                "body_differs",
                "the body is another event than the signed claims: somebody changed it",
            ),
            Self::BodyInterrupted => {
                (Sender, "body_interrupted", "the body did not arrive whole: the sender will retry")
            }
            Self::BodyNotSigned => (
                Sender,
                "body_not_signed",
                "the JWT is valid but does not hold the event, and the body is not signed: \
                 accept_unsigned_body() of the builder takes it on the bearer's word",
            ),
            Self::BodyTooLarge { .. } => (
                Sender,
                "body_too_large",
                "the body is over the limit: if it is a real event, raise max_body_bytes",
            ),
            Self::JobNotYetKnown => (
                Receiver,
                "job_not_yet_known",
                "the job is not known yet: the sender will come again",
            ),
            Self::KeysUnreachable => {
                (Keys, "keys_unreachable", "the keys are not at hand: the sender will come again")
            }
            Self::MalformedToken { .. } => (Sender, "bad_token", "malformed JWT"),
            Self::MalformedHeader { .. } => (Sender, "bad_header", "malformed header"),
            Self::MissingHeader { .. } => (
                Sender,
                "missing_header",
                "header missing or empty: not a webhook, or a proxy in front of us drops it",
            ),
            Self::NoActiveSecret => (
                Receiver,
                "no_active_secret",
                "every configured secret is retired: give the verifier the current one",
            ),
            Self::NoKeySource => (
                Receiver,
                "no_key_source",
                "the verifier has no source of keys: set one by `keys` of its builder",
            ),
            Self::NotOurs => {
                (Sender, "not_ours", "authentic, but by the binding it belongs to somebody else")
            }
            Self::RepeatedHeader { .. } => (
                Sender,
                "bad_header",
                "header sent more than once: find the proxy that adds it again",
            ),
            Self::SchemeNotConfigured { .. } => {
                (Sender, "scheme_not_configured", "no signature of a configured scheme")
            }
            Self::SignatureMismatch => (
                Sender,
                "signature_mismatch",
                "no signature matches: check that the secret is this webhook's, and that the body \
                 reaches the verifier as the bytes that arrived",
            ),
            Self::TokenExpired => (
                Sender,
                "token_expired",
                "the JWT has expired: a replay, or this machine's clock is ahead",
            ),
            Self::TokenLivesTooLong => (
                Sender,
                "token_lives_too_long",
                "the JWT lives too long: if the service really issues such, raise \
                 longest_token_life",
            ),
            Self::TokenNotYetValid => (
                Sender,
                "token_not_yet_valid",
                "the JWT is not valid yet: check that this machine's clock is right",
            ),
            Self::TokenTooOld => (
                Sender,
                "token_too_old",
                "the JWT was issued too long ago: a replay, or the service keeps one for its \
                 retries; then raise max_token_age",
            ),
            Self::TooNew { .. } => (
                Sender,
                "timestamp_too_new",
                "sent ahead of our clock: check that this machine's clock is right",
            ),
            Self::TooOld { .. } => (
                Sender,
                "timestamp_too_old",
                "sent too long ago: a replay, or this machine's clock is ahead",
            ),
            Self::UnknownKey => {
                (Sender, "unknown_key", "the JWT names a key that is not in the key set")
            }
            Self::WrongAudience => (
                Sender,
                "wrong_audience",
                "the JWT is addressed to none of the configured audiences",
            ),
            Self::WrongIssuer => {
                (Sender, "wrong_issuer", "the JWT is issued by none of the configured issuers")
            }
        }
    }

    /// Returns who must act.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::{Error, Party};
    ///
    /// assert_eq!(Error::SignatureMismatch.who_must_act(), Party::Sender);
    /// ```
    #[must_use]
    pub const fn who_must_act(&self) -> Party {
        self.row().0
    }

    /// Returns the HTTP status to answer, which for every failure to authenticate is 400.
    ///
    /// Gemini retries everything that is not 2xx for 24 hours. 410 is never answered, because
    /// Standard Webhooks takes it as "the endpoint is gone".
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Error;
    ///
    /// assert_eq!(Error::BodyTooLarge { limit: 1024 }.status(), 413);
    /// ```
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match (self, self.who_must_act()) {
            (Self::BodyTooLarge { .. }, _) => StatusCode::PAYLOAD_TOO_LARGE,
            (Self::JobNotYetKnown, _) | (_, Party::Keys) => StatusCode::SERVICE_UNAVAILABLE,
            (_, Party::Sender) => StatusCode::BAD_REQUEST,
            (_, Party::Receiver) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns a code that stays the same over versions, for logs and metrics.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::Error;
    ///
    /// assert_eq!(Error::BodyInterrupted.code(), "body_interrupted");
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.row().1
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.row().2;
        match self {
            Self::BodyTooLarge { limit } => write!(f, "{text} (limit {limit} bytes)"),
            Self::MalformedHeader { header, problem } => write!(f, "{text} {header}: {problem}"),
            Self::MissingHeader { header } | Self::RepeatedHeader { header } => {
                write!(f, "{header} {text}")
            }
            Self::SchemeNotConfigured { saw } => write!(f, "{text}: {saw}"),
            Self::TooNew { ahead: off, limit } | Self::TooOld { age: off, limit } => {
                write!(f, "{text} (off by {off} s, {limit} s allowed)")
            }
            Self::MalformedToken { problem } => write!(f, "{text}: {problem}"),
            _ => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn every_error() -> Vec<Error> {
        let header = WebhookHeader::Id;
        let all = vec![
            Error::BodyDiffers,
            Error::BodyNotSigned,
            Error::JobNotYetKnown,
            Error::KeysUnreachable,
            Error::MalformedToken { problem: TokenProblem::NoExpiry },
            Error::NoKeySource,
            Error::NotOurs,
            Error::TokenExpired,
            Error::TokenLivesTooLong,
            Error::TokenNotYetValid,
            Error::TokenTooOld,
            Error::UnknownKey,
            Error::WrongAudience,
            Error::WrongIssuer,
            Error::BodyInterrupted,
            Error::BodyTooLarge { limit: 7 },
            Error::MalformedHeader { header, problem: HeaderProblem::ContainsDot },
            Error::MissingHeader { header },
            Error::NoActiveSecret,
            Error::RepeatedHeader { header },
            Error::SchemeNotConfigured { saw: SeenScheme::Jwt },
            Error::SignatureMismatch,
            Error::TooNew { ahead: 301, limit: 300 },
            Error::TooOld { age: 301, limit: 300 },
        ];
        let rows: HashSet<_> = all.iter().map(std::mem::discriminant).collect();
        assert_eq!(rows.len(), VARIANTS, "a variant is missing here, or stands twice");
        all
    }

    /// How many there are; the compiler asks for a row of each, so that one more is noticed.
    const VARIANTS: usize = 24;

    #[test]
    fn every_failure_to_authenticate_has_one_status() {
        for error in every_error() {
            let expected = match error {
                Error::BodyTooLarge { .. } => 413,
                Error::NoActiveSecret | Error::NoKeySource => 500,
                Error::JobNotYetKnown | Error::KeysUnreachable => 503,
                _ => 400,
            };
            assert_eq!(error.status(), expected, "{error}");
        }
    }

    #[test]
    fn codes_are_words_and_texts_differ() {
        let texts: HashSet<_> = every_error().iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), every_error().len());
        for error in every_error() {
            let word = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(error.code().chars().all(word), "{}", error.code());
        }
    }

    #[test]
    fn times_and_limits_are_in_the_text() {
        let text = Error::TooOld { age: 301, limit: 300 }.to_string();
        assert!(text.contains("301 s") && text.contains("300 s"), "{text}");
    }
}

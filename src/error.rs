//! What can go wrong: [`Error`] with a request, [`ConfigError`] with the setup.

use std::fmt;

use http::StatusCode;

use crate::headers::WebhookHeader;
use crate::limits;

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
    /// The body did not arrive whole: the connection broke, or the sender gave up.
    BodyInterrupted,
    /// The body is larger than the verifier's limit, in bytes.
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// One of the three headers is not what the protocol allows.
    MalformedHeader {
        /// Which header.
        header: WebhookHeader,
        /// What is wrong with it.
        problem: HeaderProblem,
    },
    /// One of the three headers is missing or empty.
    MissingHeader {
        /// Which header.
        header: WebhookHeader,
    },
    /// Every secret is past its `retire_at`, so that nothing can be verified.
    NoActiveSecret,
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
    /// Ourselves: the receiver is not set up to judge it. Answered with 500.
    Receiver,
}

impl Error {
    /// The rows: who must act, the code, and what to do. `Display` adds the numbers.
    const fn row(&self) -> (Party, &'static str, &'static str) {
        use Party::{Receiver, Sender};
        match self {
            Self::BodyInterrupted => {
                (Sender, "body_interrupted", "the body did not arrive whole: the sender will retry")
            }
            Self::BodyTooLarge { .. } => (
                Sender,
                "body_too_large",
                "the body is over the limit: if it is a real event, raise max_body_bytes",
            ),
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
            Self::BodyInterrupted | Self::NoActiveSecret | Self::SignatureMismatch => {
                f.write_str(text)
            }
        }
    }
}

impl std::error::Error for Error {}

/// Says what is wrong with a header, without showing its value.
///
/// # Examples
/// ```
/// use gemini_webhooks::HeaderProblem;
///
/// assert_eq!(HeaderProblem::TooLong { limit: 256 }.to_string(), "longer than 256 bytes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// A webhook-id with a dot, which could move the border between the signed fields.
    ContainsDot,
    /// No entry of the list has the form of its scheme.
    NoWellFormedEntry,
    /// A webhook-timestamp that is not plain decimal Unix seconds: a sign, a leading zero, a
    /// fraction, or past the year 9999.
    NotUnixSeconds,
    /// A byte that is a control, white space, or not ASCII.
    NotVisibleAscii,
    /// More bytes than the limit.
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More signatures than the limit.
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
}

impl fmt::Display for HeaderProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContainsDot => f.write_str("contains a dot"),
            Self::NoWellFormedEntry => f.write_str("no entry has the form of its scheme"),
            Self::NotUnixSeconds => f.write_str("not plain decimal Unix seconds"),
            Self::NotVisibleAscii => f.write_str("contains a byte that is not visible ASCII"),
            Self::TooLong { limit } => write!(f, "longer than {limit} bytes"),
            Self::TooManyEntries { limit } => write!(f, "more than {limit} entries"),
        }
    }
}

/// Names the form of signature that a request came with.
///
/// # Examples
/// ```
/// use gemini_webhooks::SeenScheme;
///
/// assert!(SeenScheme::Jwt.to_string().contains("dynamic webhook"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeenScheme {
    /// A bare compact JWT: the documented form of dynamic webhooks.
    Jwt,
    /// Entries of versions that this crate does not know, or no entry at all.
    Unknown,
    /// `v1a,` entries, Ed25519: the observed form of dynamic webhooks.
    V1a,
}

impl fmt::Display for SeenScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwt => "a JWT came, which dynamic webhooks send",
            Self::Unknown => "no entry of a known version came",
            Self::V1a => "v1a (Ed25519) came, which a dynamic webhook sends",
        })
    }
}

/// Says why a verifier could not be set up.
///
/// Returned by [`Secret`](crate::Secret), [`ReplayWindow`](crate::ReplayWindow) and the builders,
/// before the first request; no text shows any part of a secret.
///
/// # Examples
/// ```
/// use gemini_webhooks::{ConfigError, StaticVerifier};
///
/// let error = StaticVerifier::builder().build().unwrap_err();
/// assert_eq!(error, ConfigError::NoSecret);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The environment variable is not set.
    #[error("environment variable {name} is not set: put the signing secret there")]
    EnvMissing {
        /// Its name.
        name: String,
    },
    /// The environment variable is not Unicode text.
    #[error("environment variable {name} is not Unicode text")]
    EnvNotUnicode {
        /// Its name.
        name: String,
    },
    /// One of the secrets cannot be used.
    #[error("secret {position}: {problem}")]
    InvalidSecret {
        /// Which of several, counted from 1.
        position: usize,
        /// What is wrong with it.
        problem: SecretProblem,
    },
    /// The largest body is out of range.
    #[error(
        "max_body_bytes must be {} to {} bytes",
        limits::LEAST_MAX_BODY_BYTES,
        limits::GREATEST_MAX_BODY_BYTES
    )]
    MaxBodyOutOfRange,
    /// No secret was given.
    #[error("no secret was given: without one nothing can be verified")]
    NoSecret,
    /// The replay window is out of range.
    #[error(
        "a replay window reaches {} to {} seconds in each direction",
        limits::REPLAY_WINDOW_SECONDS.start(),
        limits::REPLAY_WINDOW_SECONDS.end()
    )]
    ReplayWindowOutOfRange,
    /// More secrets were given than a verifier takes.
    #[error("more than {} secrets: retire the old ones", limits::MAX_SECRETS)]
    TooManySecrets,
}

/// Says what is wrong with a secret, without showing it.
///
/// # Examples
/// ```
/// use gemini_webhooks::{ConfigError, Secret, SecretProblem};
///
/// let pasted = "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// let problem = SecretProblem::SignaturePrefix;
/// assert_eq!(
///     Secret::parse(pasted).unwrap_err(),
///     ConfigError::InvalidSecret { position: 1, problem },
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretProblem {
    /// Nothing is there, or nothing after `whsec_`.
    #[error("empty")]
    Empty,
    /// Base64 whose last character or padding is not the one canonical spelling.
    #[error("not canonical base64: a character is missing, changed or added at the end")]
    NotCanonical,
    /// A character that base64 does not have.
    #[error("a character is not base64: copy the secret again")]
    NotBase64,
    /// A private signing key (`whsk_`), which belongs to the sender.
    #[error("this is a private signing key (whsk_), not a shared secret (whsec_)")]
    PrivateKey,
    /// A public verification key (`whpk_`), which is no secret.
    #[error("this is a public key (whpk_), not a shared secret (whsec_)")]
    PublicKey,
    /// Quotes around the value.
    #[error("there are quotes in it: remove them")]
    Quoted,
    /// `v1,` before `whsec_`.
    #[error("it starts with `v1,`: remove that, so that it starts with `whsec_`")]
    SignaturePrefix,
    /// More key bytes than Standard Webhooks allows.
    #[error("the key has {bytes} bytes, at most {most} are allowed")]
    TooLong {
        /// How many bytes the key has.
        bytes: usize,
        /// How many are allowed.
        most: usize,
    },
    /// Fewer key bytes than Standard Webhooks allows.
    #[error("the key has {bytes} bytes, at least {least} are needed: was it cut off?")]
    TooShort {
        /// How many bytes the key has.
        bytes: usize,
        /// How many are needed.
        least: usize,
    },
    /// The URL-safe alphabet of base64 (`-` and `_`), which no secret is written in.
    #[error("it is URL-safe base64 (`-` or `_`): a secret has `+` and `/` in their place")]
    UrlSafeBase64,
    /// White space or a line end.
    #[error("there is white space in it, perhaps a line end: remove it")]
    WhiteSpace,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn every_error() -> Vec<Error> {
        let header = WebhookHeader::Id;
        vec![
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
        ]
    }

    #[test]
    fn every_failure_to_authenticate_has_one_status() {
        for error in every_error() {
            let expected = match error {
                Error::BodyTooLarge { .. } => 413,
                Error::NoActiveSecret => 500,
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

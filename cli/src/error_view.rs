//! How a refusal is shown: the library's error, what probably happened, and what the exit code is.

use std::fmt;

use gemini_webhooks::explain::Explanation;
use gemini_webhooks::{Error, Party, SeenScheme};
use serde::Serialize;

use crate::exit::Exit;
use crate::style::WARN;
use crate::text::Shown;

/// Why a request was not accepted.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorView {
    pub(crate) code: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    #[serde(skip)]
    exit: Exit,
}

impl ErrorView {
    pub(crate) fn new(error: &Error) -> Self {
        Self {
            code: error.code(),
            text: error.to_string(),
            hint: hint(error),
            exit: exit_of(error),
        }
    }

    /// `refused`, or `undecided` where nothing is said of the sender.
    pub(crate) fn verdict(&self) -> &'static str {
        if self.exit == Exit::Refused { "refused" } else { "undecided" }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// Tells people why, by the explanation, which says more than the error, where there is one.
    pub(crate) fn show(
        &self,
        f: &mut fmt::Formatter<'_>,
        explanation: Option<&Explanation>,
    ) -> fmt::Result {
        f.write_str(self.code)?;
        match explanation {
            Some(why) => write!(f, "\n    {WARN}why:{WARN:#} {}", Shown(&why.to_string()))?,
            None => write!(f, ": {}", self.text)?,
        }
        match self.hint {
            Some(hint) => write!(f, "\n    {WARN}here:{WARN:#} {hint}"),
            None => Ok(()),
        }
    }
}

/// What the library's advice is called on the command line.
fn hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::SchemeNotConfigured { saw } => match saw {
            SeenScheme::Jwt => Some("--audience accepts JWTs"),
            SeenScheme::V1 => Some("give it the secret: $WEBHOOK_SIGNING_SECRET or --secret-file"),
            SeenScheme::V1a => Some(
                "--job, --jobs-file, --metadata-token-env, --metadata-token-file or \
                 --dangerous-any-tenant accepts v1a",
            ),
            _ => None,
        },
        Error::BodyNotSigned => Some("--accept-unsigned-body"),
        Error::WrongAudience => Some("--audience, exactly as in the token; it may be repeated"),
        Error::KeysUnreachable | Error::UnknownKey => {
            Some("--jwks says where the keys are; `gemini-webhooks keys` shows them")
        }
        _ => None,
    }
}

/// Keys that cannot be had say nothing of a signature, and a setup that cannot judge does not either.
pub(crate) fn exit_of(error: &Error) -> Exit {
    match error.who_must_act() {
        Party::Sender => Exit::Refused,
        Party::Receiver if *error != Error::JobNotYetKnown => Exit::Usage,
        _ => Exit::Undecided,
    }
}

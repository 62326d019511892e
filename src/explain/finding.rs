//! What was found: a cause with the words for it.

use std::borrow::Cow;

use super::cause::Cause;
use crate::error::{Error, HeaderProblem, SeenScheme};

/// A cause with the words for what was seen.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) cause: Cause,
    pub(super) what: Cow<'static, str>,
}

impl Finding {
    pub(super) fn new(cause: Cause, what: impl Into<Cow<'static, str>>) -> Self {
        Self { cause, what: what.into() }
    }

    /// What the error alone tells.
    #[allow(clippy::too_many_lines)] // One table.
    pub(super) fn of(error: &Error) -> Self {
        let (cause, what) = match error {
            Error::BodyDiffers => {
                (Cause::BodyDiffers, "the body is another event than the token's signed claims")
            }
            Error::BodyInterrupted => (Cause::BodyCutOff, "the body did not arrive whole"),
            Error::BodyNotSigned => (
                Cause::BodyNotSigned,
                "the token is valid but holds no event, and the body is not signed",
            ),
            Error::BodyTooLarge { .. } => (Cause::BodyTooLarge, "the body is over the limit"),
            Error::JobNotYetKnown => (
                Cause::BindingNotYetKnown,
                "the delivery is authentic, and its job is not known yet",
            ),
            Error::KeysUnreachable => (Cause::KeysNotAtHand, "no keys of the service are held"),
            Error::MalformedHeader { problem: HeaderProblem::NoWellFormedEntry, .. } => (
                Cause::SignatureMalformed,
                "no entry of webhook-signature has the form of a signature",
            ),
            Error::MalformedHeader { .. } => (Cause::HeaderMalformed, "a header is malformed"),
            Error::MalformedToken { .. } => (Cause::TokenMalformed, "the token is malformed"),
            Error::MissingHeader { .. } => (Cause::HeaderMissing, "a header is missing"),
            Error::NoActiveSecret => {
                (Cause::SecretsAllRetired, "every secret is retired at this time")
            }
            Error::NoKeySource => {
                (Cause::NoKeySource, "the verifier has no source of keys, and none were given")
            }
            Error::NotOurs => {
                (Cause::BindingNotOurs, "the delivery is authentic, and by the binding not ours")
            }
            Error::RepeatedHeader { .. } => (Cause::HeaderRepeated, "a header came more than once"),
            Error::SchemeNotConfigured { saw } => return Self::of_scheme(*saw),
            Error::SignatureMismatch => (Cause::Unexplained, "no signature is right"),
            Error::TokenExpired => (Cause::TokenExpired, "the token has expired"),
            Error::TokenLivesTooLong => (Cause::TokenLivesTooLong, "the token lives too long"),
            Error::TokenNotYetValid => (Cause::TokenNotYetValid, "the token is not valid yet"),
            Error::TokenTooOld => (Cause::TokenTooOld, "the token was issued too long ago"),
            Error::TooNew { .. } => (Cause::TimestampTooNew, "the timestamp is too far ahead"),
            Error::TooOld { .. } => (Cause::TimestampTooOld, "the timestamp is too old"),
            Error::UnknownKey => (Cause::KeyUnknown, "the token's key is not among those held"),
            Error::WrongAudience => (Cause::AudienceDiffers, "the token is for another audience"),
            Error::WrongIssuer => (Cause::IssuerDiffers, "the token is from another issuer"),
        };
        Self::new(cause, what)
    }

    pub(super) fn of_scheme(saw: SeenScheme) -> Self {
        let what = match saw {
            SeenScheme::Jwt => {
                "a JWT came, as dynamic webhooks are documented, and no verifier with `audience` is set \
                 up"
            }
            SeenScheme::V1 => {
                "v1 signatures came, as of static webhooks, and no StaticVerifier is set up"
            }
            SeenScheme::V1a => {
                "v1a signatures came, as dynamic webhooks were seen to be, and no verifier with \
                 `binding` is set up"
            }
            SeenScheme::Unknown => {
                let what = "webhook-signature holds neither a JWT nor an entry of a known version";
                return Self::new(Cause::SignatureMalformed, what);
            }
        };
        Self::new(Cause::SchemeNotConfigured, what)
    }
}

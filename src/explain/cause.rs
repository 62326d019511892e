//! What can have happened: one row for each cause, with its code and the remedy.

use crate::error::Error;

/// Names the step of the verification that failed.
///
/// # Examples
/// ```
/// use gemini_webhooks::explain::Step;
///
/// assert_eq!(Step::Signature.code(), "signature");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// None: the request verifies.
    None,
    /// The setup, before any request: a secret, a source of keys.
    Setup,
    /// The bound on the body.
    BodySize,
    /// The three headers: present, single, well formed.
    Headers,
    /// The replay window around the timestamp.
    ReplayWindow,
    /// The form of the signature, and whether that form is configured.
    Scheme,
    /// The token of a dynamic webhook: its form, whom it is for, and when.
    Token,
    /// The key that the signature asks for.
    Key,
    /// The signature itself.
    Signature,
    /// The binding, which ties an authentic delivery to us.
    Binding,
    /// The body beside a token.
    Body,
}

impl Step {
    /// Returns a code that stays the same over versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Setup => "setup",
            Self::BodySize => "body_size",
            Self::Headers => "headers",
            Self::ReplayWindow => "replay_window",
            Self::Scheme => "scheme",
            Self::Token => "token",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Binding => "binding",
            Self::Body => "body",
        }
    }

    /// Tells whether signatures have been checked where this step is the last.
    pub(super) const fn is_checked(self) -> bool {
        matches!(self, Self::None | Self::Signature | Self::Binding | Self::Body)
    }

    /// The step that ends with this error.
    pub(super) const fn of(error: &Error) -> Self {
        match error {
            Error::BodyTooLarge { .. } | Error::BodyInterrupted => Self::BodySize,
            Error::MissingHeader { .. }
            | Error::RepeatedHeader { .. }
            | Error::MalformedHeader { .. } => Self::Headers,
            Error::TooNew { .. } | Error::TooOld { .. } => Self::ReplayWindow,
            Error::SchemeNotConfigured { .. } => Self::Scheme,
            Error::MalformedToken { .. }
            | Error::TokenExpired
            | Error::TokenLivesTooLong
            | Error::TokenNotYetValid
            | Error::TokenTooOld
            | Error::WrongAudience
            | Error::WrongIssuer => Self::Token,
            Error::KeysUnreachable | Error::UnknownKey => Self::Key,
            Error::SignatureMismatch => Self::Signature,
            Error::NoActiveSecret | Error::NoKeySource => Self::Setup,
            Error::JobNotYetKnown | Error::NotOurs => Self::Binding,
            Error::BodyDiffers | Error::BodyNotSigned => Self::Body,
        }
    }
}

/// Declares the causes: what is documented, the code, and the remedy that ends the sentence.
macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident: $code:literal, $remedy:literal;)*) => {
        /// Names what probably happened to a request.
        ///
        /// Causes that begin with `Body` or `Signed`, and the spelling of a signature, were made sure
        /// of: the signature matches once they are undone. The ones that say "hint" are guesses.
        ///
        /// # Examples
        /// ```
        /// use gemini_webhooks::explain::Cause;
        ///
        /// assert_eq!(Cause::BodyRewritten.code(), "body_rewritten");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Cause {
            $($(#[$doc])* $name,)*
        }

        impl Cause {
            /// Every cause, for lists and tests.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns a code that stays the same over versions.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// Tells whether it is a guess about a body that no signature is right for.
            pub(super) const fn is_hint(self) -> bool {
                matches!(
                    self,
                    Self::BodyEmpty
                        | Self::BodyCompressed
                        | Self::BodyDecompressed
                        | Self::BodyCutOff
                        | Self::BodyLossy
                        | Self::BodyNotJson
                )
            }

            /// What to do about it.
            pub(super) const fn remedy(self) -> &'static str {
                match self {
                    $(Self::$name => $remedy,)*
                }
            }
        }
    };
}

causes! {
    /// Nothing: the request verifies, or the secret's text is as it should be.
    NothingWrong: "nothing_wrong", "there is nothing to repair";

    // The setup.

    /// The text is no secret, or has something around it that does not belong there.
    SecretMalformed: "secret_malformed",
        "set it to the secret alone, as it was shown when the webhook was created";
    /// The text is something else that the service shows: the webhook's id, an API key.
    SecretNotASecret: "secret_not_a_secret",
        "use the signing secret, which is shown once, at creation or rotation of the webhook";
    /// The text has the form of the secrets whose characters are the key (hint).
    SecretPerhapsText: "secret_perhaps_text",
        "if no signature matches, make the secret by Secret::from_raw_bytes with these characters";
    /// Every secret is past its `retire_at`.
    SecretsAllRetired: "secrets_all_retired", "give the verifier the current secret";
    /// The verifier has no source of keys.
    NoKeySource: "no_key_source", "set one by `keys` of the builder, or use verify_with";

    // The body's size.

    /// The body is over the verifier's limit.
    BodyTooLarge: "body_too_large", "if it is a real event, raise max_body_bytes of the builder";
    /// The body is over what a diagnosis looks into.
    BodyNotExplained: "body_not_explained",
        "explain a smaller delivery of the same webhook, a ping for instance";

    // The headers.

    /// A header is missing or empty.
    HeaderMissing: "header_missing",
        "look at what arrives in front of the proxies, and let them pass the webhook-* headers on";
    /// A header is missing, and another one looks like it.
    HeaderRenamed: "header_renamed",
        "hand the header over under its own name, which a proxy, a gateway or a framework changed";
    /// A header came more than once.
    HeaderRepeated: "header_repeated", "find the proxy that adds it again, and let it stand once";
    /// A header has bytes or a length that the protocol does not allow.
    HeaderMalformed: "header_malformed", "compare it with what the sender sent";
    /// The timestamp is not in whole Unix seconds.
    TimestampNotSeconds: "timestamp_not_seconds",
        "send and sign whole Unix seconds, in decimal digits";

    // The clocks.

    /// The timestamp is older than the replay window allows.
    TimestampTooOld: "timestamp_too_old",
        "set this machine's clock if it is ahead, or the sender's if that is behind; a replay or a \
         captured request is explained at its own time";
    /// The timestamp is further ahead of the clock than the replay window allows.
    TimestampTooNew: "timestamp_too_new",
        "set this machine's clock if it is behind, or the sender's if that is ahead";
    /// The timestamp is off as the local time of a time zone is (hint).
    TimestampInLocalTime: "timestamp_in_local_time",
        "count the seconds since 1970 in UTC where the timestamp is made, and look at this \
         machine's clock; an old one may as well be a replay, and a captured request is explained at \
         its own time";

    // The form of the signature.

    /// The signature is in a form that the verifier is not set up for.
    SchemeNotConfigured: "scheme_not_configured",
        "set up a verifier for that form, beside this one by Verifier::new if both kinds arrive";
    /// The signature is right, in a spelling that the protocol does not know.
    SignatureSpelling: "signature_spelling",
        "write it as `v1,` (or `v1a,`) and padded standard base64, entries separated by one space";
    /// No entry has the length or the alphabet of a signature.
    SignatureMalformed: "signature_malformed",
        "compare the header with what the sender sent, where an entry is `v1,` and 44 characters of \
         base64, or `v1a,` and 88";

    // The secret that a signature was made with.

    /// The key is the secret's text and not what it decodes to, or the other way round.
    SecretReading: "secret_reading",
        "make the secret by the constructor that is named here, or correct the signer if it is yours";
    /// The request is signed with a secret that is no longer accepted.
    SecretRetired: "secret_retired",
        "accept the old secret for the 24 hours that a rotation keeps it valid, or make sure that \
         the sender uses the new one";

    // What was signed.

    /// The body was parsed as JSON and written again.
    BodyRewritten: "body_rewritten",
        "hand over the bytes that arrived, before any JSON parser or middleware";
    /// The body is wrapped in a JSON text.
    BodyQuoted: "body_quoted", "hand over the bytes that arrived, not a text that holds them";
    /// The body is wrapped in base64.
    BodyInBase64: "body_in_base64",
        "decode it first, as a gateway asks for that hands bodies on in base64";
    /// A line end was added behind the body, or removed.
    BodyLineEnd: "body_line_end", "hand over the bytes that arrived, without trimming or adding any";
    /// Line ends within the body were changed.
    BodyLineEnds: "body_line_ends", "hand over bytes, not lines or a text mode file";
    /// A byte order mark was added or removed.
    BodyByteOrderMark: "body_byte_order_mark",
        "hand over the bytes that arrived, not a text that was decoded and encoded again";
    /// The body was decoded in one encoding of text and encoded in another.
    BodyReencoded: "body_reencoded",
        "hand over the bytes that arrived, not a text that was decoded and encoded again";
    /// The signature is over something else than id, timestamp and body, joined by dots.
    SignedOtherText: "signed_other_text",
        "sign `{webhook-id}.{webhook-timestamp}.{body}`, each exactly as it is sent";
    /// The body is empty (hint).
    BodyEmpty: "body_empty",
        "look for what reads the body before the verifier, and keep its bytes for it";
    /// The body is compressed (hint).
    BodyCompressed: "body_compressed",
        "look for what compresses it on the way, and verify the bytes that the sender signed";
    /// The body was decompressed (hint).
    BodyDecompressed: "body_decompressed",
        "verify before anything decompresses the body, if the sender signs what it compressed";
    /// The body is cut off (hint).
    BodyCutOff: "body_cut_off", "look for a limit or a timeout on the way, and read the whole body";
    /// Characters of the body were lost when it was read as text (hint).
    BodyLossy: "body_lossy", "hand over the bytes that arrived, never a text made of them";
    /// The body is no JSON (hint).
    BodyNotJson: "body_not_json", "hand over the body of the request and nothing else";

    // Tokens and keys.

    /// The token is not of the form that it must have.
    TokenMalformed: "token_malformed", "compare the header with what the sender sent";
    /// The token is for another audience.
    AudienceDiffers: "audience_differs",
        "if it is meant for you, set its audience by `audience` of the builder, as it is written there";
    /// The token is from another issuer.
    IssuerDiffers: "issuer_differs",
        "if the service issued it, set its issuer by `issuer` of the builder, as it is written there";
    /// The token has expired.
    TokenExpired: "token_expired",
        "set this machine's clock if it is ahead; a replay or a captured request is explained at its \
         own time";
    /// The token is not valid yet.
    TokenNotYetValid: "token_not_yet_valid", "set this machine's clock if it is behind";
    /// The token was issued longer ago than is allowed.
    TokenTooOld: "token_too_old",
        "raise max_token_age if the service keeps one token for its retries; else this is a replay";
    /// The token lives longer than is allowed.
    TokenLivesTooLong: "token_lives_too_long",
        "raise longest_token_life if the service really issues such";
    /// No keys are at hand.
    KeysNotAtHand: "keys_not_at_hand",
        "make sure that this machine reaches the URL of the keys, and look at CachedKeys::health";
    /// The token's `kid` is not among the keys.
    KeyUnknown: "key_unknown",
        "fetch the keys again if they are not fresh; a key that Google does not publish is a forgery";
    /// The token's `kid` is in the document, and the key was not taken.
    KeySkipped: "key_skipped", "see SkipReason: with another backend the key may be usable";

    // After the signature.

    /// The delivery is authentic, and by the binding it is not ours.
    BindingNotOurs: "binding_not_ours",
        "compare the binding with what was given to the job; another tenant's delivery is rightly \
         refused";
    /// The delivery is authentic, and the binding does not know the job yet.
    BindingNotYetKnown: "binding_not_yet_known",
        "wait for the sender's next attempt, or store the job's id before its webhook can arrive";
    /// The token is valid and the body is not signed.
    BodyNotSigned: "body_not_signed",
        "accept_unsigned_body() of the builder takes it on the bearer's word";
    /// The body is another event than the token's claims.
    BodyDiffers: "body_differs", "take the event from the claims, and find out who changed the body";

    // The rest.

    /// None of the mistakes that are known here.
    Unexplained: "unexplained",
        "make sure that the secret or the key set is this webhook's, and capture the request as close \
         to the sender as you can";
}

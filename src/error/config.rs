//! What is wrong with the setup.

use crate::limits;

/// Says why a verifier or a client could not be set up.
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
    /// The API key is empty, too long, or has a character that no key has.
    #[error(
        "the API key is empty, longer than {} bytes, or has quotes, white space or another \
         character in it that no key has: copy it again",
        limits::MAX_API_KEY_BYTES
    )]
    ApiKey,
    /// The time for a call of the API is out of range.
    #[error(
        "a call of the API may take {} to {} s",
        limits::CALL_SECONDS.start(),
        limits::CALL_SECONDS.end()
    )]
    ApiTimeoutOutOfRange,
    /// The base URL of the API cannot be used.
    #[error(
        "the base URL of the API is not an https URL (or http on a loopback address) without user, \
         query and fragment"
    )]
    ApiUrl,
    /// An audience or issuer is empty, or there are more than 8.
    #[error("an audience or issuer is empty, or there are more than {}", limits::MAX_AUDIENCES)]
    BadAudience,
    /// A token for a binding is too short, or there is none or more than 4.
    #[error(
        "a binding takes 1 to {} tokens of at least {} random bytes",
        limits::MAX_BINDING_TOKENS,
        limits::MIN_BINDING_TOKEN_BYTES
    )]
    BindingToken,
    /// The lease, or how long deliveries are remembered, is out of range.
    #[error(
        "a lease lasts {} to {} s, and deliveries are remembered {} to {} s",
        limits::DEDUP_LEASE_SECONDS.start(),
        limits::DEDUP_LEASE_SECONDS.end(),
        limits::DEDUP_KEEP_SECONDS.start(),
        limits::DEDUP_KEEP_SECONDS.end()
    )]
    DedupTimesOutOfRange,
    /// The environment variable is not set.
    #[error("environment variable {name} is not set: put the secret there")]
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
    /// No HTTP client could be made.
    #[error("no HTTP client could be made: are there root certificates on this machine?")]
    HttpClient,
    /// One of the secrets cannot be used.
    #[error("secret {position}: {problem}")]
    InvalidSecret {
        /// Which of a list, counted from 1; 1 for a secret that is read alone.
        position: usize,
        /// What is wrong with it.
        problem: SecretProblem,
    },
    /// How long keys are kept, or the time between fetches, is out of range.
    #[error(
        "keys are kept {} to {} s, used stale for {} to {} s, and fetched again after {} to {} s",
        limits::TTL_SECONDS.start(),
        limits::TTL_SECONDS.end(),
        limits::STALE_SECONDS.start(),
        limits::STALE_SECONDS.end(),
        limits::COOLDOWN_SECONDS.start(),
        limits::COOLDOWN_SECONDS.end()
    )]
    KeyTimesOutOfRange,
    /// The URL of the keys is not https, or has a user or a fragment in it.
    #[error("the URL of the keys is not an https URL without user and fragment")]
    KeyUrl,
    /// The largest body is out of range.
    #[error(
        "max_body_bytes must be {} to {} bytes",
        limits::LEAST_MAX_BODY_BYTES,
        limits::GREATEST_MAX_BODY_BYTES
    )]
    MaxBodyOutOfRange,
    /// Neither an audience nor a binding was given, so that no form could be accepted.
    #[error(
        "neither an audience (for JWTs) nor a binding (for v1a signatures) was given: nothing \
         would tie a delivery to you"
    )]
    NoAudienceAndNoBinding,
    /// What concerns JWTs alone was set without an audience, so that none would be accepted.
    #[error(
        "an issuer was set, or an unsigned body is to be accepted, without an audience: both \
         concern JWTs, which are accepted for an audience alone"
    )]
    NoAudienceForJwts,
    /// The build has no cryptographic backend.
    #[error("this build has no backend: turn on the feature `aws-lc-rs` or `rust-crypto`")]
    NoBackend,
    /// No secret was given.
    #[error("no secret was given: without one nothing can be verified")]
    NoSecret,
    /// The URL of the Redis server cannot be used.
    #[error("the URL of the Redis server is not of the form redis://host:port/database")]
    RedisUrl,
    /// The replay window is out of range.
    #[error(
        "a replay window reaches {} to {} seconds in each direction",
        limits::REPLAY_WINDOW_SECONDS.start(),
        limits::REPLAY_WINDOW_SECONDS.end()
    )]
    ReplayWindowOutOfRange,
    /// The leeway, the longest life or the largest age of a token is out of range.
    #[error(
        "leeway is 0 to {} s, a token's longest life {} to {} s, its largest age {} to {} s",
        limits::MAX_LEEWAY_SECONDS,
        limits::TOKEN_LIFE_SECONDS.start(),
        limits::TOKEN_LIFE_SECONDS.end(),
        limits::TOKEN_AGE_SECONDS.start(),
        limits::TOKEN_AGE_SECONDS.end()
    )]
    TokenTimesOutOfRange,
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
    /// `whsec_` twice, or in capitals.
    #[error("`whsec_` stands there twice or in capitals: copy the secret again")]
    OddPrefix,
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
    #[error("there is white space too much, perhaps a line end: remove it")]
    WhiteSpace,
}

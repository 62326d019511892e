//! What is wrong with a part of a request, without showing any of it.

use std::fmt;

use crate::limits::MAX_JWT_HEADER_BYTES;

/// Says what is wrong with a header, without showing its value.
///
/// # Examples
/// ```
/// use gemini_webhooks::HeaderProblem;
///
/// assert_eq!(HeaderProblem::TooLong { limit: 256 }.to_string(), "longer than 256 bytes");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// A webhook-id with a dot, which could move the border between the signed fields.
    #[error("contains a dot")]
    ContainsDot,
    /// No entry of the list has the form of its scheme.
    #[error("no entry has the form of its scheme")]
    NoWellFormedEntry,
    /// A webhook-timestamp that is not plain decimal Unix seconds: a sign, a leading zero, a
    /// fraction, or past the year 9999.
    #[error("not plain decimal Unix seconds")]
    NotUnixSeconds,
    /// A byte that is a control, white space, or not ASCII.
    #[error("contains a byte that is not visible ASCII")]
    NotVisibleAscii,
    /// More bytes than the limit.
    #[error("longer than {limit} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// More signatures than the limit.
    #[error("more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: usize,
    },
}

/// Says what is wrong with the form of a JWT, without showing any of it.
///
/// # Examples
/// ```
/// use gemini_webhooks::TokenProblem;
///
/// assert_eq!(TokenProblem::NoExpiry.to_string(), "no `exp`");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenProblem {
    /// `alg` is not RS256, the only algorithm that is accepted.
    #[error("`alg` is not RS256")]
    AlgorithmNotRs256,
    /// `kid` is missing, empty, longer than 256 bytes, or not visible ASCII.
    #[error("`kid` is missing or malformed")]
    BadKid,
    /// `crit`, `b64`, `zip`, `enc`, `cty`, or a key of the sender's: `jku`, `jwk`, `x5u`, `x5c`.
    #[error("a member of the header that is not allowed")]
    ForbiddenHeader,
    /// More bytes of header than a `kid` and an algorithm can take.
    #[error("the header is longer than {MAX_JWT_HEADER_BYTES} bytes")]
    HeaderTooLong,
    /// The claims are not one JSON object in which those that are read are of their types, each once.
    #[error("the claims are not an object with claims of the right types")]
    MalformedClaims,
    /// The header is not one JSON object in which the members that are read are texts, each once.
    #[error("the header is not an object")]
    MalformedHeader,
    /// There is no `exp`.
    #[error("no `exp`")]
    NoExpiry,
    /// A segment is not canonical base64url.
    #[error("a segment is not canonical base64url")]
    NotBase64Url,
    /// Not three segments with something in each.
    #[error("not three segments")]
    NotThreeSegments,
    /// More bytes of signature than any key makes.
    #[error("the signature is too long")]
    SignatureTooLong,
    /// `typ` is there and is not `JWT`.
    #[error("`typ` is not JWT")]
    TypeNotJwt,
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
    /// `v1,` entries, HMAC-SHA256: static webhooks.
    V1,
    /// `v1a,` entries, Ed25519: the observed form of dynamic webhooks.
    V1a,
}

impl SeenScheme {
    /// Returns a stable name for logs and metrics.
    ///
    /// # Examples
    /// ```
    /// use gemini_webhooks::SeenScheme;
    ///
    /// assert_eq!(SeenScheme::V1a.code(), "v1a");
    /// ```
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Unknown => "unknown",
            Self::V1 => "v1",
            Self::V1a => "v1a",
        }
    }
}

impl fmt::Display for SeenScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwt => {
                "a JWT came, which a dynamic webhook sends: a DynamicVerifier with `audience` \
                 accepts it"
            }
            Self::Unknown => "no entry of a known version came",
            Self::V1 => "v1 (HMAC) came, which a static webhook sends: a StaticVerifier accepts it",
            Self::V1a => {
                "v1a (Ed25519) came, which a dynamic webhook sends: a DynamicVerifier with \
                 `binding` accepts it"
            }
        })
    }
}

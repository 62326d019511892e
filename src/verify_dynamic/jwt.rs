//! The documented form: a compact JWT (RFC 7515 section 7.1), read before any key is looked for.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use base64::Engine as _;
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};

use super::backend::Rs256Key;
use super::keys::is_kid;
use super::unread::{Skip, Text};
use crate::base64::URL_SAFE;
use crate::error::{Error, TokenProblem};
use crate::json::Strict;
use crate::limits::{MAX_JWT_HEADER_BYTES, MAX_RSA_BITS};

/// Longest signature, in bytes of base64url: four for each three of the longest key's.
const MAX_SIGNATURE_BYTES: usize = (MAX_RSA_BITS / 8 * 4).div_ceil(3);

/// A token whose form and header are as they must be; its claims are still anybody's.
pub(super) struct Token<'t> {
    /// What is signed: the header and the claims as they came, with the dot between.
    signed: &'t [u8],
    signature: Vec<u8>,
    pub(super) kid: String,
    /// The decoded claims: the bytes that are judged now are those that are read later.
    pub(super) claims: Vec<u8>,
}

impl<'t> Token<'t> {
    /// Splits a token at its two dots and reads its header.
    pub(super) fn parse(token: &'t [u8]) -> Result<Self, Error> {
        Self::read(token).map_err(|problem| Error::MalformedToken { problem })
    }

    fn read(token: &'t [u8]) -> Result<Self, TokenProblem> {
        let mut dots = memchr::memchr_iter(b'.', token);
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(TokenProblem::NotThreeSegments);
        };
        let (signed, rest) =
            token.split_at_checked(second).ok_or(TokenProblem::NotThreeSegments)?;
        let (header, rest_of_signed) =
            signed.split_at_checked(first).ok_or(TokenProblem::NotThreeSegments)?;
        let (claims, signature) = (without_dot(rest_of_signed), without_dot(rest));
        if header.is_empty() || claims.is_empty() || signature.is_empty() {
            return Err(TokenProblem::NotThreeSegments);
        }
        if header.len() > MAX_JWT_HEADER_BYTES {
            return Err(TokenProblem::HeaderTooLong);
        }
        if signature.len() > MAX_SIGNATURE_BYTES {
            return Err(TokenProblem::SignatureTooLong);
        }
        let kid = read_header(&decode(header)?)?;
        Ok(Self { signed, signature: decode(signature)?, kid, claims: decode(claims)? })
    }

    /// Verifies the signature, by RS256 and nothing else, whatever the header says.
    pub(super) fn is_signed_by(&self, key: &Rs256Key) -> bool {
        key.verifies(self.signed, &self.signature)
    }
}

fn without_dot(segment: &[u8]) -> &[u8] {
    segment.get(1..).unwrap_or_default()
}

/// In its one spelling: the engine refuses padding and spare bits.
fn decode(segment: &[u8]) -> Result<Vec<u8>, TokenProblem> {
    URL_SAFE.decode(segment).map_err(|_| TokenProblem::NotBase64Url)
}

/// Reads the header, and returns the `kid`.
fn read_header(json: &[u8]) -> Result<String, TokenProblem> {
    let fault = Cell::new(None);
    let text = std::str::from_utf8(json).map_err(|_| TokenProblem::MalformedHeader)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let visitor = HeaderVisitor { strict: Strict::new(&fault) };
    let header = parser.deserialize_map(visitor).and_then(|header| parser.end().map(|()| header));
    let Header { forbidden, alg, typ, kid } = header.map_err(|_| TokenProblem::MalformedHeader)?;
    if forbidden {
        return Err(TokenProblem::ForbiddenHeader);
    }
    // The algorithm is ours, not the token's: the header may only agree (RFC 8725 section 3.1).
    if alg.as_deref() != Some("RS256") {
        return Err(TokenProblem::AlgorithmNotRs256);
    }
    // In any letter case (RFC 7519 section 5.1).
    if typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err(TokenProblem::TypeNotJwt);
    }
    kid.filter(|kid| is_kid(kid)).map(Cow::into_owned).ok_or(TokenProblem::BadKid)
}

/// The members of a header that matter, each at most once.
#[derive(Default)]
struct Header<'t> {
    forbidden: bool,
    alg: Option<Cow<'t, str>>,
    typ: Option<Cow<'t, str>>,
    kid: Option<Cow<'t, str>>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum HeaderMember {
    Alg,
    Typ,
    Kid,
    /// These would change what is verified, or name a key of the sender's (RFC 8725 section 3.10).
    /// They are never read: their presence alone refuses the token.
    #[serde(
        alias = "b64",
        alias = "zip",
        alias = "enc",
        alias = "cty",
        alias = "jku",
        alias = "jwk",
        alias = "x5u",
        alias = "x5c"
    )]
    Crit,
    #[serde(other)]
    Other,
}

struct HeaderVisitor<'c> {
    strict: Strict<'c>,
}

impl<'de> Visitor<'de> for HeaderVisitor<'_> {
    type Value = Header<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Header<'de>, A::Error> {
        let strict = self.strict.nested()?;
        let mut header = Header::default();
        while let Some(member) = members.next_key()? {
            match member {
                HeaderMember::Alg => {
                    strict.fill(&mut header.alg, members.next_value_seed(Text)?)?;
                }
                HeaderMember::Typ => {
                    strict.fill(&mut header.typ, members.next_value_seed(Text)?)?;
                }
                HeaderMember::Kid => {
                    strict.fill(&mut header.kid, members.next_value_seed(Text)?)?;
                }
                HeaderMember::Crit => {
                    header.forbidden = true;
                    members.next_value_seed(Skip(strict))?;
                }
                HeaderMember::Other => members.next_value_seed(Skip(strict))?,
            }
        }
        Ok(header)
    }
}

//! The claims of a JWT (RFC 7519 section 4.1): whom it is for, and when.
//!
//! Judged before any key is looked for, so that an expired or foreign token never costs a fetch.
//! The signature then covers the same bytes.

use std::cell::Cell;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::unread::{Skip, disguised_number_of};
use crate::error::{Error, TokenProblem};
use crate::json::Strict;
use crate::limits::MAX_TIMESTAMP;

/// What a token must say of itself.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) audiences: Vec<String>,
    pub(super) issuers: Vec<String>,
    pub(super) leeway: u64,
    pub(super) longest_life: u64,
    pub(super) max_age: u64,
}

/// The times of a token that was found to be for us and of now, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) expires_at: i64,
    pub(super) issued_at: Option<i64>,
    /// Whether the claims have the members of an event.
    pub(super) hold_event: bool,
}

impl Expected {
    /// Judges the claims at a time, in Unix seconds.
    pub(super) fn check(&self, claims: &[u8], now: i64) -> Result<Times, Error> {
        let claims = Claims::read(claims, self)
            .ok_or(Error::MalformedToken { problem: TokenProblem::MalformedClaims })?;
        // Only whom it was addressed to: where `aud` is a URL, a stranger can obtain it.
        if claims.audience != Some(true) {
            return Err(Error::WrongAudience);
        }
        if !self.issuers.is_empty() && claims.issuer != Some(true) {
            return Err(Error::WrongIssuer);
        }
        self.check_times(&claims, now)
    }

    fn check_times(&self, claims: &Claims, now: i64) -> Result<Times, Error> {
        let leeway = seconds(self.leeway);
        let missing = Error::MalformedToken { problem: TokenProblem::NoExpiry };
        let expires_at = claims.exp.ok_or(missing)?;
        if now >= expires_at.saturating_add(leeway) {
            return Err(Error::TokenExpired);
        }
        let life = seconds(self.longest_life);
        let latest = now.saturating_add(life).saturating_add(leeway);
        let born = claims.iat.unwrap_or(expires_at.saturating_sub(life));
        if expires_at > latest || expires_at.saturating_sub(born) > life {
            return Err(Error::TokenLivesTooLong);
        }
        let starts = claims.nbf.unwrap_or(i64::MIN).max(claims.iat.unwrap_or(i64::MIN));
        if starts > now.saturating_add(leeway) {
            return Err(Error::TokenNotYetValid);
        }
        let oldest = now.saturating_sub(seconds(self.max_age)).saturating_sub(leeway);
        if claims.iat.is_some_and(|issued_at| issued_at < oldest) {
            return Err(Error::TokenTooOld);
        }
        let hold_event = claims.has_type && claims.has_data;
        Ok(Times { expires_at, issued_at: claims.iat, hold_event })
    }
}

/// A bounded number of seconds; the bound is far below what does not fit.
fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The claims that are judged, each at most once; `None` where one is absent.
#[derive(Default)]
struct Claims {
    /// Whether one of the accepted audiences is among the token's.
    audience: Option<bool>,
    /// Whether the issuer is one of the accepted.
    issuer: Option<bool>,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    has_type: bool,
    has_data: bool,
}

impl Claims {
    fn read(json: &[u8], expected: &Expected) -> Option<Self> {
        let fault = Cell::new(None);
        let text = std::str::from_utf8(json).ok()?;
        let mut parser = serde_json::Deserializer::from_str(text);
        let visitor = ClaimsVisitor { strict: Strict::new(&fault), expected };
        let claims = parser.deserialize_map(visitor).ok()?;
        parser.end().ok()?;
        Some(claims)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Claim {
    Aud,
    Iss,
    Exp,
    Nbf,
    Iat,
    Type,
    Data,
    #[serde(other)]
    Other,
}

struct ClaimsVisitor<'c, 'e> {
    strict: Strict<'c>,
    expected: &'e Expected,
}

impl<'de> Visitor<'de> for ClaimsVisitor<'_, '_> {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Claims, A::Error> {
        let Self { strict, expected } = self;
        let strict = strict.nested()?;
        let (mut has_type, mut has_data) = (None, None);
        let mut claims = Claims::default();
        while let Some(claim) = members.next_key()? {
            match claim {
                Claim::Aud => {
                    let seed = OneOf { accepted: &expected.audiences, list: true };
                    strict.fill(&mut claims.audience, members.next_value_seed(seed)?)?;
                }
                Claim::Iss if expected.issuers.is_empty() => {
                    strict.fill(&mut claims.issuer, {
                        members.next_value_seed(Skip(strict))?;
                        false
                    })?;
                }
                Claim::Iss => {
                    let seed = OneOf { accepted: &expected.issuers, list: false };
                    strict.fill(&mut claims.issuer, members.next_value_seed(seed)?)?;
                }
                Claim::Exp => {
                    strict.fill(&mut claims.exp, members.next_value_seed(NumericDate)?)?;
                }
                Claim::Nbf => {
                    strict.fill(&mut claims.nbf, members.next_value_seed(NumericDate)?)?;
                }
                Claim::Iat => {
                    strict.fill(&mut claims.iat, members.next_value_seed(NumericDate)?)?;
                }
                Claim::Type => {
                    strict.fill(&mut has_type, members.next_value_seed(Skip(strict))?)?;
                }
                Claim::Data => {
                    strict.fill(&mut has_data, members.next_value_seed(Skip(strict))?)?;
                }
                Claim::Other => members.next_value_seed(Skip(strict))?,
            }
        }
        claims.has_type = has_type.is_some();
        claims.has_data = has_data.is_some();
        Ok(claims)
    }
}

/// Reads a text, or a list of texts where that is allowed, and tells whether one is accepted.
struct OneOf<'e> {
    accepted: &'e [String],
    list: bool,
}

impl<'de> DeserializeSeed<'de> for OneOf<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<bool, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneOf<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        // Exactly: no prefix, no other letter case, no slash more or less.
        Ok(self.accepted.iter().any(|accepted| accepted == text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        if !self.list {
            return Err(de::Error::custom("a list"));
        }
        let mut found = false;
        while let Some(one) = items.next_element_seed(OneOf { list: false, ..self })? {
            found |= one;
        }
        Ok(found)
    }
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519 section 2), from 1970 to the year 9999.
struct NumericDate;

impl<'de> DeserializeSeed<'de> for NumericDate {
    type Value = i64;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<i64, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NumericDate {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<i64, E> {
        let seconds = i64::try_from(seconds).ok();
        let in_range = seconds.filter(|seconds| *seconds <= MAX_TIMESTAMP);
        in_range.ok_or_else(|| E::custom("out of range"))
    }

    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<i64, E> {
        let whole = std::time::Duration::try_from_secs_f64(seconds).map_err(E::custom)?;
        self.visit_u64(whole.as_secs())
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<i64, A::Error> {
        let number = disguised_number_of(members)?;
        match (number.as_u64(), number.as_f64()) {
            (Some(seconds), _) => self.visit_u64(seconds),
            (None, Some(seconds)) => self.visit_f64(seconds),
            (None, None) => Err(de::Error::custom("out of range")),
        }
    }
}

//! The rules for a JWT, written down a second time: every fault that a token has, in no order.

use gemini_webhooks::limits::{MAX_JWT_HEADER_BYTES, MAX_KID_BYTES, MAX_RSA_BITS, MAX_TIMESTAMP};
use gemini_webhooks::{Error, TokenProblem};

use super::super::NOW;
use super::tree::{Tree, base64url};
use super::{AUDIENCE, ISSUER};

/// What a verifier asks of the claims; all times in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setup {
    pub(super) issuer: bool,
    pub(super) leeway: i64,
    pub(super) longest_life: i64,
    pub(super) max_age: i64,
}

impl Setup {
    pub(super) const USUAL: Self =
        Self { issuer: false, leeway: 60, longest_life: 24 * 3600, max_age: 300 };
    /// The ends of what may be set, without an issuer and with one.
    pub(super) const STRICT: Self = Self { issuer: true, leeway: 0, longest_life: 60, max_age: 1 };
    pub(super) const LAX: Self =
        Self { issuer: true, leeway: 300, longest_life: 7 * 24 * 3600, max_age: 24 * 3600 };
}

const FORBIDDEN: [&str; 9] = ["crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c"];

/// The faults of a token that holds no byte which no header can hold.
pub(super) fn faults(token: &[u8], setup: Setup) -> Vec<Error> {
    let segments: Vec<_> = token.split(|byte| *byte == b'.').collect();
    let [header, claims, signature] = segments[..] else {
        return vec![malformed(TokenProblem::NotThreeSegments)];
    };
    if segments.contains(&b"".as_slice()) {
        return vec![malformed(TokenProblem::NotThreeSegments)];
    }
    let mut faults = Vec::new();
    if header.len() > MAX_JWT_HEADER_BYTES {
        faults.push(malformed(TokenProblem::HeaderTooLong));
    }
    // Four characters are three bytes.
    if signature.len() > (MAX_RSA_BITS / 8 * 4).div_ceil(3) {
        faults.push(malformed(TokenProblem::SignatureTooLong));
    }
    let segments = [header, claims, signature].map(base64url);
    if segments.contains(&None) {
        faults.push(malformed(TokenProblem::NotBase64Url));
    }
    let [header, claims, _] = segments;
    if let Some(header) = header {
        faults.extend(faults_of_header(&header).into_iter().map(malformed));
    }
    if let Some(claims) = claims {
        faults.extend(faults_of_claims(&claims, setup));
    }
    faults
}

fn malformed(problem: TokenProblem) -> Error {
    Error::MalformedToken { problem }
}

fn faults_of_header(json: &[u8]) -> Vec<TokenProblem> {
    let mut faults = Vec::new();
    let Some(header) = Tree::read_object(json) else { return vec![TokenProblem::MalformedHeader] };
    for name in ["alg", "typ", "kid"] {
        let members = header.all(name);
        if members.len() > 1 || members.iter().any(|member| member.text().is_none()) {
            faults.push(TokenProblem::MalformedHeader);
        }
    }
    if FORBIDDEN.iter().any(|name| header.get(name).is_some()) {
        faults.push(TokenProblem::ForbiddenHeader);
    }
    let text = |name| header.get(name).and_then(Tree::text);
    if text("alg") != Some("RS256") {
        faults.push(TokenProblem::AlgorithmNotRs256);
    }
    if text("typ").is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        faults.push(TokenProblem::TypeNotJwt);
    }
    if kid_of(&header).is_none() {
        faults.push(TokenProblem::BadKid);
    }
    faults
}

/// The name of the key, if it is one.
pub(super) fn kid_of(object: &Tree) -> Option<&str> {
    let kid = object.get("kid").and_then(Tree::text)?;
    let legal = !kid.is_empty()
        && kid.len() <= MAX_KID_BYTES
        && !kid.contains(|c: char| !c.is_ascii() || c.is_ascii_control() || c == ' ');
    legal.then_some(kid)
}

fn faults_of_claims(json: &[u8], setup: Setup) -> Vec<Error> {
    let broken = malformed(TokenProblem::MalformedClaims);
    let Some(claims) = Tree::read_object(json) else { return vec![broken] };
    let mut faults = Vec::new();
    let names = ["aud", "iss", "exp", "nbf", "iat", "type", "data"];
    if names.iter().any(|name| claims.all(name).len() > 1) {
        faults.push(broken.clone());
    }
    match claims.get("aud").map(audiences) {
        Some(None) => faults.extend([broken.clone(), Error::WrongAudience]),
        Some(Some(audiences)) if audiences.contains(&AUDIENCE) => {}
        _ => faults.push(Error::WrongAudience),
    }
    match claims.get("iss") {
        _ if !setup.issuer => {}
        None => faults.push(Error::WrongIssuer),
        Some(issuer) => match issuer.text() {
            Some(ISSUER) => {}
            Some(_) => faults.push(Error::WrongIssuer),
            None => faults.push(broken.clone()),
        },
    }
    let time = |name| claims.get(name).map(date);
    let times = [time("exp"), time("nbf"), time("iat")];
    if times.contains(&Some(None)) {
        faults.push(broken);
    } else {
        faults.extend(faults_of_times(times.map(Option::flatten), setup));
    }
    faults
}

/// A text or a list of texts.
fn audiences(claim: &Tree) -> Option<Vec<&str>> {
    match claim.list() {
        Some(items) => items.iter().map(Tree::text).collect(),
        None => claim.text().map(|text| vec![text]),
    }
}

/// Seconds from 1970 to the year 9999; a fraction is cut off.
fn date(claim: &Tree) -> Option<i64> {
    let number = claim.number()?;
    let seconds = if let Some(seconds) = number.as_i64() {
        seconds
    } else {
        let seconds = number.as_f64().filter(|seconds| (0.0..1e12).contains(seconds))?;
        format!("{:.0}", seconds.floor()).parse().ok()?
    };
    (0..=MAX_TIMESTAMP).contains(&seconds).then_some(seconds)
}

fn faults_of_times([exp, nbf, iat]: [Option<i64>; 3], setup: Setup) -> Vec<Error> {
    let Setup { leeway, longest_life, max_age, .. } = setup;
    let now = i64::try_from(NOW).unwrap();
    let mut faults = Vec::new();
    match exp {
        None => faults.push(malformed(TokenProblem::NoExpiry)),
        Some(exp) if exp <= now - leeway => faults.push(Error::TokenExpired),
        Some(exp) if exp > now + longest_life + leeway => faults.push(Error::TokenLivesTooLong),
        Some(exp) if iat.is_some_and(|iat| exp > iat + longest_life) => {
            faults.push(Error::TokenLivesTooLong);
        }
        Some(_) => {}
    }
    if [nbf, iat].into_iter().flatten().any(|start| start > now + leeway) {
        faults.push(Error::TokenNotYetValid);
    }
    if iat.is_some_and(|iat| now - iat > max_age + leeway) {
        faults.push(Error::TokenTooOld);
    }
    faults
}

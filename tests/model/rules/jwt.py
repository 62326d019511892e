"""The documented form: RS256 JWTs (RFC 7515, 7519, 8725)."""

import hashlib
import re

from . import base_64, keys, limits, strict_json
from .strict_json import is_number, is_text
from .verdict import Refused, check

# What is read of a header and of claims, and must not stand there twice.
_HEADER = {"alg", "typ", "kid"}
_CLAIMS = {"aud", "iss", "exp", "nbf", "iat", "type", "data"}
_FORBIDDEN = {"crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c"}


class Token:
    """A token in parts; `claims` is the strictly read object, `claims_json` its bytes."""

    def __init__(self, kid, claims_json, claims, signed, signature):
        self.kid = kid
        self.claims_json = claims_json
        self.claims = claims
        self.signed = signed
        self.signature = signature


def read(text):
    """The syntax of a token: segments, header, and that the claims are an object."""
    segments = text.split(b".")
    complaints = set()
    if not re.fullmatch(rb"[A-Za-z0-9_.-]*", text):
        complaints.add("bad_token/NotBase64Url")
    if not all(segments):
        complaints.add("bad_token/NotThreeSegments")
    if len(segments[0]) > limits.JWT_HEADER:
        complaints.add("bad_token/HeaderTooLong")
    if len(segments[2]) > limits.JWT_SIGNATURE:
        complaints.add("bad_token/SignatureTooLong")
    header, claims_json, signature = map(base_64.url_safe, segments)
    if None in (header, claims_json, signature):
        complaints.add("bad_token/NotBase64Url")
    kid = _header(header, complaints) if header is not None else None
    check(complaints)
    claims = _object(claims_json, _CLAIMS)
    if claims is None:
        raise Refused("bad_token/MalformedClaims")
    return Token(kid, claims_json, claims, b".".join(segments[:2]), signature)


def _object(data, known):
    """A strictly read object in which no known member repeats, or None."""
    value, flaws = strict_json.read(data)
    if flaws - {strict_json.DUPLICATE} or not isinstance(value, dict) or known & value.repeated:
        return None
    return value


def _header(data, complaints):
    header = _object(data, _HEADER)
    if header is None:
        complaints.add("bad_token/MalformedHeader")
        return None
    if header.get("alg") != "RS256":
        complaints.add("bad_token/AlgorithmNotRs256")
    if _FORBIDDEN & header.keys():
        complaints.add("bad_token/ForbiddenHeader")
    # A media type, which is the same in any letter case (RFC 7519 section 5.1).
    if "typ" in header and not (is_text(header["typ"]) and header["typ"].upper() == "JWT"):
        complaints.add("bad_token/TypeNotJwt")
    if not keys.is_kid(header.get("kid")):
        complaints.add("bad_token/BadKid")
    if not all(is_text(header[name]) for name in _HEADER & header.keys()):
        complaints.add("bad_token/MalformedHeader")
    return header.get("kid")


def check_claims(claims, settings, now):
    """Addressee, issuer and times, by our clock; returns the times."""
    complaints = _audience(claims, settings.audiences)
    complaints |= _issuer(claims, settings.issuers)
    times = {}
    for name in ("exp", "nbf", "iat"):
        if name in claims:
            times[name] = _whole_seconds(claims[name], complaints)
    if "exp" not in times:
        complaints.add("bad_token/NoExpiry")
    complaints |= _expiry(times.get("exp"), times.get("iat"), settings, now)
    complaints |= _beginning(times.get("nbf"), times.get("iat"), settings, now)
    check(complaints)
    return times


def _whole_seconds(value, complaints):
    """A number from 1970 to the year 9999. Fractions are dropped: all limits, and our clock, are
    whole seconds."""
    if is_number(value) and value >= 0 and int(value) <= limits.LATEST_TIME:
        return int(value)
    complaints.add("bad_token/MalformedClaims")
    return None


def _audience(claims, audiences):
    """A text or an array of texts, and one of them exactly ours."""
    if "aud" not in claims:
        return {"wrong_audience"}
    found = claims["aud"]
    found = found if isinstance(found, list) else [found]
    if not all(map(is_text, found)):
        return {"bad_token/MalformedClaims", "wrong_audience"}
    return set() if set(found) & set(audiences) else {"wrong_audience"}


def _issuer(claims, issuers):
    """Looked at only if configured; then a text, and exactly one of ours."""
    if not issuers or is_text(claims.get("iss")) and claims["iss"] in issuers:
        return set()
    wrong_type = "iss" in claims and not is_text(claims["iss"])
    return {"wrong_issuer"} | ({"bad_token/MalformedClaims"} if wrong_type else set())


def _expiry(expires, issued, settings, now):
    if expires is None:
        return set()
    complaints = set()
    if now >= expires + settings.leeway:
        complaints.add("token_expired")
    if expires > now + settings.life + settings.leeway:
        complaints.add("token_lives_too_long")
    if issued is not None and expires - issued > settings.life:
        complaints.add("token_lives_too_long")
    return complaints


def _beginning(not_before, issued, settings, now):
    complaints = set()
    for time in (not_before, issued):
        if time is not None and time > now + settings.leeway:
            complaints.add("token_not_yet_valid")
    if issued is not None and now - issued > settings.age + settings.leeway:
        complaints.add("token_too_old")
    return complaints


_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def rsa_verifies(modulus, signed, signature):
    """RSASSA-PKCS1-v1_5 with SHA-256 and the exponent 65537 (RFC 8017 section 8.2.2)."""
    size = (modulus.bit_length() + 7) // 8
    number = int.from_bytes(signature, "big")
    if len(signature) != size or number >= modulus:
        return False
    info = _SHA256_INFO + hashlib.sha256(signed).digest()
    expected = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return pow(number, 65537, modulus).to_bytes(size, "big") == expected

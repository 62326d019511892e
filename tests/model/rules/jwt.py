"""The documented form: RS256 JWTs (RFC 7515, 7519, 8725)."""

import hashlib
import re

from . import base_64, keys, limits, strict_json
from .strict_json import is_number, is_text
from .verdict import Refused, check

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
    claims, flaws = strict_json.read(claims_json)
    if flaws or not isinstance(claims, dict):
        raise Refused("bad_token/MalformedClaims")
    return Token(kid, claims_json, claims, b".".join(segments[:2]), signature)


def _header(data, complaints):
    header, flaws = strict_json.read(data)
    if flaws or not isinstance(header, dict):
        complaints.add("bad_token/MalformedHeader")
    if not isinstance(header, dict):
        return None
    if header.get("alg") != "RS256":
        complaints.add("bad_token/AlgorithmNotRs256")
    if _FORBIDDEN & header.keys():
        complaints.add("bad_token/ForbiddenHeader")
    if "typ" in header and header["typ"] != "JWT":
        complaints.add("bad_token/TypeNotJwt")
    if not keys.is_kid(header.get("kid")):
        complaints.add("bad_token/BadKid")
    return header.get("kid")


def check_claims(claims, settings, now):
    """Addressee, issuer and times, by our clock."""
    complaints = set()
    complaints |= _audience(claims, settings.audiences)
    complaints |= _issuer(claims, settings.issuers)
    times = {name: claims[name] for name in ("exp", "nbf", "iat") if name in claims}
    for value in times.values():
        if not is_number(value) or not 0 <= value <= limits.LATEST_TIME:
            complaints.add("bad_token/MalformedClaims")
    if "exp" not in times:
        complaints.add("bad_token/NoExpiry")
    times = {name: value for name, value in times.items() if is_number(value)}
    if "exp" in times:
        complaints |= _expiry(times["exp"], times.get("iat"), settings, now)
    if times.get("nbf", 0) > now + settings.leeway:
        complaints.add("token_not_yet_valid")
    if "iat" in times:
        complaints |= _issued(times["iat"], settings, now)
    check(complaints)


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
    complaints = set()
    if now >= expires + settings.leeway:
        complaints.add("token_expired")
    if expires > now + settings.life + settings.leeway:
        complaints.add("token_lives_too_long")
    if issued is not None and expires - issued > settings.life:
        complaints.add("token_lives_too_long")
    return complaints


def _issued(issued, settings, now):
    if issued > now + settings.leeway:
        return {"token_not_yet_valid"}
    return {"token_too_old"} if now - issued > settings.age + settings.leeway else set()


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

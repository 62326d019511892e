"""Dynamic webhooks: JWTs as documented, Ed25519 signatures as observed."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from . import base_64, events, headers, jwt, limits, strict_json
from .verdict import Refused, check


class Settings:
    """What a dynamic verifier is set up with, and the keys in hand."""

    def __init__(self, key_set, window, max_body):
        self.keys = key_set
        self.window = window
        self.max_body = max_body
        self.audiences = []
        self.issuers = []
        self.leeway = 60
        self.life = 24 * 3600
        self.age = 300
        self.binding = None
        self.accept_unsigned_body = False


def verify(settings, request):
    """The fields of the delivery, or `Refused`."""
    check({"body_too_large"} if len(request.body) > settings.max_body else set())
    values, complaints = headers.find(request.headers)
    check(complaints)
    check(headers.replay(values["Timestamp"], request.now, settings.window))
    if headers.is_jwt(values["Signature"]):
        return _jwt(settings, request, values) | headers.told(values)
    return _ed25519(settings, request, values)


def _ed25519(settings, request, values):
    signatures = _v1a(settings, values["Signature"])
    signed = b".".join([values["Id"], values["Timestamp"], request.body])
    keys = settings.keys.ed25519
    if not keys:
        raise Refused("signature_mismatch", "unknown_key", "keys_unreachable")
    if not any(ed25519_verifies(key, signed, each) for key in keys for each in signatures):
        raise Refused("signature_mismatch")
    value, flaws = strict_json.read(request.body)
    settings.binding.check(events.envelope(value, flaws))
    return {
        "scheme": "v1a",
        "auth": "signed",
        **headers.told(values),
        "raw": len(request.body),
        **events.of_value(value, flaws),
    }


def _v1a(settings, signature):
    """The well-formed signatures of a list: `v1a,` and the canonical base64 of 64 bytes."""
    entries, complaints = headers.entries(signature)
    texts = headers.of_version(entries, b"v1a")
    found = [each for each in map(base_64.standard, texts) if each is not None and len(each) == 64]
    if not texts:
        saw = "v1" if "v1" in headers.schemes(entries) else "unknown"
        complaints.add(f"scheme_not_configured/{saw}")
    elif settings.binding is None:
        complaints.add("scheme_not_configured/v1a")
    elif not found:
        complaints.add("bad_header/Signature/NoWellFormedEntry")
    if len(texts) > limits.ENTRIES_V1A:
        complaints.add("bad_header/Signature/TooManyEntries")
    check(complaints)
    return found


def ed25519_verifies(key, signed, signature):
    """RFC 8032 section 5.1.7, with S below the order."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _jwt(settings, request, values):
    if not settings.audiences:
        raise Refused("scheme_not_configured/jwt")
    token = jwt.read(values["Signature"])
    times = jwt.check_claims(token.claims, settings, request.now)
    modulus = settings.keys.rsa.get(token.kid)
    if modulus is None:
        raise Refused("unknown_key")
    if not jwt.rsa_verifies(modulus, token.signed, token.signature):
        raise Refused("signature_mismatch")
    delivery = {"scheme": "jwt", "by": token.kid, "times": [times["exp"], times.get("iat")]}
    if "type" in token.claims and "data" in token.claims:
        return delivery | _event_in_claims(settings, request, token)
    return delivery | _event_in_body(settings, request)


def _event_in_claims(settings, request, token):
    """The event comes from the claims, and a body that says otherwise is refused."""
    flaws = token.claims.flaws
    _bind(settings, events.envelope(token.claims, flaws))
    if _says_otherwise(request.body, events.envelope(token.claims, flaws)):
        raise Refused("body_differs")
    raw = len(token.claims_json)
    return {"auth": "claims", "raw": raw} | events.of_value(token.claims, flaws)


def _event_in_body(settings, request):
    """The body is not signed: a bearer's word, and what only it says binds nothing."""
    complaints = set() if settings.accept_unsigned_body else {"body_not_signed"}
    try:
        _bind(settings, None)
    except Refused as refused:
        complaints |= refused.complaints
    check(complaints)
    return {"auth": "unsigned", "raw": len(request.body)} | events.of_body(request.body)


def _bind(settings, envelope):
    if settings.binding is not None:
        settings.binding.check(envelope)


def _says_otherwise(body, claims):
    """Whether the body is an event too, and not the one of the claims (None if unreadable).

    An event is an object: what does not begin like one is none. What cannot be read of an object
    cannot be compared, and what is not UTF-8 cannot be read at all; a zero in front may be the first
    half of a brace in another encoding.
    """
    value, flaws = strict_json.read(body)
    if strict_json.NOT_UTF8 in flaws:
        return True
    text = body.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\n\x0c\r")
    if not text.startswith(b"{") and not body.startswith(b"\0"):
        return False
    if flaws:
        return True
    return events.is_envelope(value) and (claims is None or not events.same(claims, value))

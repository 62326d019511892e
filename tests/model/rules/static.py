"""Static webhooks: HMAC-SHA256 with shared secrets."""

import hashlib
import hmac

from . import base_64, events, headers
from .verdict import AnyOf, Refused, check


class Settings:
    """What a static verifier is set up with: keys as (bytes, label, retire_at)."""

    def __init__(self, keys, window, max_body):
        self.keys = keys
        self.window = window
        self.max_body = max_body


def verify(settings, request):
    """The fields of the delivery, or `Refused`."""
    check({"body_too_large"} if len(request.body) > settings.max_body else set())
    values, complaints = headers.find(request.headers)
    check(complaints)
    check(headers.replay(values["Timestamp"], request.now, settings.window))
    macs = _scheme(values["Signature"])
    matched = _matching_secrets(settings, request, values, macs)
    return {
        "scheme": "static",
        "by": AnyOf(matched),
        "auth": "signed",
        **headers.told(values),
        "raw": len(request.body),
        **events.of_body(request.body),
    }


# Characters of 32 bytes in padded base64.
_CHARACTERS = 44


def _scheme(signature):
    """The MACs of a list: `v1,` and base64 of 32 bytes, in the only spelling that can match.

    The texts allow to compare the 44 characters, so that another spelling is as good as a wrong
    MAC.
    """
    if headers.is_jwt(signature):
        raise Refused("scheme_not_configured/jwt")
    entries, complaints = headers.entries(signature)
    texts = headers.of_version(entries, b"v1")
    macs = [mac for mac in map(base_64.standard, texts) if mac is not None and len(mac) == 32]
    if not texts:
        saw = "v1a" if "v1a" in headers.schemes(entries) else "unknown"
        complaints.add(f"scheme_not_configured/{saw}")
    elif not any(len(text) == _CHARACTERS for text in texts):
        complaints.add("bad_header/Signature/NoWellFormedEntry")
    check(complaints)
    return macs


def _matching_secrets(settings, request, values, macs):
    """Any secret that is not retired may match any entry."""
    active = [
        (position, label, key)
        for position, (key, label, retire_at) in enumerate(settings.keys, 1)
        if retire_at is None or request.now < retire_at
    ]
    if not active:
        raise Refused("no_active_secret")
    signed = b".".join([values["Id"], values["Timestamp"], request.body])
    matched = [
        f"{position}/{label or ''}"
        for position, label, key in active
        if hmac.new(key, signed, hashlib.sha256).digest() in macs
    ]
    if not matched:
        raise Refused(
            "signature_mismatch", *(["bad_header/Signature/NoWellFormedEntry"] if not macs else [])
        )
    return matched

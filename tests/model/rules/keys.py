"""The key document (RFC 7517): each key on its own, and none spoils the set."""

import re
from collections import Counter

from . import base_64, curve, limits, strict_json
from .strict_json import is_text

RSA, ED25519 = "RSA", "OKP"
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_ALGORITHMS = {RSA: {"RS256"}, ED25519: {"EdDSA", "Ed25519"}}


class KeySet:
    """RSA moduli by kid, Ed25519 keys, and the complaints about each key that is not taken."""

    def __init__(self):
        self.rsa = {}
        self.ed25519 = []
        self.skipped = {}


def read(document):
    """The key set, or the name of what is wrong with the document as a whole."""
    if len(document) > limits.KEY_DOCUMENT:
        return "TooLarge"
    # Whatever else stands in the document is not ours; each key is read strictly by itself.
    value, flaws = strict_json.read(document)
    if strict_json.NOT_UTF8 in flaws or not isinstance(value, dict) or "keys" in value.repeated:
        return "NotAKeySet"
    if not isinstance(value.get("keys"), list):
        return "NotAKeySet"
    keys = KeySet()
    usable = []
    if len(value["keys"]) > limits.KEYS_READ:
        keys.skipped[limits.KEYS_READ] = {"TooManyKeys"}
    for index, key in enumerate(value["keys"][: limits.KEYS_READ]):
        complaints = _complaints(key)
        if complaints:
            keys.skipped[index] = complaints
        else:
            usable.append((index, key))
    _choose_rsa(keys, [(index, key) for index, key in usable if key["kty"] == RSA])
    _choose_ed25519(keys, [(index, key) for index, key in usable if key["kty"] == ED25519])
    return keys


def _choose_rsa(keys, usable):
    """By kid, which must name one key alone; the same key twice is one. What is over the limit is
    not looked at."""
    chosen = {}
    for index, key in usable:
        name = key["kid"], key["n"]
        if name not in chosen and len(chosen) == limits.RSA_KEYS:
            keys.skipped[index] = {"TooManyKeys"}
        else:
            chosen.setdefault(name, index)
    for (kid, modulus), index in chosen.items():
        if sum(kid == other for other, _ in chosen) > 1:
            keys.skipped[index] = {"AmbiguousKid"}
        else:
            keys.rsa[kid] = int.from_bytes(base_64.url_safe(modulus.encode()), "big")


def _choose_ed25519(keys, usable):
    """In the order of the document; the same key twice is one."""
    for index, key in usable:
        point = base_64.url_safe(key["x"].encode())
        if point in keys.ed25519:
            continue
        if len(keys.ed25519) == limits.ED25519_KEYS:
            keys.skipped[index] = {"TooManyKeys"}
        else:
            keys.ed25519.append(point)


def _complaints(key):
    if not isinstance(key, dict):
        return {"Malformed"}
    complaints = {"Malformed"} if key.flaws else set()
    if key.get("kty") == RSA:
        complaints |= _rsa(key)
    elif key.get("kty") == ED25519 and key.get("crv") == "Ed25519":
        complaints |= _ed25519(key)
    else:
        return complaints | {"UnknownKeyType"}
    if any(name in key for name in _PRIVATE):
        complaints.add("PrivateKey")
    if "alg" in key and not _is_one_of(key["alg"], _ALGORITHMS[key["kty"]]):
        complaints.add("AlgorithmMismatch")
    if "use" in key and key["use"] != "sig" or "key_ops" in key and not _verifies(key["key_ops"]):
        complaints.add("NotForSignatures")
    return complaints


def _is_one_of(value, allowed):
    return is_text(value) and value in allowed


def _verifies(key_ops):
    """Contains `verify`, and no operation twice."""
    if not isinstance(key_ops, list) or not all(map(is_text, key_ops)):
        return False
    return "verify" in key_ops and max(Counter(key_ops).values()) == 1


def _rsa(key):
    complaints = set()
    if not is_kid(key.get("kid")):
        complaints.add("BadKid")
    modulus, exponent = _integer(key.get("n")), _integer(key.get("e"))
    if exponent is None:
        complaints |= {"MalformedNumber", "BadExponent"}
    elif exponent != 65537:
        complaints.add("BadExponent")
    if modulus is None:
        return complaints | {"MalformedNumber"}
    if modulus.bit_length() < limits.RSA_BITS[0]:
        complaints.add("TooSmall")
    if modulus.bit_length() > limits.RSA_BITS[-1]:
        complaints.add("TooLarge")
    if modulus % 2 == 0:
        complaints |= {"MalformedNumber", "NoBackend"}
    return complaints


def is_kid(kid):
    """Visible ASCII, 1 to 256 bytes."""
    return is_text(kid) and re.fullmatch("[!-~]+", kid) and len(kid) in limits.KID_BYTES


def _integer(text):
    """A positive number in canonical base64url, without leading zeros."""
    data = base_64.url_safe(text.encode(errors="replace")) if is_text(text) else None
    return int.from_bytes(data, "big") if data and data[0] != 0 else None


def _ed25519(key):
    x = key.get("x")
    point = base_64.url_safe(x.encode(errors="replace")) if is_text(x) else None
    if point is None or len(point) != 32:
        return {"MalformedNumber"}
    # What is no point at all verifies nothing; the texts do not ask to look for it.
    return {"WeakKey"} if curve.is_weak(point) else set()

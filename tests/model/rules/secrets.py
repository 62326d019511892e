"""Secrets as text: `whsec_` and canonical base64."""

import re

from . import base_64, limits


def read(text, odd_length):
    """The key, or None; and everything that is wrong with the text."""
    problems = set()
    rest = text.removeprefix("whsec_")
    if not rest:
        return None, {"Empty"}
    if text.startswith("v1,"):
        problems.add("SignaturePrefix")
    if re.search("[\"'`]", text):
        problems.add("Quoted")
    if re.search(r"\s", text):
        problems.add("WhiteSpace")
    if re.match("(?i)whsec_", rest):
        problems.add("OddPrefix")
    if text.startswith("whsk_"):
        problems.add("PrivateKey")
    if text.startswith("whpk_"):
        problems.add("PublicKey")
    if re.search("[-_]", rest):
        problems.add("UrlSafeBase64")
    if not re.fullmatch("[A-Za-z0-9+/=]*", rest):
        problems.add("NotBase64")
    key = base_64.standard(rest.encode())
    if key is None:
        # So many characters are too long, whatever they would stand for.
        longest = limits.ODD_SECRET_BYTES[-1] if odd_length else limits.SECRET_BYTES[-1]
        if len(rest) > -(-longest // 3) * 4:
            problems.add("TooLong")
        return None, problems | {"NotCanonical"}
    return key, problems | length(key, odd_length)


def length(key, odd_length):
    """What is wrong with the length of a key."""
    allowed = limits.ODD_SECRET_BYTES if odd_length else limits.SECRET_BYTES
    if not key:
        return {"Empty", "TooShort"}
    if len(key) < allowed[0]:
        return {"TooShort"}
    return {"TooLong"} if len(key) > allowed[-1] else set()

"""Base64 in exactly one spelling: no spare bits, no odd padding, no other alphabet."""

import base64
import binascii


def standard(text):
    """The bytes of padded standard base64, or None."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data) == text else None


def url_safe(text):
    """The bytes of unpadded URL-safe base64, or None."""
    if b"=" in text:
        return None
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.urlsafe_b64encode(data).rstrip(b"=") == text else None

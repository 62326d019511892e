"""What a verifier can be set up with: misconfiguration fails before the first request."""

import base64

from . import binding, dynamic, keys, limits, secrets, static
from .verdict import check

FIVE_MINUTES = (300, 300)
ONE_MEBIBYTE = 1024 * 1024


def set_up(config):
    """The settings of the static and of the dynamic verifier (None where there is none), or
    `Refused`."""
    complaints = set()
    static_part, dynamic_part = config.get("static"), config.get("dynamic")
    static_settings = _static(static_part, complaints) if static_part else None
    dynamic_settings = _dynamic(dynamic_part, complaints) if dynamic_part else None
    check(complaints)
    return static_settings, dynamic_settings


def _static(part, complaints):
    found = []
    for secret in part["secrets"]:
        key, problems = _secret(secret)
        complaints |= {f"config/InvalidSecret/{problem}" for problem in problems}
        found.append((key, secret.get("label"), secret.get("retire_at")))
    if not found:
        complaints.add("config/NoSecret")
    if len(found) > limits.SECRETS:
        complaints.add("config/TooManySecrets")
    return static.Settings(found, *_common(part, complaints))


def _secret(secret):
    odd_length = secret.get("odd", False)
    if "raw" in secret:
        key = base64.b64decode(secret["raw"])
        return key, secrets.length(key, odd_length)
    return secrets.read(secret["text"], odd_length)


def _common(part, complaints):
    window = part.get("window") or FIVE_MINUTES
    if not all(seconds in limits.WINDOW_SECONDS for seconds in window):
        complaints.add("config/ReplayWindowOutOfRange")
    max_body = part.get("max_body") or ONE_MEBIBYTE
    if max_body not in limits.BODY_BYTES:
        complaints.add("config/MaxBodyOutOfRange")
    return window, max_body


def _dynamic(part, complaints):
    key_set = keys.read(base64.b64decode(part["keys"]))
    if isinstance(key_set, str):
        complaints.add(f"config/keys/{key_set}")
    settings = dynamic.Settings(key_set, *_common(part, complaints))
    settings.audiences = part["audiences"]
    settings.issuers = part["issuers"]
    settings.accept_unsigned_body = part["unsigned"]
    for name in ("leeway", "life", "age"):
        if part.get(name) is not None:
            setattr(settings, name, part[name])
    settings.binding = _binding(part.get("binding"), complaints)
    if not settings.audiences and settings.binding is None:
        complaints.add("config/NoAudienceAndNoBinding")
    if not settings.audiences and (settings.issuers or settings.accept_unsigned_body):
        complaints.add("config/NoAudienceForJwts")
    for names in (settings.audiences, settings.issuers):
        if len(names) > limits.AUDIENCES or "" in names:
            complaints.add("config/BadAudience")
    times = (limits.LEEWAY_SECONDS, limits.LIFE_SECONDS, limits.AGE_SECONDS)
    chosen = (settings.leeway, settings.life, settings.age)
    if not all(seconds in allowed for seconds, allowed in zip(chosen, times)):
        complaints.add("config/TokenTimesOutOfRange")
    return settings


def _binding(part, complaints):
    if part is None:
        return None
    if "tokens" in part:
        tokens = [token.encode() for token in part["tokens"]]
        lengths_fit = all(len(token) >= limits.BINDING_TOKEN_BYTES for token in tokens)
        if len(tokens) not in limits.BINDING_TOKENS or not lengths_fit:
            complaints.add("config/BindingToken")
        return binding.Token(part["member"], tokens)
    if "ours" in part:
        return binding.Job(part["ours"], part["not_ours"])
    return binding.AnyTenant()

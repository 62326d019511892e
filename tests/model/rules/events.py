"""The envelope and the catalogue: what an authentic body tells."""

import re
from datetime import datetime, timedelta, timezone

from . import strict_json
from .strict_json import is_integer, is_text
from .verdict import AnyOf

# The documented members of `data`: those that must be there, and those that may.
TEXT, CODE = "text", "code"
_JOB = {"id": TEXT}, {}
_FAILURE = {"id": TEXT}, {"error_code": CODE, "error_message": TEXT}
CATALOGUE = {
    "batch.succeeded": ({"id": TEXT}, {"output_file_uri": TEXT}),
    "batch.cancelled": _JOB,
    "batch.expired": _JOB,
    "batch.failed": _FAILURE,
    "interaction.requires_action": _JOB,
    "interaction.completed": _JOB,
    "interaction.failed": _FAILURE,
    "interaction.cancelled": _JOB,
    "video.generated": (
        {},
        {"id": TEXT, "output_file_uri": TEXT, "file_name": TEXT, "video_uri": TEXT},
    ),
}

# Of a time that the texts leave open.
OPEN = AnyOf()


def of_body(body):
    """The fields of the event in a body; what cannot be read is an event all the same."""
    value, flaws = strict_json.read(body)
    return of_value(value, flaws)


def of_value(value, flaws):
    if not flaws and not is_envelope(value):
        flaws = {"NotAnEnvelope"}
    elif flaws and value is not None and not is_envelope(value):
        flaws = flaws | {"NotAnEnvelope"}
    if flaws:
        return {"event": AnyOf(f"unreadable/{flaw}" for flaw in flaws)}
    kind, payload = event_of(value)
    return {
        "event": kind,
        "type": value["type"],
        "payload": payload,
        "job": job_id(value),
        "version": value.get("version") if is_text(value.get("version")) else None,
        "time": time(value.get("timestamp")),
        "user_metadata": user_metadata(value),
    }


def is_envelope(value):
    """An object with a type."""
    return isinstance(value, dict) and is_text(value.get("type"))


def event_of(envelope):
    """The kind of event, and what it tells beside its type."""
    data = envelope.get("data")
    if envelope["type"] not in CATALOGUE:
        return "unknown", data
    required, optional = CATALOGUE[envelope["type"]]
    if not isinstance(data, dict):
        return "unreadable/DataDoesNotFit", None
    payload = {}
    for name, kind in (required | optional).items():
        value = data.get(name)
        fits = is_text(value) or kind == CODE and is_integer(value) and -(2**63) <= value < 2**63
        absent = value is None and name in optional
        if not fits and not absent:
            return "unreadable/DataDoesNotFit", None
        payload[name] = value
    return envelope["type"], payload


def job_id(envelope):
    """`data.id`, whatever the type."""
    data = envelope.get("data")
    found = data.get("id") if isinstance(data, dict) else None
    return found if is_text(found) else None


def user_metadata(envelope):
    """At the top level, else inside `data`."""
    data = envelope.get("data")
    inside = data.get("user_metadata") if isinstance(data, dict) else None
    top = envelope.get("user_metadata")
    return top if top is not None else inside


_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,9}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def time(text):
    """Nanoseconds since 1970 of an RFC 3339 time, or None; open for leap seconds."""
    match = _RFC3339.fullmatch(text) if is_text(text) else None
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset_hours, offset_minutes = int(offset_hours or 0), int(offset_minutes or 0)
    if offset_hours > 23 or offset_minutes > 59 or hour > 23 or minute > 59:
        return None
    if second == 60:
        return OPEN
    days = _days(year, month, day)
    if days is None or second > 59:
        return None
    offset = (offset_hours * 60 + offset_minutes) * (-1 if sign == "-" else 1)
    seconds = days * 86400 + hour * 3600 + (minute - offset) * 60 + second
    return str(seconds * 10**9 + int((fraction or "0").ljust(9, "0")))


def _days(year, month, day):
    """Days since 1970; the calendar repeats after 400 years, and Python knows no year 0."""
    try:
        date = datetime(year + 400, month, day, tzinfo=timezone.utc)
    except ValueError:
        if year < 9600:
            return None
        try:
            date = datetime(year - 400, month, day, tzinfo=timezone.utc)
        except ValueError:
            return None
        return (date - datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(days=146097)).days
    return (date - datetime(1970, 1, 1, tzinfo=timezone.utc) - timedelta(days=146097)).days

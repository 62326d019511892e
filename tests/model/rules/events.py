"""The envelope and the catalogue: what an authentic body tells."""

import re

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


def envelope(value, flaws):
    """The envelope, if it could be read."""
    return value if not flaws and is_envelope(value) else None


def same(one, other):
    """Whether two envelopes speak of one event; what one of them leaves out is no contradiction."""
    if one["type"] != other["type"] or not strict_json.same(_told(one), _told(other)):
        return False
    for name in ("timestamp", "version", "user_metadata"):
        if name in one and name in other and not strict_json.same(*_comparable(name, one, other)):
            return False
    return True


def _told(envelope):
    """What `data` says: of documented members, one that is null is one that is absent."""
    kind, payload = event_of(envelope)
    if kind not in CATALOGUE:
        return {"data": envelope.get("data")}
    rest = {name: value for name, value in envelope["data"].items() if name not in payload}
    return {"payload": payload, "rest": rest}


def _comparable(name, one, other):
    """Two values of a member; times as such, where both are times."""
    values = one[name], other[name]
    times = tuple(map(time, values))
    return times if name == "timestamp" and None not in times else values


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


# With the space that section 5.6 allows in a note.
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def time(text):
    """Whole nanoseconds since 1970 of an RFC 3339 time, or None; open for leap seconds."""
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
    return str(seconds * 10**9 + int((fraction or "0").ljust(9, "0")[:9]))


_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def _days(year, month, day):
    """Days since 1970 in the Gregorian calendar, from the year 0 on; None for no day of it."""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= month <= 12 or not 1 <= day <= _MONTHS[month - 1] + (leap and month == 2):
        return None
    years = year - 1
    days = 365 * years + years // 4 - years // 100 + years // 400
    return days + sum(_MONTHS[: month - 1]) + (leap and month > 2) + day - 1 - 719162

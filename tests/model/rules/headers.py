"""The three headers, the replay window, and the two forms of a signature."""

import re

from . import limits

NAMES = {b"webhook-id": "Id", b"webhook-timestamp": "Timestamp", b"webhook-signature": "Signature"}


def find(pairs):
    """The values of the three headers, and what is to complain about them."""
    values, complaints = {}, set()
    for name, title in NAMES.items():
        found = [value for key, value in pairs if key.encode().lower() == name]
        if len(found) > 1:
            complaints.add(f"bad_header/{title}/Repeated")
        elif found in ([], [b""]):
            complaints.add(f"missing_header/{title}")
        else:
            values[title] = found[0]
    complaints |= _id(values.get("Id", b"x"))
    complaints |= _timestamp(values.get("Timestamp", b"1"))
    complaints |= _signature(values.get("Signature", b"x"))
    return values, complaints


def _id(value):
    complaints = set()
    if len(value) > limits.HEADER_ID:
        complaints.add("bad_header/Id/TooLong")
    if not re.fullmatch(rb"[!-~]+", value):
        complaints.add("bad_header/Id/NotVisibleAscii")
    if b"." in value:
        complaints.add("bad_header/Id/ContainsDot")
    return complaints


def _signature(value):
    complaints = set()
    if len(value) > limits.HEADER_SIGNATURE:
        complaints.add("bad_header/Signature/TooLong")
    if not re.fullmatch(rb"[ -~]+", value):
        complaints.add("bad_header/Signature/NotVisibleAscii")
    return complaints


def _timestamp(value):
    if re.fullmatch(rb"[1-9][0-9]{0,11}", value) and int(value) <= limits.LATEST_TIME:
        return set()
    complaints = {"bad_header/Timestamp/NotUnixSeconds"}
    if len(value) > limits.HEADER_TIMESTAMP:
        complaints.add("bad_header/Timestamp/TooLong")
    if not re.fullmatch(rb"[!-~]+", value):
        complaints.add("bad_header/Timestamp/NotVisibleAscii")
    return complaints


def replay(timestamp, now, window):
    """What is to complain about the time at which a request was sent; `now` in whole seconds."""
    age = now - int(timestamp)
    past, future = window
    if age > past:
        return {f"timestamp_too_old/{age}/{past}"}
    if -age > future:
        return {f"timestamp_too_new/{-age}/{future}"}
    return set()


def told(values):
    """What a delivery says of its headers."""
    return {"id": values["Id"].decode(), "sent_at": int(values["Timestamp"])}


def is_jwt(signature):
    """No comma and two dots."""
    return b"," not in signature and signature.count(b".") == 2


def entries(signature):
    """The entries of a list, and what is to complain about the list as a whole."""
    complaints = set()
    if len(signature) > limits.SIGNATURE_LIST:
        complaints.add("bad_header/Signature/TooLong")
    all_entries = signature.split(b" ")
    if len(all_entries) > limits.ENTRIES:
        complaints.add("bad_header/Signature/TooManyEntries")
    return all_entries, complaints


def of_version(all_entries, version):
    """What stands behind `version,` in each entry that has it."""
    prefix = version + b","
    return [entry.removeprefix(prefix) for entry in all_entries if entry.startswith(prefix)]


def schemes(all_entries):
    """The versions of a list that are known."""
    return {version.decode() for version in (b"v1", b"v1a") if of_version(all_entries, version)}

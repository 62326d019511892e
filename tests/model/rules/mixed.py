"""One endpoint for both kinds: the syntax of the header decides."""

from . import dynamic, headers, static
from .verdict import Refused


def verify(static_settings, dynamic_settings, request):
    """The fields of the delivery, or `Refused`."""
    one = _outcome(static.verify, static_settings, request)
    other = _outcome(dynamic.verify, dynamic_settings, request)
    values, complaints = headers.find(request.headers)
    if complaints:
        return _refuse(one, other)
    if headers.is_jwt(values["Signature"]):
        return _settle(other)
    entries, complaints = headers.entries(values["Signature"])
    schemes = headers.schemes(entries)
    if complaints:
        return _refuse(one, other)
    if schemes == {"v1"}:
        return _settle(one)
    if schemes == {"v1a"}:
        return _settle(other)
    if not schemes:
        return _refuse(one, other)
    if not isinstance(one, Refused):
        return one
    return _settle(other)


def _outcome(verify, settings, request):
    try:
        return verify(settings, request)
    except Refused as refused:
        return refused


def _settle(outcome):
    if isinstance(outcome, Refused):
        raise outcome
    return outcome


def _refuse(one, other):
    raise Refused(*one.complaints, *other.complaints)

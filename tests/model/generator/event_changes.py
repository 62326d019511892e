"""Changes of an event: of its members, and of the text."""

from . import mutate
from .json_text import Pairs, Raw

_ODD_VALUES = [
    None, True, False, 0, 1, -1, 1.5, "", "x", [], {}, [[]], ["id"], {"id": "x"}, {"id": None},
    Raw("-0"), Raw("1.0"), Raw("1e2"), Raw("1E400"), Raw("-1e999"), Raw("1e-999"), Raw("1" * 400),
    Raw("0." + "3" * 50), Raw("1.7976931348623157e308"), Raw("1.7976931348623159e308"), 2**53 + 1,
    2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**30, Raw(r'"\ud800"'),
    Raw(r'"\udc00\ud800"'), Raw(r'"\ud83d\ude00"'), Raw(r'"\u0000"'), Raw(r'"\uD83Dx"'),
    Raw(r'{"\ud800":1}'), Raw(r'{"a":1,"a":1}'), Raw(r'{"a":1,"\u0061":2}'),
    Raw(r'[{"b":{},"b":{}}]'), Raw('"\t"'), Raw("01"), Raw("+1"), Raw("1."), Raw(".5"), Raw("0x1"),
    Raw("NaN"), Raw("Infinity"), Raw("'x'"), Raw("nul"), Raw("[1,]"), Raw('{"a":1,}'),
    Raw("undefined"), Raw("/*x*/1"), Raw(""), {"$serde_json::private::Number": "12"}, "\u2028",
    "\ufeff", "é", "e\u0301", "🚀", "x" * 3000,
]

_TIMES = [
    "2026-01-22T12:00:00Z", "2026-01-22T12:00:00z", "2026-01-22t12:00:00Z", "2026-01-22 12:00:00Z",
    "2026-01-22T12:00:00", "2026-01-22T12:00Z", "2026-01-22", "2026-1-22T12:00:00Z",
    "2026-01-22T12:00:00.Z", "2026-01-22T12:00:00,5Z", "2026-01-22T12:00:00.5Z",
    "2026-01-22T12:00:00.123456789Z", "2026-01-22T12:00:00.1234567890Z", "2026-01-22T12:00:00.000Z",
    "2026-01-22T12:00:00+01:00", "2026-01-22T12:00:00-00:00", "2026-01-22T12:00:00+23:59",
    "2026-01-22T12:00:00+24:00", "2026-01-22T12:00:00+01:60", "2026-01-22T12:00:00+0100",
    "2026-01-22T12:00:00+01", "2026-01-22T24:00:00Z", "2026-01-22T23:60:00Z",
    "2026-01-22T23:59:60Z", "2016-12-31T23:59:60Z", "2016-12-31T23:59:61Z", "2026-02-29T00:00:00Z",
    "2024-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999-23:59",
    "10000-01-01T00:00:00Z", "+2026-01-22T12:00:00Z", "-2026-01-22T12:00:00Z",
    " 2026-01-22T12:00:00Z", "2026-01-22T12:00:00Z ", "2026-01-22T12:00:00Z\n",
    "２026-01-22T12:00:00Z", "Thu, 22 Jan 2026 12:00:00 GMT", "1769083200", "",
    "2026-W04-4T12:00:00Z", "2026-022T12:00:00Z", "2026-01-22T12:00:00.5", "2026-01-22T12:00:00 Z",
    "1969-12-31T23:59:59.5Z", "1970-01-01T00:00:00.000000001Z", "2026-01-22T12:00:00−01:00",
]


def mutated(rng, value):
    """The same with some changes of its members; may be no event any more."""
    for change in mutate.pick(rng, _CHANGES, 1, 2):
        value = change(rng, value)
    return value


def damaged(rng, text):
    """The same text with some changes of its bytes."""
    return rng.choice(_DAMAGES)(rng, text)


def _members(value):
    return value if isinstance(value, Pairs) else Pairs(value.items())


def _inside(rng, value):
    """The object itself, or `data`, as pairs that may be changed; puts it back."""
    if not isinstance(value, dict) or rng.random() < 0.5 or not isinstance(value.get("data"), dict):
        return None
    return Pairs(value["data"].items())


def _somewhere(change):
    """A change of the members of the event or of its data."""

    def apply(rng, value):
        inner = _inside(rng, value)
        if inner is None:
            return change(rng, _members(value)) if isinstance(value, (dict, Pairs)) else value
        return {**value, "data": change(rng, inner)}

    return apply


@_somewhere
def _drop(rng, members):
    if members:
        members.pop(rng.randrange(len(members)))
    return members


@_somewhere
def _odd_value(rng, members):
    if members:
        at = rng.randrange(len(members))
        members[at] = (members[at][0], rng.choice(_ODD_VALUES))
    return members


@_somewhere
def _more_members(rng, members):
    name = rng.choice(
        ["region", "Type", "DATA", "id ", "", "größe", "x" * 300, "aud", "exp", "video_uri"]
    )
    members.insert(rng.randrange(len(members) + 1), (name, rng.choice(_ODD_VALUES)))
    return members


@_somewhere
def _twice(rng, members):
    if members:
        name, value = rng.choice(members)
        spelt = Raw('"' + "".join(f"\\u{ord(char):04x}" for char in name) + '"')
        name = spelt if isinstance(name, str) and rng.random() < 0.3 and name.isascii() else name
        value = value if rng.random() < 0.5 else rng.choice(_ODD_VALUES)
        members.insert(rng.randrange(len(members) + 1), (name, value))
    return members


@_somewhere
def _rename(rng, members):
    if members:
        at = rng.randrange(len(members))
        name = members[at][0]
        name = rng.choice(
            [name.upper(), name.title(), name + " ", name + "\0", name[:-1], " " + name]
        )
        members[at] = (name, members[at][1])
    return members


@_somewhere
def _deep(rng, members):
    around = rng.choice([60, 61, 62, 63, 64, 65, 127, 128, 129, 1000, 5000])
    levels = around + rng.randrange(3)
    shape = rng.choice([("[", "]"), ('{"a":', "}"), ("[[", "]]"), ('[{"a":', "}]")])
    depth = levels // (2 if len(shape[1]) == 2 else 1)
    core = rng.choice(["", "1", "[]", "{}"]) if shape[0][-1] == "[" else "1"
    members.append(("deep", Raw(shape[0] * depth + core + shape[1] * depth)))
    return members


def _odd_time(rng, value):
    if isinstance(value, dict) and "timestamp" in value:
        return {**value, "timestamp": rng.choice(_TIMES)}
    return value


def _odd_code(rng, value):
    if isinstance(value, dict) and isinstance(value.get("data"), dict):
        kind = rng.choice(["batch.failed", "interaction.failed"])
        return {
            **value,
            "type": kind,
            "data": {**value["data"], "error_code": rng.choice(_ODD_VALUES)},
        }
    return value


def _metadata(rng, value):
    if isinstance(value, dict):
        value = {**value, "user_metadata": rng.choice(_ODD_VALUES + [{"token": "x"}])}
        if rng.random() < 0.5 and isinstance(value.get("data"), dict):
            value["data"] = {**value["data"], "user_metadata": {"job_group": "nightly"}}
    return value


def _no_object(rng, value):
    return rng.choice([[value], [], "text", 1, None, True, {}, {"event": value}, [value, value]])


_CHANGES = [
    _drop, _odd_value, _odd_value, _more_members, _twice, _rename, _deep, _odd_time, _odd_time,
    _odd_code, _metadata, _no_object,
]


def _cut(rng, text):
    return text[: rng.randrange(len(text) + 1)]


def _one_byte(rng, text):
    return mutate.splice(rng, text, b'{}[],:"\\ 0123456789eE+-.tfn\x00\x1f\x7f\x80\xc0\xe9\xff')


def _foreign_bytes(rng, text):
    odd = rng.choice(
        [
            b"\xff",
            b"\xc0\x80",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xe2\x82",
            b"\xc3\xa9",
            b"\0",
            b"\x85",
        ]
    )
    at = rng.randrange(len(text) + 1)
    return text[:at] + odd + text[at:]


def _around(rng, text):
    before = rng.choice(
        [b"", b" ", b"\n\t\r ", b"\xef\xbb\xbf", b"\xc2\xa0", b"\x0b", b"\0", b")]}',\n"]
    )
    after = rng.choice(
        [b"", b" ", b"\r\n\r\n", b"\0", b"x", b",", b"}", b"{}", b"\xef\xbb\xbf", b"\x1a", b"//"]
    )
    return before + text + after


def _other_encoding(rng, text):
    encoding = rng.choice(["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "utf-7"])
    return text.decode(errors="replace").encode(encoding, errors="replace")


def _nothing(rng, text):
    return rng.choice(
        [b"", b" ", b"null", b"[]", b"{}", b'""', b"0", b"hello", b"type=batch.succeeded"]
    )


def _twice_over(rng, text):
    return text + rng.choice([b"", b"\n", b","]) + text


_DAMAGES = [
    _cut, _one_byte, _one_byte, _foreign_bytes, _around, _around, _other_encoding, _nothing,
    _twice_over,
]

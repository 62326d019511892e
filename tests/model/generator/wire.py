"""What every request has: three headers, a body, and ways to spoil them."""

import re

from . import mutate


class Draft:
    """A request in the making. `id` and `timestamp` are signed as they stand."""

    def __init__(self, kind, world, spoilt):
        self.kind = kind
        self.world = world
        # The levels at which something is to go wrong.
        self.spoilt = spoilt
        self.id = b"msg_1"
        self.timestamp = b""
        self.signature = b""
        self.body = b""
        # Set by changes of the headers as a whole.
        self.headers = None

    def signed(self):
        return b".".join([self.id, self.timestamp, self.body])

    def pairs(self):
        if self.headers is not None:
            return self.headers
        return [
            ("webhook-id", self.id),
            ("webhook-timestamp", self.timestamp),
            ("webhook-signature", self.signature),
        ]


# Where something can go wrong with every request.
LEVELS = ["id", "timestamp", "body", "headers", "headers"]


def begin(rng, kind, world, levels):
    """A draft with an id and a time, good ones unless these levels are chosen to be spoilt."""
    draft = Draft(
        kind, world, set(rng.sample(LEVELS + levels, rng.choice([0, 1, 1, 1, 1, 2, 2, 3])))
    )
    draft.id = b"msg_%x" % rng.getrandbits(64)
    draft.timestamp = b"%d" % max(world.now + rng.choice([0, 0, 0, -1, 1]), 1)
    if "id" in draft.spoilt:
        draft.id = rng.choice(_IDS)(rng)
    if "timestamp" in draft.spoilt:
        odd = rng.choice([_at_the_border, _odd_timestamp])
        draft.timestamp = odd(rng, draft)
    return draft


_IDS = [
    lambda rng: b"x" * 256,
    lambda rng: b"x" * 257,
    lambda rng: b"x" * rng.choice([1, 40, 255, 300, 5000]),
    lambda rng: b"msg.1",
    lambda rng: b".",
    lambda rng: b"msg_1.",
    lambda rng: b"msg 1",
    lambda rng: b" msg_1",
    lambda rng: b"msg_1 ",
    lambda rng: b"msg\t1",
    lambda rng: b"",
    lambda rng: "größe".encode(),
    lambda rng: b"msg\xff",
    lambda rng: b"msg\x7f",
    lambda rng: b"msg\x00",
    lambda rng: b"msg\n1",
    lambda rng: b"~!@#$%^&*()",
    lambda rng: b"msg,1",
    lambda rng: bytes(rng.randrange(0x21, 0x7F) for _ in range(8)),
    lambda rng: rng.randbytes(6),
    lambda rng: b".".join([b"x" * 200] * 3),
]


def _at_the_border(rng, draft):
    """Just inside and just outside of the replay window."""
    parts = list(draft.world.config.values())
    past, future = rng.choice(parts).get("window") or (300, 300)
    off = rng.choice(
        [-past - 1, -past, -past + 1, future - 1, future, future + 1, -3601, 3601, 10**9, -(10**9)]
    )
    return b"%d" % (draft.world.now + off)


def _odd_timestamp(rng, draft):
    text = draft.timestamp
    return rng.choice(
        [
            b"+" + text, b"-" + text, b"0" + text, b"00" + text, b" " + text, text + b" ",
            text + b"\t", text + b".0", text + b".5", text + b"e0", text + b"s", text + b"000",
            text[:1] + b"_" + text[1:], b"0x" + b"%x" % int(text), text[:-1] + b"\xef\xbc\x91",
            text + b"\0", b"\xff", b"", b"0", b"-1", b"253402300799", b"253402300800",
            b"999999999999", b"1000000000000", b"9" * 30, b"9" * 5000, b"NaN", b"1e9",
            text + b"," + text, text + b".", b"." + text, text + b"\n", b'"' + text + b'"',
            b"2026-01-22T12:00:00Z", text[:-1], text[1:], b"\x0b" + text, "١٢٣".encode(),
        ]
    )


def finish(rng, draft):
    """Spoils a signed draft at times, and makes a request of it."""
    if "headers" in draft.spoilt:
        for change in mutate.pick(rng, _CHANGES, 1, 2):
            change(rng, draft)
    pairs = draft.pairs()
    if rng.random() < 0.1:
        pairs = [
            (rng.choice([name.upper(), name.title(), _any_case(rng, name)]), value)
            for name, value in pairs
        ]
    if rng.random() < 0.2:
        rng.shuffle(pairs)
    request = {
        "kind": draft.kind,
        "headers": pairs,
        "body": draft.body,
        "now": [draft.world.now, draft.world.nanoseconds],
    }
    if rng.random() < 0.5 and fits_http(pairs):
        request["map"] = True
    return request


def _any_case(rng, name):
    return "".join(rng.choice([char.upper(), char]) for char in name)


def fits_http(pairs):
    """Whether an `http::HeaderMap` can hold these."""
    return all(
        re.fullmatch("[A-Za-z0-9_-]+", name) and re.fullmatch(rb"[\t -~\x80-\xff]*", value)
        for name, value in pairs
    )


def _change_id(rng, draft):
    draft.id = rng.choice(
        [b"msg_2", draft.id + b"x", draft.id[:-1], draft.id.swapcase(), rng.choice(_IDS)(rng)]
    )


def _change_timestamp(rng, draft):
    if draft.timestamp.isdigit() and len(draft.timestamp) < 20:
        later = b"%d" % (int(draft.timestamp) + rng.choice([-1, 1, 10]))
        draft.timestamp = rng.choice([later, _odd_timestamp(rng, draft)])


def _respell_timestamp(rng, draft):
    """Signed as the number, sent in another spelling of it."""
    before, after = rng.choice(
        [(b"+", b""), (b"0", b""), (b"000", b""), (b" ", b""), (b"", b" "), (b"", b".0")]
    )
    draft.timestamp = before + draft.timestamp + after


def _change_body(rng, draft):
    body = draft.body
    draft.body = rng.choice(
        [
            body + b" ",
            body + b"\n",
            body[:-1],
            b"",
            body.replace(b" ", b""),
            mutate.splice(rng, body, b'x 1"{}\xff'),
        ]
    )


def _move_border(rng, draft):
    """Cuts the signed text elsewhere."""
    draft.id, draft.timestamp, draft.body = rng.choice(
        [
            (draft.id + b"." + draft.timestamp, draft.timestamp, draft.body),
            (draft.id, draft.timestamp + b"." + draft.body[:4], draft.body[4:]),
            (draft.id[:-1], draft.id[-1:] + draft.timestamp, draft.body),
        ]
    )


def _drop(rng, draft):
    draft.headers = draft.pairs()
    draft.headers.pop(rng.randrange(len(draft.headers)))


def _empty(rng, draft):
    draft.headers = draft.pairs()
    at = rng.randrange(3) if len(draft.headers) >= 3 else 0
    draft.headers[at] = (draft.headers[at][0], b"")


def _repeat(rng, draft):
    draft.headers = draft.pairs()
    name, value = rng.choice(draft.headers)
    value = rng.choice([value, value, b"", b"x", value + b"1"])
    name = rng.choice([name, name.upper(), name.title()])
    draft.headers.insert(rng.randrange(len(draft.headers) + 1), (name, value))


def _look_alike(rng, draft):
    draft.headers = draft.pairs()
    at = rng.randrange(len(draft.headers))
    name, value = draft.headers[at]
    other = rng.choice(
        [
            name.replace("webhook", "svix"), name.replace("-", "_"), name + " ", " " + name,
            "x-" + name, name + "s", name.replace("k", "\u212a"), name.replace("i", "\u0131"),
            name.replace("-", "\u2010"), name[:-1], "",
        ]
    )
    if rng.random() < 0.5:
        draft.headers.append((other, rng.choice([value, b"x"])))
    else:
        draft.headers[at] = (other, value)


def _others(rng, draft):
    names = ["content-type", "host", "x-request-id", "authorization", "svix-id"]
    more = [
        (rng.choice(names), rng.choice([b"application/json", b"", b"x" * 100])) for _ in range(4)
    ]
    draft.headers = more[:2] + draft.pairs() + more[2:]


def _odd_bytes(rng, draft):
    draft.headers = draft.pairs()
    at = rng.randrange(len(draft.headers))
    name, value = draft.headers[at]
    odd = rng.choice(
        [b"\0", b"\t", b"\n", b"\r\n", b"\x7f", b"\x80", b"\xc3\xa9", b"\xff", b" ", b"\xc2\xa0"]
    )
    place = rng.choice([0, len(value), rng.randrange(len(value) + 1)])
    draft.headers[at] = (name, value[:place] + odd + value[place:])


def _swap(rng, draft):
    pairs = draft.pairs()
    one, other = rng.sample(range(len(pairs)), 2) if len(pairs) > 1 else (0, 0)
    draft.headers = list(pairs)
    draft.headers[one] = (pairs[one][0], pairs[other][1])
    draft.headers[other] = (pairs[other][0], pairs[one][1])


_CHANGES = [
    _change_id, _change_timestamp, _respell_timestamp, _change_body, _change_body, _move_border,
    _drop, _empty, _repeat, _repeat, _look_alike, _others, _others, _odd_bytes, _swap,
]

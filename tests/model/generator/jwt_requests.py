"""Requests of dynamic webhooks in the documented form: who is addressed, when, and with what."""

from . import event_bodies, event_changes, mutate, wire, worlds
from .json_text import Pairs, Raw, set_member
from .jwt_tokens import token
from .v1a_requests import bound_body
from .worlds import AUDIENCE, ISSUER

# Where something can go wrong with a token.
_LEVELS = [
    "header", "header", "claims", "claims", "event", "binding", "segments", "signer", "token",
    "token",
]


def request(rng, world, kind="dynamic"):
    draft = wire.begin(rng, kind, world, _LEVELS)
    unsigned = world.config["dynamic"]["unsigned"] or "event" in draft.spoilt
    event = (
        event_bodies.event(rng, worlds.jobs(draft)) if rng.random() < 0.6 or not unsigned else None
    )
    claims = _claims(rng, draft, event)
    draft.signature = token(rng, draft, claims)
    if event is not None:
        draft.body = event_bodies.said_again(rng, event, "body" in draft.spoilt)
    else:
        draft.body = bound_body(rng, draft)
    return wire.finish(rng, draft)


def _claims(rng, draft, event):
    """Good claims, with an event or not, and some changes where they are to be spoilt."""
    world = draft.world
    part = world.config["dynamic"]
    claims = {
        "aud": part["audiences"][-1] if part["audiences"] else AUDIENCE,
        "exp": world.now + 50,
    }
    if rng.random() < 0.7:
        claims["iat"] = world.now - rng.choice([0, 0, 1])
    if part["issuers"] or rng.random() < 0.3:
        claims["iss"] = ISSUER
    metadata = worlds.metadata(rng, draft)
    members = Pairs()
    if event is not None:
        if metadata is not None:
            event_bodies.place(rng, event, metadata)
        told = event_changes.mutated(rng, event) if "event" in draft.spoilt else event
        if isinstance(told, (dict, Pairs)):
            members.extend(told.items() if isinstance(told, dict) else told)
    elif metadata is not None:
        claims["user_metadata"] = metadata
    elif world.jobs:
        claims["data"] = {"id": rng.choice(worlds.jobs(draft))}
    members.extend(claims.items())
    if "claims" in draft.spoilt:
        for change in mutate.pick(rng, _CLAIM_CHANGES, 1, 2):
            change(rng, members, world)
    return members


def _audience(rng, members, world):
    set_member(
        members,
        "aud",
        rng.choice(
            [
                None, "", 1, [], {}, True, [AUDIENCE], ["x", AUDIENCE], [AUDIENCE, AUDIENCE],
                [AUDIENCE, 1], [None], [[AUDIENCE]], {"0": AUDIENCE}, AUDIENCE + "/", AUDIENCE[:-1],
                AUDIENCE.upper(), " " + AUDIENCE, "x", Raw(r'"my-project\u002dclient-id"'),
                [AUDIENCE, "https://example.com/hook"], AUDIENCE + " x", ["x"], [AUDIENCE, None],
                AUDIENCE + "\0",
            ]
        ),
    )


def _issuer(rng, members, world):
    odd = [
        None, "", 1, [], [ISSUER], {}, ISSUER + "/", ISSUER[:-1], "another", True, ISSUER.upper(),
        [ISSUER, 1],
    ]
    set_member(members, "iss", rng.choice(odd))


_ODD_TIMES = [
    None, True, "", "1", [], {}, -1, -0.5, Raw("-0"), 0, 0.0, 1, Raw("1e999"), Raw("1e400"),
    Raw("1e18"), 253_402_300_799, 253_402_300_800, Raw("253402300799.5"), Raw("253402300799.0"),
    2**63, 2**64, -(2**63), 10**30, Raw("1e10"), Raw("18E8"), Raw("NaN"), [1], {"a": 1},
    Raw("-1e9"), Raw("0.1"),
]


def _odd_time(rng, members, world):
    set_member(members, rng.choice(["exp", "exp", "nbf", "iat"]), rng.choice(_ODD_TIMES))


def _time_as_text(rng, members, world):
    name = rng.choice(["exp", "nbf", "iat"])
    now = world.now
    odd = [
        f'{{"$serde_json::private::Number":"{now}"}}', f'"{now}"', f"{now}.0", f"{now}.75",
        f"{now}e0", f"{now}.0000000001", f"[{now}]", f"0{now}", f"{now}e-1", f"+{now}",
    ]
    set_member(members, name, Raw(rng.choice(odd)))


def _times_at_the_border(rng, members, world):
    """Around each limit of the times, with whole seconds and with fractions."""
    part = world.config["dynamic"]
    leeway = 60 if part["leeway"] is None else part["leeway"]
    life, age = part["life"] or 24 * 3600, part["age"] or 300
    off = rng.choice([-1, 0, 0, 1, -0.5, 0.5, 0.001, 2])
    what = rng.randrange(6)
    if what == 0:
        set_member(members, "exp", world.now - leeway + off)
    elif what == 1:
        set_member(members, "nbf", world.now + leeway + off)
    elif what == 2:
        set_member(members, "iat", world.now + leeway + off)
    elif what == 3:
        set_member(members, "iat", world.now - age - leeway + off)
    elif what == 4:
        set_member(members, "exp", world.now + life + leeway + off)
        members[:] = [pair for pair in members if pair[0] != "iat"]
    else:
        set_member(members, "iat", world.now)
        set_member(members, "exp", world.now + life + off)


def _other_times(rng, members, world):
    set_member(members, "nbf", world.now + rng.choice([-1000, -1, 0, 1]))
    if rng.random() < 0.3:
        set_member(members, "exp", world.now + rng.choice([-3600, -30, 0, 10, 3600, 10**6]))
    if rng.random() < 0.3:
        set_member(members, "iat", world.now + rng.choice([-(10**6), -400, -100, 0, 30, 100]))


def _drop_claim(rng, members, world):
    if members:
        members.pop(rng.randrange(len(members)))


def _claim_twice(rng, members, world):
    name, value = rng.choice(members)
    value = value if rng.random() < 0.5 else rng.choice([None, "x", 0])
    if isinstance(name, str) and name.isascii() and rng.random() < 0.3:
        name = Raw('"' + "".join(f"\\u{ord(char):04X}" for char in name) + '"')
    members.insert(rng.randrange(len(members) + 1), (name, value))


def _more_claims(rng, members, world):
    odd = [
        1, None, "x" * 3000, Raw('{"a":1,"a":1}'), Raw("[" * 63 + "]" * 63),
        Raw("[" * 64 + "]" * 64), Raw("[" * 5000 + "]" * 5000), Raw(r'"\ud800"'), Raw("1e999"),
        Raw("-0"), {"type": "x"},
    ]
    name = rng.choice(
        ["sub", "jti", "azp", "größe", "", "Aud", "EXP", "version", "timestamp", "user_metadata"]
    )
    members.insert(rng.randrange(len(members) + 1), (name, rng.choice(odd)))


def _half_an_event(rng, members, world):
    """What may or may not be an event in the claims."""
    odd_types = [None, 1, "", "webhook.ping", "batch.succeeded", ["batch.succeeded"], {}]
    odd_data = [
        None,
        1,
        "x",
        [],
        {},
        {"id": 1},
        {"id": "batches/1"},
        {"id": "batches/1", "error_code": 1.5},
    ]
    what = rng.randrange(4)
    if what == 0:
        members[:] = [pair for pair in members if pair[0] != rng.choice(["type", "data"])]
    if what != 1:
        set_member(members, "type", rng.choice(odd_types))
    if what > 1:
        set_member(members, "data", rng.choice(odd_data))


_CLAIM_CHANGES = [
    _audience, _audience, _issuer, _odd_time, _odd_time, _time_as_text, _times_at_the_border,
    _times_at_the_border, _times_at_the_border, _other_times, _drop_claim, _claim_twice,
    _more_claims, _half_an_event,
]

"""Requests of dynamic webhooks in the observed form."""

import base64

from rules import curve

from . import event_bodies, lists, wire, worlds
from .material import ED25519, odd_points
from .static_requests import large


def request(rng, world, kind="dynamic"):
    draft = wire.begin(rng, kind, world, ["list", "list", "signer", "binding"])
    draft.body = bound_body(rng, draft)
    draft.signature = signature(rng, draft)
    return wire.finish(rng, draft)


def bound_body(rng, draft):
    """A body that is tied to us, unless that is spoilt."""
    world = draft.world
    if "body" in draft.spoilt and rng.random() < 0.05:
        return large(rng, world.config["dynamic"])
    metadata = worlds.metadata(rng, draft)
    return event_bodies.body(rng, "body" in draft.spoilt, worlds.jobs(draft), metadata)


def signature(rng, draft):
    keys = draft.world.ed25519
    chosen = [rng.choice(keys[:-1])]
    if rng.random() < 0.15:
        chosen = rng.sample(keys, min(len(keys), rng.randint(2, 5)))
    made = [key.sign(draft.signed()) for key in chosen]
    if "signer" in draft.spoilt:
        made = [_otherwise(rng, chosen[0], draft.signed(), made[0])]
    entries = [base64.b64encode(each) for each in made]
    if "list" in draft.spoilt:
        return lists.spoilt(rng, entries, b"v1a", lambda: base64.b64encode(rng.randbytes(64)))
    return b" ".join(b"v1a," + entry for entry in entries)


def _otherwise(rng, key, signed, good):
    """A signature that is nearly one, or one of another kind."""
    point, scalar = good[:32], int.from_bytes(good[32:], "little")
    return rng.choice(
        [
            point + (scalar + curve.ORDER).to_bytes(32, "little"),
            point + ((scalar + 2 * curve.ORDER) % 2**256).to_bytes(32, "little"),
            point + (scalar | 1 << 255).to_bytes(32, "little"),
            point + (scalar | 1 << 253).to_bytes(32, "little"),
            point + (-scalar % curve.ORDER).to_bytes(32, "little"), point + bytes(32), bytes(64),
            curve.encode(curve.IDENTITY) + bytes(32),
            rng.choice(list(odd_points().values())) + bytes(32),
            rng.choice(list(odd_points().values())) + good[32:], key.sign_without_nonce(signed),
            (int.from_bytes(point, "little") ^ 1 << 255).to_bytes(32, "little") + good[32:],
            good[32:] + point, point + good[32:][::-1], key.sign(signed + b" "),
            key.sign(signed[:-1]), ED25519[-1].sign(signed), b"\xff" * 64,
        ]
    )

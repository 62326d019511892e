"""Requests of static webhooks."""

import base64

from . import event_bodies, lists, wire
from .material import mac


def request(rng, world, kind="static"):
    draft = wire.begin(rng, kind, world, ["list", "list", "signer"])
    draft.body = body(rng, draft)
    draft.signature = signature(rng, draft)
    return wire.finish(rng, draft)


def body(rng, draft):
    if "body" in draft.spoilt and rng.random() < 0.1:
        return large(rng, draft.world.config["static"])
    return event_bodies.body(rng, "body" in draft.spoilt)


def large(rng, part):
    """A body around the limit, where that is small."""
    if part.get("max_body") in (1024, 2048):
        return b" " * (part["max_body"] + rng.choice([-1, 0, 1, 2]))
    return b'{"type":"batch.expired","data":{"id":"%s"}}' % (b"x" * 70_000)


def signature(rng, draft):
    """Signed by one or several of the secrets, or by a stranger's."""
    keys = draft.world.secrets or [b"nobody's key"]
    chosen = [keys[0] if rng.random() < 0.5 else rng.choice(keys)]
    if "signer" in draft.spoilt:
        chosen = [b"a stranger's key, of many bytes"]
    if rng.random() < 0.15:
        chosen = rng.sample(keys, rng.randint(1, len(keys)))
    entries = [base64.b64encode(mac(key, draft.signed())) for key in chosen]
    if "list" in draft.spoilt:
        return lists.spoilt(rng, entries, b"v1", lambda: base64.b64encode(rng.randbytes(32)))
    return b" ".join(b"v1," + entry for entry in entries)

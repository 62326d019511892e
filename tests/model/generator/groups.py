"""Groups of requests with the configuration that they are judged by."""

import time
from dataclasses import dataclass

from . import (
    event_bodies,
    jwt_requests,
    mixed_requests,
    static_requests,
    v1a_requests,
    wire,
    worlds,
)


@dataclass
class Group:
    """`config` is None where bodies alone are read as events."""

    kind: str
    config: dict | None
    requests: list


def any_group(rng, size):
    """A group of this many requests; for other crates, which know no clock but the system's, now
    and then one of the real time."""
    return rng.choice(_MAKERS)(rng, size)


def _events(rng, size):
    bodies = [event_bodies.body(rng, rng.random() < 0.8) for _ in range(size)]
    requests = [{"kind": "event", "headers": [], "body": body, "now": [0, 0]} for body in bodies]
    return Group("event", None, requests)


def _static(rng, size):
    return _group(rng, size, "static", worlds.static_world(rng), static_requests)


def _jwt(rng, size):
    return _group(rng, size, "jwt", worlds.dynamic_world(rng), jwt_requests)


def _v1a(rng, size):
    return _group(rng, size, "v1a", worlds.dynamic_world(rng), v1a_requests)


def _mixed(rng, size):
    return _group(rng, size, "mixed", worlds.mixed_world(rng), mixed_requests)


def _static_for_peers(rng, size):
    world = worlds.static_world(rng, int(time.time()))
    world.config["static"].update(window=None, max_body=None)
    return _for_peers(_group(rng, size, "static", world, static_requests))


def _jwt_for_peers(rng, size):
    world = worlds.dynamic_world(rng, int(time.time()))
    world.config["dynamic"].update(window=None, max_body=None)
    return _for_peers(_group(rng, size, "jwt", world, jwt_requests))


def _group(rng, size, kind, world, module):
    return Group(kind, world.config, [module.request(rng, world) for _ in range(size)])


def _for_peers(group):
    for request in group.requests:
        request["peers"] = wire.fits_http(request["headers"])
    return group


_MAKERS = (
    [_events] * 5 + [_static] * 6 + [_jwt] * 6 + [_v1a] * 4 + [_mixed] * 3
    + [_static_for_peers, _jwt_for_peers]
)

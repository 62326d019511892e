"""Requests to an endpoint for both kinds: of one, of the other, or signed twice."""

from . import jwt_requests, static_requests, v1a_requests, wire


def request(rng, world):
    if rng.random() < 0.3:
        return jwt_requests.request(rng, world, "mixed")
    draft = wire.begin(rng, "mixed", world, ["list", "list", "signer", "binding"])
    draft.body = v1a_requests.bound_body(rng, draft)
    makers = rng.choice([[static_requests], [v1a_requests], [static_requests, v1a_requests]])
    lists = [module.signature(rng, draft) for module in makers]
    rng.shuffle(lists)
    draft.signature = b" ".join(lists)
    return wire.finish(rng, draft)

"""Configurations, each for a group of requests."""

from .json_text import Pairs, Raw
from .key_sets import key_document
from .material import standard

AUDIENCE = "my-project-client-id"
ISSUER = "https://accounts.example.com"
TOKEN = "8f2d6e0c-1a55-4f0b-9c0e-2d5a7b1c4e88"
OURS = ["batches/1", "batch_1", "v1_Chd"]
NOT_OURS = ["batches/666", "ours of somebody else"]


class World:
    """A configuration as the judge takes it, and what the requests are signed with."""

    def __init__(self):
        self.config = {}
        self.now = 0
        self.nanoseconds = 0
        # Of static webhooks: key bytes.
        self.secrets = []
        # Of dynamic webhooks: pairs of kid and key, and Ed25519 keys, published ones first.
        self.rsa = []
        self.ed25519 = []
        self.jobs = []
        self.metadata = None


def _now(rng):
    if rng.random() < 0.03:
        return rng.choice(
            [0, 1, 299, 300, 301, 3600, 253_402_300_799, 253_402_300_800, 253_402_300_500]
        )
    return rng.randrange(1_600_000_000, 2_000_000_000)


def static_world(rng, now=None):
    world = World()
    _clock(world, rng, now)
    world.config["static"] = _static(rng, world)
    return world


def dynamic_world(rng, now=None):
    world = World()
    _clock(world, rng, now)
    world.config["dynamic"] = _dynamic(rng, world)
    return world


def mixed_world(rng):
    world = World()
    _clock(world, rng, None)
    world.config["static"] = _static(rng, world)
    world.config["dynamic"] = _dynamic(rng, world)
    return world


def _clock(world, rng, now):
    world.now = _now(rng) if now is None else now
    world.nanoseconds = rng.choice([0, 0, 0, 1, 500_000_000, 999_999_999])


def _static(rng, world):
    secrets = [_secret(rng, world) for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 8]))]
    if rng.random() < 0.04:
        secrets = rng.choice([[], secrets * 9, secrets + [{"text": _odd_secret(rng)}]])
    return {"secrets": secrets, "window": _window(rng), "max_body": _max_body(rng)}


def _secret(rng, world):
    length = rng.choice([32, 32, 32, 24, 25, 48, 63, 64])
    if world.secrets and rng.random() < 0.1:
        key = world.secrets[-1]
    else:
        key = rng.randbytes(length)
    secret = {"text": "whsec_" + standard(key)} if rng.random() < 0.7 else {"raw": standard(key)}
    if rng.random() < 0.1:
        key = rng.randbytes(rng.choice([15, 16, 17, 23, 24, 64, 65, 128, 129]))
        secret = {"text": standard(key)} if rng.random() < 0.5 else {"raw": standard(key)}
        secret["odd"] = rng.random() < 0.8
    world.secrets.append(key)
    if rng.random() < 0.2:
        secret["label"] = rng.choice(["old", "2026-11", ""])
    if rng.random() < 0.2:
        retired = world.now + rng.choice([-3600, -1, 0, 0, 1, 3600])
        secret["retire_at"] = max(retired, 0)
    return secret


def _odd_secret(rng):
    good = standard(rng.randbytes(rng.choice([31, 32, 33])))
    return rng.choice(
        [
            "", "whsec_", "v1,whsec_" + good, f'"whsec_{good}"', "whsec_" + good + "\n",
            " whsec_" + good, "whsec_whsec_" + good, "WHSEC_" + good, "whsk_" + good,
            "whpk_" + good, good.rstrip("="), "whsec_" + good[:-1],
            "whsec_" + good.replace("+", "-").replace("/", "_") + "_", good + "é",
            "whsec_" + good[:20] + " " + good[20:], good + "=",
            "whsec_" + good[:-2] + "9" + good[-1:], "whsec" + good, "whsec_ " + good, "'" + good,
            good + "'", "Bearer whsec_" + good, good * 3,
        ]
    )


def _window(rng):
    chance = rng.random()
    if chance < 0.8:
        return None
    if chance < 0.98:
        return [rng.choice([1, 30, 300, 3600]), rng.choice([1, 30, 300, 3600])]
    return [rng.choice([0, 1, 3601]), rng.choice([0, 1, 3600, 3601])]


def _max_body(rng):
    chance = rng.random()
    if chance < 0.8:
        return None
    return (
        rng.choice([1024, 1024, 2048, 16 * 1024 * 1024])
        if chance < 0.99
        else rng.choice([1, 1023, 16 * 1024 * 1024 + 1])
    )


def _dynamic(rng, world):
    audiences = rng.choice([[AUDIENCE], [AUDIENCE, "https://example.com/hook"]])
    if rng.random() < 0.08:
        audiences = []
    # What concerns JWTs alone is refused without an audience: mostly it is not set then.
    for_jwts = bool(audiences) or rng.random() < 0.1
    issuers = rng.choice([[], [], [], [ISSUER], [ISSUER, "another"]]) if for_jwts else []
    binding = _binding(rng, world)
    part = {
        "audiences": audiences,
        "issuers": issuers,
        "binding": binding,
        "unsigned": for_jwts and rng.random() < 0.5,
        "window": _window(rng),
        "max_body": _max_body(rng),
        "leeway": rng.choice([None, None, None, 0, 1, 30, 300]),
        "life": rng.choice([None, None, None, 60, 3600, 7 * 24 * 3600]),
        "age": rng.choice([None, None, None, 1, 60, 24 * 3600]),
        "keys": standard(key_document(rng, world)),
    }
    if rng.random() < 0.03:
        rng.choice(_MISCONFIGURATIONS)(part)
    return part


_MISCONFIGURATIONS = [
    lambda part: part.update(leeway=301),
    lambda part: part.update(life=59),
    lambda part: part.update(life=7 * 24 * 3600 + 1),
    lambda part: part.update(age=0),
    lambda part: part.update(age=24 * 3600 + 1),
    lambda part: part.update(audiences=[""]),
    lambda part: part.update(audiences=["a"] * 8),
    lambda part: part.update(audiences=["a"] * 9),
    lambda part: part.update(issuers=["", "a"]),
    lambda part: part.update(binding={"member": "token", "tokens": []}),
    lambda part: part.update(binding={"member": "token", "tokens": ["fifteen bytes.."]}),
    lambda part: part.update(binding={"member": "token", "tokens": ["sixteen bytes..."] * 4}),
    lambda part: part.update(binding={"member": "token", "tokens": ["sixteen bytes..."] * 5}),
    lambda part: part.update(audiences=[], binding=None),
]


def _binding(rng, world):
    chance = rng.random()
    if chance < 0.08:
        return None
    if chance < 0.35:
        return {}
    if chance < 0.7:
        member = rng.choice(["token", "token", "größe", ""])
        tokens = [TOKEN] if rng.random() < 0.6 else ["another token, that is older", TOKEN]
        world.metadata = (member, tokens)
        return {"member": member, "tokens": tokens}
    world.jobs = OURS
    return {"ours": OURS, "not_ours": NOT_OURS}


def jobs(draft):
    """Whose jobs an event may be about; none where no binding asks for it."""
    if not draft.world.jobs or "binding" not in draft.spoilt:
        return draft.world.jobs
    return NOT_OURS + ["batches/unheard-of", "", "batches/1 ", "BATCHES/1"]


def metadata(rng, draft):
    """What stands in `user_metadata`, for a binding by a token or for none."""
    if draft.world.metadata is None:
        return rng.choice([None, None, {"job_group": "nightly"}])
    member, tokens = draft.world.metadata
    token = rng.choice(tokens)
    if "binding" not in draft.spoilt:
        return rng.choice([{member: token}, {"a": 1, member: token}])
    return rng.choice(
        [
            {member: token[:-1]}, {member: token.upper()}, {member: [token]}, {member: None},
            {member + "x": token}, {},
            token, {"inner": {member: token}}, Pairs([(member, token), (member, "x")]),
            {member: token + "\0"}, None,
            {member: Raw('"' + "".join(f"\\u{ord(char):04x}" for char in token) + '"')},
            {member: 1}, {member: ""},
            [{member: token}], {member.upper(): token},
        ]
    )

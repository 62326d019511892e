"""Bodies: events of the catalogue and others, well made and ill made."""

from .event_changes import damaged, mutated
from .json_text import PLAIN, Raw, any_style, write

TYPES = [
    "batch.succeeded",
    "batch.cancelled",
    "batch.expired",
    "batch.failed",
    "interaction.requires_action",
    "interaction.completed",
    "interaction.failed",
    "interaction.cancelled",
    "video.generated",
]
_UNKNOWN_TYPES = [
    "webhook.ping",
    "",
    "batch",
    "Batch.succeeded",
    "batch.succeeded ",
    "größe",
    "a" * 300,
]


def event(rng, jobs=()):
    """A good event, as a value that may be changed; of one of these jobs where there are any."""
    kind = rng.choice(TYPES) if rng.random() < 0.85 else rng.choice(_UNKNOWN_TYPES)
    job = (
        rng.choice(jobs) if jobs else rng.choice(["batch_1", "batches/1", "v1_Chd", "operations/7"])
    )
    data = {"id": job}
    if kind in ("batch.succeeded", "video.generated") and rng.random() < 0.8:
        data["output_file_uri"] = "gs://bucket/results.jsonl"
    if kind == "video.generated":
        data["file_name"] = "video.mp4"
    if kind.endswith(".failed"):
        data["error_code"] = rng.choice(["INVALID_ARGUMENT", 13, 0, -1])
        data["error_message"] = 'Größe: "0"'
    time = rng.choice(["2026-01-22T12:00:00Z", "2026-01-22T12:00:00z"])
    return {"type": kind, "version": "v1", "timestamp": time, "data": data}


def body(rng, spoilt, jobs=(), metadata=None):
    """A body as one may come; something is wrong with it, or not."""
    value = event(rng, jobs)
    if metadata is not None:
        place(rng, value, metadata)
    if spoilt and rng.random() < 0.7:
        value = mutated(rng, value)
        return write(value, any_style(rng))
    text = write(value, any_style(rng))
    return damaged(rng, text) if spoilt else text


def place(rng, value, metadata):
    """Puts `user_metadata` at the top level or inside `data`."""
    (value if rng.random() < 0.6 else value["data"])["user_metadata"] = metadata


def said_again(rng, value, spoilt):
    """The body beside claims which say `value`: the same, perhaps otherwise written, or another."""
    return rng.choice(_AGAIN if spoilt else _AGAIN[:3])(rng, value, any_style(rng))


def _the_same(rng, value, style):
    return write(value, style)


def _empty(rng, value, style):
    return b""


def _other_numbers(rng, value, style):
    data = dict(
        value["data"], error_code=rng.choice([1, Raw("1.0"), Raw("1e0"), Raw("-0"), 0, Raw("0.0")])
    )
    return write(dict(value, data=data), style)


def _another(rng, value, style):
    return write(mutated(rng, value), style)


def _less(rng, value, style):
    kept = {
        name: each for name, each in value.items() if name in ("type", "data") or rng.random() < 0.5
    }
    return write(kept, style)


def _damaged_again(rng, value, style):
    return damaged(rng, write(value, style))


def _not_utf8(rng, value, style):
    return rng.choice([b"\xff", b'["\xff"]', write(value, style)[:-1] + b',"x":"\xff"}'])


def _other_event(rng, value, style):
    return write(event(rng), PLAIN)


_AGAIN = [
    _the_same, _the_same, _empty, _less, _other_numbers, _another, _another, _not_utf8,
    _damaged_again, _other_event,
]

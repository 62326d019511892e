"""Lists of signatures, good and bad ones mixed."""

import base64

from . import mutate
from .mutate import spellings


def spoilt(rng, good, version, decoy):
    """A list with the good entries (base64, without version) somewhere in it, or nowhere."""
    entries = [version + b"," + text for text in good]
    for change in mutate.pick(rng, _CHANGES, 1, 2):
        entries = change(rng, entries, version, decoy)
    if rng.random() < 0.2:
        rng.shuffle(entries)
    separator = b" "
    if rng.random() < 0.08:
        separator = rng.choice([b"  ", b",", b", ", b"\t", b";", b"", b" , ", b"\n"])
    text = separator.join(entries)
    if rng.random() < 0.08:
        ends = [b" " + text, text + b" ", b"  " + text + b"  ", text + b",", b"," + text]
        text = rng.choice([*ends, b" ", b",", b"", b"a.b.c"])
    return text


def _misspell(rng, entries, version, decoy):
    at = rng.randrange(len(entries))
    head, _, text = entries[at].partition(b",")
    return entries[:at] + [head + b"," + spellings(rng, text)] + entries[at + 1 :]


def _other_version(rng, entries, version, decoy):
    others = [
        b"v1", b"v1a", b"v2", b"v0", b"V1", b"V1A", b"v01", b"v1 ", b"", b"v", b"v1b", b"v1aa",
        b"1", b"v11",
    ]
    at = rng.randrange(len(entries))
    text = entries[at].partition(b",")[2]
    return entries[:at] + [rng.choice(others) + b"," + text] + entries[at + 1 :]


def _malformed(rng, entries, version, decoy):
    at = rng.randrange(len(entries))
    text = entries[at].partition(b",")[2]
    odd = rng.choice(
        [
            text, version + b";" + text, version + b":" + text, version + text, version,
            version + b",", version + b"," + text + b",x", version + b",," + text,
            version + b"=" + text, version + b", " + text, version + b"," + text + text,
            b"," + text, b"\xc2\xa0" + version + b"," + text, version + b"," + text + b".a.b",
        ]
    )
    return entries[:at] + [odd] + entries[at + 1 :]


def _other_length(rng, entries, version, decoy):
    at = rng.randrange(len(entries))
    text = entries[at].partition(b",")[2]
    try:
        data = base64.b64decode(text)
    except ValueError:
        return entries
    longer = rng.choice(
        [
            data[:-1],
            data + b"\0",
            data[:16],
            data[:1],
            b"",
            b"\0" + data,
            data * 2,
            data[:-1] + b"\0",
        ]
    )
    return entries[:at] + [version + b"," + base64.b64encode(longer)] + entries[at + 1 :]


def _decoys(rng, entries, version, decoy):
    """More entries, around the limits."""
    count = rng.choice([1, 1, 2, 3, 4, 5, 7, 14, 15, 16, 17, 40])
    kind = rng.random()
    for _ in range(count):
        if kind < 0.5:
            entry = version + b"," + decoy()
        elif kind < 0.7:
            entry = rng.choice([b"v2,x", b"v1,", b"v1a,x", b"x", b"", b"v1,AAAA", b"v1a,AAAA"])
        else:
            entry = rng.choice([b"v1", b"v1a", b"v2"]) + b"," + decoy()
        entries = [entry] + entries if rng.random() < 0.6 else entries + [entry]
    return entries


def _long(rng, entries, version, decoy):
    """A list of about 4096 bytes, or of 16 KiB."""
    limit = rng.choice([4096, 4096, 16384])
    length = sum(map(len, entries)) + len(entries)
    junk = b"v2," + b"A" * (limit - length - 3 + rng.choice([-1, 0, 1]))
    return [junk] + entries if rng.random() < 0.5 else entries + [junk]


def _one_byte(rng, entries, version, decoy):
    at = rng.randrange(len(entries))
    alphabet = b"v1a2, =AZaz09+/-_.*\t"
    return entries[:at] + [mutate.splice(rng, entries[at], alphabet)] + entries[at + 1 :]


_CHANGES = [
    _misspell, _misspell, _other_version, _malformed, _other_length, _decoys, _decoys, _decoys,
    _long, _one_byte, _one_byte,
]

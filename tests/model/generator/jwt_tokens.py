"""Compact JWTs: signed well, and spoilt at every level."""

import hashlib
import hmac

from . import event_changes, mutate
from .json_text import Pairs, Raw, any_style, set_member, write
from .material import ED25519, RSA, number, url_safe
from .worlds import AUDIENCE

# The longest token, header and signature, and where each has one byte too much.
_TOKEN, _HEADER, _SIGNATURE = 16 * 1024, 2304, 1366


def token(rng, draft, claims):
    """A token with these claims, signed by a published key, unless something is to be spoilt."""
    world, spoilt = draft.world, draft.spoilt
    kid, key = rng.choice(world.rsa[:-1])
    header = Pairs([("alg", "RS256"), ("typ", "JWT"), ("kid", kid)])
    if "header" in spoilt:
        for change in mutate.pick(rng, _HEADER_CHANGES, 1, 2):
            change(rng, header)
    parts = [url_safe(write(header, any_style(rng))), url_safe(write(claims, any_style(rng)))]
    if "segments" in spoilt:
        parts = rng.choice([_damaged_segments, _at_the_limits, _misspelt_segment])(
            rng, header, claims
        )
    text = ".".join(parts).encode()
    signature = _sign_otherwise(rng, key, text) if "signer" in spoilt else key.sign(text)
    made = text + b"." + url_safe(signature).encode()
    return rng.choice(_TOKEN_CHANGES)(rng, made) if "token" in spoilt else made


def _damaged_segments(rng, header, claims):
    return [url_safe(_damaged(rng, header)), url_safe(_damaged(rng, claims))]


def _misspelt_segment(rng, header, claims):
    parts = [url_safe(write(header)), url_safe(write(claims))]
    at = rng.randrange(2)
    parts[at] = mutate.spellings(rng, parts[at].encode()).decode("latin-1")
    return parts


def _damaged(rng, value):
    text = write(value)
    return event_changes.damaged(rng, text) if rng.random() < 0.5 else text


def _at_the_limits(rng, header, claims):
    """A header or a token as long as may be, or a byte longer."""
    if rng.random() < 0.4:
        room = (
            (_HEADER + rng.choice([-1, 0, 1, 2])) * 3 // 4 - len(write(header)) - len(',"pad":""')
        )
        header = Pairs(header + [("pad", "x" * max(room, 0))])
        return [url_safe(write(header)), url_safe(write(claims))]
    header_text = url_safe(write(Pairs(header + [("pad", "x" * rng.randrange(4))])))
    room = (_TOKEN - len(header_text) - 344 + rng.choice([-2, -1, 0, 1, 2])) * 3 // 4
    room -= len(write(claims)) + len(',"pad":""')
    return [header_text, url_safe(write(Pairs(claims + [("pad", "x" * max(room, 0))])))]


def _header_alg(rng, header):
    odd = [
        "none", "None", "", "HS256", "RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256", "RS256 ",
        None, 1, ["RS256"], Raw(r'"RS\u0032\u00356"'), True,
    ]
    set_member(header, "alg", rng.choice(odd))


def _header_typ(rng, header):
    set_member(
        header,
        "typ",
        rng.choice(
            [
                "jwt", "JOSE", "at+jwt", "", None, 1, "JWT ", ["JWT"], "application/jwt",
                Raw(r'"\u004aWT"'),
            ]
        ),
    )


def _header_kid(rng, header):
    odd = [
        "", None, 1, "key-2", "key-3", "KEY-1", "key-1 ", "x" * 256, "x" * 257, "a b", "größe",
        "\n", ["key-1"], {}, "../../dev/null", "' OR 1=1 --", Raw(r'"key\u002d1"'), "odd", True, 0,
        "key-1\0", Raw(r'"\ud800"'),
    ]
    set_member(header, "kid", rng.choice(odd))


def _header_forbidden(rng, header):
    name = rng.choice(["crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c"])
    jwk = {"kty": "RSA", "n": number(RSA[2].modulus), "e": "AQAB"}
    odd = [
        None, [], ["b64"], True, False, "DEF", "JWT", "https://example.com/keys", jwk, "", {},
        ["exp"], ["AAAA"],
    ]
    set_member(header, name, rng.choice(odd))


def _header_other(rng, header):
    name = rng.choice(
        [
            "x5t", "x5t#S256", "url", "nonce", "Alg", "KID", "p2c", "epk", "größe", "", "iss",
            "aud", "Crit",
        ]
    )
    odd = [
        1, None, "x", [], {}, Raw('{"a":1,"a":1}'), Raw("[" * 63 + "]" * 63),
        Raw("[" * 64 + "]" * 64), Raw("[" * 800 + "]" * 800), Raw(r'"\ud800"'), Raw("1e999"),
        "x" * 1000,
    ]
    header.insert(rng.randrange(len(header) + 1), (name, rng.choice(odd)))


def _header_twice(rng, header):
    name, value = rng.choice(header)
    header.insert(rng.randrange(len(header) + 1), (name, rng.choice([value, "none", None])))


def _header_less(rng, header):
    header.pop(rng.randrange(len(header)))


def _header_order(rng, header):
    rng.shuffle(header)


_HEADER_CHANGES = [
    _header_alg, _header_alg, _header_typ, _header_kid, _header_kid, _header_forbidden,
    _header_forbidden, _header_forbidden, _header_other, _header_twice, _header_less, _header_order,
]


def _sign_otherwise(rng, key, text):
    """By another algorithm, another key, over another text, or not quite."""
    what = rng.randrange(8)
    if what == 0:
        return b""
    if what == 1:
        return hmac.new(number(key.modulus).encode(), text, hashlib.sha256).digest()
    if what == 2:
        return RSA[0].sign_otherwise(text, rng.choice(["RS384", "RS512", "PS256", "PS384"]))
    if what == 3:
        return rng.choice(RSA).sign(text)
    if what == 4:
        return ED25519[0].sign(text)
    if what == 5:
        return key.sign(text + b".") if rng.random() < 0.5 else key.sign(text.partition(b".")[2])
    good = key.sign(text)
    number_of = int.from_bytes(good, "big")
    size = len(good)
    return rng.choice(
        [
            good[:-1], good[1:], good + b"\0", b"\0" + good, good[::-1], bytes(size),
            b"\0" * (size - 1) + b"\1", (number_of + key.modulus).to_bytes(size + 1, "big"),
            (key.modulus - number_of).to_bytes(size, "big"), (number_of ^ 1).to_bytes(size, "big"),
            b"\xff" * size, bytes(1024), bytes(1025), bytes(2000), good * 2,
        ]
    )


def _cut(rng, token):
    return token[: rng.randrange(len(token))]


def _one_byte(rng, token):
    return mutate.splice(rng, token, b"AZaz09-_.=+/ ,*~\t\xff")


def _misspell_a_segment(rng, token):
    segments = token.split(b".")
    at = rng.randrange(len(segments))
    segments[at] = mutate.spellings(rng, segments[at])
    return b".".join(segments)


def _shape(rng, token):
    segments = token.split(b".")
    return rng.choice(
        [
            b".".join(segments[:2]), b".".join(segments[:2]) + b".", b"." + b".".join(segments[1:]),
            segments[0] + b".." + segments[-1], token + b".", b"." + token, token + b".x",
            b"." + token + b".", b"..", b".", b"...", b"a.b.c", b"." * 5000, b"Bearer " + token,
            token + b" ", b" " + token, token + b" " + token, b"v1," + token, b"v1a," + token,
            token + b",", b'"' + token + b'"', token.replace(b".", b"%2E"), token + b" v1,AAAA",
            b".".join(reversed(segments)), b'{"protected":"' + segments[0] + b'"}', token + token,
        ]
    )


def _other_claims(rng, token):
    """The signature of one token under the claims of another."""
    segments = token.split(b".")
    segments[1] = url_safe(write(Pairs([("aud", AUDIENCE), ("exp", 9_999_999_999)]))).encode()
    return b".".join(segments)


def _padded(rng, token):
    return token + b"A" * (_TOKEN - len(token) + rng.choice([0, 1, 2]))


def _long_signature(rng, token):
    head = token.rpartition(b".")[0]
    return head + b"." + b"A" * (_SIGNATURE + rng.choice([-2, -1, 0, 1, 2]))


_TOKEN_CHANGES = [
    _cut, _one_byte, _one_byte, _misspell_a_segment, _misspell_a_segment, _shape, _shape,
    _other_claims, _padded, _long_signature,
]

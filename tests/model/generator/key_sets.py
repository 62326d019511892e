"""Key sets as they may be published: good keys, odd ones, and documents that are none."""

import random

from .json_text import Pairs, Raw, write
from .material import ED25519, RSA, number, odd_points, odd_rsa_keys, url_safe


def rsa_jwk(kid, key):
    return {
        "kty": "RSA",
        "kid": kid,
        "use": "sig",
        "alg": "RS256",
        "n": number(key.modulus),
        "e": number(key.exponent),
    }


def ed25519_jwk(point):
    return {"kty": "OKP", "crv": "Ed25519", "x": url_safe(point)}


def key_document(rng, world):
    """A key set that is published, with keys to sign by; at times with odd keys in it."""
    world.rsa = [("key-1", RSA[0]), ("key-2", RSA[1])]
    world.ed25519 = ED25519[: rng.choice([1, 3, 3, 8])]
    keys = [rsa_jwk(kid, key) for kid, key in world.rsa]
    keys += [ed25519_jwk(key.public) for key in world.ed25519]
    # A stranger's keys, to forge with.
    world.rsa = world.rsa + [("key-1", RSA[2])]
    world.ed25519 = world.ed25519 + [ED25519[-1]]
    if rng.random() < 0.35:
        for change in rng.sample(_KEY_CHANGES, rng.randint(1, 2)):
            if keys:
                change(rng, keys, world)
    rng.shuffle(keys)
    text = write({"keys": keys})
    return rng.choice(_DOCUMENT_CHANGES)(rng, text) if rng.random() < 0.05 else text


_RSA_ODDITIES = [
    {"use": "enc"}, {"use": None}, {"use": ""}, {"use": "SIG"}, {"use": ["sig"]},
    {"key_ops": ["verify"]}, {"key_ops": ["sign"]}, {"key_ops": ["verify", "verify"]},
    {"key_ops": []}, {"key_ops": "verify"}, {"key_ops": ["sign", "verify"]}, {"key_ops": None},
    {"key_ops": ["verify", 1]}, {"key_ops": ["verify", "sign", "sign"]},
    {"use": "sig", "key_ops": ["verify"]}, {"alg": "RS512"}, {"alg": "PS256"}, {"alg": "HS256"},
    {"alg": None}, {"alg": ""}, {"alg": "rs256"}, {"alg": ["RS256"]}, {"alg": "EdDSA"},
    {"kty": "rsa"}, {"kty": "EC"}, {"kty": "oct"}, {"kty": None}, {"kty": 1}, {"e": "Aw"},
    {"e": "AQ"}, {"e": "AAEAAQ"}, {"e": ""}, {"e": "AQAC"}, {"e": 65537}, {"e": "AQAB="},
    {"e": "AQABAA"}, {"e": None}, {"n": ""}, {"n": 1}, {"n": None}, {"n": "AQAB"}, {"kid": ""},
    {"kid": None}, {"kid": 1}, {"kid": "x" * 256}, {"kid": "x" * 257}, {"kid": "a b"},
    {"kid": "größe"}, {"kid": "a\n"}, {"d": "AQAB"}, {"p": "AQAB"}, {"qi": ""}, {"oth": []},
    {"d": None}, {"dp": "AQAB"}, {"k": "AQAB"}, {"x5c": ["AAAA"]}, {"x5t": "AAAA"},
    {"jku": "https://example.com"}, {"größe": [1]}, {"x": Raw("1e999")}, {"x": Raw(r'"\ud800"')},
    {"x": Raw('{"a":1,"a":1}')}, {"x": Raw("[" * 62 + "]" * 62)}, {"x": Raw("[" * 61 + "]" * 61)},
    {"x": Raw("[" * 60 + "]" * 60)}, {"x": "x" * 5000}, {"iat": 1}, {"exp": 1},
]

_ED25519_ODDITIES = [
    {"use": "sig"}, {"use": "enc"}, {"use": None}, {"key_ops": ["verify"]}, {"key_ops": ["sign"]},
    {"alg": "EdDSA"}, {"alg": "Ed25519"}, {"alg": "RS256"}, {"alg": None}, {"alg": "eddsa"},
    {"alg": "Ed448"}, {"kid": "key-1"}, {"kid": 1}, {"kid": ""}, {"kid": None}, {"kid": "x" * 257},
    {"kid": "a b"}, {"crv": "Ed448"}, {"crv": "X25519"}, {"crv": None}, {"crv": "ed25519"},
    {"d": "AAAA"}, {"d": None}, {"kty": "EC"}, {"x": ""}, {"x": None}, {"x": 1}, {"x": "A" * 43},
    {"x": "A" * 42}, {"x": "A" * 44}, {"y": "AAAA"}, {"n": "AQAB", "e": "AQAB"}, {"größe": [1]},
    {"z": Raw('{"a":1,"a":1}')},
]


def _of_kind(keys, kind):
    return [key for key in keys if isinstance(key, dict) and key.get("kty") == kind]


def _odd_rsa_member(rng, keys, world):
    for key in _of_kind(keys, "RSA")[:1]:
        change = rng.choice(_RSA_ODDITIES)
        key.update(change)
        if isinstance(change.get("kid"), str):
            world.rsa.insert(0, (change["kid"], RSA[0]))


def _odd_ed25519_member(rng, keys, world):
    for key in _of_kind(keys, "OKP")[:1]:
        key.update(rng.choice(_ED25519_ODDITIES))


def _missing_member(rng, keys, world):
    key = rng.choice(keys)
    if isinstance(key, dict) and key:
        key.pop(rng.choice(list(key)))


def _repeated_member(rng, keys, world):
    at = rng.randrange(len(keys))
    if isinstance(keys[at], dict) and keys[at]:
        name = rng.choice(list(keys[at]))
        value = rng.choice([keys[at][name], "other"])
        pairs = Pairs(keys[at].items())
        pairs.insert(rng.randrange(len(pairs) + 1), (name, value))
        keys[at] = pairs


def _misspelt_number(rng, keys, world):
    key = rng.choice(keys)
    for name in ("n", "x"):
        if isinstance(key, dict) and isinstance(key.get(name), str):
            text = key[name]
            key[name] = rng.choice(
                [text + "=", text + "==", text[:-1], text + "A", "AA" + text, text.replace("-",
                "+").replace("_", "/"),
                 _with_spare_bits(text), " " + text, text + "\n", text.swapcase()]
            )


def _with_spare_bits(text):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.find(text[-1]) ^ 1] if text else text


def _zero_before_modulus(rng, keys, world):
    for key in _of_kind(keys, "RSA")[:1]:
        modulus = RSA[0].modulus
        key["n"] = url_safe(modulus.to_bytes((modulus.bit_length() + 7) // 8 + 1, "big"))


def _other_size(rng, keys, world):
    name = rng.choice(list(odd_rsa_keys()))
    key = odd_rsa_keys()[name]
    keys.append(rsa_jwk("odd", key))
    world.rsa.insert(0, ("odd", key))


def _even_modulus(rng, keys, world):
    for key in _of_kind(keys, "RSA")[:1]:
        key["n"] = number(RSA[0].modulus + 1)


def _odd_point(rng, keys, world):
    keys.append(ed25519_jwk(rng.choice(list(odd_points().values()))))


def _same_kid(rng, keys, world):
    twin = rng.choice(
        [
            rsa_jwk("key-1", RSA[2]),
            rsa_jwk("key-1", RSA[0]),
            rsa_jwk("key-1", odd_rsa_keys()["1024 bits"]),
            {**rsa_jwk("key-1", RSA[0]), "x": "y"},
            {**ed25519_jwk(ED25519[9].public), "kid": "key-1"},
            {**rsa_jwk("key-1", RSA[2]), "use": "enc"},
        ]
    )
    keys.append(twin)
    if rng.random() < 0.2:
        keys.append(rsa_jwk("key-1", RSA[0]))


def _same_point(rng, keys, world):
    keys.append(ed25519_jwk(world.ed25519[0].public))


def _junk_keys(rng, keys, world):
    keys.extend(
        rng.choice(
            [
                None, 1, "RSA", [], {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256"},
                [{"kty": "RSA"}], True,
            ]
        )
        for _ in range(rng.randint(1, 4))
    )


def _many_keys(rng, keys, world):
    made = random.Random("many keys")
    count = rng.choice([5, 9, 29, 33, 58, 62, 66])
    if rng.random() < 0.5:
        new = [
            rsa_jwk(f"made-{at}", _Modulus(made.getrandbits(2048) | 1 << 2047 | 1))
            for at in range(count)
        ]
    else:
        new = [ed25519_jwk(key.public) for key in ED25519[:-1]] + [{"kty": "EC"}] * count
    keys.extend(new)


class _Modulus:
    """A public key that nobody holds the private key of."""

    def __init__(self, modulus):
        self.modulus = modulus
        self.exponent = 65537


def _no_keys(rng, keys, world):
    keys[:] = rng.choice([[], _of_kind(keys, "RSA"), _of_kind(keys, "OKP")])


_KEY_CHANGES = [
    _odd_rsa_member, _odd_rsa_member, _odd_rsa_member, _odd_ed25519_member, _odd_ed25519_member,
    _missing_member, _repeated_member, _misspelt_number, _zero_before_modulus, _other_size,
    _other_size, _even_modulus, _odd_point, _odd_point, _same_kid, _same_kid, _same_point,
    _junk_keys, _many_keys, _no_keys,
]

_DOCUMENT_CHANGES = [
    lambda rng, text: text[:-1] + b',"keys":[]}',
    lambda rng, text: text[:-1] + b',"keys":1}',
    lambda rng, text: text[:-1] + b',"Keys":[],"x":{"a":1}}',
    lambda rng, text: text[:-1] + b',"x":{"a":1,"a":1}}',
    lambda rng, text: text[:-1] + b',"x":1,"x":1}',
    lambda rng, text: text[:-1] + b',"x":1e999}',
    lambda rng, text: text[:-1] + b',"x":"\\ud800"}',
    lambda rng, text: text[:-1] + b',"x":' + b"[" * 63 + b"]" * 63 + b"}",
    lambda rng, text: text[:-1] + b',"x":' + b"[" * 64 + b"]" * 64 + b"}",
    lambda rng, text: text[:-1] + b',"x":' + b"[" * 9999 + b"]" * 9999 + b"}",
    lambda rng, text: b"\xef\xbb\xbf" + text,
    lambda rng, text: text + b"x",
    lambda rng, text: text + b"\n \t",
    lambda rng, text: text + b" " * (128 * 1024 - len(text)),
    lambda rng, text: text + b" " * (128 * 1024 - len(text) + 1),
    lambda rng, text: text[: rng.randrange(len(text))],
    lambda rng, text: text.replace(b"keys", b"KEYS", 1),
    lambda rng, text: b'{"keys":{}}',
    lambda rng, text: b'{"keys":null}',
    lambda rng, text: b"[" + text + b"]",
    lambda rng, text: text[len(b'{"keys":') : -1],
    lambda rng, text: b"",
    lambda rng, text: text.replace(b"RSA", b"RS\xff", 1),
    lambda rng, text: text[:-1] + b',"x":"\xff"}',
    lambda rng, text: text[:-1] + b',"\xc3":1}',
    lambda rng, text: text.replace(b'"key-1"', b'"\\u006bey-1"', 1),
    lambda rng, text: text.replace(b",", b" ,\n"),
]

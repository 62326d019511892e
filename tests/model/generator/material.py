"""Keys to sign with: always the same ones."""

import base64
import hashlib
import hmac
import random
from functools import cache, lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
)

from rules import curve

_TEST_KEYS = Path(__file__).parents[3] / "src" / "testing"


def standard(data):
    return base64.b64encode(data).decode()


def url_safe(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def number(value):
    return url_safe(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class RsaKey:
    """One of the test keys that come with the crate: 2048 bits."""

    def __init__(self, name):
        self.private = load_der_private_key((_TEST_KEYS / f"{name}.der").read_bytes(), None)
        numbers = self.private.private_numbers()
        self.primes = [numbers.p, numbers.q]
        self.modulus = numbers.p * numbers.q
        self.exponent = 65537
        self.private_exponent = numbers.d

    @lru_cache(maxsize=8192)
    def sign(self, data):
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def sign_otherwise(self, data, algorithm):
        """By a neighbour of RS256."""
        digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[algorithm[2:]]()
        if algorithm.startswith("PS"):
            pss = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return self.private.sign(data, pss, digest)
        return self.private.sign(data, padding.PKCS1v15(), digest)


class OddRsaKey:
    """A key of any size and exponent, out of any number of primes; slow."""

    def __init__(self, primes, exponent=65537):
        self.primes = primes
        self.exponent = exponent
        self.modulus = 1
        for prime in primes:
            self.modulus *= prime

    @lru_cache(maxsize=64)
    def sign(self, data):
        """RFC 8017 section 8.2.1, by the Chinese remainder theorem."""
        info = bytes.fromhex("3031300d060960864801650304020105000420")
        info += hashlib.sha256(data).digest()
        size = (self.modulus.bit_length() + 7) // 8
        padded = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
        message, signature = int.from_bytes(padded, "big"), 0
        for prime in self.primes:
            rest = pow(message, pow(self.exponent, -1, prime - 1), prime)
            others = self.modulus // prime
            signature += rest * others * pow(others, -1, prime)
        return (signature % self.modulus).to_bytes(size, "big")


def _prime(bits, rng, exponents=(3, 65537)):
    while True:
        candidate = rng.getrandbits(bits) | 3 << (bits - 2) | 1
        if all(candidate % small for small in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
            fits = all((candidate - 1) % exponent for exponent in exponents)
            if fits and pow(2, candidate - 1, candidate) == 1:
                return candidate


RSA = [RsaKey(name) for name in ("rsa_1", "rsa_2", "rsa_3")]


@cache
def odd_rsa_keys():
    """Keys that the rules take or do not take, by what is odd about them."""
    rng = random.Random("odd keys")
    primes = [prime for key in RSA for prime in key.primes]
    small, another_small = _prime(512, rng), _prime(512, rng)
    shorter = _prime(1016, rng)
    for_three = [_prime(1024, rng), _prime(1024, rng)]
    return {
        "1024 bits": OddRsaKey([small, another_small]),
        "2040 bits": OddRsaKey([primes[0], shorter]),
        "2048 bits, e = 3": OddRsaKey(for_three, 3),
        "3072 bits": OddRsaKey(primes[:3]),
        "4096 bits": OddRsaKey(primes[:4]),
        "8192 bits": OddRsaKey(primes + for_three),
        "9208 bits": OddRsaKey(primes + for_three + [shorter]),
    }


class Ed25519Key:
    def __init__(self, name):
        self.seed = hashlib.sha256(name.encode()).digest()
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @lru_cache(maxsize=1024)
    def sign(self, data):
        return self.private.sign(data)

    def sign_without_nonce(self, data):
        """With R the identity: the equation holds, and R is of small order."""
        scalar = bytearray(hashlib.sha512(self.seed).digest()[:32])
        scalar[0] &= 248
        scalar[31] = scalar[31] & 127 | 64
        point = curve.encode(curve.IDENTITY)
        challenge = hashlib.sha512(point + self.public + data).digest()
        product = int.from_bytes(challenge, "little") * int.from_bytes(scalar, "little")
        return point + (product % curve.ORDER).to_bytes(32, "little")


ED25519 = [Ed25519Key(f"key {index}") for index in range(12)]


@cache
def odd_points():
    """Encodings that are no keys, or odd ones, by what is odd about them."""
    eighth = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    mixed = curve.add(curve.decode(ED25519[0].public), curve.decode(eighth))
    below = curve.P.to_bytes(32, "little")
    above = (curve.P + 1).to_bytes(32, "little")
    return {
        "identity": curve.encode(curve.IDENTITY),
        "identity, negative": (1 | 1 << 255).to_bytes(32, "little"),
        "order 2": (curve.P - 1).to_bytes(32, "little"),
        "order 4": bytes(32),
        "order 4, negative": bytes(31) + b"\x80",
        "order 8": eighth,
        "order 8, another": bytes.fromhex(
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
        ),
        "p": below,
        "p + 1": above,
        "p + 3, which is some point": (curve.P + 3).to_bytes(32, "little"),
        "all ones": b"\xff" * 32,
        "no point": (2).to_bytes(32, "little"),
        "a key and a point of order 8": curve.encode(mixed),
    }


@lru_cache(maxsize=4096)
def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()

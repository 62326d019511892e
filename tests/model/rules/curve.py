"""Which encodings of Ed25519 points are keys (RFC 8032 section 5.1.3)."""

from functools import cache

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
ORDER = 2**252 + 27742317777372353535851937790883648493
_ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1)


@cache
def is_weak(encoded):
    """Whether a key is of small order or in a non-canonical encoding; None where it is no point."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    sign = encoded[31] >> 7
    x = _x(y % P, sign)
    if x is None:
        return None
    canonical = y < P and (x != 0 or sign == 0)
    return not canonical or _eightfold((x, y % P)) == IDENTITY


def _x(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * _ROOT_OF_MINUS_ONE % P
    if x * x % P != square:
        return None
    return x if x & 1 == sign else -x % P


def add(one, other):
    """The sum of two points (RFC 8032 section 5.1, in affine coordinates)."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def _eightfold(point):
    for _ in range(3):
        point = add(point, point)
    return point


def decode(encoded):
    """The point of a canonical encoding."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return _x(y, encoded[31] >> 7), y


def encode(point):
    """The canonical encoding of a point."""
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")

"""`v1a` signatures, by `cryptography`; PyJWT reads and writes its keys as JWK."""

import base64
import binascii

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

REFUSALS = (InvalidSignature, jwt.PyJWTError)


def private_key(request):
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(request["seed"]))


def signed_bytes(id, timestamp, body):
    return b".".join([id.encode(), timestamp.encode(), base64.b64decode(body)])


def export(request):
    public_key = private_key(request).public_key()
    return {"key": OKPAlgorithm.to_jwk(public_key, as_dict=True)}


def export_again(request):
    return {"key": OKPAlgorithm.to_jwk(jwt.PyJWK(request["key"]).key, as_dict=True)}


def sign(request):
    signed = signed_bytes(request["id"], request["timestamp"], request["body"])
    signature = base64.b64encode(private_key(request).sign(signed))
    return {"signature": f"v1a,{signature.decode()}"}


def decoded(text):
    """The bytes, if this is the one spelling that stands for them."""
    signature = base64.b64decode(text, validate=True)
    if base64.b64encode(signature).decode() != text:
        raise InvalidSignature("not canonical base64")
    return signature


def is_signed_by(key, entry, signed):
    version, _, signature = entry.partition(",")
    if version != "v1a":
        return False
    try:
        key.verify(decoded(signature), signed)
        return True
    except (InvalidSignature, binascii.Error):
        return False


def verify(request):
    headers = request["headers"]
    signed = signed_bytes(headers["webhook-id"], headers["webhook-timestamp"], request["body"])
    for key in jwt.PyJWKSet.from_dict(request["keys"]):
        for entry in headers["webhook-signature"].split(" "):
            if is_signed_by(key.key, entry, signed):
                return {"verified": None}
    raise InvalidSignature("no key made any of the signatures")


STEPS = {"export": export, "export_again": export_again, "sign": sign, "verify": verify}

"""JWTs, by PyJWT; it takes keys from `cryptography`."""

import warnings
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

REFUSALS = (jwt.PyJWTError,)

# A short key is a case.
warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)


# Reading a key checks it, which takes longer than signing.
@cache
def private_key(pem):
    return load_pem_private_key(pem.encode(), password=None)


def generate(request):
    key = rsa.generate_private_key(request["exponent"], request["bits"])
    return {"pem": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()}


def export(request):
    public_key = private_key(request["pem"]).public_key()
    return {"key": RSAAlgorithm.to_jwk(public_key, as_dict=True)}


def export_again(request):
    return {"key": RSAAlgorithm.to_jwk(jwt.PyJWK(request["key"]).key, as_dict=True)}


def sign(request):
    # Without `None` the package puts in a `typ` of its own.
    header = {"typ": None, **request["header"]}
    return {"signature": jwt.encode(request["claims"], private_key(request["pem"]), headers=header)}


def key_named(kid, keys):
    try:
        return jwt.PyJWKSet.from_dict(keys)[kid]
    except KeyError as error:
        raise jwt.PyJWKSetError(str(error)) from error


def verify(request):
    token = request["headers"]["webhook-signature"]
    kid = jwt.get_unverified_header(token).get("kid")
    claims = jwt.decode(
        token,
        key_named(kid, request["keys"]),
        algorithms=["RS256"],
        audience=request["audience"],
        leeway=request["leeway"],
    )
    return {"verified": claims}


STEPS = {
    "generate": generate,
    "export": export,
    "export_again": export_again,
    "sign": sign,
    "verify": verify,
}

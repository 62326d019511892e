"""Where other crates and this one differ: what they do, and the rule of ours that says why.

What no row explains is a disagreement.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass

from rules import strict_json

HERE, THERE = "accepted here alone", "accepted there alone"

NO_DIFFERENCE = ""


@dataclass
class Row:
    """Explains a refusal, ours or theirs, whose reason begins with one of these."""

    peer: str
    rule: str
    reasons: tuple
    # Of a case and what was found: whether the row holds for it.
    only_if: Callable = lambda case, found: True

    def explains(self, reason, case, found):
        return reason.startswith(self.reasons) and self.only_if(case, found)


def row_for(case, found):
    """The row that explains a difference, None where none does."""
    here, there = "ok" in found, found["peers"] == "ok"
    if here == there:
        return NO_DIFFERENCE
    crate, rows = CRATES[case.kind]
    who, reason = (HERE, found["peers"]) if here else (THERE, found["refused"])
    for row in rows[who]:
        if row.explains(reason, case, found):
            return f"{crate}, {who}: {row.peer}; here: {row.rule}"
    return None


def time_went_on(case, found):
    """Whether the peer saw a later time than the request carries."""
    return found["peers_clock"] > case.request["now"][0]


def a_kid_repeats(case, found):
    """Whether two keys that were published have one kid."""
    document = base64.b64decode(case.config["dynamic"]["keys"])
    keys = strict_json.read(document)[0]["keys"]
    kids = [str(key["kid"]) for key in keys if isinstance(key, dict) and "kid" in key]
    return len(set(kids)) < len(kids)


ONE_CLOCK = "knows no clock but the system's, and that went on"

STANDARDWEBHOOKS = {
    THERE: [
        Row(
            "re-prints the parsed timestamp before it signs",
            "the header's own text is signed, in one spelling (Standard Webhooks, webhook headers)",
            ("bad_header/Timestamp/NotUnix", "bad_header/Timestamp/TooLong"),
        ),
        Row(
            "takes the first of repeated headers",
            "two readers could take two values",
            ("bad_header/Id/Repeated", "bad_header/Timestamp/Rep", "bad_header/Signature/Rep"),
        ),
        Row(
            "takes any id that is a text",
            "visible ASCII without a dot, which would move the border of what is signed (Standard"
            " Webhooks, signature scheme), 1 to 256 bytes",
            ("bad_header/Id/", "missing_header/Id"),
        ),
        Row(
            "takes tabs in a list",
            "nothing but visible ASCII and one space between entries",
            ("bad_header/Signature/NotVisibleAscii",),
        ),
        Row(
            "reads a list of any length",
            "4 KiB and 16 entries",
            ("bad_header/Signature/TooLong", "bad_header/Signature/TooManyEntries"),
        ),
        Row(ONE_CLOCK, "time is a parameter", ("timestamp_too_new",), only_if=time_went_on),
    ],
    HERE: [
        Row(
            "signs texts alone",
            "the raw body is signed, whatever it is (Standard Webhooks, signature scheme)",
            ("payload invalid",),
        ),
        Row(ONE_CLOCK, "time is a parameter", ("signature timestamp too old",),
        only_if=time_went_on),
    ],
}

JSONWEBTOKEN = {
    THERE: [
        Row(
            "sees the token alone",
            "webhook-id and webhook-timestamp are required and windowed beside a JWT, too",
            ("missing_header/", "bad_header/Id/", "bad_header/Timestamp/", "timestamp_too_"),
        ),
        Row("is handed the first of repeated headers", "none repeats", ("bad_header/Signature/Rep",
        )),
        Row(
            "bounds neither a token nor its header",
            "16 KiB and 2304 bytes",
            ("bad_header/Signature/TooLong", "bad_token/HeaderTooLong"),
        ),
        Row(
            "ignores crit, b64, zip, enc, cty, jku, jwk, x5u and x5c",
            "none of them (RFC 7515 section 4.1.11, RFC 8725 sections 3.6 and 3.10)",
            ("bad_token/ForbiddenHeader",),
        ),
        Row("ignores typ", "absent or JWT (RFC 8725 section 3.11)", ("bad_token/TypeNotJwt",)),
        Row("takes any text as a kid", "1 to 256 visible characters", ("bad_token/BadKid",)),
        Row(
            "takes a header of more than 64 levels, and null for absent",
            "64 levels, and texts",
            ("bad_token/MalformedHeader",),
        ),
        Row(
            "takes null for absent, any iat, and repeated type and data; 128 levels",
            "each claim that is read once, times as numbers from 1970 to 9999; 64 levels",
            ("bad_token/MalformedClaims",),
        ),
        Row("takes a list of issuers", "a text", ("wrong_issuer",)),
        Row(
            "counts the second in which a token ends, and rounds a fraction up",
            "a token is refused from its expiry on (RFC 7519 section 4.1.4); fractions are dropped",
            ("token_expired",),
        ),
        Row("bounds no life", "24 hours if not set otherwise", ("token_lives_too_long",)),
        Row("ignores iat", "neither ahead nor old", ("token_not_yet_valid", "token_too_old")),
        Row(
            "looks at no use, key_ops, alg and private members, and takes the first key of a kid",
            "a key for RS256 signatures alone, and one of its kid (RFC 7517 sections 4.2 to 4.5)",
            ("unknown_key",),
        ),
        Row(
            "takes the first key of a kid, though it is for something else",
            "the one key of that kid that is for RS256 signatures (RFC 7517 section 4.5)",
            ("signature_mismatch",),
            only_if=a_kid_repeats,
        ),
        Row(
            "sees no body",
            "signed in the claims, or refused unless the caller opted in",
            ("body_not_signed", "body_differs"),
        ),
        Row("knows no tenants", "a binding holds for JWTs, too", ("not_ours", "job_not_yet_known")),
    ],
    HERE: [
        Row(
            "loses a key set for one odd key",
            "each key is read on its own (RFC 7517 section 5)",
            ("key set: ",),
        ),
        Row(
            "takes the first key of a kid, whatever its type",
            "by kid and type (RFC 7517 section 4.5)",
            ("InvalidKeyFormat", "UnsupportedAlgorithm", "InvalidSignature", "InvalidAlgorithm"),
            only_if=a_kid_repeats,
        ),
        Row(
            "reads every registered member of the header, and repeated claims",
            "what is not needed is not read",
            ("JSON error: ",),
        ),
        Row("rounds a fraction of nbf up", "fractions are dropped", ("ImmatureSignature",)),
        Row(ONE_CLOCK, "time is a parameter", ("ExpiredSignature",), only_if=time_went_on),
    ],
}

CRATES = {"static": ("standardwebhooks", STANDARDWEBHOOKS), "jwt": ("jsonwebtoken", JSONWEBTOKEN)}

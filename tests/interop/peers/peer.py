"""Signs and verifies with packages from PyPI: one JSON request a line, one JSON answer a line."""

import base64
import json
import sys
from datetime import datetime, timezone

from standardwebhooks import Webhook, WebhookVerificationError


def sign_static(request):
    # `sign` takes a text: a body that is not UTF-8 ends here.
    text = base64.b64decode(request["body"]).decode()
    sent_at = datetime.fromtimestamp(request["timestamp"], tz=timezone.utc)
    return {"signature": Webhook(request["secret"]).sign(request["id"], sent_at, text)}


def verify_static(request):
    body = base64.b64decode(request["body"])
    # Without reading the JSON, because an empty body is a case too.
    Webhook(request["secret"]).verify(body, request["headers"], json_parse=False)
    return {"verified": True}


STEPS = {
    ("static", "sign"): sign_static,
    ("static", "verify"): verify_static,
}


def answer(request):
    step = STEPS[request["scheme"], request["do"]]
    try:
        return step(request)
    # Besides its own error the package lets through those of the decoders and of unpacking, which
    # are all `ValueError`. Any other one is a mistake in this program and ends it.
    except (WebhookVerificationError, ValueError) as error:
        return {"refused": f"{type(error).__name__}: {error}"}


for line in sys.stdin.buffer:
    print(json.dumps(answer(json.loads(line))), flush=True)

"""Static webhooks, by the package `standardwebhooks`."""

import base64
from datetime import datetime, timezone

from standardwebhooks import Webhook, WebhookVerificationError

# Besides its own error the package lets through those of the decoders and of unpacking, which are
# all `ValueError`.
REFUSALS = (WebhookVerificationError, ValueError)


def sign(request):
    # `sign` takes a text: a body that is not UTF-8 ends here.
    text = base64.b64decode(request["body"]).decode()
    sent_at = datetime.fromtimestamp(request["timestamp"], tz=timezone.utc)
    return {"signature": Webhook(request["secret"]).sign(request["id"], sent_at, text)}


def verify(request):
    body = base64.b64decode(request["body"])
    # Without reading the JSON, because an empty body is a case too.
    Webhook(request["secret"]).verify(body, request["headers"], json_parse=False)
    return {"verified": None}


STEPS = {"sign": sign, "verify": verify}

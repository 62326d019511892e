"""Signs and verifies with packages from PyPI: one JSON request a line, one JSON answer a line."""

import json
import sys

import ed25519
import rs256
import static_hmac

SCHEMES = {"static": static_hmac, "rs256": rs256, "ed25519": ed25519}


def answer(request):
    scheme = SCHEMES[request["scheme"]]
    step = scheme.STEPS[request["do"]]
    try:
        return step(request)
    # Any other error is a mistake in these programs and ends them.
    except scheme.REFUSALS as error:
        return {"refused": f"{type(error).__name__}: {error}"}


for line in sys.stdin.buffer:
    print(json.dumps(answer(json.loads(line))), flush=True)

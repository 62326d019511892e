"""Signs and verifies with packages from PyPI: one JSON request a line, one JSON answer a line."""

import json
import sys

import static_hmac

SCHEMES = {"static": static_hmac}


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

"""Lets the model and the library judge the same requests, and tells where they differ.

    compare.py JUDGE [COUNT] [SEED]

A seed says which requests; only those for other crates carry the real time, for these know no
other.
"""

import base64
import json
import random
import subprocess
import sys
import threading
import time
from queue import SimpleQueue

from generator import groups
from rules import dynamic, events, mixed, setup, static
from rules.request import Request
from rules.verdict import AnyOf, Refused
from tally import Case, Tally

GROUP = 24


def main(judge, count, seed):
    started = time.monotonic()
    process = subprocess.Popen([judge], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    answers = SimpleQueue()
    threading.Thread(target=listen, args=(process.stdout, answers), daemon=True).start()
    tally = Tally()
    # One group ahead, so that both sides work at once.
    waiting, number, asked = [], 0, 0
    while asked < count:
        rng = random.Random(f"{seed}/{number}")
        group = groups.any_group(rng, min(GROUP, count - asked))
        settings, cases = configure(group)
        ask(process.stdin, group, settings)
        # The model thinks while the judge works.
        cases += judge_all(group, settings)
        take(answers, waiting, tally)
        asked += sum(case.request is not None for case in cases)
        waiting, number = cases, number + 1
    take(answers, waiting, tally)
    process.stdin.close()
    if process.wait() != 0:
        sys.exit(f"the judge ended with {process.returncode}")
    print(f"seed {seed}: {tally.asked} requests in {time.monotonic() - started:.0f} s")
    sys.exit(0 if tally.report() else 1)


def listen(stream, answers):
    """Takes what the judge says at once, so that neither side waits for the other to read."""
    for line in stream:
        answers.put(line)
    answers.put(None)


def configure(group):
    """What the model makes of the configuration: settings, None where it is refused, and a case."""
    if group.config is None:
        return (None, None), []
    try:
        settings = setup.set_up(group.config)
    except Refused as refused:
        return None, [Case("configuration", group.config, None, {"refused": refused.complaints})]
    keys = settings[1].keys if settings[1] else None
    described = {
        "kids": sorted(keys.rsa) if keys else [],
        "ed25519": len(keys.ed25519) if keys else 0,
        "skipped": {str(at): AnyOf(why) for at, why in keys.skipped.items()} if keys else {},
    }
    return settings, [Case("configuration", group.config, None, {"ok": described})]


def ask(stream, group, settings):
    """Writes the configuration, and the requests where it is one; an empty line asks to answer."""
    lines = [] if group.config is None else [{"config": group.config}]
    if settings:
        lines += [{"request": encoded(request)} for request in group.requests]
    stream.write("".join(json.dumps(line) + "\n" for line in lines).encode() + b"\n")
    stream.flush()


def encoded(request):
    headers = [(name, base64_of(value)) for name, value in request["headers"]]
    return {**request, "headers": headers, "body": base64_of(request["body"])}


def base64_of(data):
    return base64.b64encode(data).decode()


def judge_all(group, settings):
    if settings is None:
        return []
    return [
        Case(group.kind, group.config, request, expected(request, settings))
        for request in group.requests
    ]


def expected(request, settings):
    """What the model says to a request."""
    arrived = Request(request["headers"], request["body"], request["now"][0])
    static_settings, dynamic_settings = settings
    try:
        match request["kind"]:
            case "event":
                return {"ok": events.of_body(arrived.body)}
            case "static":
                return {"ok": static.verify(static_settings, arrived)}
            case "dynamic":
                return {"ok": dynamic.verify(dynamic_settings, arrived)}
            case "mixed":
                return {"ok": mixed.verify(static_settings, dynamic_settings, arrived)}
    except Refused as refused:
        return {"refused": refused.complaints}


def take(answers, cases, tally):
    """Takes the judge's answers to a group."""
    for case in cases:
        line = answers.get()
        if line is None:
            sys.exit("the judge ended without an answer")
        tally.record(case, json.loads(line))


if __name__ == "__main__":
    _, judge_path, *rest = sys.argv
    main(judge_path, int(rest[0]) if rest else 1_000_000, rest[1] if len(rest) > 1 else "1")

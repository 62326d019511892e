"""Compares the verdicts, counts them, and shows where they differ."""

import json
from collections import Counter
from dataclasses import dataclass

import explained
import peers
from rules import strict_json
from rules.verdict import AnyOf

# Kinds of disagreements that are shown, and how many of each.
SHOWN, SHOWN_EACH = 30, 2

# A run of this many requests that never ends in one of these says little, however well it agrees.
ENOUGH = 20_000
OUTCOMES = [
    "bad_header", "bad_token", "body_differs", "body_not_signed", "body_too_large",
    "job_not_yet_known", "missing_header", "no_active_secret", "not_ours", "scheme_not_configured",
    "signature_mismatch", "timestamp_too_new", "timestamp_too_old", "token_expired",
    "token_lives_too_long", "token_not_yet_valid", "token_too_old", "unknown_key", "wrong_audience",
    "wrong_issuer", "ok static signed", "ok v1a signed", "ok jwt claims", "ok jwt unsigned",
]


@dataclass
class Case:
    """A request, or a configuration where that is None, and what the model says."""

    kind: str
    config: dict | None
    request: dict | None
    expected: dict


class Tally:
    def __init__(self):
        self.asked = 0
        self.kinds = Counter()
        self.outcomes = Counter()
        self.explained = Counter()
        self.peers = Counter()
        self.unexplained = Counter()

    def record(self, case, found):
        self.asked += case.request is not None
        self.kinds[case.kind, "ok" in found] += 1
        self.outcomes[case.kind, outcome(found)] += 1
        if not agrees(case.expected, found):
            self.differ(self.explained, explained.row_for(case, found), case, found)
        if "peers" in found:
            row = peers.row_for(case, found)
            if row != peers.NO_DIFFERENCE:
                self.differ(self.peers, row, case, found)

    def differ(self, rows, row, case, found):
        if row is not None:
            rows[row] += 1
            return
        what = difference(rows is self.peers, case, found)
        self.unexplained[what] += 1
        if self.unexplained[what] <= SHOWN_EACH and len(self.unexplained) <= SHOWN:
            print(f"\nDISAGREEMENT, {what}")
            print(f"  configuration: {json.dumps(case.config)}\n  request: {case.request}")
            print(f"  model: {case.expected}\n  library: {json.dumps(found)}", flush=True)

    def report(self):
        """Prints the numbers; false where a disagreement has no row, or too little was seen."""
        for kind in sorted({kind for kind, _ in self.kinds}):
            accepted, refused = self.kinds[kind, True], self.kinds[kind, False]
            print(f"\n{kind}: {accepted + refused}, {accepted} accepted, {refused} refused")
            of_kind = {what: n for (each, what), n in self.outcomes.items() if each == kind}
            print_rows(of_kind)
        for title, rows in (
            ("explained disagreements with the model", self.explained),
            ("explained disagreements with other crates", self.peers),
            ("unexplained disagreements", self.unexplained),
        ):
            print(f"\n{title}: {sum(rows.values())}")
            print_rows(rows)
        return not self.unexplained and not self.missed()

    def missed(self):
        """Which outcomes should have been seen in so many requests, and were not."""
        seen = {what for _, what in self.outcomes}
        missed = [each for each in OUTCOMES if not any(what.startswith(each) for what in seen)]
        if self.asked < ENOUGH or not missed:
            return []
        print(f"\nnever seen, so that the requests are too much alike: {', '.join(missed)}")
        return missed


def print_rows(rows):
    for what, number in sorted(rows.items()):
        print(f"  {number:8} {what}")


def agrees(expected, found):
    if "refused" in expected:
        return found.get("refused") in expected["refused"]
    return "ok" in found and matches(expected["ok"], found["ok"])


def matches(expected, found):
    """Every field; of an `AnyOf` any member, and anything where it has none."""
    if isinstance(expected, AnyOf):
        return not expected or found in expected
    if isinstance(expected, dict) and isinstance(found, dict):
        names = expected.keys()
        return names == found.keys() and all(matches(expected[name], found[name]) for name in names)
    return strict_json.same(expected, found)


def outcome(found):
    """A code; of what was accepted, the scheme and the kind of event."""
    if "refused" in found:
        return "/".join(part for part in found["refused"].split("/") if not part.isdigit())
    fields = found["ok"]
    kind = fields.get("event", "keys")
    if kind != "unknown" and not kind.startswith(("unreadable", "keys")):
        kind = "known event"
    return " ".join(
        ["ok", *([fields["scheme"], fields["auth"]] if "scheme" in fields else []), kind]
    )


def difference(with_peer, case, found):
    """In one line: what each side says, or where two that accept differ."""
    expected = case.expected
    if with_peer:
        return f"{case.kind}, peer: {found['peers']}, library: {outcome(found)}"
    if "ok" in expected and "ok" in found:
        one, other = expected["ok"], found["ok"]
        names = sorted(one.keys() | other.keys())
        differing = [name for name in names if not matches(one.get(name), other.get(name))]
        return f"{case.kind}, both accept, but not: {', '.join(differing)}"
    model = " or ".join(sorted(expected["refused"])) if "refused" in expected else "ok"
    return f"{case.kind}, model: {model}, library: {outcome(found)}"

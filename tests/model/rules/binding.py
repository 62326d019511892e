"""What ties a dynamic delivery to us: nothing, a token in `user_metadata`, or the id of a job.

It is looked for in an envelope that is signed and could be read; `None` stands for none.
"""

from . import events
from .strict_json import is_text
from .verdict import Refused, check


class AnyTenant:
    def check(self, envelope):
        """Accepts whatever is signed."""


class Token:
    def __init__(self, member, tokens):
        self.member = member
        self.tokens = tokens

    def check(self, envelope):
        """Looks for a text at the top level, then inside `data`; the first that is found counts."""
        envelope = envelope or {}
        data = envelope.get("data")
        for place in (envelope, data if isinstance(data, dict) else {}):
            metadata = place.get("user_metadata")
            found = metadata.get(self.member) if isinstance(metadata, dict) else None
            if is_text(found):
                check(set() if found.encode() in self.tokens else {"not_ours"})
                return
        raise Refused("not_ours")


class Job:
    def __init__(self, ours, not_ours):
        self.ours = ours
        self.not_ours = not_ours

    def check(self, envelope):
        """Asks for `data.id`; whatever is neither ours nor not ours is not yet known."""
        job = events.job_id(envelope or {})
        if job in self.ours:
            return
        raise Refused("not_ours" if job is None or job in self.not_ours else "job_not_yet_known")

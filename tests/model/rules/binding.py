"""What ties a dynamic delivery to us: nothing, a token in `user_metadata`, or the id of a job."""

from . import events
from .strict_json import is_text
from .verdict import Refused


class AnyTenant:
    def check(self, signed):
        """Accepts whatever is signed; `signed` is the strictly read value, None if unreadable."""


class Token:
    def __init__(self, member, tokens):
        self.member = member
        self.tokens = tokens

    def check(self, signed):
        """Looks at the top level, then inside `data`."""
        signed = signed if isinstance(signed, dict) else {}
        data = signed.get("data")
        for place in (signed, data if isinstance(data, dict) else {}):
            metadata = place.get("user_metadata")
            found = metadata.get(self.member) if isinstance(metadata, dict) else None
            if is_text(found) and found.encode() in self.tokens:
                return
        raise Refused("not_ours")


class Job:
    def __init__(self, ours, not_ours):
        self.ours = ours
        self.not_ours = not_ours

    def check(self, signed):
        """Asks for `data.id`; whatever is neither ours nor not ours is not yet known."""
        job = events.job_id(signed) if isinstance(signed, dict) else None
        if job in self.ours:
            return
        raise Refused("not_ours" if job is None or job in self.not_ours else "job_not_yet_known")

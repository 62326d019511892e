"""What the model says to a request."""


class Refused(Exception):
    """Refused, with every complaint that the texts allow: the code, a slash, the detail."""

    def __init__(self, *complaints):
        super().__init__(*complaints)
        self.complaints = frozenset(complaints)


class AnyOf(frozenset):
    """Several values of which any is right."""


def check(complaints):
    """Ends a step: with complaints, the request is refused, and no later step sees it."""
    if complaints:
        raise Refused(*complaints)

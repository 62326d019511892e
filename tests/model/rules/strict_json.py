"""One strict reader of JSON (RFC 8259) for all that is signed.

It says everything that is wrong with a text at once: nobody says which of two flaws is to be found
first.
"""

import math
import re

from .limits import JSON_DEPTH

NOT_UTF8 = "NotUtf8"
NOT_JSON = "NotJson"
TOO_DEEP = "TooDeep"
DUPLICATE = "DuplicateMember"

_TOKEN = re.compile(
    r"""[ \t\n\r]*+(?:
        (?P<string>"(?:[^"\\\x00-\x1f]++|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})*+")
      | (?P<number>-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)
      | (?P<word>true|false|null)
      | (?P<mark>[{}\[\],:])
      | (?P<end>\Z))""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|(["\\/bfnrt]))')
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}


class Object(dict):
    """An object, with the flaws of what it holds, the names that repeat in it, and its depth."""

    def __init__(self):
        super().__init__()
        self.flaws = set()
        self.repeated = set()
        self.depth = 1


class Array(list):
    """An array, with the flaws of what it holds, and its depth."""

    def __init__(self):
        super().__init__()
        self.flaws = set()
        self.depth = 1


def read(data):
    """Returns the value and its flaws; only without flaws the value is to be used."""
    flaws = set()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        flaws.add(NOT_UTF8)
        text = data.decode(errors="surrogateescape")
    value = _Reader(text, flaws).run()
    return value, flaws


class _Reader:
    def __init__(self, text, flaws):
        self.text = text
        self.flaws = flaws
        # Containers that are open; of an object also the name that waits for its value.
        self.open = []
        self.deepest = 0
        self.root = None

    def run(self):
        position = 0
        state = "value"
        while state != "end":
            token = _TOKEN.match(self.text, position)
            state = self.step(state, token) if token else None
            if state is None:
                self.flaws.add(NOT_JSON)
                self.flaws |= {TOO_DEEP} if self.deepest > JSON_DEPTH else set()
                for container, _ in self.open:
                    self.flaws |= container.flaws
                return None
            position = token.end()
        if isinstance(self.root, (Object, Array)):
            self.flaws |= self.root.flaws
        return self.root

    def step(self, state, token):
        """Takes one token and returns what may follow, or None where it may not stand."""
        kind, text = token.lastgroup, token[token.lastgroup]
        if state in ("value", "value or ]"):
            if kind in ("string", "number", "word"):
                return self.put(self.scalar(kind, text))
            if kind == "mark" and text in "{[":
                return self.begin(text)
            if text == "]" and state == "value or ]":
                return self.close()
            return None
        if state in ("name", "name or }"):
            if kind == "string":
                return self.name(self.string(text))
            return self.close() if text == "}" and state == "name or }" else None
        if state == ":":
            return "value" if kind == "mark" and text == ":" else None
        return self.after_value(kind, text)

    def after_value(self, kind, text):
        if not self.open:
            return "end" if kind == "end" else None
        in_object = isinstance(self.open[-1][0], Object)
        if kind == "mark" and text == ",":
            return "name" if in_object else "value"
        return self.close() if kind == "mark" and text == ("}" if in_object else "]") else None

    def begin(self, mark):
        container = Object() if mark == "{" else Array()
        self.open.append([container, None])
        self.deepest = max(self.deepest, len(self.open))
        return "name or }" if mark == "{" else "value or ]"

    def name(self, name):
        container = self.open[-1][0]
        if name in container:
            container.flaws.add(DUPLICATE)
            container.repeated.add(name)
        self.open[-1][1] = name
        return ":"

    def close(self):
        container, _ = self.open.pop()
        if container.depth > JSON_DEPTH:
            container.flaws.add(TOO_DEEP)
        state = self.put(container)
        self.complain(container.flaws)
        if self.open:
            outer = self.open[-1][0]
            outer.depth = max(outer.depth, container.depth + 1)
        return state

    def put(self, value):
        if not self.open:
            self.root = value
        else:
            container, name = self.open[-1]
            if isinstance(container, Object):
                container[name] = value
            else:
                container.append(value)
        return "after value"

    def complain(self, flaws):
        (self.open[-1][0].flaws if self.open else self.flaws).update(flaws)

    def scalar(self, kind, text):
        if kind == "word":
            return _WORDS[text]
        return self.string(text) if kind == "string" else self.number(text)

    def number(self, text):
        """A number must fit into a 64-bit float. One without fraction and exponent is whole, if it
        fits into 64 bits as such; -0, which no whole number is, does not."""
        value = float(text)
        if math.isinf(value):
            self.complain({NOT_JSON})
        whole = re.fullmatch("-?[0-9]{1,20}", text) and text != "-0"
        return int(text) if whole and -(2**63) <= int(text) < 2**64 else value

    def string(self, text):
        if "\\" not in text:
            return text[1:-1]
        text = _ESCAPE.sub(_unescape, text[1:-1])
        try:
            return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        except UnicodeDecodeError:
            self.complain({NOT_JSON})
            return text


def _unescape(escape):
    hexadecimal, short = escape.groups()
    return chr(int(hexadecimal, 16)) if hexadecimal else _SHORT.get(short, short)


def is_text(value):
    return isinstance(value, str)


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value):
    return is_integer(value) or isinstance(value, float)


def same(one, other):
    """Whether two values say the same, in whatever order; 1 and 1.0 are two things to some readers,
    and so they are here."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other

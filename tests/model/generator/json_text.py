"""JSON as an attacker writes it: any order, any spelling, names twice."""

import json


class Raw(str):
    """A piece of text that is written as it stands."""


class Pairs(list):
    """Members of an object as pairs, so that a name may stand twice."""


class Style:
    """How values are written: always the same for one style."""

    def __init__(self, rng=None, spaces=False, shuffle=False, escapes=False):
        self.rng = rng
        self.spaces = spaces
        self.shuffle = shuffle
        self.escapes = escapes


PLAIN = Style()


def any_style(rng):
    if rng.random() < 0.6:
        return PLAIN
    return Style(rng, rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.3)


def write(value, style=PLAIN):
    return _write(value, style).encode(errors="surrogatepass")


def _write(value, style):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, str):
        return _escaped(value, style) if style.escapes else json.dumps(value, ensure_ascii=False)
    if isinstance(value, (dict, Pairs)):
        return _object(list(value.items()) if isinstance(value, dict) else list(value), style)
    if isinstance(value, list):
        return "[" + _comma(style).join(_write(each, style) for each in value) + "]"
    return json.dumps(value)


def _object(pairs, style):
    if style.shuffle:
        style.rng.shuffle(pairs)
    members = [
        _write(name, style) + _space(style) + ":" + _space(style) + _write(value, style)
        for name, value in pairs
    ]
    return "{" + _space(style) + _comma(style).join(members) + _space(style) + "}"


def _comma(style):
    return _space(style) + "," + _space(style)


def _space(style):
    return style.rng.choice(["", " ", "\n", "\t", "\r\n", "  "]) if style.spaces else ""


def _escaped(text, style):
    """Every other character or so as an escape, in either letter case."""
    parts = []
    for char in text:
        if char < " " or char in '"\\' or style.rng.random() < 0.4:
            units = char.encode("utf-16-be", "surrogatepass")
            parts += [f"\\u{units[at]:02x}{units[at + 1]:02X}" for at in range(0, len(units), 2)]
        else:
            parts.append(char)
    return '"' + "".join(parts) + '"'


def set_member(members, name, value):
    """Gives a member a value, in its place or at the end."""
    for at, (each, _) in enumerate(members):
        if each == name:
            members[at] = (name, value)
            return
    members.append((name, value))

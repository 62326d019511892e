"""Small changes of texts, for whatever level has one."""


def pick(rng, mutations, least, most):
    """Some mutations, each once."""
    return rng.sample(mutations, min(len(mutations), rng.randint(least, most)))


def splice(rng, data, alphabet):
    """One byte put in, taken out or replaced."""
    at = rng.randrange(len(data) + 1)
    byte = bytes([rng.choice(alphabet)])
    what = rng.random()
    if what < 0.4:
        return data[:at] + byte + data[at + 1 :]
    if what < 0.7:
        return data[:at] + byte + data[at:]
    return data[:at] + data[at + 1 :]


def places_on(char, places):
    """Another character of base64."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = alphabet.find(char)
    return alphabet[(at + places) % 64 : (at + places) % 64 + 1]


def spellings(rng, text):
    """One of the ways in which base64 of the same bytes, or nearly, is misspelt."""
    bare = text.rstrip(b"=")
    padding = text[len(bare) :]
    at = rng.randrange(len(text) + 1)
    return rng.choice(
        [
            bare, text + b"=", bare + padding[:1], bare + b"==",
            bare[:-1] + places_on(bare[-1:], 1) + padding,
            bare[:-1] + places_on(bare[-1:], rng.randrange(1, 64)) + padding,
            text.replace(b"+", b"-").replace(b"/", b"_"),
            text.replace(b"-", b"+").replace(b"_", b"/"), text[:-1], text[: len(text) // 2],
            text[:at] + b"\n" + text[at:], text[:at] + b"*" + text[at:],
            text[:at] + b"=" + text[at:], text[:at] + b"A" + text[at:], text.swapcase(),
            text.lower(), b"", b"=",
        ]
    )

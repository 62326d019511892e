"""The rules of verification, written once more, from the texts alone, as plainly as can be.

Nothing here was taken from the Rust code. Where the texts leave the order of two complaints open,
the model names both, and either is right; whether a request is accepted is never left open.
"""

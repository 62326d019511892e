"""A request as it arrives."""

from dataclasses import dataclass


@dataclass
class Request:
    """`headers` are pairs of name and value; `now` is the receiver's clock in whole seconds."""

    headers: list
    body: bytes
    now: int

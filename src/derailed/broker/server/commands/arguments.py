"""Reading what a client sent. Raises Refused with what is wrong."""

from __future__ import annotations

from typing import Final

from derailed.broker.server import Refused

_LARGEST: Final = 2**64 - 1
_DIGITS: Final = 20


def number(text: bytes, what: str, *, least: int) -> int:
    """A whole number."""
    if not text.isdigit() or len(text) > _DIGITS or not least <= int(text) <= _LARGEST:
        raise Refused(f"ERR {what} needs a whole number from {least}, not {text[:40].decode(errors='replace')!r}")
    return int(text)


def offset(text: bytes) -> int:
    """The offset in an id. What follows it is the record's rev: it says nothing about where it is."""
    first, dash, second = text.partition(b"-")
    if not first.isdigit() or len(first) > _DIGITS or (dash and not second.isdigit()) or int(first) > _LARGEST:
        raise Refused("ERR Invalid stream ID specified as stream command argument")
    return int(first)


def low(text: bytes) -> int:
    """The first offset of a range; `(` leaves the id itself out."""
    if text == b"-":
        return 1
    return offset(text[1:]) + 1 if text[:1] == b"(" else max(offset(text), 1)


def high(text: bytes) -> int:
    """The last offset of a range."""
    if text == b"+":
        return _LARGEST
    return max(offset(text[1:]) - 1, 0) if text[:1] == b"(" else offset(text)

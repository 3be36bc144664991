"""What hiredis would swallow: it makes room for as many elements as an array says it has, before they come.

Of a client that is not logged in, every byte is looked at; it has little to say. Of one that is, the beginning of
each chunk: whoever may log in can make the broker busy in other ways too. A command has an end for both.
"""

from __future__ import annotations

import re
from typing import Final

import hiredis

_STRANGER: Final = re.compile(rb"(?:\A|\n)[*>%~|]\d{3}")
"""A hundred elements: nobody logs in with that many."""
_KNOWN: Final = re.compile(rb"[*>%~|]\d{8}")
_HEADER: Final = 8
"""Bytes of a chunk's end in which a header may have begun."""
_STRANGERS_BYTES: Final = 16_384


class Violation(Exception):
    """The client does not speak the protocol, or too much of it."""


class Guard:
    """Stands before one reader."""

    __slots__ = ("_end", "_limit", "_reader", "_since", "is_strict")

    def __init__(self, reader: hiredis.Reader, limit: int) -> None:
        self._reader = reader
        self._limit = limit
        self._end = b""
        self._since = 0
        self.is_strict = True

    def feed(self, data: bytes) -> None:
        """Give the chunk to the reader. Raises Violation."""
        if self.is_strict:
            seen = self._end + data
            if _STRANGER.search(seen):
                raise Violation("a command with so many parts, before AUTH")
            self._end = seen[-_HEADER:]
        elif _KNOWN.match(data):
            raise Violation("a command can not have so many parts")
        self._reader.feed(data)

    def done(self, size: int, commands: int) -> None:
        """So many commands came out of the chunk. Raises Violation when the one that has begun is too long."""
        self._since = size if commands else self._since + size
        if self._since > (_STRANGERS_BYTES if self.is_strict else self._limit) and (
            not commands or self._reader.len() > self._limit
        ):
            raise Violation("a command is too long")

"""Reading the history of one topic, a slice at a time, so that a long one does not hold up the loop."""

from __future__ import annotations

from collections.abc import Callable

from derailed.broker import Entry, Trimmed

Slice = Callable[[bytes, int, int, int], list[Entry]]
"""The records of a topic above an offset, up to and with another, at most so many. Raises Trimmed."""


class Reader:
    """Goes from above `after` up to and with `upto`. Nothing stays open between two slices."""

    def __init__(self, read: Slice, topic: bytes, after: int, upto: int) -> None:
        self._read = read
        self._topic = topic
        self._position = after
        self._upto = upto

    @property
    def done(self) -> bool:
        """All has been read."""
        return self._position >= self._upto

    def slice(self, limit: int) -> list[Entry]:
        """The next records, at most `limit`. Raises Trimmed when they do not follow on what was before."""
        entries = self._read(self._topic, self._position, self._upto, limit)
        if any(entry.begins for entry in entries):
            raise Trimmed
        self._position = entries[-1].offset if len(entries) == limit else self._upto
        return entries

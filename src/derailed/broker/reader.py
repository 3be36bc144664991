"""Reading the history of one topic, a slice at a time, so that a long one does not hold up the loop."""

from __future__ import annotations

from itertools import islice

from derailed.broker import Entry, Trimmed
from derailed.broker.buckets import Buckets


class Reader:
    """Goes from above `after` up to and with `upto`. No cursor stays open between two slices."""

    def __init__(self, buckets: Buckets, topic: bytes, after: int, upto: int) -> None:
        self._buckets = buckets
        self._topic = topic
        self._after = after
        self._position = after
        self._upto = upto

    @property
    def done(self) -> bool:
        """All has been read."""
        return self._position >= self._upto

    def slice(self, limit: int) -> list[Entry]:
        """The next records, at most `limit`. Raises Trimmed when what follows, or was read, is not whole."""
        if self._position < self._buckets.horizon:
            raise Trimmed
        entries = list(islice(self._buckets.forward(self._topic, self._position, self._upto), limit))
        for entry in entries:
            if entry.begins and entry.offset - 1 > self._after:
                raise Trimmed
        self._position = entries[-1].offset if len(entries) == limit else self._upto
        return entries

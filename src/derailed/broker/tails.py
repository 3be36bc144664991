"""The last record of each topic: in memory for those in use, from the buckets for the others."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from derailed.broker import record
from derailed.broker.buckets import Buckets


class Tail(NamedTuple):
    """The last record of a topic, and what its keys begin with."""

    prefix: bytes
    rev: int
    offset: int


class Tails:
    """Remembers `limit` topics, those used last; some 300 bytes each."""

    def __init__(self, buckets: Buckets, limit: int) -> None:
        self._buckets = buckets
        self._limit = limit
        self._recent: OrderedDict[bytes, Tail] = OrderedDict()

    def get(self, topic: bytes) -> Tail | None:
        """The topic's last record, if it has one above the horizon."""
        tail = self._recent.get(topic)
        if tail is not None:
            return tail if tail.offset > self._buckets.horizon else None
        last = next(self._buckets.backward(topic), None)
        if last is None:
            return None
        tail = Tail(record.prefix(topic), last.rev, last.offset)
        self.put(topic, tail)
        return tail

    def prefix(self, topic: bytes) -> bytes:
        """What the keys of the topic's records begin with."""
        tail = self._recent.get(topic)
        return record.prefix(topic) if tail is None else tail.prefix

    def put(self, topic: bytes, tail: Tail) -> None:
        """This is the topic's last record now."""
        self._recent[topic] = tail
        self._recent.move_to_end(topic)
        if len(self._recent) > self._limit:
            self._recent.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        self._recent.clear()

"""The last record of each topic: in memory for those in use, from the buckets for the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from derailed.broker import MAX_TOPIC, Verb, record
from derailed.broker.buckets import Buckets


@dataclass(slots=True)
class Tail:
    """The last record of a topic, and what its keys begin with. Rev 0: it has none above the horizon."""

    prefix: bytes
    rev: int
    offset: int


class Tails:
    """Remembers `limit` topics, those used last; some 300 bytes each. The log moves a tail on as it appends."""

    def __init__(self, buckets: Buckets, limit: int) -> None:
        self._buckets = buckets
        self._limit = limit
        self._recent: OrderedDict[bytes, Tail] = OrderedDict()

    def get(self, topic: bytes) -> Tail:
        """The topic's tail."""
        tail = self._recent.get(topic)
        if tail is None:
            return self._read(topic)
        self._recent.move_to_end(topic)
        if tail.offset <= self._buckets.horizon:
            tail.rev = 0
        return tail

    def __bool__(self) -> bool:
        return bool(self._recent)

    def forget(self, topic: bytes) -> None:
        """Something was appended that it does not know of."""
        self._recent.pop(topic, None)

    def clear(self) -> None:
        """Forget all."""
        self._recent.clear()

    def _read(self, topic: bytes) -> Tail:
        last = next(self._buckets.backward(topic), None)
        tail = Tail(record.prefix(topic), 0, 0) if last is None else Tail(record.prefix(topic), last.rev, last.offset)
        self._recent[topic] = tail
        if len(self._recent) > self._limit:
            self._recent.popitem(last=False)
        return tail


def planned(
    verb: Verb, tails: Tails, offset_of: Callable[[bytes, int, Tail], int], *, start: bool
) -> list[Tail | int] | None:
    """For each record the tail that it follows, or the offset that it has already. None: the verb is behind."""
    plan: list[Tail | int] = []
    revs: dict[bytes, int] = {}
    for topic, rev, _ in verb:
        assert len(topic) <= MAX_TOPIC
        tail = tails.get(topic)
        last = revs.get(topic, tail.rev)
        if rev <= last:
            assert topic not in revs  # a verb raises the rev with each of its records
            plan.append(offset_of(topic, rev, tail))
        elif start or (last and rev == last + 1):
            plan.append(tail)
            revs[topic] = rev
        else:
            return None
    return plan

"""What this process has made so far: events and, among them, messages. Counted when they are committed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from derailed.store import Connection, OutboxRow, Store
from derailed.wire import records
from derailed.wire.records import Record

_CREATED: Final = records.encode(Record(event="MESSAGE_CREATE"))[:16]
"""How such a record begins: the length of the array, and the event's name."""
_DEPTH: Final = "SELECT count(*), min(created_at) FROM outbox"


class Tally:
    """Give `take` to the store as one of its `committed`."""

    __slots__ = ("_last", "events", "messages")

    def __init__(self) -> None:
        self.events = 0
        self.messages = 0
        self._last = 0

    def take(self, rows: Sequence[OutboxRow]) -> None:
        """Count them."""
        self.events += len(rows)
        for row in rows:
            if row.payload.startswith(_CREATED):
                if row.topic.startswith("guild:"):
                    self.messages += 1
                else:
                    self._said_directly(records.decode(row.payload).id)

    def _said_directly(self, message_id: int) -> None:
        """A message in a conversation goes to each of those in it, one row after the other."""
        if message_id != self._last:
            self._last = message_id
            self.messages += 1


async def waiting(store: Store, now_ms: int) -> tuple[int, float]:
    """How many records the outbox holds, and for how many seconds the oldest has been there."""

    async def work(tx: Connection) -> tuple[int, int | None]:
        ((count, oldest),) = await tx.fetch(_DEPTH)
        return count, oldest

    count, oldest = await store.read_apart(work)
    return count, 0.0 if oldest is None else max(0, now_ms - oldest) / 1000

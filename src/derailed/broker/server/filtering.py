"""Filters at the door: what is asked before an append, and what a connection hears through them.

What a filtered connection hears waits in one queue, in its order, and is judged many records at a time; the connection
gets one copy of a record, with the list of its clients that it is for. A record for none of them is not sent.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import hiredis

from derailed.broker.filters import Attributes, FilterError, Message
from derailed.broker.server import Refused, resp

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection
    from derailed.broker.server.namespaces import Namespace

AT_ONCE: Final = 256
"""Records that are judged in one go, or messages of one pipeline."""
Record = tuple[bytes, bytes]
"""Topic and payload of what is yet to be appended."""
FULL: Final = 4_096
"""Records that wait to be judged, above which nothing more is replayed."""


class Waiting(NamedTuple):
    """Something that is to be sent, if it may be."""

    hearing: Hearing
    frame: bytes
    message: Message | None
    """None for what needs no filter."""


class Change(NamedTuple):
    """Something else about the clients, in its place among the records."""

    size: int
    make: Callable[[], object]


class Hearing:
    """One topic that a connection hears through filters. Another subscription to the topic is another one."""

    __slots__ = ("filtered", "topic")

    def __init__(self, filtered: Filtered, topic: bytes) -> None:
        self.filtered, self.topic = filtered, topic

    def hear(self, topic: bytes, offset: int, rev: int, payload: bytes, frame: bytes) -> None:
        """See `namespaces.Listener`."""
        if topic not in self.filtered.connection.replaying:
            self.take(offset, rev, time.time_ns() // 1_000_000, payload, frame)

    def take(self, offset: int, rev: int, time_ms: int, payload: bytes, frame: bytes) -> None:
        """A record, live or replayed."""
        self.filtered.put(Waiting(self, frame, message(self.topic, b"%d-%d" % (offset, rev), time_ms, payload)))

    def say(self, frame: bytes) -> None:
        """Something else about the topic, in its place among the records."""
        self.filtered.put(Waiting(self, frame, None))


class Filtered:
    """All that one connection hears of one namespace through filters."""

    def __init__(self, connection: Connection, namespace: Namespace, libraries: Sequence[str]) -> None:
        """Raises Refused."""
        self.connection = connection
        self._filters = connection.server.filters
        try:
            self.judged = self._filters.connect(namespace.name, libraries)
        except FilterError as error:
            raise Refused(f"ERR {error}") from None
        self.judged.set(connection.clients)
        self.taken = self.sent = 0
        self._queue: deque[Waiting | Change] = deque()
        self._bytes = 0
        self._pump: asyncio.Task[None] | None = None

    @property
    def is_full(self) -> bool:
        """Replay waits."""
        return len(self._queue) > FULL

    def put(self, waiting: Waiting) -> None:
        """Judge it in its turn, and send it."""
        self.taken += 1
        self._wait(waiting, len(waiting.frame))

    def change(self, size: int, make: Callable[[], object]) -> None:
        """Have other clients, or other attributes, from here on: what came before is judged as they were then."""
        if self._pump is None:
            make()
        else:
            self._wait(Change(size, make), size)

    def close(self) -> None:
        """Nobody hears it any more."""
        if self._pump is not None:
            self._pump.cancel()
        self._queue.clear()
        self._filters.disconnect(self.judged)

    def _wait(self, one: Waiting | Change, size: int) -> None:
        self._queue.append(one)
        self._bytes += size
        if self._bytes > self.connection.server.limits.output:
            self.connection.server.dropped += 1
            self.connection.end("SLOW too much waits for the filter: the subscription is over")
        elif self._pump is None:
            self._pump = asyncio.get_running_loop().create_task(self._judge())

    def _next(self) -> list[Waiting]:
        """Make the changes that are due; then the records up to the next one, as many as are judged in one go."""
        batch: list[Waiting] = []
        while self._queue and len(batch) < AT_ONCE:
            first = self._queue[0]
            if isinstance(first, Waiting):
                batch.append(first)
            elif batch:
                break
            else:
                self._bytes -= first.size
                first.make()
            self._queue.popleft()
        return batch

    async def _judge(self) -> None:
        while self._queue:
            batch = self._next()
            messages = [each.message for each in batch if each.message is not None]
            bitmaps = iter(await self._filters.deliver(self.judged, messages) if messages else ())
            for each in batch:
                self._bytes -= len(each.frame)
                clients = None if each.message is None else self.judged.names(next(bitmaps))
                if clients != [] and self.connection.hearings.get(each.hearing.topic) is each.hearing:
                    self.connection.push(each.frame if clients is None else _for(clients, each.frame))
            self.sent += len(batch)
            self.connection.server.settle_read()  # an answer that goes with the pushes must be true
            self.connection.server.send_pushes()
            self.connection.server.replays.resume(self.connection)
        self._pump = None


def message(topic: bytes, record_id: bytes, time_ms: int, payload: bytes) -> Message:
    """A record, as filters see it. `payload` is as it is kept: the fields, encoded."""
    reader = hiredis.Reader()
    reader.feed(payload)
    parts = reader.gets()
    return Message(topic, record_id, time_ms, list(zip(parts[::2], parts[1::2], strict=True)))


def _for(clients: Sequence[bytes], frame: bytes) -> bytes:
    """The push, with one part more: whom it is for."""
    return b">5" + frame[2:] + resp.array([resp.bulk(name) for name in clients])


def accepted(connection: Connection, namespace: Namespace, records: Sequence[Record], do: Callable[[], None]) -> None:
    """Do it when the namespace's filters take in all of these; answers what that answers. Raises Refused."""
    if namespace.accepts:
        connection.later(_when_taken(connection, namespace, [fresh(*record) for record in records], do))
    else:
        do()


def heard(connection: Connection, channel: bytes, text: bytes, do: Callable[[], None]) -> None:
    """The same for a message of PUBLISH. It has no fields."""
    namespace = connection.server.namespaces.of(channel)
    if namespace.accepts:
        message = Message(channel, b"", time.time_ns() // 1_000_000, (), text)
        connection.later(_when_taken(connection, namespace, [message], do))
    else:
        do()


async def _when_taken(
    connection: Connection, namespace: Namespace, messages: Sequence[Message], do: Callable[[], None]
) -> bytes:
    if not all(await judge(connection, namespace, messages)):
        raise Refused(REFUSED)
    do()
    return b""


async def judge(connection: Connection, namespace: Namespace, records: Sequence[Message]) -> list[bool]:
    """Which of them are taken in."""
    filters, publisher = connection.server.filters, _publisher(connection)
    return await filters.accept(namespace.name, publisher, records)


REFUSED: Final = "FILTERED a filter of this namespace does not take it in"


def fresh(topic: bytes, payload: bytes) -> Message:
    """A record that is yet to be appended."""
    return message(topic, b"", time.time_ns() // 1_000_000, payload)


def _publisher(connection: Connection) -> Attributes:
    return {"user": connection.user.name, "client": connection.id, "name": connection.name}

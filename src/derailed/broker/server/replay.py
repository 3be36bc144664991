"""Replay: from an id to now, a slice at a time, so that nobody else waits for it. Then the topic is heard live.

The log is the queue: while a topic is replayed, what is appended to it is not sent but read, in order, like what was
there before. When a slice ends at the head, and nothing can have been appended since, the topic goes live.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from derailed.broker import LogFailed
from derailed.broker.log import Log
from derailed.broker.server import resp

if TYPE_CHECKING:
    from derailed.broker.server.connection import Connection
    from derailed.broker.server.server import Server

_SLICE: Final = 256
_FIRST: Final = 16
_BYTES: Final = 256 << 10
"""What is read and sent at once; records may be large."""
_TURN_S: Final = 0.002
"""Time until others have theirs."""


class Replay:
    """One topic, for one connection."""

    __slots__ = ("_limit", "_log", "_position", "_topic", "connection")

    def __init__(self, connection: Connection, log: Log, topic: bytes, after: int) -> None:
        self.connection = connection
        self._log = log
        self._topic = topic
        self._position = after
        self._limit = _FIRST

    @property
    def is_over(self) -> bool:
        """The client has gone, or wants it no more."""
        return self.connection.closing or self.connection.replaying.get(self._topic) is not self

    @property
    def must_wait(self) -> bool:
        """The client does not read, or its filters have enough to do."""
        hearing = self.connection.hearings.get(self._topic)
        return self.connection.stalled or (hearing is not None and hearing.filtered.is_full)

    def step(self) -> bool:
        """Send the next slice; whether it was the last. Nothing is appended meanwhile. Raises LogFailed."""
        head = self._log.head
        found = self._log.page(self._topic, self._position, head, self._limit)
        size = 0
        hearing = self.connection.hearings.get(self._topic)
        for entry in found:
            place = resp.record_id(entry.offset, entry.rev)
            if entry.begins:
                gap = resp.push(resp.bulk(b"xgap"), resp.bulk(self._topic), place)
                self.connection.push(gap) if hearing is None else hearing.say(gap)
            frame = resp.delivery(self._topic, entry.offset, entry.rev, entry.payload)
            if hearing is None:
                self.connection.push(frame)
            else:
                hearing.take(entry.offset, entry.rev, entry.time_ms, entry.payload, frame)
            size += len(entry.payload)
        if size > _BYTES:
            self.connection.send()
        if len(found) == self._limit:
            self._position = found[-1].offset
            self._limit = max(1, min(_SLICE, _BYTES * len(found) // (size + 1)))
            return False
        del self.connection.replaying[self._topic]
        return True


class Replays:
    """All that are under way, one after the other."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._queue: deque[Replay] = deque()
        self._parked: dict[Connection, list[Replay]] = {}
        self._some = asyncio.Event()
        self._progress = asyncio.Event()

    def add(self, replay: Replay) -> None:
        """Begin soon."""
        self._queue.append(replay)
        self._some.set()

    def resume(self, connection: Connection) -> None:
        """The client reads again, or what waited for its filters was judged."""
        for replay in self._parked.pop(connection, ()):
            self.add(replay)
        self._stir()

    def forget(self, connection: Connection) -> None:
        """The client has gone."""
        self._parked.pop(connection, None)
        self._stir()

    async def progress(self) -> None:
        """Return when something has gone on."""
        await self._progress.wait()

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._some.wait()
            self._server.settle()  # what a replay reads must not be told again
            deadline = loop.time() + _TURN_S
            while self._queue and loop.time() < deadline:
                self._step(self._queue.popleft())
            if not self._queue:
                self._some.clear()
            self._server.send_pushes()
            self._stir()
            await asyncio.sleep(0)

    def _step(self, replay: Replay) -> None:
        connection = replay.connection
        if replay.is_over:
            return
        if replay.must_wait:
            self._parked.setdefault(connection, []).append(replay)
            return
        try:
            if not replay.step():
                self._queue.append(replay)
        except LogFailed as failure:
            connection.end(f"LOGFAILED {failure}")

    def _stir(self) -> None:
        progress, self._progress = self._progress, asyncio.Event()
        progress.set()

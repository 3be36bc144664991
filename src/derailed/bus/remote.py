"""The bus on a server that all processes share: one that speaks the Redis protocol, or our broker.

One connection asks; each subscription has one of its own, which carries all its topics. `server` says what is asked
of the server, and which modules know how.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

import structlog

from derailed.bus import Appended, BusDown, Entry, History, Put, Trimmed
from derailed.bus.remote_subscription import RemoteSubscription
from derailed.bus.resp import Lost, Push, Refused
from derailed.bus.server import SLICE, Line, Server

T = TypeVar("T")

_RETRY_S: Final = 0.25
"""A server that was not there is not tried again before."""
_ANSWER_WITHIN_S: Final = 10.0
_HISTORY_BYTES: Final = 64 << 20
"""What one history may be: a server may keep more than anybody wants to read in one go."""

_log = structlog.stdlib.get_logger(__name__)


class RemoteBus:
    """A `Bus` on a server, which need not be there when we start."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._line: Line | None = None
        self._epoch = ""
        self._connecting = asyncio.Lock()
        self._down_until = 0.0
        self._subscriptions: set[RemoteSubscription] = set()

    @property
    def epoch(self) -> str:
        """The name of the present sequence of offsets, as the server said last; empty before it said anything."""
        return self._epoch

    @property
    def is_up(self) -> bool:
        """See `Bus.is_up`."""
        return all(subscription.is_live for subscription in self._subscriptions)

    async def append(
        self, verbs: Sequence[Sequence[Put]], *, start: bool = False, epoch: str | None = None
    ) -> Appended:
        """See `Bus.append`."""
        line = await self._connected()
        if epoch not in (None, self._epoch):
            raise BusDown("another epoch has begun")
        now, offsets = await self._ask(line.append(epoch, verbs, start=start))
        self._learn(now)
        if offsets is None:
            raise BusDown("another epoch has begun")
        return Appended(now, offsets)

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Bus.publish`. What nobody keeps is lost when the server is."""
        try:
            line = await self._connected()
            await self._ask(line.publish(topic, payload))
        except BusDown:
            _log.debug("an ephemeral record was lost: the bus is down")

    async def history(self, topic: str, after: int) -> History:
        """See `Bus.history`."""
        line = await self._connected()
        upto, epoch, size = None, "", 0
        entries: list[Entry] = []
        while True:
            now, head, (found,) = await self._ask(line.history({topic: after}, upto))
            self._learn(now)
            if epoch not in ("", now):
                raise BusDown("another epoch has begun")
            epoch, upto = now, head if upto is None else upto
            size += sum(len(entry.payload) for entry in found or ())
            if found is None or size > _HISTORY_BYTES:
                raise Trimmed
            entries += found
            if len(found) < SLICE:
                return History(epoch, upto, entries)
            after = entries[-1].offset

    def connect(self) -> RemoteSubscription:
        """See `Bus.connect`."""
        subscription = RemoteSubscription(self._server, self._epoch, self._subscriptions.discard)
        self._subscriptions.add(subscription)
        return subscription

    async def look(self) -> str:
        """Ask the server for its epoch now. Raises BusDown."""
        line = await self._connected()
        self._learn((await self._ask(line.history({}, None))).epoch)
        return self._epoch

    async def close(self) -> None:
        """See `Bus.close`."""
        for subscription in list(self._subscriptions):
            await subscription.close()
        self._down_until = float("inf")
        if self._line is not None:
            self._line.close()

    async def _connected(self) -> Line:
        """The connection that asks, made when there is none. A server that is down is not asked all the time."""
        if self._line is not None and self._line.is_open:
            return self._line
        async with self._connecting:
            if self._line is not None and self._line.is_open:
                return self._line
            loop = asyncio.get_running_loop()
            if loop.time() < self._down_until:
                raise BusDown("the server can not be reached")
            try:
                line = await self._server.connect(_hear_nothing, _mind_nothing)
                found = await self._ask(line.history({}, None))
            except BusDown:
                self._down_until = loop.time() + _RETRY_S
                raise
            self._line = line
            self._learn(found.epoch)
            return line

    async def _ask(self, call: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                return await call
        except (Lost, Refused) as error:
            raise BusDown(str(error)) from error
        except TimeoutError:
            if self._line is not None:
                self._line.close()
            raise BusDown("the server does not answer") from None

    def _learn(self, epoch: str) -> None:
        if epoch != self._epoch:
            self._epoch = epoch
            _log.info("the bus is in epoch", epoch=epoch)


def _hear_nothing(pushes: list[Push]) -> None: ...


def _mind_nothing() -> None: ...

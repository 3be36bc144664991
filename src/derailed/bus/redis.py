"""The bus on a server that speaks the Redis protocol: Redis, Valkey, Dragonfly.

One script appends verbs, checks their revs, keeps the history and pushes the records to whoever listens. One
connection asks; each subscription has one of its own, which carries all its topics.

The epoch is the server's run id and a name that lives with the data: a server that was restarted or failed over
can not vouch for the last moments, and a wiped one for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final

import structlog

from derailed.bus import Appended, BusDown, Entry, History, Put, Trimmed
from derailed.bus.redis_server import SLICE, Retention, Server, entries_of, index_of
from derailed.bus.redis_subscription import RedisSubscription
from derailed.bus.resp import Address, Connection, Lost, Push, Refused

_RETRY_S: Final = 0.25
"""A server that was not there is not tried again before."""
_ANSWER_WITHIN_S: Final = 10.0

_log = structlog.stdlib.get_logger(__name__)


class RedisBus:
    """A `Bus` on a Redis-protocol server, which need not be there when we start."""

    def __init__(self, url: str, retention: Retention | None = None) -> None:
        """`url` is as `Address.parse` reads it. Raises ValueError."""
        self.server = Server(Address.parse(url), retention or Retention())
        self._connection: Connection | None = None
        self._run = ""
        self._name = ""
        self._connecting = asyncio.Lock()
        self._down_until = 0.0
        self._subscriptions: set[RedisSubscription] = set()

    @property
    def epoch(self) -> str:
        """The name of the present sequence of offsets, as the server said last; empty before it said anything."""
        return f"{self._run}.{self._name}" if self._name else ""

    @property
    def is_up(self) -> bool:
        """See `Bus.is_up`."""
        return all(subscription.is_live for subscription in self._subscriptions)

    async def append(
        self, verbs: Sequence[Sequence[Put]], *, start: bool = False, epoch: str | None = None
    ) -> Appended:
        """See `Bus.append`."""
        connection = await self._connected()
        if epoch not in (None, self.epoch):
            raise BusDown("another epoch has begun")
        run = self._run
        expected = "" if epoch is None else self._name
        name, *answer = await self._ask(self.server.append(connection, expected, verbs, start=start))
        self._learn(run, name.decode())
        if not answer:
            raise BusDown("another epoch has begun")
        offsets = [None if verb == 0 else tuple(verb) for verb in answer[0]]
        return Appended(f"{run}.{name.decode()}", offsets)

    async def publish(self, topic: str, payload: bytes) -> None:
        """See `Bus.publish`. What nobody keeps is lost when the server is."""
        try:
            connection = await self._connected()
            await self._ask(connection.call("PUBLISH", index_of(topic), b"- 0 0 " + payload))
        except BusDown:
            _log.debug("an ephemeral record was lost: the bus is down")

    async def history(self, topic: str, after: int) -> History:
        """See `Bus.history`."""
        connection = await self._connected()
        run, upto, epoch = self._run, None, ""
        entries: list[Entry] = []
        while True:
            name, head, (found,) = await self._ask(self.server.history(connection, {topic: after}, upto))
            self._learn(run, name.decode())
            if epoch not in ("", self.epoch):
                raise BusDown("another epoch has begun")
            epoch, upto = self.epoch, head if upto is None else upto
            if found == 0:
                raise Trimmed
            entries += entries_of(topic, found)
            if len(found) < 3 * SLICE:
                return History(epoch, upto, entries)
            after = entries[-1].offset

    def connect(self) -> RedisSubscription:
        """See `Bus.connect`."""
        subscription = RedisSubscription(self.server, self.epoch, self._subscriptions.discard)
        self._subscriptions.add(subscription)
        return subscription

    async def look(self) -> str:
        """Ask the server for its epoch now. Raises BusDown."""
        connection, run = await self._connected(), self._run
        name, *_ = await self._ask(self.server.history(connection, {}, None))
        self._learn(run, name.decode())
        return self.epoch

    async def close(self) -> None:
        """See `Bus.close`."""
        for subscription in list(self._subscriptions):
            await subscription.close()
        self._down_until = float("inf")
        if self._connection is not None:
            self._connection.close()

    async def _connected(self) -> Connection:
        """The connection that asks, made when there is none. A server that is down is not asked all the time."""
        if self._connection is not None and self._connection.open_still and self._name:
            return self._connection
        async with self._connecting:
            if self._connection is not None and self._connection.open_still and self._name:
                return self._connection
            loop = asyncio.get_running_loop()
            if loop.time() < self._down_until:
                raise BusDown(f"{self.server.address} can not be reached")
            try:
                connection, run = await self.server.connect(_hear_nothing, _mind_nothing)
                name, _, _ = await self._ask(self.server.history(connection, {}, None))
            except BusDown:
                self._down_until = loop.time() + _RETRY_S
                raise
            self._connection = connection
            self._learn(run, name.decode())
            return connection

    async def _ask(self, call: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                return await call
        except (Lost, Refused) as error:
            raise BusDown(str(error)) from error
        except TimeoutError:
            if self._connection is not None:
                self._connection.close()
            raise BusDown(f"{self.server.address} does not answer") from None

    def _learn(self, run: str, name: str) -> None:
        if (run, name) != (self._run, self._name):
            self._run, self._name = run, name
            _log.info("the bus is in epoch", epoch=self.epoch)


def _hear_nothing(pushes: list[Push]) -> None: ...


def _mind_nothing() -> None: ...

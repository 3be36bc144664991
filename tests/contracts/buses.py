"""Every bus, by name, as the tests open it and disturb it; and what the tests say of what they hear."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import redis.asyncio

from derailed.broker.buckets import Retention
from derailed.broker.log import Log
from derailed.broker.server.configuration import Configuration, Limits, Space
from derailed.broker.server.server import Server
from derailed.bus import Bus, BusDown, Entry, Put, Signal, Subscription
from derailed.bus.broker_server import BrokerServer
from derailed.bus.embedded import EmbeddedBus, EmbeddedSubscription
from derailed.bus.redis_server import MARKS, META, RedisServer
from derailed.bus.remote import RemoteBus
from derailed.bus.remote_subscription import RemoteSubscription
from tests.servers import valkey

GUILD, OTHER, USER = "guild:1", "guild:2", "user:1"


class Bench(Protocol):
    """One kind of bus, and the hands to disturb it."""

    @property
    def bus(self) -> Bus:
        """The one that runs now."""
        ...

    async def trim(self) -> None:
        """Let five minutes pass, and trim what is older."""
        ...

    async def lose_connection(self, subscription: Subscription) -> None:
        """Cut it as a network does."""
        ...

    async def lose_past(self) -> None:
        """Begin another epoch."""
        ...

    async def restart(self) -> None:
        """Stop the bus and start it again on the same data."""
        ...


class EmbeddedBench:
    """The log in this process, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._now_ms = 1_700_000_000_000
        self._bus = self._open()

    @property
    def bus(self) -> EmbeddedBus:
        return self._bus

    def _open(self) -> EmbeddedBus:
        self._log = Log(self._folder, clock=lambda: self._now_ms, boot_id="boot")
        return EmbeddedBus(self._log)

    async def trim(self) -> None:
        for _ in range(3):
            await self.bus.settle()
            self._now_ms += 400_000
            last = self._log.history(b"filler", self._log.horizon)
            await self.bus.append([[Put("filler", last[-1].rev + 1 if last else 1, b"")]], start=True)

    async def lose_connection(self, subscription: Subscription) -> None:
        assert isinstance(subscription, EmbeddedSubscription)
        subscription.drop()

    async def lose_past(self) -> None:
        await self.bus.wipe()

    async def restart(self) -> None:
        await self.bus.close()
        self._bus = self._open()


Case = Callable[[Bench], Awaitable[None]]
Runner = Callable[[Case], None]


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[Bench]:
    bench = EmbeddedBench(folder)
    yield bench
    await bench.bus.close()


class RedisBench:
    """A Valkey of the test process's own, emptied for each case."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = redis.asyncio.Redis.from_url(url)
        self._bus = RemoteBus(RedisServer(url))

    @property
    def bus(self) -> RemoteBus:
        return self._bus

    async def begin(self) -> None:
        await self._client.flushall()
        await self._bus.look()

    async def end(self) -> None:
        await self._bus.close()
        await self._client.aclose()

    async def trim(self) -> None:
        for number in range(3):
            await self._age_by(400_000)
            await self.bus.append([[Put(f"filler:{number}:{time.monotonic_ns()}", 1, b"")]], start=True)

    async def _age_by(self, ms: int) -> None:
        """What five minutes do to the server's marks."""
        marks = [mark.split() for mark in await self._client.lrange(MARKS, 0, -1)]
        for number, (offset, at, size) in enumerate(marks):
            await self._client.lset(MARKS, number, f"{int(offset)} {int(at) - ms} {int(size)}")
        for field in ("marked", "appended"):
            await self._client.hincrby(META, field, -ms)

    async def lose_connection(self, subscription: Subscription) -> None:
        assert isinstance(subscription, RemoteSubscription)
        subscription.drop()

    async def lose_past(self) -> None:
        await self._client.flushall()
        await self._bus.look()

    async def restart(self) -> None:
        await self._bus.close()
        self._bus = RemoteBus(RedisServer(self._url))
        await self._bus.look()


@asynccontextmanager
async def on_valkey(folder: Path) -> AsyncIterator[Bench]:
    bench = RedisBench(valkey.shared().url)
    try:
        await bench.begin()
        yield bench
    finally:
        await bench.end()


class BrokerBench:
    """A broker in this process, with a clock of its own and behind its socket."""

    def __init__(self, server: Server, port: int) -> None:
        self._server = server
        self._url = f"broker://127.0.0.1:{port}/chat"
        self._ahead_ms = 0
        self._log = server.namespaces.named(b"chat").log
        self._log._clock = lambda: time.time_ns() // 1_000_000 + self._ahead_ms
        self._bus = self._open()

    @property
    def bus(self) -> RemoteBus:
        return self._bus

    def _open(self) -> RemoteBus:
        return RemoteBus(BrokerServer(self._url, window_ms=300_000))

    async def end(self) -> None:
        await self._bus.close()
        await self._server.stop()

    async def trim(self) -> None:
        for number in range(3):
            self._log.tend()
            self._ahead_ms += 400_000
            await self.bus.append([[Put(f"filler:{number}:{time.monotonic_ns()}", 1, b"")]], start=True)

    async def lose_connection(self, subscription: Subscription) -> None:
        assert isinstance(subscription, RemoteSubscription)
        subscription.drop()

    async def lose_past(self) -> None:
        self._log.wipe()
        await self._bus.look()

    async def restart(self) -> None:
        await self._bus.close()
        self._bus = self._open()
        await self._bus.look()


@asynccontextmanager
async def on_broker(folder: Path) -> AsyncIterator[Bench]:
    spaces = (Space("default", "memory"), Space("chat", "disk", Retention(window_ms=300_000)))
    server = Server(Configuration(spaces=spaces, limits=Limits(free=0)), folder)
    bench = BrokerBench(server, await server.start("127.0.0.1", 0))
    try:
        await bench.bus.look()
        yield bench
    finally:
        await bench.end()


BUSES = {"embedded": embedded, "redis": on_valkey, "broker": on_broker}


def one(topic: str, rev: int, payload: bytes = b"") -> list[Put]:
    return [Put(topic, rev, payload)]


async def listen(bus: Bus, *topics: str) -> Subscription:
    subscription = bus.connect()
    await subscription.subscribe(topics)
    return subscription


async def read_all(subscription: Subscription) -> list[Signal]:
    """Everything up to a fence of now."""
    passed = asyncio.create_task(subscription.fence())
    await asyncio.sleep(0)
    signals: list[Signal] = []
    while not passed.done():
        reading = asyncio.create_task(subscription.read())
        await asyncio.wait([reading, passed], return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            signals += reading.result()
        else:
            reading.cancel()
            await asyncio.wait([reading])
    return signals


def heard(signals: Sequence[Signal]) -> list[tuple[str, int]]:
    return [(signal.topic, signal.rev) for signal in signals if isinstance(signal, Entry)]


def offsets(signals: Sequence[Signal]) -> list[int]:
    return [signal.offset for signal in signals if isinstance(signal, Entry)]


async def eventually(step: Callable[[], Awaitable[object]]) -> None:
    """Do it as often as it takes until the bus is there."""
    while True:
        try:
            await step()
        except BusDown:
            await asyncio.sleep(0.02)
        else:
            return

"""Every bus, by name, as the tests open it and disturb it; and what the tests say of what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from derailed.broker.log import Log
from derailed.bus import Bus, Entry, Put, Signal, Subscription
from derailed.bus.embedded import EmbeddedBus, EmbeddedSubscription

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


BUSES = {"embedded": embedded}


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

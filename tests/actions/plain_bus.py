"""A clock that a test moves, and the rules of `Bus.append` in a list, with failures that a test can ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from derailed.bus import Appended, Bus, BusDown, History, Put, Subscription


class Clock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000
        self._sleepers: list[tuple[int, asyncio.Future[None]]] = []

    def __call__(self) -> int:
        return self.ms

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.ms + round(seconds * 1000), woken))
        await woken

    async def advance(self, ms: int) -> None:
        """Let everybody come to rest, move time, and let who woke take their next steps."""
        await _turns()
        self.ms += ms
        for due, woken in self._sleepers:
            if due <= self.ms and not woken.done():
                woken.set_result(None)
        self._sleepers = [sleeper for sleeper in self._sleepers if not sleeper[1].done()]
        await _turns()


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Logged(NamedTuple):
    """One record that the bus keeps."""

    offset: int
    topic: str
    rev: int


class PlainBus(Bus):
    """The rules of `Bus.append` in a list, with failures that a test can ask for."""

    def __init__(self) -> None:
        self.log: list[Logged] = []
        self.calls: list[int] = []
        self.started: list[str] = []
        self.down = False
        self.forgetful = False
        self.wiped_meanwhile = False
        self.losses = 0
        """Appends that shall never arrive."""
        self.gate = asyncio.Event()
        self.gate.set()
        self.disk = asyncio.Event()
        self.disk.set()
        self._epoch = 1
        self._last: dict[str, int] = {}

    @property
    def epoch(self) -> str:
        return str(self._epoch)

    @property
    def is_up(self) -> bool:
        """See `Bus.is_up`."""
        return True

    def wipe(self) -> None:
        """Begin another epoch."""
        self._epoch += 1
        self.trim()

    def trim(self) -> None:
        """Let go of everything."""
        self.log, self._last = [], {}

    def revs(self, topic: str) -> list[int]:
        return [entry.rev for entry in self.log if entry.topic == topic]

    async def append(
        self, verbs: Sequence[Sequence[Put]], *, start: bool = False, epoch: str | None = None
    ) -> Appended:
        await self.gate.wait()
        if self.down or self.losses:
            self.losses = max(self.losses - 1, 0)
            raise BusDown
        epoch = self.epoch
        self.calls.append(len(verbs))
        await asyncio.sleep(0)
        offsets = [self._append(verb, start) for verb in verbs]
        if self.forgetful:
            self.forgetful = False
            raise BusDown("the answer was lost")
        if self.wiped_meanwhile:
            self.wiped_meanwhile = False
            self.wipe()
        await asyncio.sleep(0)
        await self.disk.wait()
        return Appended(epoch, offsets)

    def _append(self, verb: Sequence[Put], start: bool) -> tuple[int, ...] | None:
        fits = [self._last.get(put.topic, -1) + 1 >= put.rev for put in verb]
        if not start and not all(fits):
            return None
        self.started.extend(put.topic for put, fit in zip(verb, fits, strict=True) if not fit)
        return tuple(self._keep(put) for put in verb)

    def _keep(self, put: Put) -> int:
        if put.rev <= self._last.get(put.topic, -1):
            return 0
        self._last[put.topic] = put.rev
        self.log.append(Logged(len(self.log) + 2, put.topic, put.rev))
        return self.log[-1].offset

    async def publish(self, topic: str, payload: bytes) -> None:
        raise NotImplementedError

    async def history(self, topic: str, after: int) -> History:
        raise NotImplementedError

    def connect(self) -> Subscription:
        raise NotImplementedError

    async def close(self) -> None:
        return

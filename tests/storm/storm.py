"""A storm: clients of a split deployment are cut at once, and how they come back is watched from outside."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from bench import processes
from derailed.wire.gateway import Intent
from tests.faults.rest import Rest
from tests.journeys.split import Split
from tests.storm.counting import Counting, counting, cpu_seconds
from tests.storm.flocks import Flocks
from tests.storm.harbour import Harbour
from tests.storm.traffic import Traffic

INTENTS: Final = int(Intent.GUILDS | Intent.GUILD_MESSAGES | Intent.MESSAGE_CONTENT)
PATIENCE_S: Final = 180.0
LOOK_EVERY_S: Final = 0.2
# They had been connected for two days: whoever comes back is written down as seen again.
_LONG_AGO: Final = "UPDATE users SET seen_at = seen_at - 172800000; UPDATE tokens SET used_at = used_at - 172800000"

Cut = Callable[["Storm"], Awaitable[None]]


class Weather(NamedTuple):
    """What one cut led to. Times are from the cut, rates are statements a second at PostgreSQL."""

    name: str
    back_s: Sequence[float]
    """When each who was cut was back."""
    resumed: int
    afresh: int
    torn: int
    """Messages that somebody missed, or was sent twice or out of order."""
    rates: Sequence[tuple[float, float]]
    """By when the second ended, until all were back and a little longer."""
    wall_s: float
    nodes_cpu_s: float
    clients_cpu_s: float
    postgres_cpu_s: float
    memory_bytes: int
    """The most that a node had in RAM."""

    @property
    def all_s(self) -> float:
        """When the last was back."""
        return self.back_s[-1]

    @property
    def peak(self) -> float:
        """The most statements in any second."""
        return max(rate for _, rate in self.rates)


class Storm:
    """A deployment with its people, their clients, and what goes on there."""

    def __init__(self, split: Split, flocks: Flocks, traffic: Traffic, counted: Counting) -> None:
        self.split = split
        self.flocks = flocks
        self.traffic = traffic
        self.counted = counted
        self._most_bytes = 0

    @classmethod
    @asynccontextmanager
    async def brewing(cls, split: Split, harbour: Harbour, *, posts_s: float, flocks: int) -> AsyncIterator[Storm]:
        """Everybody is there, and talks."""
        ports = [node.port for node in split.nodes]
        async with Rest(split.api, random.Random(1)) as rest, counting(split.postgres, split.database) as counted:
            with Flocks(harbour.tokens, ports, INTENTS, flocks) as them:
                await them.come()
                await them.all_up(PATIENCE_S)
                traffic = Traffic(harbour, rest, posts_s)
                traffic.begin()
                try:
                    yield cls(split, them, traffic, counted)
                finally:
                    await traffic.end()

    async def calm(self, seconds: float) -> float:
        """Let nothing but the traffic go on; statements a second."""
        first = await self.counted.look()
        await asyncio.sleep(seconds)
        last = await self.counted.look()
        return (last.calls - first.calls) / (last.at - first.at)

    async def cut(self, name: str, cut: Cut, *, after_s: float) -> Weather:
        """Have it happen, and wait until all are back, and a little longer."""
        await asyncio.to_thread(self.split.postgres.run, _LONG_AGO, self.split.database)
        await self.flocks.mark()
        clients = (await self.flocks.told()).cpu_s
        nodes, postgres = self._node_cpu_s(), cpu_seconds(self.split.postgres)
        began, began_ns = time.monotonic(), time.monotonic_ns()
        watching = asyncio.create_task(self._watch_memory())
        await cut(self)
        told = await self.flocks.all_up(PATIENCE_S)
        wall_s = time.monotonic() - began
        spent = {pid: cpu_s - nodes.get(pid, 0.0) for pid, cpu_s in self._node_cpu_s().items()}
        postgres = cpu_seconds(self.split.postgres) - postgres
        await asyncio.sleep(after_s)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        rates = self.counted.rates(began, time.monotonic())
        return Weather(
            name,
            back_s=[(at - began_ns) / 1e9 for at in told.back_ns],
            resumed=told.resumed,
            afresh=told.afresh,
            torn=(await self.flocks.told()).torn,
            rates=[(at - began, rate) for at, rate in rates],
            wall_s=wall_s,
            nodes_cpu_s=sum(spent.values()),
            clients_cpu_s=told.cpu_s - clients,
            postgres_cpu_s=postgres,
            memory_bytes=self._most_bytes,
        )

    async def all_heard(self) -> None:
        """Return when everybody has heard the last of each guild; nobody talks any more."""
        await self.traffic.end()
        async with asyncio.timeout(PATIENCE_S):
            while (await self.flocks.told()).reached != self.traffic.said:  # noqa: ASYNC110  it is in other processes
                await asyncio.sleep(LOOK_EVERY_S)

    async def until_lost(self) -> None:
        """Return when some have lost their socket: those who kill do not know when it is noticed."""
        async with asyncio.timeout(PATIENCE_S):
            while await self.flocks.up() == self.flocks.count:  # noqa: ASYNC110  it is in other processes
                await asyncio.sleep(0.01)

    def _node_cpu_s(self) -> dict[int, float]:
        return {node.pid: processes.cpu_seconds(node.pid) for node in self.split.nodes if node.is_running}

    async def _watch_memory(self) -> None:
        self._most_bytes = 0
        while True:
            sizes = [processes.resident_bytes(node.pid) for node in self.split.nodes if node.is_running]
            self._most_bytes = max([self._most_bytes, *sizes])
            await asyncio.sleep(LOOK_EVERY_S)


async def everybody(storm: Storm) -> None:
    """A balancer lets go of all connections; the nodes go on."""
    await storm.flocks.cut()


async def a_node(storm: Storm) -> None:
    """One of two nodes dies, and is not seen again for now."""
    await storm.flocks.go_to([storm.split.other.port])
    await asyncio.to_thread(storm.split.one.kill)
    await storm.until_lost()


async def all_nodes(storm: Storm) -> None:
    """Both nodes die, and are started again."""
    for node in storm.split.nodes:
        node.kill()
    await storm.until_lost()
    for node in storm.split.nodes:
        node.launch()


async def all_nodes_and_the_log(storm: Storm) -> None:
    """Both nodes die, and the bus forgets everything: nobody can be resumed."""
    for node in storm.split.nodes:
        node.kill()
    await storm.until_lost()
    await asyncio.to_thread(storm.split.bus.lose_everything)
    for node in storm.split.nodes:
        node.launch()

"""What the three buses cost beside one another: CPU an append and a delivery, here and in the server. See `bench.bus`.

Nobody listens, then several subscriptions hear everything: the difference, by deliveries, is what a delivery costs.
Everybody is in this process, and CPU is counted: a rate would say how many cores there are. Buses take turns, and
medians are told. Each is as an operator would run it: the broker's appends wait for its disk,
Valkey keeps nothing; once more it does, with a sync before each answer.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import uvloop
from rich.progress import track

from bench.processes import cpu_seconds
from derailed.broker.log import Log
from derailed.bus import Bus, Entry, Put
from derailed.bus.broker_server import BrokerServer
from derailed.bus.embedded import EmbeddedBus
from derailed.bus.redis_server import RedisServer
from derailed.bus.remote import RemoteBus
from tests.servers.broker import Broker
from tests.servers.valkey import Valkey

TOPICS = 1_000
CALLERS = 32
GROUP = 50
LISTENERS = 4
ROUNDS = 5
PAYLOAD = bytes(300)

Open = Callable[[Path], AbstractAsyncContextManager[Bus]]


class Kind(NamedTuple):
    """One bus: how it is opened, and the process of its server, if it has one."""

    name: str
    open: Open
    pid: int = 0


class Cost(NamedTuple):
    """CPU seconds, here and in the server; and how long it took."""

    here: float
    there: float
    wall: float


def table(folder: Path, records: int) -> list[str]:
    """Lines of Markdown, and nothing left running."""
    with ExitStack() as servers:
        kinds = _kinds(servers)
        found: dict[str, list[tuple[Cost, Cost]]] = {kind.name: [] for kind in kinds}
        for number in track(range(ROUNDS), "the buses, in turns"):
            for kind in kinds:
                quiet, heard = (
                    _measured(kind, folder / f"{number}-{kind.name}-{listeners}", records, listeners)
                    for listeners in (0, LISTENERS)
                )
                found[kind.name].append((quiet, heard))
    lines = [
        "| bus | append: CPU here | in the server | delivery: CPU here | in the server | records/s |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    return [*lines, *(_row(kind, found[kind.name], records) for kind in kinds)]


def _row(kind: Kind, rounds: list[tuple[Cost, Cost]], records: int) -> str:
    deliveries = records * LISTENERS

    def median_us(of: Callable[[Cost, Cost], float], count: int) -> str:
        return f"{statistics.median(of(*each) for each in rounds) / count * 1e6:.1f} µs"

    append = median_us(lambda quiet, _: quiet.here, records), median_us(lambda quiet, _: quiet.there, records)
    delivery = (
        median_us(lambda quiet, heard: heard.here - quiet.here, deliveries),
        median_us(lambda quiet, heard: heard.there - quiet.there, deliveries),
    )
    rate = statistics.median(records / heard.wall for _, heard in rounds)
    if not kind.pid:
        append, delivery = (append[0], "—"), (delivery[0], "—")
    return f"| {kind.name} | {' | '.join((*append, *delivery))} | {rate:,.0f} |"


def _kinds(servers: ExitStack) -> list[Kind]:
    valkey, keeping = servers.enter_context(Valkey()), servers.enter_context(Valkey(keeps=True))
    broker = servers.enter_context(Broker())
    return [
        Kind("embedded", _embedded),
        Kind("our broker, synced", lambda _: _remote(RemoteBus(BrokerServer(broker.url))), broker.pid),
        Kind("Valkey, nothing kept", lambda _: _remote(RemoteBus(RedisServer(valkey.url))), valkey.pid),
        Kind("Valkey, synced", lambda _: _remote(RemoteBus(RedisServer(keeping.url))), keeping.pid),
    ]


@asynccontextmanager
async def _embedded(folder: Path) -> AsyncIterator[Bus]:
    bus = EmbeddedBus(Log(folder))
    yield bus
    await bus.close()


@asynccontextmanager
async def _remote(bus: RemoteBus) -> AsyncIterator[Bus]:
    await bus.look()
    yield bus
    await bus.close()


def _measured(kind: Kind, folder: Path, records: int, listeners: int) -> Cost:
    async def main() -> Cost:
        async with kind.open(folder) as bus:
            heard = [Listener(bus, folder.name, records) for _ in range(listeners)]
            await asyncio.gather(*(each.subscribed.wait() for each in heard))
            wall, here, there = time.perf_counter(), time.process_time(), _cpu(kind)
            async with asyncio.TaskGroup() as tasks:
                for caller in range(CALLERS):
                    tasks.create_task(_append(bus, folder.name, records, caller))
            await asyncio.gather(*(each.done for each in heard))
            return Cost(time.process_time() - here, _cpu(kind) - there, time.perf_counter() - wall)

    return uvloop.run(main())


def _cpu(kind: Kind) -> float:
    return cpu_seconds(kind.pid) if kind.pid else 0.0


class Listener:
    """Hears everything of one run."""

    def __init__(self, bus: Bus, run: str, records: int) -> None:
        self.subscribed = asyncio.Event()
        self.done = asyncio.create_task(self._hear(bus, run, records))

    async def _hear(self, bus: Bus, run: str, records: int) -> None:
        subscription = bus.connect()
        await subscription.subscribe(f"{run}:{topic}" for topic in range(TOPICS))
        self.subscribed.set()
        heard = 0
        while heard < records:
            heard += sum(isinstance(signal, Entry) for signal in await subscription.read())


async def _append(bus: Bus, run: str, records: int, caller: int) -> None:
    mine = [f"{run}:{topic}" for topic in range(caller, TOPICS, CALLERS)]
    revs = [0] * len(mine)
    for first in range(0, records // CALLERS, GROUP):
        verbs = []
        for number in range(first, first + GROUP):
            topic = number % len(mine)
            revs[topic] += 1
            verbs.append([Put(mine[topic], revs[topic], PAYLOAD)])
        await bus.append(verbs, start=True)

"""What an append to the embedded bus costs, beside the least that RocksDB can be asked to do. `python -m bench.bus`

A record is 300 B, in one of 1,000 topics. A group is 50 verbs of one record. Callers wait for the disk before their
next group; one subscription hears everything. The floor writes the same keys and values with bare WriteBatches and
waits for no disk. CPU is the whole process's, as the system counts it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import uvloop
from rich.console import Console
from rich.table import Table
from rocksdict import Cache, WriteBatch

from bench import buses
from derailed import broker
from derailed.broker import record, storage
from derailed.broker.buckets import Buckets
from derailed.broker.log import Log
from derailed.bus import Put
from derailed.bus.embedded import EmbeddedBus

TOPICS = 1_000
GROUP = 50
CALLERS = 32
PAYLOAD = os.urandom(300)
COMPARED = CALLERS * GROUP * 20
"""Records that each bus is given in each turn."""
RESULT = Path(__file__).parent / "results" / "bus.md"


class Measured(NamedTuple):
    """One line of the table."""

    name: str
    records: int
    wall_s: float
    cpu_s: float

    def row(self, floor: Measured) -> tuple[str, ...]:
        cpu_us = self.cpu_s / self.records * 1e6
        ratio = cpu_us / (floor.cpu_s / floor.records * 1e6)
        return (self.name, f"{self.records / self.wall_s:,.0f}", f"{cpu_us:.2f}", f"{ratio:.1f}")


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def groups(records: int) -> Iterator[list[int]]:
    """The topics of each group, round and round."""
    for first in range(0, records, GROUP):
        yield [number % TOPICS for number in range(first, first + GROUP)]


def measured(name: str, records: int, work: Callable[[], None]) -> Measured:
    wall, cpu = time.perf_counter(), cpu_s()
    work()
    return Measured(name, records, time.perf_counter() - wall, cpu_s() - cpu)


def floor(folder: Path, records: int) -> Measured:
    """Keys and values are made beforehand."""
    options = storage.tuned(Cache(storage.CACHE))
    database, _ = storage.open_database(folder, options)
    prefixes = [record.prefix(b"guild:%d" % topic) for topic in range(TOPICS)]
    value = record.value(b"guild:1000", 1, 1_700_000_000_000, PAYLOAD, False)
    rows = [[(record.key(prefixes[topic], n), value) for n, topic in enumerate(group)] for group in groups(records)]

    def write() -> None:
        for group in rows:
            batch = WriteBatch(raw_mode=True)
            for key, stored in group:
                batch.put(key, stored)
            database.write(batch)

    line = measured("bare RocksDB, WriteBatch of 50", records, write)
    database.close()
    return line


def bare_log(folder: Path, records: int) -> Measured:
    log = Log(folder)
    revs = [0] * TOPICS

    def append() -> None:
        for group in groups(records):
            verbs = []
            for topic in group:
                revs[topic] += 1
                verbs.append([broker.Put(b"guild:%d" % topic, revs[topic], PAYLOAD)])
            log.append(verbs, start=revs[group[0]] == 1)

    line = measured("Log.append, groups of 50", records, append)
    log.close()
    return line


async def through_bus(bus: EmbeddedBus, records: int, *, group: int) -> int:
    """Append from many callers, each with its own topics, while one subscription hears all."""
    subscription = bus.connect()
    await subscription.subscribe(f"guild:{topic}" for topic in range(TOPICS))
    heard = 0

    async def hear() -> None:
        nonlocal heard
        while heard < records:
            heard += len(await subscription.read())

    async def call(caller: int) -> None:
        mine = [f"guild:{topic}" for topic in range(caller, TOPICS, CALLERS)]
        revs = [0] * len(mine)
        for first in range(0, records // CALLERS, group):
            verbs = []
            for number in range(first, first + group):
                topic = number % len(mine)
                revs[topic] += 1
                verbs.append([Put(mine[topic], revs[topic], PAYLOAD)])
            await bus.append(verbs, start=True)

    async with asyncio.TaskGroup() as tasks:
        hearing = tasks.create_task(hear())
        for caller in range(CALLERS):
            tasks.create_task(call(caller))
        await hearing
    return heard


def embedded(folder: Path, records: int, *, group: int) -> Measured:
    records -= records % (CALLERS * group)

    async def main() -> None:
        bus = EmbeddedBus(Log(folder))
        await through_bus(bus, records, group=group)
        await bus.close()

    name = f"EmbeddedBus.append, {CALLERS} callers, groups of {group}, durable, heard"
    return measured(name, records, lambda: uvloop.run(main()))


def alone(folder: Path, appends: int) -> list[float]:
    """How long one caller waits for one record, in milliseconds."""

    async def main() -> list[float]:
        bus = EmbeddedBus(Log(folder))
        waits = []
        for rev in range(1, appends + 1):
            begun = time.perf_counter()
            await bus.append([[Put("guild:1", rev, PAYLOAD)]], start=rev == 1)
            waits.append((time.perf_counter() - begun) * 1e3)
        await bus.close()
        return waits

    return uvloop.run(main())


def absent_tails(folder: Path, lookups: int) -> list[float]:
    """How long it takes to learn that a topic has nothing, with the full number of buckets, in microseconds."""
    now_ms = 1_700_000_000_000
    log = Log(folder, clock=lambda: now_ms)
    rev = 0
    for _ in range(21):
        for _ in range(20):
            verbs = [[broker.Put(b"guild:%d" % topic, rev + 1, PAYLOAD)] for topic in range(TOPICS)]
            log.append(verbs, start=rev == 0)
            rev += 1
        log.tend()
        now_ms += 15_000
    buckets: Buckets = log._buckets
    waits = []
    for number in range(lookups):
        begun = time.perf_counter()
        next(buckets.backward(b"absent:%d" % number), None)
        waits.append((time.perf_counter() - begun) * 1e6)
    print(f"{len(buckets.live)} buckets, {log.head:,} records")
    log.close()
    return waits


def spread(waits: list[float], unit: str) -> str:
    return f"p50 {statistics.median(waits):.1f} {unit}, p99 {statistics.quantiles(waits, n=100)[98]:.1f} {unit}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=400_000)
    records: int = parser.parse_args().records
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        least = floor(base / "floor", records)
        lines = [
            least,
            bare_log(base / "log", records),
            embedded(base / "bus", records, group=GROUP),
            embedded(base / "ones", records // 4, group=1),
        ]
        waits, tails = alone(base / "alone", 500), absent_tails(base / "tails", 5_000)
    table = Table("", "records/s", "CPU µs a record", "× floor", title="Appending to the embedded bus")
    for line in lines:
        table.add_row(*line.row(least))
    Console(width=120).print(table)
    print(f"one caller alone, durable: {spread(waits, 'ms')}")
    print(f"tail of an absent topic: {spread(tails, 'µs')}")
    with tempfile.TemporaryDirectory() as name:
        rows = buses.table(Path(name), COMPARED)
    printed = "\n".join(rows)
    print(printed)
    RESULT.write_text(f"# Buses\n\n`python -m bench.bus`\n\n{printed}\n")


if __name__ == "__main__":
    main()

"""What one durable write costs, beside the least that SQLite can be asked to do. `python -m bench.store`

The write is a message's, in one of 20 channels: raise and return the topic's rev, look one row up, insert 500 B, put
700 B into the outbox, which is forgotten afterwards. Each caller waits for its write before the next. The floor
inserts the same rows with three `executemany` and one COMMIT per 64, with the same settings on the same disk.
CPU is the whole process's, as the system counts it: the thread that commits is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import uvloop
from rich.console import Console
from rich.table import Table

from derailed.actions.publisher import Publisher
from derailed.broker.log import Log
from derailed.bus.embedded import EmbeddedBus
from derailed.store import Connection, OutboxRow, Store, topics
from derailed.store.sqlite import SqliteStore

CALLERS = 64
CHANNELS = 20
BODY, RECORD = os.urandom(500), os.urandom(700)
INSERT = "INSERT INTO messages (channel_id, id, author_id, body) VALUES ($1, $2, $3, $4)"
LOOK = "SELECT author_id FROM messages WHERE channel_id = $1 AND id = $2"
LIFT = "INSERT INTO topics VALUES (?1, 1, 0, 0) ON CONFLICT (topic) DO UPDATE SET rev = topics.rev + 1"
OUTBOX = "INSERT INTO outbox (verb, topic, rev, payload, created_at) VALUES (?1, ?2, 1, ?3, 0)"


class Measured(NamedTuple):
    """One line of the table."""

    name: str
    writes: int
    wall_s: float
    cpu_s: float

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.writes * 1e6

    @property
    def a_second(self) -> float:
        return self.writes / self.wall_s


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def floor(path: Path, writes: int) -> None:
    """The same rows, without anyone waiting for anything."""
    asyncio.run(SqliteStore.open(path, lambda: 0).close())
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous = FULL", "secure_delete = FAST", "cache_size = -16384", "wal_autocheckpoint = 4000"):
        db.execute(f"PRAGMA {pragma}")
    for start in range(0, writes, CALLERS):
        ids = range(start, start + CALLERS)
        db.execute("BEGIN IMMEDIATE")
        db.executemany(LIFT, [(f"guild:{i % CHANNELS}",) for i in ids])
        db.executemany(
            "INSERT INTO messages VALUES (?1, ?2, 1, NULL, NULL, 0, ?3)", [(i % CHANNELS, i, BODY) for i in ids]
        )
        db.executemany(OUTBOX, [(i, f"guild:{i % CHANNELS}", RECORD) for i in ids])
        db.execute("DELETE FROM outbox WHERE id <= ?1", (start,))
        db.execute("COMMIT")
    db.close()


async def stored(path: Path, writes: int, callers: int) -> None:
    """The same rows through the store."""
    store = SqliteStore.open(path, now_ms)
    acknowledged: asyncio.Queue[Sequence[OutboxRow]] = asyncio.Queue()
    store.committed = acknowledged.put_nowait

    async def acknowledge() -> None:
        while True:
            await store.forget([row.id for row in await acknowledged.get()])

    acknowledging = asyncio.create_task(acknowledge())
    await write(store, writes, callers)
    acknowledging.cancel()
    await store.close()


async def published(path: Path, writes: int, callers: int) -> None:
    """The same, and their records on the bus that the one-process shape has, durable there too."""
    store = SqliteStore.open(path, now_ms)
    bus = EmbeddedBus(Log(path.with_name("log")))
    publisher = Publisher(store, bus, now_ms)
    store.committed = publisher.take
    publishing = asyncio.create_task(publisher.run())
    await write(store, writes, callers)
    await publisher.drained()
    publishing.cancel()
    await bus.close()
    await store.close()


async def write(store: Store, writes: int, callers: int) -> None:
    """Everything, by so many at once."""
    ids = iter(range(writes))

    async def caller() -> None:
        for i in ids:
            await store.write(message(i))

    await asyncio.gather(*(caller() for _ in range(callers)))


def now_ms() -> int:
    return int(time.time() * 1000)


def message(i: int) -> Callable[[Connection], Coroutine[Any, Any, int]]:
    """One verb."""
    channel = i % CHANNELS
    topic = f"guild:{channel}"

    async def work(tx: Connection) -> int:
        at = await topics.lift(tx, topic)
        await tx.fetchrow(LOOK, channel, i)
        await tx.execute(INSERT, channel, i, 1, BODY)
        await tx.emit(topic, at.rev, RECORD)
        return at.rev

    return work


def measure(name: str, writes: int, rounds: int, run: Callable[[Path], None]) -> Measured:
    """The median round, each on a new file."""
    measured = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            wall, cpu = time.perf_counter(), cpu_s()
            run(Path(folder) / "store.db")
            measured.append(Measured(name, writes, time.perf_counter() - wall, cpu_s() - cpu))
    return statistics.median_low(sorted(measured, key=lambda m: m.cpu_s))


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description="What one durable write costs.")
    options.add_argument("--writes", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    asked = options.parse_args()

    def line(name: str, run: Callable[[Path, int, int], Coroutine[Any, Any, None]], callers: int) -> Measured:
        writes = asked.writes if callers > 1 else asked.writes // 20
        return measure(
            f"{name}, {callers} at once", writes, asked.rounds, lambda at: uvloop.run(run(at, writes, callers))
        )

    lines = [
        measure(
            f"floor: executemany, {CALLERS} a COMMIT", asked.writes, asked.rounds, lambda at: floor(at, asked.writes)
        ),
        line("stored", stored, CALLERS),
        line("stored", stored, 4 * CALLERS),
        line("stored", stored, 1),
        line("stored and published", published, CALLERS),
        line("stored and published", published, 1),
    ]
    table = Table("durable write of a message", "µs CPU", "a second", "× floor")
    for each in lines:
        table.add_row(each.name, f"{each.cpu_us:.1f}", f"{each.a_second:,.0f}", f"{each.cpu_us / lines[0].cpu_us:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()

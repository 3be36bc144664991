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

from derailed.store import Connection, OutboxRow, topics
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


async def store(path: Path, writes: int, callers: int) -> None:
    """The same rows through the store."""
    opened = SqliteStore.open(path, lambda: int(time.time() * 1000))
    acknowledged: asyncio.Queue[Sequence[OutboxRow]] = asyncio.Queue()
    opened.committed = acknowledged.put_nowait
    ids = iter(range(writes))

    async def caller() -> None:
        for i in ids:
            await opened.write(message(i))

    async def acknowledge() -> None:
        while True:
            await opened.forget([row.id for row in await acknowledged.get()])

    publisher = asyncio.create_task(acknowledge())
    await asyncio.gather(*(caller() for _ in range(callers)))
    publisher.cancel()
    await opened.close()


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

    def through(callers: int, writes: int) -> Measured:
        return measure(
            f"store, {callers} at once", writes, asked.rounds, lambda path: uvloop.run(store(path, writes, callers))
        )

    lines = [
        measure("floor: executemany, 64 a COMMIT", asked.writes, asked.rounds, lambda path: floor(path, asked.writes)),
        through(CALLERS, asked.writes),
        through(4 * CALLERS, asked.writes),
        through(1, asked.writes // 20),
    ]
    table = Table("durable write of a message", "µs CPU", "a second", "× floor")
    for line in lines:
        table.add_row(line.name, f"{line.cpu_us:.1f}", f"{line.a_second:,.0f}", f"{line.cpu_us / lines[0].cpu_us:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()

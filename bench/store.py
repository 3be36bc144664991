"""What one durable write costs, beside the least that each database can be asked to do. `python -m bench.store`

The write is a message's, in one of 20 guilds: lift the topic, put 500 B among the messages and 700 B into the
outbox, which is forgotten afterwards. Each caller waits for its write before the next. A reply looks up another
message of its channel as well. The floor
writes the same rows in bulk, 64 a COMMIT, with the same settings on the same disk: `executemany` to SQLite, arrays
through asyncpg to PostgreSQL. CPU is this process's, as the system counts it, the thread that commits included;
what the PostgreSQL server uses beside it is not in it.
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

import asyncpg  # type: ignore[import-untyped]
import uvloop
from rich.console import Console
from rich.table import Table

from derailed.actions.publisher import Publisher
from derailed.broker.log import Log
from derailed.bus.embedded import EmbeddedBus
from derailed.store import Connection, OutboxRow, Store, topics
from derailed.store.postgres import PostgresStore
from derailed.store.sqlite import SqliteStore
from tests.servers.postgres import Postgres

CALLERS = 64
CHANNELS = 20
BODY, RECORD = os.urandom(500), os.urandom(700)
INSERT = "INSERT INTO messages (channel_id, id, author_id, body) VALUES ($1, $2, $3, $4)"
LOOK = "SELECT author_id FROM messages WHERE channel_id = $1 AND id = $2"
LIFT = "INSERT INTO topics VALUES (?1, 1, 0, 0, 0) ON CONFLICT (topic) DO UPDATE SET rev = topics.rev + 1"
OUTBOX = "INSERT INTO outbox (verb, topic, rev, payload, created_at) VALUES (?1, ?2, 1, ?3, 0)"
LIFT_ALL = """
INSERT INTO topics SELECT DISTINCT unnest($1::text[]), 1, 0, 0, 0
ON CONFLICT (topic) DO UPDATE SET rev = topics.rev + 1
"""
INSERT_ALL = """
INSERT INTO messages (channel_id, id, author_id, body) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[],
$4::bytea[])
"""
OUTBOX_ALL = """
INSERT INTO outbox (verb, topic, rev, payload, created_at)
SELECT verb, topic, 1, payload, 0 FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS new (verb, topic, payload)
"""


Verb = Callable[[int], Callable[[Connection], Coroutine[Any, Any, int]]]


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


class Place(NamedTuple):
    """An empty database, and a folder beside it."""

    folder: Path
    url: str

    async def open(self) -> Store:
        """The store on it."""
        if self.url:
            return await PostgresStore.open(self.url, now_ms)
        return SqliteStore.open(self.folder / "store.db", now_ms)


async def floor(place: Place, writes: int, callers: int) -> None:
    """The same rows, without anyone waiting for anything."""
    await (await place.open()).close()
    groups = [range(start, start + callers) for start in range(0, writes, callers)]
    if place.url:
        await postgres_floor(place.url, groups)
    else:
        sqlite_floor(place.folder / "store.db", groups)


def sqlite_floor(path: Path, groups: list[range]) -> None:
    """With one statement a table."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous = FULL", "secure_delete = FAST", "cache_size = -16384", "wal_autocheckpoint = 4000"):
        db.execute(f"PRAGMA {pragma}")
    for ids in groups:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(LIFT, [(f"guild:{i % CHANNELS}",) for i in ids])
        db.executemany(
            "INSERT INTO messages (channel_id, id, author_id, body) VALUES (?1, ?2, 1, ?3)",
            [(i % CHANNELS, i, BODY) for i in ids],
        )
        db.executemany(OUTBOX, [(i, f"guild:{i % CHANNELS}", RECORD) for i in ids])
        db.execute("DELETE FROM outbox WHERE id <= ?1", (ids.start,))
        db.execute("COMMIT")
    db.close()


async def postgres_floor(url: str, groups: list[range]) -> None:
    """With one statement a table, whose rows come as arrays."""
    db = await asyncpg.connect(url)
    for ids in groups:
        names = [f"guild:{i % CHANNELS}" for i in ids]
        await db.execute("BEGIN")
        await db.execute(LIFT_ALL, names)
        await db.execute(INSERT_ALL, [i % CHANNELS for i in ids], ids, [1 for _ in ids], [BODY for _ in ids])
        await db.execute(OUTBOX_ALL, ids, names, [RECORD for _ in ids])
        await db.execute("DELETE FROM outbox WHERE id <= $1", ids.start)
        await db.execute("COMMIT")
    await db.close()


async def stored(place: Place, writes: int, callers: int) -> None:
    """The same rows through the store."""
    await store_all(place, writes, callers, message)


async def replied(place: Place, writes: int, callers: int) -> None:
    """The same, and each looks up the message that was sent in its channel before."""
    await store_all(place, writes, callers, lambda i: message(i, i - CHANNELS))


async def store_all(place: Place, writes: int, callers: int, verb: Verb) -> None:
    """Through the store, whose outbox rows are forgotten at once."""
    store = await place.open()
    acknowledged: asyncio.Queue[Sequence[OutboxRow]] = asyncio.Queue()
    store.committed = acknowledged.put_nowait

    async def acknowledge() -> None:
        while True:
            await store.forget([row.id for row in await acknowledged.get()])

    acknowledging = asyncio.create_task(acknowledge())
    await write(store, writes, callers, verb)
    acknowledging.cancel()
    await store.close()


async def published(place: Place, writes: int, callers: int) -> None:
    """The same, and their records on the bus that the one-process shape has, durable there too."""
    store = await place.open()
    bus = EmbeddedBus(Log(place.folder / "log"))
    publisher = Publisher(store, bus, now_ms)
    store.committed = publisher.take
    publishing = asyncio.create_task(publisher.run())
    await write(store, writes, callers, message)
    await publisher.drained()
    publishing.cancel()
    await bus.close()
    await store.close()


async def write(store: Store, writes: int, callers: int, verb: Verb) -> None:
    """Everything, by so many at once."""
    ids = iter(range(writes))

    async def caller() -> None:
        for i in ids:
            await store.write(verb(i), f"guild:{i % CHANNELS}")

    await asyncio.gather(*(caller() for _ in range(callers)))


def now_ms() -> int:
    return int(time.time() * 1000)


def message(i: int, answered: int | None = None) -> Callable[[Connection], Coroutine[Any, Any, int]]:
    """One verb."""
    channel = i % CHANNELS
    topic = f"guild:{channel}"

    async def work(tx: Connection) -> int:
        at = await topics.lift(tx, topic)
        if answered is not None:
            await tx.fetchrow(LOOK, channel, answered)
        tx.put(INSERT, channel, i, 1, BODY)
        await tx.emit(topic, at.rev, RECORD)
        return at.rev

    return work


Run = Callable[[Place, int, int], Coroutine[Any, Any, None]]


def measure(
    name: str, writes: int, rounds: int, run: Callable[[Place], Coroutine[Any, Any, None]], server: Postgres | None
) -> Measured:
    """The median round, each on a new database."""
    measured = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
            url = server.database() if server else ""
            wall, cpu = time.perf_counter(), cpu_s()
            uvloop.run(run(Place(Path(folder), url)))
            measured.append(Measured(name, writes, time.perf_counter() - wall, cpu_s() - cpu))
            if server:
                server.drop(url)
    return statistics.median_low(sorted(measured, key=lambda m: m.cpu_s))


def report(database: str, server: Postgres | None, writes: int, rounds: int) -> Table:
    """Everything about one database."""

    def line(name: str, run: Run, callers: int) -> Measured:
        count = writes if callers > 1 else writes // 20
        return measure(f"{name}, {callers} at once", count, rounds, lambda place: run(place, count, callers), server)

    lines = [
        line("floor: in bulk", floor, CALLERS),
        line("stored", stored, CALLERS),
        line("stored", stored, 4 * CALLERS),
        line("stored", stored, 1),
        line("stored, replying", replied, CALLERS),
        line("stored and published", published, CALLERS),
        line("stored and published", published, 1),
    ]
    table = Table(f"durable write of a message, {database}", "µs CPU", "a second", "× floor's CPU", "of its rate")
    for each in lines:
        ratios = (each.cpu_us / lines[0].cpu_us, each.a_second / lines[0].a_second)
        table.add_row(each.name, f"{each.cpu_us:.1f}", f"{each.a_second:,.0f}", f"{ratios[0]:.2f}", f"{ratios[1]:.0%}")
    return table


def main() -> None:
    """Print a table for each database."""
    options = argparse.ArgumentParser(description="What one durable write costs.")
    options.add_argument("--writes", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    asked = options.parse_args()
    if asked.database != "postgres":
        Console().print(report("SQLite", None, asked.writes, asked.rounds))
    if asked.database != "sqlite":
        with Postgres(durable=True) as server:
            Console().print(report("PostgreSQL", server, asked.writes, asked.rounds))


if __name__ == "__main__":
    main()

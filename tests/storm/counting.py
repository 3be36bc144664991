"""How many statements PostgreSQL runs, by its own count: all that any process sends it, BEGIN and COMMIT included."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg  # type: ignore[import-untyped]

from tests.servers.postgres import Postgres

COUNTS: Final = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements__track_utility": "on"}
"""Settings of a server that counts."""
EVERY_S: Final = 1.0
_CALLS: Final = """
SELECT COALESCE(SUM(calls), 0)::bigint FROM pg_stat_statements(false)
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1)
"""


class Look(NamedTuple):
    """Statements so far, at that time."""

    at: float
    calls: int


class Counting:
    """Looks once a second, from a database of its own."""

    def __init__(self, db: asyncpg.Connection, name: str) -> None:
        self.looks: list[Look] = []
        self._db, self._name = db, name

    async def look(self) -> Look:
        """How many there have been."""
        calls = await self._db.fetchval(_CALLS, self._name)
        self.looks.append(Look(time.monotonic(), int(calls)))
        return self.looks[-1]

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    def rates(self, began: float, ended: float) -> list[tuple[float, float]]:
        """Statements a second, of each second between two times; when it ended."""
        within = [look for look in self.looks if began - EVERY_S <= look.at <= ended + EVERY_S]
        return [
            (later.at, (later.calls - look.calls) / (later.at - look.at))
            for look, later in pairwise(within)
            if later.at - look.at > EVERY_S / 2
        ]


@contextlib.asynccontextmanager
async def counting(postgres: Postgres, database: str) -> AsyncIterator[Counting]:
    """What is run in `database`, an address on a server that counts."""
    await asyncio.to_thread(postgres.run, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    db = await asyncpg.connect(postgres.url("postgres"))
    counted = Counting(db, database.rpartition("/")[2])
    looking = asyncio.create_task(counted.run())
    try:
        yield counted
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await db.close()


def cpu_seconds(postgres: Postgres) -> float:
    """What the server and its children have used so far, those that ended too."""
    ticks = 0
    for pid in (postgres.pid, *_children(postgres.pid)):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15] if pid == postgres.pid else fields[11:13]))
    return ticks / 100


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

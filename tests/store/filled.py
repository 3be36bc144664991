"""Databases with something in every table, and what is in them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from derailed.store import Row
from derailed.store.sqlite import SqliteStore
from derailed.store.upkeep import Database, Table, opening

NOW = 1_800_000_000_000
ROWS = 40
LAST_OUTBOX_ID = 12_345
_MANY = {"messages": 4000, "topics": 2500}
"""More than one batch."""

_VALUES: dict[str, Callable[[int], object]] = {
    "BIGINT": lambda n: n * 7_000_000_000_000 + 3,
    "INTEGER": lambda n: n % 2,
    "TEXT": lambda n: f"{n % 7}: žluťoučký {n} \U0001f682",
    "BYTEA": lambda n: bytes(range(n % 256)) * 3 + str(n).encode(),
}


def fill(path: Path) -> Path:
    """An SQLite file with rows in every table, also absent values, and with an outbox that was emptied in part."""
    asyncio.run(SqliteStore.open(path, lambda: 0).close())
    with sqlite3.connect(path) as db:
        names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            if name not in ("migrations", "sqlite_sequence") and not name.startswith("search_"):
                _fill_table(db, name)
        db.execute("UPDATE workers SET until = number")  # nobody uses it any more
        db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'outbox'", (LAST_OUTBOX_ID,))
    db.close()
    return path


def _fill_table(db: sqlite3.Connection, name: str) -> None:
    columns = db.execute('SELECT name, type, pk, "notnull" FROM pragma_table_info(?)', (name,)).fetchall()
    rows = [
        [
            None
            if not (key or needed) and (number + place) % 3 == 0
            else (number if key and kind == "INTEGER" else _VALUES[kind](number))
            for place, (column, kind, key, needed) in enumerate(columns)
        ]
        for number in range(1, _MANY.get(name, ROWS) + 1)
    ]
    marks = ", ".join("?" * len(columns))
    db.executemany(f"INSERT INTO {name} ({', '.join(column for column, *_ in columns)}) VALUES ({marks})", rows)


def contents(location: str) -> tuple[dict[Table, Sequence[Row]], dict[str, int]]:
    """All rows of all tables, and how far its sequences are."""

    async def look(database: Database) -> Any:
        rows = {table: await database.fetch(table.page(10**6, first=True)) for table in await database.tables()}
        return rows, dict(await database.sequences())

    async def run() -> Any:
        database = await opening.open_database("TEST", location)
        try:
            return await look(database)
        finally:
            await database.close()

    found: tuple[dict[Table, Sequence[Row]], dict[str, int]] = asyncio.run(run())
    return found

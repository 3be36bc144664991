"""An SQLite file as upkeep sees it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from derailed.store import Row
from derailed.store.upkeep import ABOUT_ITSELF, Table, Unusable

_BUSY_S: Final = 1.0
"""A server that runs holds the write lock for milliseconds, again and again; another copy for as long as it takes."""

_NAMES: Final = """
    SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND NOT EXISTS
        (SELECT 1 FROM sqlite_master AS made WHERE made.sql LIKE 'CREATE VIRTUAL %'
            AND sqlite_master.name LIKE made.name || '_%')
"""
"""Without those that a full text index keeps itself in."""


class SqliteDatabase:
    """`derailed.store.upkeep.Database` in one file."""

    def __init__(self, role: str, db: sqlite3.Connection) -> None:
        self.role = role
        self._db = db

    @classmethod
    def open(cls, role: str, path: Path) -> Self:
        """Open a file that is there. Raises Unusable."""
        if not path.is_file():
            raise Unusable(f"{role}: there is no database {path}")
        db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        try:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("SELECT COUNT(*) FROM sqlite_master")
        except sqlite3.DatabaseError as error:
            db.close()
            raise Unusable(f"{role}: {path} can not be read as a database ({error})") from None
        return cls(role, db)

    async def names(self) -> set[str]:
        """See `Database.names`."""
        found = self._db.execute(_NAMES)
        return {name for (name,) in found}

    async def tables(self) -> list[Table]:
        """See `Database.tables`."""
        return [self._table(name) for name in sorted(await self.names() - ABOUT_ITSELF)]

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """See `Database.fetch`."""
        return self._db.execute(sql, _named(values)).fetchall()

    async def execute(self, sql: str, *values: object) -> None:
        """See `Database.execute`."""
        self._db.execute(sql, _named(values))

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """See `Database.insert`."""
        marks = ", ".join("?" * len(table.columns))
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({marks})", rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._db.rollback()
            raise Unusable(f"{self.role}: {table.name} takes no more rows ({error})") from None

    async def hold(self) -> None:
        """See `Database.hold`."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            raise Unusable(f"{self.role}: another process is writing to it") from None

    async def sequences(self) -> Mapping[str, int]:
        """See `Database.sequences`."""
        return dict(self._db.execute("SELECT name, seq FROM sqlite_sequence WHERE seq > 0"))

    async def continue_from(self, table: str, number: int) -> None:
        """See `Database.continue_from`."""
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        self._db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))
        self._db.execute("COMMIT")

    async def close(self) -> None:
        """See `Database.close`."""
        self._db.close()

    def _table(self, name: str) -> Table:
        columns = self._db.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", (name,)).fetchall()
        key = sorted((place, column) for column, place in columns if place)
        return Table(name, tuple(column for column, _ in columns), tuple(column for _, column in key))


def _named(values: tuple[object, ...]) -> dict[str, object]:
    """To SQLite `$1` is a name."""
    return {str(number): value for number, value in enumerate(values, 1)}

"""Migrations: numbered SQL files, applied in order and once, each remembered by its checksum.

Files are portable SQL; a driver says how its database spells the few things that differ, and holds
the lock under which `pending` is asked and answered. A file that was released is never changed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from derailed.store import Connection

UNFINISHED = 0
"""The number of no migration: as long as it is among the applied ones, the database is half of a copy."""


class Incompatible(Exception):
    """The database is not one that this version can work with."""


class Migration(NamedTuple):
    """One file: `0001_first.sql` has the number 1."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """What tells the file that was applied from one that was changed later."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load() -> list[Migration]:
    """Every migration of this version, in order."""
    found = (file for file in files("derailed.store").joinpath("migrations").iterdir() if file.name.endswith(".sql"))
    migrations = [
        Migration(int(file.name[:4]), file.name, file.read_text("utf-8"))
        for file in sorted(found, key=lambda file: file.name)
    ]
    assert [migration.number for migration in migrations] == list(range(1, len(migrations) + 1))
    return migrations


def pending(migrations: list[Migration], applied: Mapping[int, str]) -> list[Migration]:
    """Those that a database lacks which has `applied` (number → checksum). Raises Incompatible."""
    if UNFINISHED in applied:
        raise Incompatible("the database is half of a copy: run `derailed copy-data` again, to its end")
    if max(applied, default=0) > len(migrations):
        raise Incompatible("the database was made by a newer version of Derailed: install that version")
    for migration in migrations[: len(applied)]:
        if applied.get(migration.number) != migration.checksum:
            raise Incompatible(f"the database was made with another {migration.name}: install the version that made it")
    return migrations[len(applied) :]


async def born_at(tx: Connection) -> int:
    """When the database was made, in Unix milliseconds. A copy was made later than what it is a copy of."""
    row = await tx.fetchrow("SELECT applied_at FROM migrations WHERE number = 1")
    assert row is not None
    born: int = row[0]
    return born

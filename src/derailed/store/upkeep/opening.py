"""Finding a database by what an operator writes: the path of an SQLite file, or the URL of a PostgreSQL database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]

from derailed.store import postgres_schema, sqlite_connection
from derailed.store.migrate import Incompatible
from derailed.store.postgres_line import Unreachable, connect
from derailed.store.upkeep import Database, Unusable, reason
from derailed.store.upkeep.postgres import PostgresDatabase
from derailed.store.upkeep.sqlite import SqliteDatabase


def is_postgres(location: str) -> bool:
    """Whether it is a URL of PostgreSQL, or of what speaks its protocol."""
    return location.startswith(("postgresql://", "postgres://"))


def exists(location: str) -> bool:
    """Whether there is something to look at. A PostgreSQL database is never made here."""
    return is_postgres(location) or Path(location).exists()


async def open_database(role: str, location: str) -> Database:
    """A connection for upkeep. Raises Unusable."""
    if is_postgres(location):
        return await PostgresDatabase.open(role, location)
    return SqliteDatabase.open(role, _path(role, location))


async def bring_up_to_date(role: str, location: str, clock: Callable[[], int]) -> None:
    """Bring it up to date as a server does at its start; an SQLite file is made. Raises Unusable."""
    try:
        if is_postgres(location):
            await _migrate_postgres(location, clock())
        else:
            sqlite_connection.migrate(_path(role, location), clock())
    except Incompatible as error:
        raise Unusable(f"{role}: {error}") from None
    except (Unreachable, asyncpg.PostgresError, sqlite3.Error) as error:
        raise Unusable(f"{role}: it can not be brought up to date ({reason(error)})") from None


async def _migrate_postgres(url: str, now: int) -> None:
    db = await connect(url)
    try:
        await postgres_schema.migrate(db, now)
    finally:
        await db.close()


def _path(role: str, location: str) -> Path:
    if "://" in location:
        raise Unusable(f"{role}: the path of an SQLite file or a postgresql:// URL is needed")
    return Path(location)

"""The schema in PostgreSQL's spelling, brought up to date by one process at a time."""

from __future__ import annotations

import re
from typing import Final

import asyncpg  # type: ignore[import-untyped]

from derailed.store import full_text
from derailed.store.migrate import load, pending

_LOCK: Final = 0x6465_7261_696C  # the advisory lock under which migrations are applied: kept stable

_MIGRATIONS = """
CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)
"""
_REMEMBER = "INSERT INTO migrations (number, checksum, applied_at) VALUES ($1, $2, $3)"


async def migrate(db: asyncpg.Connection, now: int) -> None:
    """Bring the schema up to date, all of it or nothing. Raises Incompatible."""
    async with db.transaction():
        await db.execute("SET LOCAL statement_timeout = 0")
        await db.execute("SET LOCAL lock_timeout = 0")
        await db.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await db.execute(_MIGRATIONS)
        applied = {row[0]: row[1] for row in await db.fetch("SELECT number, checksum FROM migrations")}
        for migration in pending(load(), applied):
            await db.execute(spelled(migration.sql))
            await db.execute(_REMEMBER, migration.number, migration.checksum, now)


def spelled(sql: str) -> str:
    """Portable SQL in PostgreSQL's spelling: texts are ordered and compared by their bytes, as in SQLite."""
    return re.sub(r"\bTEXT\b", 'TEXT COLLATE "C"', full_text.POSTGRES.spelled(sql))

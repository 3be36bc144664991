"""Chores: what verbs have begun and the sweeper finishes, a step at a time. Each is JSON that says how far it is."""

from __future__ import annotations

from derailed.store import Connection


async def insert(tx: Connection, chore_id: int, guild_id: int, body: bytes) -> None:
    """Leave something to be done."""
    await tx.execute("INSERT INTO chores (id, guild_id, body) VALUES ($1, $2, $3)", chore_id, guild_id, body)


async def after(tx: Connection, chore_id: int) -> tuple[int, int] | None:
    """The next one: its id and its guild's."""
    row = await tx.fetchrow("SELECT id, guild_id FROM chores WHERE id > $1 ORDER BY id LIMIT 1", chore_id)
    return None if row is None else (row[0], row[1])


async def get(tx: Connection, chore_id: int) -> bytes | None:
    """How far it is; None when it is done."""
    row = await tx.fetchrow("SELECT body FROM chores WHERE id = $1", chore_id)
    return None if row is None else bytes(row[0])


async def update(tx: Connection, chore_id: int, body: bytes) -> None:
    """It is further."""
    await tx.execute("UPDATE chores SET body = $2 WHERE id = $1", chore_id, body)


async def delete(tx: Connection, chore_id: int) -> None:
    """It is done."""
    await tx.execute("DELETE FROM chores WHERE id = $1", chore_id)

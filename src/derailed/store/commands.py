"""Application commands: their JSON, by application and by guild; guild 0 is everywhere."""

from __future__ import annotations

from typing import NamedTuple

from derailed.store import Connection


class Key(NamedTuple):
    """Whose, and where."""

    application_id: int
    guild_id: int


_OF = "SELECT body FROM commands WHERE application_id = $1 AND guild_id = $2 "
_INSERT = "INSERT INTO commands (id, application_id, guild_id, type, name, body) VALUES ($1, $2, $3, $4, $5, $6)"


async def of(tx: Connection, key: Key) -> list[bytes]:
    """All of them, oldest first."""
    return [row[0] for row in await tx.fetch(_OF + "ORDER BY id", *key)]


async def get(tx: Connection, key: Key, command_id: int) -> bytes | None:
    """One of them."""
    row = await tx.fetchrow(_OF + "AND id = $3", *key, command_id)
    return None if row is None else row[0]


async def insert(tx: Connection, key: Key, command_id: int, kind: int, name: str, body: bytes) -> None:
    """Add one; its name must be free among those of its kind."""
    await tx.execute(_INSERT, command_id, *key, kind, name, body)


async def update(tx: Connection, command_id: int, name: str, body: bytes) -> None:
    """Write what can change of one."""
    await tx.execute("UPDATE commands SET name = $2, body = $3 WHERE id = $1", command_id, name, body)


async def delete(tx: Connection, command_id: int) -> None:
    """Remove one."""
    await tx.execute("DELETE FROM commands WHERE id = $1", command_id)

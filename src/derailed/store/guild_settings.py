"""What people want to hear of a guild, as JSON; guild 0 stands for their direct messages."""

from __future__ import annotations

from derailed.store import Connection

_PUT = """
INSERT INTO guild_settings (user_id, guild_id, body) VALUES ($1, $2, $3)
ON CONFLICT (user_id, guild_id) DO UPDATE SET body = excluded.body
"""


async def get(tx: Connection, user_id: int, guild_id: int) -> bytes | None:
    """Those of one guild; None: nothing was ever set."""
    row = await tx.fetchrow("SELECT body FROM guild_settings WHERE user_id = $1 AND guild_id = $2", user_id, guild_id)
    return None if row is None else bytes(row[0])


async def of_user(tx: Connection, user_id: int) -> list[bytes]:
    """All that a user ever set."""
    sql = "SELECT body FROM guild_settings WHERE user_id = $1 ORDER BY guild_id"
    return [bytes(row[0]) for row in await tx.fetch(sql, user_id)]


async def put(tx: Connection, user_id: int, guild_id: int, body: bytes) -> None:
    """Keep them."""
    await tx.execute(_PUT, user_id, guild_id, body)


async def forget(tx: Connection, user_id: int, guild_id: int) -> None:
    """The user does not belong to the guild any more."""
    await tx.execute("DELETE FROM guild_settings WHERE user_id = $1 AND guild_id = $2", user_id, guild_id)

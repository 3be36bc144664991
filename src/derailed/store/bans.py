"""Who may not come into a guild, and why."""

from __future__ import annotations

from typing import NamedTuple

from derailed.model.user import User
from derailed.store import Connection, Row, users

_OF_GUILD = """
SELECT bans.reason, users.id, users.username, users.global_name, users.avatar, users.bot, users.flags, users.banner
FROM bans JOIN users ON users.id = bans.user_id WHERE bans.guild_id = $1
"""
_GET = _OF_GUILD + "AND bans.user_id = $2"
_AFTER = _OF_GUILD + "AND bans.user_id > $2 ORDER BY bans.user_id LIMIT $3"
_BEFORE = _OF_GUILD + "AND bans.user_id < $2 ORDER BY bans.user_id DESC LIMIT $3"
_INSERT = "INSERT INTO bans (guild_id, user_id, reason, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_DELETE = "DELETE FROM bans WHERE guild_id = $1 AND user_id = $2"
_REMOVE_SOME = """
DELETE FROM bans WHERE guild_id = $1 AND user_id IN
    (SELECT user_id FROM bans WHERE guild_id = $1 ORDER BY user_id LIMIT $2)
"""


class Ban(NamedTuple):
    """A banned account, and the reason if one was given."""

    user: User
    reason: str | None


def _from_row(row: Row) -> Ban:
    return Ban(users.from_row(row[1:]), row[0])


async def get(tx: Connection, guild_id: int, user_id: int) -> Ban | None:
    """The user's ban."""
    row = await tx.fetchrow(_GET, guild_id, user_id)
    return None if row is None else _from_row(row)


async def stands(tx: Connection, guild_id: int, user_id: int) -> bool:
    """Whether the user is banned."""
    sql = "SELECT 1 FROM bans WHERE guild_id = $1 AND user_id = $2"
    return await tx.fetchrow(sql, guild_id, user_id) is not None


async def after(tx: Connection, guild_id: int, user_id: int, limit: int) -> list[Ban]:
    """Those with the next ids above, ascending."""
    return [_from_row(row) for row in await tx.fetch(_AFTER, guild_id, user_id, limit)]


async def before(tx: Connection, guild_id: int, user_id: int, limit: int) -> list[Ban]:
    """Those with the next ids below, ascending."""
    return [_from_row(row) for row in await tx.fetch(_BEFORE, guild_id, user_id, limit)][::-1]


async def insert(tx: Connection, guild_id: int, user_id: int, reason: str | None, now_ms: int) -> bool:
    """Ban the user; whether they were not yet."""
    return await tx.execute(_INSERT, guild_id, user_id, reason, now_ms) > 0


async def delete(tx: Connection, guild_id: int, user_id: int) -> None:
    """Let the user come in again."""
    await tx.execute(_DELETE, guild_id, user_id)


async def remove_some(tx: Connection, guild_id: int, limit: int) -> int:
    """Remove bans of a guild that is gone; how many there were."""
    return await tx.execute(_REMOVE_SOME, guild_id, limit)

"""The audit log of each guild, oldest first in its stretch of the primary key."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from derailed.store import Connection

_INSERT = """
INSERT INTO audit_log (guild_id, id, user_id, target_id, action_type, entry) VALUES ($1, $2, $3, $4, $5, $6)
"""
_PAGE = "SELECT user_id, target_id, action_type, entry FROM audit_log WHERE guild_id = $1 AND id > $2 AND id < $3"
# Two out for one in: a log shrinks to what is young, and no verb pays for a long silence.
_FORGET_OLD = """
DELETE FROM audit_log WHERE guild_id = $1 AND id IN
    (SELECT id FROM audit_log WHERE guild_id = $1 AND id < $2 ORDER BY id LIMIT 2)
"""
_FORGET_BEYOND = """
DELETE FROM audit_log WHERE guild_id = $1 AND id IN
    (SELECT id FROM audit_log WHERE guild_id = $1 ORDER BY id DESC LIMIT $3 OFFSET $2)
"""
_REMOVE_SOME = """
DELETE FROM audit_log WHERE guild_id = $1 AND id IN
    (SELECT id FROM audit_log WHERE guild_id = $1 ORDER BY id LIMIT $2)
"""


class Query(Struct, frozen=True, kw_only=True):
    """Which entries: ids between `after` and `before`, of one user or one action, from the oldest or the newest."""

    after: int
    before: int
    limit: int
    oldest_first: bool = False
    user_id: int | None = None
    action_type: int | None = None


class Row(NamedTuple):
    """One entry: who, to what, which action, and the whole as JSON."""

    user_id: int | None
    target_id: int | None
    action_type: int
    entry: bytes


async def insert(tx: Connection, guild_id: int, entry_id: int, row: Row) -> None:
    """Add the entry."""
    await tx.execute(_INSERT, guild_id, entry_id, *row)


async def page(tx: Connection, guild_id: int, wanted: Query) -> list[Row]:
    """The entries."""
    sql, values = _PAGE, [guild_id, wanted.after, wanted.before]
    for column, value in (("user_id", wanted.user_id), ("action_type", wanted.action_type)):
        if value is not None:
            values.append(value)
            sql += f" AND {column} = ${len(values)}"
    order = "" if wanted.oldest_first else " DESC"
    found = await tx.fetch(f"{sql} ORDER BY id{order} LIMIT ${len(values) + 1}", *values, wanted.limit)
    return [Row(user_id, target_id, action, bytes(entry)) for user_id, target_id, action, entry in found]


async def forget_old(tx: Connection, guild_id: int, before_id: int) -> None:
    """Delete a few that are older; done in passing, whenever another one is added."""
    await tx.execute(_FORGET_OLD, guild_id, before_id)


async def forget_beyond(tx: Connection, guild_id: int, newest: int, at_most: int) -> None:
    """Delete some of those that are not among so many newest."""
    await tx.execute(_FORGET_BEYOND, guild_id, newest, at_most)


async def remove_some(tx: Connection, guild_id: int, limit: int) -> int:
    """Remove entries of a guild that is gone; how many there were."""
    return await tx.execute(_REMOVE_SOME, guild_id, limit)

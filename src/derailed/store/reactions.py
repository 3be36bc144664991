"""Who reacted to which message with what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from derailed.model.user import User
from derailed.store import Connection, lists, users

_OF_MESSAGE = """
SELECT emoji, COUNT(*), MAX(CASE WHEN user_id = $2 THEN 1 ELSE 0 END) FROM reactions
WHERE message_id = $1 GROUP BY emoji ORDER BY MIN(created_at), emoji
"""
_INSERT = """
INSERT INTO reactions (message_id, emoji, user_id, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (message_id, emoji, user_id) DO NOTHING
"""
_MARK = "UPDATE messages SET reacted = 1 WHERE channel_id = $1 AND id = $2 AND reacted = 0"
_UNMARK = """
UPDATE messages SET reacted = 0 WHERE channel_id = $1 AND id = $2
AND NOT EXISTS (SELECT 1 FROM reactions WHERE message_id = $2)
"""
_FORGET = lists.statements("DELETE FROM reactions WHERE message_id IN (%s)", first=1)
_KINDS = "SELECT DISTINCT emoji FROM reactions WHERE message_id = $1"
_USERS = """
SELECT users.id, username, global_name, avatar, bot, flags, banner
FROM reactions JOIN users ON users.id = reactions.user_id
WHERE reactions.message_id = $1 AND reactions.emoji = $2 AND reactions.user_id > $3
ORDER BY reactions.user_id LIMIT $4
"""


class Count(NamedTuple):
    """How many reacted with one emoji, and whether the reader is among them."""

    emoji: str
    total: int
    me: bool


async def of_messages(tx: Connection, message_ids: Iterable[int], reader_id: int) -> dict[int, list[Count]]:
    """The reactions of each message, in the order in which their kinds first appeared."""
    return {
        message_id: [
            Count(emoji, total, bool(me)) for emoji, total, me in await tx.fetch(_OF_MESSAGE, message_id, reader_id)
        ]
        for message_id in message_ids
    }


async def kinds(tx: Connection, message_id: int) -> set[str]:
    """The emoji on the message."""
    return {row[0] for row in await tx.fetch(_KINDS, message_id)}


async def users_of(tx: Connection, message_id: int, emoji: str, after: int, limit: int) -> list[User]:
    """Who reacted with the emoji: accounts with ids above `after`, ascending."""
    return [users.from_row(row) for row in await tx.fetch(_USERS, message_id, emoji, after, limit)]


async def add(tx: Connection, channel_id: int, message_id: int, reaction: tuple[str, int, int]) -> bool:
    """Add (emoji, user, time); False when it was there."""
    if await tx.execute(_INSERT, message_id, *reaction) == 0:
        return False
    await tx.execute(_MARK, channel_id, message_id)
    return True


async def remove(tx: Connection, channel_id: int, message_id: int, emoji: str, user_id: int) -> bool:
    """Remove one user's; False when there was none."""
    sql = "DELETE FROM reactions WHERE message_id = $1 AND emoji = $2 AND user_id = $3"
    return await _removed(tx, channel_id, message_id, await tx.execute(sql, message_id, emoji, user_id))


async def remove_kind(tx: Connection, channel_id: int, message_id: int, emoji: str) -> bool:
    """Remove everyone's of one emoji; False when there was none."""
    sql = "DELETE FROM reactions WHERE message_id = $1 AND emoji = $2"
    return await _removed(tx, channel_id, message_id, await tx.execute(sql, message_id, emoji))


async def remove_all(tx: Connection, channel_id: int, message_id: int) -> bool:
    """Remove everyone's of every emoji; False when there was none."""
    sql = "DELETE FROM reactions WHERE message_id = $1"
    return await _removed(tx, channel_id, message_id, await tx.execute(sql, message_id))


async def forget(tx: Connection, message_ids: tuple[int, ...]) -> None:
    """Remove everyone's from messages that are gone; the ids are `lists.padded`."""
    await tx.execute(_FORGET[len(message_ids)], *message_ids)


async def _removed(tx: Connection, channel_id: int, message_id: int, count: int) -> bool:
    if count:
        await tx.execute(_UNMARK, channel_id, message_id)
    return count > 0

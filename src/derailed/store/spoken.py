"""Who spoke where: a row for the first message of a minute, not for each.

The newest that somebody said in a channel is found among the channel's messages of a minute from their latest row on:
whoever goes on speaking is marked again when that is over. So a message costs nothing here as a rule, and a look costs
no more than a busy minute. Rows are only ever added by who speaks, so that a group of verbs can hold them back.
"""

from __future__ import annotations

from typing import Final

from derailed.model import snowflakes
from derailed.store import Connection

WINDOW: Final = 60_000 << 22
"""A minute, in ids."""

_INSERT: Final = "INSERT INTO spoken (user_id, guild_id, channel_id, message_id) VALUES ($1, $2, $3, $4)"
_OF_GUILD: Final = """
SELECT channel_id, MAX(message_id) FROM spoken WHERE user_id = $1 AND guild_id = $2 GROUP BY channel_id
"""
_OF_CHANNEL: Final = "SELECT MAX(message_id) FROM spoken WHERE user_id = $1 AND guild_id = $2 AND channel_id = $3"
_TIDY: Final = "DELETE FROM spoken WHERE user_id = $1 AND guild_id = $2 AND channel_id = $3 AND message_id < $4"
_NEWEST: Final = "SELECT MAX(id) FROM messages WHERE channel_id = $1 AND id >= $2 AND id < $3 AND author_id = $4"
_REMOVE_SOME: Final = """
DELETE FROM spoken WHERE channel_id = $1 AND user_id IN (SELECT user_id FROM spoken WHERE channel_id = $1 LIMIT $2)
"""


def insert(tx: Connection, user_id: int, guild_id: int, channel_id: int, message_id: int) -> None:
    """Somebody begins to speak."""
    tx.put(_INSERT, user_id, guild_id, channel_id, message_id)


async def of_guild(tx: Connection, user_id: int, guild_id: int) -> dict[int, int]:
    """When somebody last began to, by channel of a guild."""
    return {row[0]: row[1] for row in await tx.fetch(_OF_GUILD, user_id, guild_id)}


async def of_channel(tx: Connection, user_id: int, guild_id: int, channel_id: int) -> int:
    """The same for one channel; 0: never."""
    row = await tx.fetchrow(_OF_CHANNEL, user_id, guild_id, channel_id)
    return 0 if row is None else row[0] or 0


async def newest(tx: Connection, user_id: int, channel_id: int, began: int) -> int:
    """The newest that they said since then."""
    row = await tx.fetchrow(_NEWEST, channel_id, began, began + WINDOW, user_id)
    return max(began, (row and row[0]) or 0)


async def tidy(tx: Connection, user_id: int, guild_id: int, channel_id: int, began: int) -> None:
    """Forget when they began before that."""
    await tx.execute(_TIDY, user_id, guild_id, channel_id, began)


async def forget_channel(tx: Connection, user_id: int, guild_id: int, channel_id: int) -> None:
    """The user is not in it any more."""
    await tidy(tx, user_id, guild_id, channel_id, snowflakes.MAX)


async def forget_guild(tx: Connection, user_id: int, guild_id: int) -> None:
    """The user does not belong to the guild any more."""
    await tx.execute("DELETE FROM spoken WHERE user_id = $1 AND guild_id = $2", user_id, guild_id)


async def remove_some(tx: Connection, channel_id: int, limit: int) -> int:
    """Remove those of some people in a channel that is gone; how many there were."""
    return await tx.execute(_REMOVE_SOME, channel_id, limit)

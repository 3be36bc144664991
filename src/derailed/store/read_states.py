"""How far people have read, and how far there is to read.

A message of one's own acknowledges what was before it. That is not written here: see `spoken`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from derailed.store import Connection, Row, lists

_COLUMNS: Final = "channel_id, last_message_id, own_id, last_pin_at"
_OF_GUILD: Final = f"SELECT {_COLUMNS} FROM read_states WHERE user_id = $1 AND guild_id = $2"
_GET: Final = _OF_GUILD + " AND channel_id = $3"
_PUT: Final = """
INSERT INTO read_states (user_id, guild_id, channel_id, last_message_id, own_id, last_pin_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id, guild_id, channel_id) DO UPDATE
SET last_message_id = excluded.last_message_id, own_id = excluded.own_id, last_pin_at = excluded.last_pin_at
"""
_HEADS: Final = """
SELECT channels.id, channels.deleted_message_id,
    (SELECT MAX(messages.id) FROM messages WHERE messages.channel_id = channels.id)
FROM channels WHERE
"""
_HEADS_OF_GUILD: Final = _HEADS + "channels.guild_id = $1"
_HEAD: Final = _HEADS + "channels.id = $1"
_REMOVE_SOME: Final = """
DELETE FROM read_states WHERE channel_id = $1 AND user_id IN
    (SELECT user_id FROM read_states WHERE channel_id = $1 LIMIT $2)
"""
# Whoever wrote what is deleted has read up to it, as before: but for those who marked it as unread since.
_OUTLIVE: Final = lists.statements(
    """
INSERT INTO read_states (user_id, guild_id, channel_id, last_message_id)
SELECT messages.author_id, CAST($1 AS BIGINT), messages.channel_id, MAX(messages.id) FROM messages
    JOIN users ON users.id = messages.author_id AND users.bot = 0
WHERE messages.channel_id = $2 AND messages.id IN (%s) AND (
    EXISTS (SELECT 1 FROM members WHERE members.guild_id = $1 AND members.user_id = messages.author_id)
    OR EXISTS (SELECT 1 FROM recipients WHERE recipients.channel_id = $2 AND recipients.user_id = messages.author_id)
)
GROUP BY messages.author_id, messages.channel_id
ON CONFLICT (user_id, guild_id, channel_id) DO UPDATE SET last_message_id = excluded.last_message_id
WHERE read_states.last_message_id < excluded.last_message_id AND read_states.own_id < excluded.last_message_id
""",
    first=3,
)


class ReadState(NamedTuple):
    """A row: what was acknowledged, and when the latest pin was that was seen."""

    channel_id: int
    last_message_id: int = 0
    own_id: int = 0
    last_pin_at: int = 0

    def position(self, own: int) -> int:
        """Up to where the channel is read by one whose newest message there is `own`."""
        return max(self.last_message_id, own) if own > self.own_id else self.last_message_id


async def of_guild(tx: Connection, user_id: int, guild_id: int) -> dict[int, ReadState]:
    """Those of one guild by channel."""
    return {row[0]: ReadState(*row) for row in await tx.fetch(_OF_GUILD, user_id, guild_id)}


async def get(tx: Connection, user_id: int, guild_id: int, channel_id: int) -> ReadState:
    """The one of a channel, which may have no row yet."""
    row = await tx.fetchrow(_GET, user_id, guild_id, channel_id)
    return ReadState(channel_id) if row is None else ReadState(*row)


async def put(tx: Connection, user_id: int, guild_id: int, state: ReadState) -> None:
    """Keep it."""
    await tx.execute(_PUT, user_id, guild_id, *state)


async def heads(tx: Connection, guild_id: int) -> dict[int, int]:
    """Of each channel of a guild that ever had a message the newest, also when it is deleted: two index seeks each."""
    return _newest(await tx.fetch(_HEADS_OF_GUILD, guild_id))


async def head(tx: Connection, channel_id: int) -> int:
    """That of one channel; 0: there never was one."""
    return _newest(await tx.fetch(_HEAD, channel_id)).get(channel_id, 0)


async def outlive(tx: Connection, guild_id: int, channel_id: int, message_ids: Collection[int]) -> None:
    """Keep what these messages, at most `lists.BULK`, acknowledge for their authors: they are about to be deleted."""
    ids = lists.padded(message_ids)
    await tx.execute(_OUTLIVE[len(ids)], guild_id, channel_id, *ids)


async def forget(tx: Connection, user_id: int, guild_id: int, channel_id: int) -> bool:
    """Remove the row of one channel; False when there was none."""
    sql = "DELETE FROM read_states WHERE user_id = $1 AND guild_id = $2 AND channel_id = $3"
    return await tx.execute(sql, user_id, guild_id, channel_id) == 1


async def forget_guild(tx: Connection, user_id: int, guild_id: int) -> None:
    """The user does not belong to the guild any more."""
    await tx.execute("DELETE FROM read_states WHERE user_id = $1 AND guild_id = $2", user_id, guild_id)


async def remove_some(tx: Connection, channel_id: int, limit: int) -> int:
    """Remove up to `limit` people's of a channel that is gone; how many there were."""
    return await tx.execute(_REMOVE_SOME, channel_id, limit)


def _newest(rows: list[Row]) -> dict[int, int]:
    found = {row[0]: max(row[1] or 0, row[2] or 0) for row in rows}
    return {channel_id: newest for channel_id, newest in found.items() if newest}

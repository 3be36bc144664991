"""Channels of guilds. They are read with their guild, as one shape: see `guilds`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from derailed.model.guild import Channel
from derailed.store import Connection

_INSERT = """
INSERT INTO channels
    (id, guild_id, type, name, position, topic, nsfw, parent_id, rate_limit_per_user, flags,
     default_auto_archive_duration, overwrites)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""
_UPDATE = """
UPDATE channels SET type = $2, name = $3, position = $4, topic = $5, nsfw = $6, parent_id = $7,
    rate_limit_per_user = $8, flags = $9, default_auto_archive_duration = $10, overwrites = $11
WHERE id = $1
"""
_LAST_MESSAGE = """
SELECT (SELECT MAX(messages.id) FROM messages WHERE messages.channel_id = $1), deleted_message_id
FROM channels WHERE id = $1
"""

_encode = msgspec.json.Encoder().encode


def _changeable(of: Channel) -> tuple[object, ...]:
    overwrites = _encode([(each.id, each.type, each.allow, each.deny) for each in of.overwrites]).decode()
    place = (of.type, of.name, of.position, of.topic, int(of.nsfw), of.parent_id)
    return (*place, of.rate_limit_per_user, of.flags, of.default_auto_archive_duration, overwrites)


async def insert(tx: Connection, channel: Channel) -> None:
    """Add the channel."""
    await tx.execute(_INSERT, channel.id, channel.guild_id, *_changeable(channel))


async def update(tx: Connection, channel: Channel) -> None:
    """Write what can change of the channel."""
    await tx.execute(_UPDATE, channel.id, *_changeable(channel))


async def delete(tx: Connection, channel_id: int) -> None:
    """Remove the channel, the invites that lead to it and the webhooks that speak in it.

    Its messages can not be reached any more: see `remains`.
    """
    await tx.execute("INSERT INTO deleted_channels (id) VALUES ($1)", channel_id)
    await tx.execute("DELETE FROM invites WHERE channel_id = $1", channel_id)
    await tx.execute("DELETE FROM webhooks WHERE channel_id = $1", channel_id)
    await tx.execute("DELETE FROM channels WHERE id = $1", channel_id)


async def last_message_ids(tx: Connection, channel_ids: Iterable[int]) -> dict[int, int]:
    """Of each channel that ever had a message, the newest, also when it is deleted: two index seeks each.

    Clients keep the id of a message that they saw deleted, so one who comes later is told the same.
    """
    found = {}
    for channel_id in channel_ids:
        row = await tx.fetchrow(_LAST_MESSAGE, channel_id)
        newest = 0 if row is None else max(row[0] or 0, row[1] or 0)
        if newest:
            found[channel_id] = newest
    return found


async def next_of_guild(tx: Connection, guild_id: int, channel_id: int) -> int | None:
    """The lowest id of the guild's channels from that one on."""
    sql = "SELECT id FROM channels WHERE guild_id = $1 AND id >= $2 ORDER BY id LIMIT 1"
    row = await tx.fetchrow(sql, guild_id, channel_id)
    return None if row is None else int(row[0])

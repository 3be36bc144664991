"""What deletions leave behind: the messages of channels that are gone, their reactions and files, who had read them.

A channel can hold millions, so they are removed in small transactions of their own, which nobody waits for.
"""

from __future__ import annotations

from derailed.model.message import attached
from derailed.store import Connection, blobs, mentions, pins, read_states, search, spoken

_SOME = "(SELECT id FROM messages WHERE channel_id = $1 ORDER BY id LIMIT $2)"
_REACTIONS = "DELETE FROM reactions WHERE message_id IN " + _SOME
_MESSAGES = "DELETE FROM messages WHERE channel_id = $1 AND id IN " + _SOME + " RETURNING body, id"


async def channel(tx: Connection) -> int | None:
    """A channel that is gone, and of which something may be left."""
    row = await tx.fetchrow("SELECT id FROM deleted_channels ORDER BY id LIMIT 1")
    return None if row is None else int(row[0])


async def remove_some(tx: Connection, channel_id: int, limit: int) -> int:
    """Remove up to `limit` of the channel's messages, and then of what people had read there; how many of the most."""
    await tx.execute(_REACTIONS, channel_id, limit)
    removed = await tx.fetch(_MESSAGES, channel_id, limit)
    await blobs.doom(tx, (key for row in removed for key in attached(channel_id, row[0])), 0)
    search.touch(tx, channel_id, (row[1] for row in removed))
    if len(removed) == limit:
        return limit
    read, spoke = await read_states.remove_some(tx, channel_id, limit), await spoken.remove_some(tx, channel_id, limit)
    return max(read, spoke, await mentions.remove_some(tx, channel_id, limit))


async def forget(tx: Connection, channel_id: int) -> None:
    """Nothing is left of the channel's messages, nor of what was pinned."""
    await pins.forget_channel(tx, channel_id)
    await search.forget_channel(tx, channel_id)
    await tx.execute("DELETE FROM deleted_channels WHERE id = $1", channel_id)

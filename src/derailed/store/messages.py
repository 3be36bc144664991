"""Messages, oldest first in their channel's stretch of the primary key, and the nonces of what was sent lately."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import cast

from derailed.model.message import Message, attached
from derailed.store import Connection, blobs, lists, reactions, search

_COLUMNS = "channel_id, id, author_id, reply_to, mentions, reacted, body, webhook_author"
_GET = f"SELECT {_COLUMNS} FROM messages WHERE channel_id = $1 AND id = $2"
# Each value that is fetched costs more than finding it, so a page has three columns and not seven.
_LINE = """author_id, body,
CASE WHEN reply_to IS NULL AND mentions IS NULL AND reacted = 0 AND webhook_author IS NULL
    THEN NULL ELSE id END AS special
"""
_BEFORE = f"SELECT {_LINE} FROM messages WHERE channel_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
_FROM = f"SELECT {_LINE} FROM messages WHERE channel_id = $1 AND id >= $2 ORDER BY id LIMIT $3"
_COUNT_OF_OTHERS = """
SELECT COUNT(*) FROM (SELECT 1 FROM messages WHERE channel_id = $1 AND id > $2 AND author_id <> $3 LIMIT $4) AS found
"""
_INSERT = f"INSERT INTO messages ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, 0, $6, $7)"
_UPDATE = "UPDATE messages SET mentions = $3, body = $4 WHERE channel_id = $1 AND id = $2"
_REMOVE = lists.statements("DELETE FROM messages WHERE channel_id = $1 AND id IN (%s) RETURNING id, body", first=2)
_UNPIN = lists.statements("DELETE FROM pins WHERE channel_id = $1 AND message_id IN (%s)", first=2)
_NEWEST_IS_GONE = """
UPDATE channels SET deleted_message_id = $2 WHERE id = $1 AND COALESCE(deleted_message_id, 0) < $2
AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.channel_id = $1 AND messages.id > $2)
"""

_SENT_AS = "SELECT message_id FROM nonces WHERE author_id = $1 AND nonce = $2 AND channel_id = $3 AND created_at >= $4"
_REMEMBER = """
INSERT INTO nonces (author_id, nonce, channel_id, message_id, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (author_id, nonce) DO UPDATE
SET channel_id = excluded.channel_id, message_id = excluded.message_id, created_at = excluded.created_at
"""
# Two out for one in: the table shrinks to what is young, and no request pays for a long silence. But not with each
# message, or no message could be held back until others go in with it.
_SWEPT = 16
_SWEEP = f"""
DELETE FROM nonces WHERE (author_id, nonce) IN
    (SELECT author_id, nonce FROM nonces WHERE created_at < $1 ORDER BY created_at LIMIT {2 * _SWEPT})
"""

Line = tuple[int, bytes, int | None]
"""A message in a page: its author, its body, and its id if there is more to it than these."""


async def get(tx: Connection, channel_id: int, message_id: int) -> Message | None:
    """The message."""
    row = await tx.fetchrow(_GET, channel_id, message_id)
    return None if row is None else Message(*row)


async def many(tx: Connection, channel_id: int, message_ids: Iterable[int]) -> dict[int, Message]:
    """Those of the messages that exist."""
    found = [await get(tx, channel_id, message_id) for message_id in message_ids]
    return {message.id: message for message in found if message is not None}


async def before(tx: Connection, channel_id: int, message_id: int, limit: int) -> list[Line]:
    """The newest messages below the id, newest first."""
    return cast(list[Line], await tx.fetch(_BEFORE, channel_id, message_id, limit))


async def since(tx: Connection, channel_id: int, message_id: int, limit: int) -> list[Line]:
    """The oldest messages from the id on, newest first."""
    return cast(list[Line], (await tx.fetch(_FROM, channel_id, message_id, limit))[::-1])


async def count_of_others(tx: Connection, channel_id: int, after: int, author_id: int, most: int) -> int:
    """How many above the id are not by that author, counted up to `most`."""
    row = await tx.fetchrow(_COUNT_OF_OTHERS, channel_id, after, author_id, most)
    return 0 if row is None else int(row[0])


def insert(tx: Connection, message: Message) -> None:
    """Add a message that nobody has reacted to."""
    tx.put(
        _INSERT,
        message.channel_id,
        message.id,
        message.author_id,
        message.reply_to,
        message.mentions,
        message.body,
        message.webhook_author,
    )


async def update(tx: Connection, message: Message) -> None:
    """Write what an edit changes."""
    await tx.execute(_UPDATE, message.channel_id, message.id, message.mentions, message.body)
    search.touch(tx, message.channel_id, (message.id,))


async def remove(tx: Connection, channel_id: int, message_ids: Collection[int]) -> list[int]:
    """Remove up to `lists.BULK` messages with all that is theirs; the ids of those that there were, ascending."""
    ids = lists.padded(message_ids)
    rows = await tx.fetch(_REMOVE[len(ids)], channel_id, *ids)
    removed = sorted(row[0] for row in rows)
    if removed:
        await blobs.doom(tx, (key for row in rows for key in attached(channel_id, row[1])), 0)
        await tx.execute(_UNPIN[len(ids)], channel_id, *ids)
        await reactions.forget(tx, ids)
        await tx.execute(_NEWEST_IS_GONE, channel_id, removed[-1])
        search.touch(tx, channel_id, removed)
    return removed


async def sent_as(tx: Connection, author_id: int, nonce: str, channel_id: int, since_ms: int) -> int | None:
    """The id of the message that the author sent with this nonce since then."""
    row = await tx.fetchrow(_SENT_AS, author_id, nonce, channel_id, since_ms)
    return None if row is None else int(row[0])


async def remember(tx: Connection, message: Message, nonce: str, now_ms: int, since_ms: int) -> None:
    """Keep the nonce, and forget a few that are older than `since_ms`."""
    tx.put(_REMEMBER, message.author_id, nonce, message.channel_id, message.id, now_ms)
    if now_ms % _SWEPT == 0:
        await tx.execute(_SWEEP, since_ms)

"""What messages are found by: an index beside them, which is a little behind, and the account of how far it is.

Nobody who sends a message writes here. `search_progress` says up to which message a channel is indexed; who edits or
deletes one leaves a row in `search_stale`, and until the index has followed it does not find that message. Whoever
searches looks at what is not indexed yet itself, so that nothing is missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, cast

from derailed.model.message import Message
from derailed.store import Connection, lists

_MESSAGE = """
messages.channel_id, messages.id, messages.author_id, messages.reply_to, messages.mentions, messages.reacted,
messages.body, messages.webhook_author
"""
_PROGRESS = lists.statements("SELECT channel_id FROM search_progress WHERE channel_id IN (%s)", first=1)
_TAILS = lists.statements(
    f"""
SELECT {_MESSAGE} FROM search_progress
JOIN messages ON messages.channel_id = search_progress.channel_id AND messages.id > search_progress.indexed_id
WHERE search_progress.channel_id IN (%s) LIMIT $1
""",
    first=2,
)
_STALE = lists.statements(
    f"""
SELECT {_MESSAGE} FROM search_stale
JOIN messages ON messages.channel_id = search_stale.channel_id AND messages.id = search_stale.message_id
JOIN search_progress ON search_progress.channel_id = search_stale.channel_id
    AND search_stale.message_id <= search_progress.indexed_id
WHERE search_stale.channel_id IN (%s) LIMIT $1
""",
    first=2,
)
_FROM = f"SELECT {_MESSAGE} FROM messages WHERE channel_id = $1 AND id > $2 ORDER BY id LIMIT $3"
_CHANNELS = lists.statements("SELECT rowid, channel_id FROM search_index WHERE rowid IN (%s)", first=1)
_DROP = lists.statements("DELETE FROM search_index WHERE rowid IN (%s)", first=1)

_ADD = "INSERT INTO search_index (rowid, channel_id, terms) VALUES ($1, $2, $3)"
_TOUCH = """
INSERT INTO search_stale (message_id, channel_id, times) VALUES ($1, $2, 1)
ON CONFLICT (message_id) DO UPDATE SET times = search_stale.times + 1
"""
_BEGIN = "INSERT INTO search_progress (channel_id, indexed_id) VALUES ($1, 0) ON CONFLICT (channel_id) DO NOTHING"
_CLAIM = "UPDATE search_progress SET indexed_id = indexed_id WHERE channel_id = $1 RETURNING indexed_id"
_TOUCHED = "SELECT message_id, times FROM search_stale WHERE channel_id = $1 ORDER BY message_id LIMIT $2"
_SETTLED = "DELETE FROM search_stale WHERE message_id = $1 AND times = $2"
_WALK = """
WITH RECURSIVE walk (id, step) AS (
    SELECT MIN(channel_id), 1 FROM messages WHERE channel_id > $1
    UNION ALL
    SELECT (SELECT MIN(channel_id) FROM messages WHERE channel_id > walk.id), step + 1
    FROM walk WHERE walk.id IS NOT NULL AND step < $2
)
SELECT walk.id, COALESCE(indexed_id, 0), (SELECT MAX(messages.id) FROM messages WHERE messages.channel_id = walk.id)
FROM walk LEFT JOIN search_progress ON search_progress.channel_id = walk.id
WHERE walk.id IS NOT NULL ORDER BY walk.id
"""


class Question(NamedTuple):
    """What messages shall have: one of each group of terms, none of the others, and an id between two."""

    every: tuple[tuple[str, ...], ...]
    none: tuple[str, ...]
    above: int
    below: int
    oldest_first: bool = False

    def fits(self, message_id: int, terms: Collection[str]) -> bool:
        """Whether a message of these terms is asked for."""
        within = self.above < message_id < self.below
        wanted = within and all(any(term in terms for term in group) for group in self.every)
        return wanted and not any(term in terms for term in self.none)


class Hits(NamedTuple):
    """How many were found, and the ids of some of them."""

    total: int
    ids: list[int]


class Standing(NamedTuple):
    """A channel that has messages: up to which it is indexed, and its newest."""

    channel_id: int
    indexed_id: int
    newest_id: int


async def hits(tx: Connection, question: Question, counted: int, first: int, count: int) -> Hits:
    """What the index has of it: how many, up to `counted`, and so many of these from the `first`, in their order."""
    full_text = tx.full_text
    sql = full_text.found.format(order="ASC" if question.oldest_first else "DESC")
    asked = full_text.asked(question.every, question.none)
    row = await tx.fetchrow(sql, asked, question.above, question.below, counted, count, first)
    assert row is not None
    ids = [int(each) for each in row[1].split(",")] if row[1] else []
    return Hits(row[0], sorted(ids, reverse=not question.oldest_first))


async def channels_of(tx: Connection, message_ids: Collection[int]) -> dict[int, int]:
    """The channel of each of these, up to `lists.BULK`, that the index has."""
    if not message_ids:
        return {}
    ids = lists.padded(message_ids)
    return dict(cast("list[tuple[int, int]]", await tx.fetch(_CHANNELS[len(ids)], *ids)))


async def unindexed(tx: Connection, channel_ids: Sequence[int], limit: int) -> list[Message] | None:
    """The channels' messages that the index does not know as they are; None when there are more than `limit`."""
    found: list[Message] = []
    for first in range(0, len(channel_ids), lists.BULK):
        part = channel_ids[first : first + lists.BULK]
        ids = lists.padded(part)
        begun = {row[0] for row in await tx.fetch(_PROGRESS[len(ids)], *ids)}
        for sql in (_TAILS[len(ids)], _STALE[len(ids)]):
            found += [Message(*row) for row in await tx.fetch(sql, limit + 1 - len(found), *ids)]
        for channel_id in set(part) - begun:
            found += await after(tx, channel_id, 0, limit + 1 - len(found))
        if len(found) > limit:
            return None
    return found


async def after(tx: Connection, channel_id: int, message_id: int, limit: int) -> list[Message]:
    """The channel's oldest messages above an id, ascending."""
    return [Message(*row) for row in await tx.fetch(_FROM, channel_id, message_id, limit)]


def touch(tx: Connection, channel_id: int, message_ids: Iterable[int]) -> None:
    """These messages are not any more what the index knows of them."""
    for message_id in message_ids:
        tx.put(_TOUCH, message_id, channel_id)


async def walk(tx: Connection, channel_id: int, count: int) -> list[Standing]:
    """The next channels above an id that have messages, or had some that are still to be removed."""
    return [Standing(*row) for row in await tx.fetch(_WALK, channel_id, count)]


async def claim(tx: Connection, channel_id: int) -> int:
    """Have the channel's place in the index for oneself until the write is over; up to where it is indexed."""
    await tx.execute(_BEGIN, channel_id)
    row = await tx.fetchrow(_CLAIM, channel_id)
    assert row is not None
    return int(row[0])


async def reach(tx: Connection, channel_id: int, message_id: int) -> None:
    """It is indexed up to there."""
    await tx.execute("UPDATE search_progress SET indexed_id = $2 WHERE channel_id = $1", channel_id, message_id)


def add(tx: Connection, channel_id: int, message_id: int, terms: Collection[str]) -> None:
    """Let a message that the index does not have be found by these terms."""
    tx.put(_ADD, message_id, channel_id, tx.full_text.kept(terms))


async def drop(tx: Connection, message_ids: Collection[int]) -> None:
    """Let these, up to `lists.BULK`, not be found."""
    if message_ids:
        ids = lists.padded(message_ids)
        await tx.execute(_DROP[len(ids)], *ids)


async def touched_channel(tx: Connection) -> int | None:
    """A channel of which something was touched."""
    row = await tx.fetchrow("SELECT channel_id FROM search_stale ORDER BY message_id LIMIT 1")
    return None if row is None else int(row[0])


async def touched(tx: Connection, channel_id: int, limit: int) -> list[tuple[int, int]]:
    """What was touched of it: the message, and how often."""
    return cast("list[tuple[int, int]]", await tx.fetch(_TOUCHED, channel_id, limit))


async def settle(tx: Connection, message_id: int, times: int) -> None:
    """The index knows it as it was after so many times."""
    await tx.execute(_SETTLED, message_id, times)


async def forget_channel(tx: Connection, channel_id: int) -> None:
    """Nothing is left of the channel."""
    await tx.execute("DELETE FROM search_progress WHERE channel_id = $1", channel_id)

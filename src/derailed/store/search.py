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
# Messages are sought one by one by their key: a join of so many rows that are mostly not there reads the whole table.
_PROGRESS = lists.statements(
    """
SELECT channel_id, indexed_id,
    (SELECT MAX(messages.id) FROM messages WHERE messages.channel_id = search_progress.channel_id)
FROM search_progress WHERE channel_id IN (%s)
""",
    first=1,
)
_STALE = lists.statements(
    """
SELECT channel_id, id FROM (
    SELECT search_stale.channel_id AS channel_id, (
        SELECT messages.id FROM messages
        WHERE messages.channel_id = search_stale.channel_id AND messages.id = search_stale.message_id
    ) AS id
    FROM search_stale JOIN search_progress ON search_progress.channel_id = search_stale.channel_id
        AND search_stale.message_id <= search_progress.indexed_id
    WHERE search_stale.channel_id IN (%s)
) AS touched WHERE id IS NOT NULL LIMIT $1
""",
    first=2,
)
_THESE = lists.statements(f"SELECT {_MESSAGE} FROM messages WHERE channel_id = $1 AND id IN (%s)", first=2)
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
_LOOK = 2_000
"""Rows that are looked at first, where the index is in no order: milliseconds, which tell what the rest is like."""
_SKIM = 100_000
"""The most that are looked at in place of the index: a tenth of a second, and a word of every tenth row is found."""


class Question(NamedTuple):
    """What messages shall have: one of each group of terms, none of the others, an id between two, a channel of these.

    No channels are all that there are.
    """

    every: tuple[tuple[str, ...], ...]
    none: tuple[str, ...]
    above: int
    below: int
    oldest_first: bool = False
    channel_ids: tuple[int, ...] = ()

    def fits(self, message_id: int, terms: Collection[str]) -> bool:
        """Whether a message of these terms in one of the channels is asked for; without any it is never found."""
        within = self.above < message_id < self.below and bool(terms)
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
    page = (question.above, question.below, counted, count, first)
    if full_text.skimmed is not None:
        near = await _skimmed(tx, question, page, _LOOK)
        if near.total < counted <= near.total * _SKIM / _LOOK:
            near = await _skimmed(tx, question, page, _SKIM)
        if near.total == counted:
            return near
    channels = [tuple(map(channel_term, question.channel_ids))] if question.channel_ids else []
    asked = full_text.asked([*question.every, *channels], question.none)
    return await _hits(tx, full_text.found, question, (asked, *page))


async def _skimmed(tx: Connection, question: Question, page: tuple[int, ...], rows: int) -> Hits:
    """What is found among so many rows at the end that is asked for: quick for what is common, vain for what is not."""
    full_text = tx.full_text
    assert full_text.skimmed is not None
    asked = full_text.asked(question.every, question.none)
    return await _hits(tx, full_text.skimmed, question, (asked, *page, rows, question.channel_ids))


async def _hits(tx: Connection, sql: str, question: Question, parameters: tuple[object, ...]) -> Hits:
    row = await tx.fetchrow(sql.format(order="ASC" if question.oldest_first else "DESC"), *parameters)
    assert row is not None
    ids = [int(each) for each in row[1].split(",")] if row[1] else []
    return Hits(row[0], sorted(ids, reverse=not question.oldest_first))


def channel_term(channel_id: int) -> str:
    """What every message of the channel is found by."""
    return f"_c{channel_id}"


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
        behind = dict.fromkeys(part, 0)
        for channel_id, indexed_id, newest_id in await tx.fetch(_PROGRESS[len(ids)], *ids):
            behind[channel_id] = indexed_id
            if newest_id is None or newest_id <= indexed_id:
                del behind[channel_id]
        for channel_id, indexed_id in behind.items():
            found += await after(tx, channel_id, indexed_id, limit + 1 - len(found))
        found += await _stale(tx, ids, limit + 1 - len(found))
        if len(found) > limit:
            return None
    return found


async def _stale(tx: Connection, channel_ids: tuple[int, ...], limit: int) -> list[Message]:
    """Some of the channels' messages that the index has otherwise than they are now."""
    touched: dict[int, list[int]] = {}
    for channel_id, message_id in await tx.fetch(_STALE[len(channel_ids)], limit, *channel_ids):
        touched.setdefault(channel_id, []).append(message_id)
    found: list[Message] = []
    for channel_id, message_ids in touched.items():
        for first in range(0, len(message_ids), lists.BULK):
            ids = lists.padded(message_ids[first : first + lists.BULK])
            found += [Message(*row) for row in await tx.fetch(_THESE[len(ids)], channel_id, *ids)]
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

"""Who is mentioned where: a row for each user, role or guild that a message names, never one for each member.

What a member is mentioned by is theirs to be looked up: their own id, their roles', the guild's for everyone.
Rows outlive their messages, because who was called was called, and go with their channel.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from derailed.store import Connection

_INSERT: Final = (
    "INSERT INTO mentions (target_id, guild_id, channel_id, message_id, author_id) VALUES ($1, $2, $3, $4, $5)"
)
_AFTER: Final = """
SELECT DISTINCT message_id FROM mentions
WHERE guild_id = $1 AND channel_id = $2 AND message_id > $3 AND author_id <> $4 AND target_id IN (%s)
LIMIT $5
"""
_NEWEST: Final = """
SELECT DISTINCT message_id, channel_id, guild_id FROM mentions
WHERE message_id < $1 AND message_id > $2 AND author_id <> $3 AND target_id IN (%s) AND NOT EXISTS
    (SELECT 1 FROM dismissed_mentions WHERE user_id = $3 AND dismissed_mentions.message_id = mentions.message_id)
ORDER BY message_id DESC LIMIT $4
"""
_REMOVE_SOME: Final = """
DELETE FROM mentions WHERE channel_id = $1 AND message_id IN
    (SELECT message_id FROM mentions WHERE channel_id = $1 LIMIT $2)
"""
_SIZES: Final = (4, 16, 100)
"""Of lists of targets: a member with few roles, and one with many. Longer ones are asked for in parts."""


class Mention(NamedTuple):
    """A message that mentions, and where it is. `guild_id` 0: in a direct message."""

    message_id: int
    channel_id: int
    guild_id: int


def statements(sql: str, first: int, shape: str) -> dict[int, str]:
    """The statement by the length of its list of targets, of the lengths that `parts` has."""
    return {size: sql % ", ".join(shape % (first + number) for number in range(size)) for size in _SIZES}


_AFTER_OF: Final = statements(_AFTER, 6, "$%d")
_NEWEST_OF: Final = statements(_NEWEST, 5, "$%d")


def insert(tx: Connection, mention: Mention, author_id: int, target_ids: Iterable[int]) -> None:
    """A new message mentions these, each once."""
    for target_id in target_ids:
        tx.put(_INSERT, target_id, mention.guild_id, mention.channel_id, mention.message_id, author_id)


async def count(
    tx: Connection, guild_id: int, channel_id: int, after: int, reader_id: int, target_ids: Sequence[int], most: int
) -> int:
    """How many messages of others above the id mention any of these, counted up to `most`."""
    found: set[int] = set()
    for ids in parts(target_ids):
        found.update(
            row[0] for row in await tx.fetch(_AFTER_OF[len(ids)], guild_id, channel_id, after, reader_id, most, *ids)
        )
    return min(len(found), most)


async def newest(
    tx: Connection, reader_id: int, target_ids: Sequence[int], before: int, after: int, limit: int
) -> list[Mention]:
    """The newest between two ids by others that the reader did not dismiss, newest first."""
    found: set[Mention] = set()
    for ids in parts(target_ids):
        rows = await tx.fetch(_NEWEST_OF[len(ids)], before, after, reader_id, limit, *ids)
        found.update(Mention(*row) for row in rows)
    return sorted(found, reverse=True)[:limit]


async def dismiss(tx: Connection, reader_id: int, message_id: int, since_id: int) -> None:
    """Leave the message out of the reader's list, and forget what was left out of what is too old for it by now."""
    await tx.execute("DELETE FROM dismissed_mentions WHERE user_id = $1 AND message_id < $2", reader_id, since_id)
    sql = "INSERT INTO dismissed_mentions (user_id, message_id) VALUES ($1, $2) ON CONFLICT DO NOTHING"
    await tx.execute(sql, reader_id, message_id)


async def remove_some(tx: Connection, channel_id: int, limit: int) -> int:
    """Remove those of some messages of a channel that is gone; how many there were."""
    return await tx.execute(_REMOVE_SOME, channel_id, limit)


def parts(target_ids: Collection[int]) -> Iterable[tuple[int, ...]]:
    """The ids as lists of the lengths that there are statements for, filled up with 0, which nothing has as its id."""
    ids = tuple(target_ids)
    for start in range(0, len(ids), _SIZES[-1]):
        part = ids[start : start + _SIZES[-1]]
        size = next(size for size in _SIZES if size >= len(part))
        yield (*part, *(0,) * (size - len(part)))

"""Where somebody stands in a guild, in one question: READY asks it of a hundred guilds at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from derailed.store import Connection, mentions
from derailed.store.read_states import ReadState

# Three lists in one: where one is called, what was acknowledged, since when one spoke. The first target is oneself.
# From channel to channel, and not from row to row: of each target one seek for each channel that has any.
_OF_GUILD: Final = """
WITH RECURSIVE targets (id) AS (VALUES %s), spots (target_id, channel_id) AS (
    SELECT id, (SELECT MIN(channel_id) FROM mentions WHERE target_id = id AND guild_id = $1) FROM targets
    UNION ALL
    SELECT spots.target_id, (
        SELECT MIN(mentions.channel_id) FROM mentions WHERE mentions.target_id = spots.target_id
            AND mentions.guild_id = $1 AND mentions.channel_id > spots.channel_id
    ) FROM spots WHERE spots.channel_id IS NOT NULL
)
SELECT DISTINCT channel_id, 0, 0, 0, 0 FROM spots WHERE channel_id IS NOT NULL
UNION ALL
SELECT channel_id, 1, last_message_id, own_id, last_pin_at FROM read_states WHERE guild_id = $1 AND user_id = $2
UNION ALL
SELECT channel_id, 2, MAX(message_id), 0, 0 FROM spoken WHERE guild_id = $1 AND user_id = $2 GROUP BY channel_id
"""
_STATEMENTS: Final = mentions.statements(_OF_GUILD, 2, "(CAST($%d AS BIGINT))")
_CALLED, _READ, _SPOKE = range(3)


class Bookmarks(NamedTuple):
    """By channel: what was acknowledged, and when one last began to speak; and where one was ever called."""

    states: dict[int, ReadState]
    began: dict[int, int]
    called: set[int]


async def of_guild(tx: Connection, guild_id: int, user_id: int, target_ids: Sequence[int]) -> Bookmarks:
    """The bookmarks of a user whom these ids call."""
    found = Bookmarks({}, {}, set())
    for ids in mentions.parts((user_id, *target_ids)):
        for channel_id, kind, *numbers in await tx.fetch(_STATEMENTS[len(ids)], guild_id, *ids):
            if kind == _CALLED:
                found.called.add(channel_id)
            elif kind == _READ:
                found.states[channel_id] = ReadState(channel_id, *numbers)
            else:
                found.began[channel_id] = numbers[0]
    return found

"""Where an account belongs, asked at once: a thousand sessions that come back at the same time all want to know it."""

from __future__ import annotations

from typing import Final, NamedTuple

from derailed.store import Connection

_BELONGING = """
SELECT 0, tokens.id, CAST(NULL AS BIGINT), user_settings.body, tokens.hash
FROM tokens LEFT JOIN user_settings ON user_settings.user_id = tokens.user_id
WHERE tokens.id = $2 AND tokens.user_id = $1
UNION ALL
SELECT 1, members.guild_id, guilds.id, NULL, NULL
FROM members LEFT JOIN guilds ON guilds.id = members.guild_id WHERE members.user_id = $1
UNION ALL
SELECT 2, other_id, NULL, NULL, NULL FROM relationships WHERE user_id = $1 AND type = 1
"""

_NOBODY: Final[frozenset[int]] = frozenset()
"""One for all who have no friends: an empty set weighs as much as one of four."""


class Belonging(NamedTuple):
    """`guild_ids` ascend; `ended` are guilds that are gone, whose end the account is still to be told."""

    guild_ids: list[int]
    ended: list[int]
    friends: frozenset[int]
    settings: bytes | None
    """What the account has set for itself, if anything."""
    token_hash: bytes


async def of(tx: Connection, user_id: int, token_id: int) -> Belonging | None:
    """The account's; None when this token of its does not stand any more."""
    rows = await tx.fetch(_BELONGING, user_id, token_id)
    token = next((row for row in rows if row[0] == 0), None)
    if token is None:
        return None
    guilds = sorted((row[1], row[2]) for row in rows if row[0] == 1 and row[2] is not None)
    return Belonging(
        guild_ids=[guild_id for guild_id, _ in guilds],
        ended=[row[1] for row in rows if row[0] == 1 and row[2] is None],
        friends=frozenset(row[1] for row in rows if row[0] == 2) or _NOBODY,
        settings=None if token[3] is None else bytes(token[3]),
        token_hash=bytes(token[4]),
    )

"""What people are to each other: a row for each side that knows of it."""

from __future__ import annotations

from collections import Counter

from derailed.model.relationship import Relationship, RelationshipType
from derailed.store import Connection, Row, users

_OF_USER = """
SELECT relationships.type, relationships.nickname, relationships.since,
       users.id, users.username, users.global_name, users.avatar, users.bot, users.flags, users.banner
FROM relationships JOIN users ON users.id = relationships.other_id WHERE relationships.user_id = $1
"""
_GET = _OF_USER + "AND relationships.other_id = $2"
_ALL = _OF_USER + "ORDER BY relationships.other_id"
_PUT = """
INSERT INTO relationships (user_id, other_id, type, nickname, since) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (user_id, other_id) DO UPDATE SET type = $3, nickname = $4, since = $5
"""
_DELETE = "DELETE FROM relationships WHERE user_id = $1 AND other_id = $2"
_BLOCKS = "SELECT 1 FROM relationships WHERE user_id = $1 AND other_id = $2 AND type = 2"
_KNOWN_BY = """
SELECT user_id FROM relationships WHERE other_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3
"""
_COUNTS = "SELECT type, COUNT(*) FROM relationships WHERE user_id = $1 GROUP BY type"
_MUTUAL_FRIENDS = """
SELECT own.other_id FROM relationships AS own
JOIN relationships AS their ON their.other_id = own.other_id AND their.user_id = $2 AND their.type = 1
WHERE own.user_id = $1 AND own.type = 1 ORDER BY own.other_id
"""


def _from_row(row: Row) -> Relationship:
    return Relationship(users.from_row(row[3:]), RelationshipType(row[0]), row[1], row[2])


async def get(tx: Connection, user_id: int, other_id: int) -> Relationship | None:
    """What the other is to the user, as the user knows it."""
    row = await tx.fetchrow(_GET, user_id, other_id)
    return None if row is None else _from_row(row)


async def of_user(tx: Connection, user_id: int) -> list[Relationship]:
    """All of the user's, ascending by the others' ids."""
    return [_from_row(row) for row in await tx.fetch(_ALL, user_id)]


async def put(tx: Connection, user_id: int, of: Relationship) -> None:
    """Write the user's side of it, whatever it was before."""
    await tx.execute(_PUT, user_id, of.user.id, int(of.type), of.nickname, of.since)


async def delete(tx: Connection, user_id: int, other_id: int) -> None:
    """Remove the user's side of it."""
    await tx.execute(_DELETE, user_id, other_id)


async def blocks(tx: Connection, user_id: int, other_id: int) -> bool:
    """Whether the user has blocked the other."""
    return await tx.fetchrow(_BLOCKS, user_id, other_id) is not None


async def counts(tx: Connection, user_id: int) -> Counter[RelationshipType]:
    """How many the user has of each type."""
    return Counter({RelationshipType(row[0]): row[1] for row in await tx.fetch(_COUNTS, user_id)})


async def known_by(tx: Connection, other_id: int, after: int, limit: int) -> list[int]:
    """Who has the other among theirs, whatever as; those with the next ids above `after`, ascending."""
    return [row[0] for row in await tx.fetch(_KNOWN_BY, other_id, after, limit)]


async def mutual_friends(tx: Connection, user_id: int, other_id: int) -> list[int]:
    """Whom both have as a friend, ascending."""
    return [row[0] for row in await tx.fetch(_MUTUAL_FRIENDS, user_id, other_id)]

"""Who belongs to which guild, with the account beside the membership where both are shown."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

import msgspec

from derailed.model import snowflakes
from derailed.model.guild import Member
from derailed.model.user import User
from derailed.store import Connection, Row, guilds, lists, users

_OF_GUILD = """
SELECT members.guild_id, members.user_id, members.joined_at, members.roles, members.nick,
       members.timed_out_until, members.flags, members.temporary,
       users.id, users.username, users.global_name, users.avatar, users.bot, users.flags, users.banner
FROM members JOIN users ON users.id = members.user_id WHERE members.guild_id = $1
"""
_GET = _OF_GUILD + "AND members.user_id = $2"
_PAGE = _OF_GUILD + "AND members.user_id > $2 ORDER BY members.user_id LIMIT $3"
_MATCHING = (
    _OF_GUILD
    + """
AND members.user_id > $2 AND members.user_id <= $3
AND (users.username_key LIKE $4 ESCAPE '!' OR members.nick_key LIKE $4 ESCAPE '!')
ORDER BY members.user_id LIMIT $5
"""
)
_COUNT_OF = lists.statements("SELECT COUNT(*) FROM members WHERE guild_id = $1 AND user_id IN (%s)", first=2)
_AT = "SELECT user_id FROM members WHERE guild_id = $1 AND user_id > $2 ORDER BY user_id LIMIT 1 OFFSET $3"
_HOLDING = """
SELECT guild_id, user_id, joined_at, roles, nick, timed_out_until, flags, temporary FROM members
WHERE guild_id = $1 AND user_id > $2 AND user_id <= $3 AND roles LIKE $4
"""
_INSERT = """
INSERT INTO members (guild_id, user_id, joined_at, roles, nick, nick_key, flags, temporary)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_UPDATE = """
UPDATE members SET roles = $3, nick = $4, nick_key = $5, timed_out_until = $6, flags = $7, temporary = $8
WHERE guild_id = $1 AND user_id = $2
"""

_ACTIVITY = """
SELECT members.user_id, members.joined_at, members.roles, users.seen_at, users.bot
FROM members JOIN users ON users.id = members.user_id
WHERE members.guild_id = $1 AND members.user_id > $2 ORDER BY members.user_id LIMIT $3
"""
_IDS = "SELECT user_id FROM members WHERE guild_id = $1 LIMIT $2"
_GUILDS_OF = """
SELECT members.guild_id FROM members JOIN guilds ON guilds.id = members.guild_id
WHERE members.user_id = $1 ORDER BY members.guild_id
"""
_OWNS = """
SELECT 1 FROM members JOIN guilds ON guilds.id = members.guild_id
WHERE members.user_id = $1 AND guilds.owner_id = $1 LIMIT 1
"""
_SHARED = """
SELECT members.guild_id FROM members JOIN guilds ON guilds.id = members.guild_id
JOIN members AS their ON their.guild_id = members.guild_id AND their.user_id = $2
WHERE members.user_id = $1 ORDER BY members.guild_id
"""
_VISITORS = """
SELECT guild_id, user_id FROM members WHERE temporary = 1 AND (guild_id, user_id) > ($1, $2)
ORDER BY guild_id, user_id LIMIT $3
"""
_REMOVE_SOME = """
DELETE FROM members WHERE guild_id = $1 AND user_id IN
    (SELECT user_id FROM members WHERE guild_id = $1 ORDER BY user_id LIMIT $2)
RETURNING user_id
"""

Pair = tuple[Member, User]

_encode = msgspec.json.Encoder().encode


class Activity(NamedTuple):
    """What a prune goes by."""

    user_id: int
    joined_at: int
    roles: tuple[int, ...]
    seen_at: int
    bot: bool


def _pair(row: Row) -> Pair:
    return guilds.member_from_row(row), users.from_row(row[8:])


def _key(nick: str | None) -> str | None:
    return None if nick is None else users.name_key(nick)


async def are_all(tx: Connection, guild_id: int, user_ids: Collection[int]) -> bool:
    """Whether all of them, at most `lists.BULK`, belong to the guild."""
    if not user_ids:
        return True
    ids = lists.padded(user_ids)
    row = await tx.fetchrow(_COUNT_OF[len(ids)], guild_id, *ids)
    return row is not None and row[0] == len(user_ids)


async def get(tx: Connection, guild_id: int, user_id: int) -> Pair | None:
    """The membership and the account."""
    row = await tx.fetchrow(_GET, guild_id, user_id)
    return None if row is None else _pair(row)


async def page(tx: Connection, guild_id: int, after: int, limit: int) -> list[Pair]:
    """Members with ids above `after`, ascending."""
    return [_pair(row) for row in await tx.fetch(_PAGE, guild_id, after, limit)]


async def at(tx: Connection, guild_id: int, after: int, count: int) -> int | None:
    """The id of the member that is so many above `after`; None when there are fewer."""
    row = await tx.fetchrow(_AT, guild_id, after, count - 1)
    return None if row is None else int(row[0])


async def matching(tx: Connection, guild_id: int, prefix: str, after: int, until: int | None, limit: int) -> list[Pair]:
    """Members above `after` and up to `until` whose username or nick begins with `prefix`, whatever its case."""
    like = re.sub("([!%_])", r"!\1", users.name_key(prefix)) + "%"
    last = snowflakes.MAX if until is None else until
    return [_pair(row) for row in await tx.fetch(_MATCHING, guild_id, after, last, like, limit)]


async def ids(tx: Connection, guild_id: int, limit: int) -> list[int]:
    """Who belongs to it, at most so many."""
    return [row[0] for row in await tx.fetch(_IDS, guild_id, limit)]


async def activity(tx: Connection, guild_id: int, after: int, limit: int) -> list[Activity]:
    """When members were last seen, ascending by id."""
    rows = await tx.fetch(_ACTIVITY, guild_id, after, limit)
    return [Activity(row[0], row[1], guilds.role_ids(row[2]), row[3], bool(row[4])) for row in rows]


async def guilds_of(tx: Connection, user_id: int) -> list[int]:
    """The guilds that the user belongs to, ascending."""
    return [row[0] for row in await tx.fetch(_GUILDS_OF, user_id)]


async def owns_any(tx: Connection, user_id: int) -> bool:
    """Whether one of the guilds that the user belongs to is theirs."""
    return await tx.fetchrow(_OWNS, user_id) is not None


async def shared(tx: Connection, user_id: int, other_id: int) -> list[int]:
    """The guilds that both belong to, ascending."""
    return [row[0] for row in await tx.fetch(_SHARED, user_id, other_id)]


async def visitors(tx: Connection, guild_id: int, user_id: int, limit: int) -> list[tuple[int, int]]:
    """Guild and user of the next memberships that are temporary, after these."""
    return [(row[0], row[1]) for row in await tx.fetch(_VISITORS, guild_id, user_id, limit)]


async def remove_some(tx: Connection, guild_id: int, limit: int) -> list[int]:
    """Remove memberships of a guild that is gone; whose they were."""
    return [row[0] for row in await tx.fetch(_REMOVE_SOME, guild_id, limit)]


async def holding(tx: Connection, guild_id: int, role_id: int, after: int, until: int | None) -> list[Member]:
    """The members above `after` and up to `until` that hold the role."""
    last = snowflakes.MAX if until is None else until
    held = [guilds.member_from_row(row) for row in await tx.fetch(_HOLDING, guild_id, after, last, f"%{role_id}%")]
    return [member for member in held if role_id in member.roles]


async def holdings(tx: Connection, guild_id: int, after: int, limit: int) -> list[tuple[int, tuple[int, ...]]]:
    """Who of those with ids above `after` holds which roles, ascending; all of the next `limit` members."""
    sql = "SELECT user_id, roles FROM members WHERE guild_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3"
    return [(row[0], guilds.role_ids(row[1])) for row in await tx.fetch(sql, guild_id, after, limit)]


async def insert(tx: Connection, member: Member) -> None:
    """Add the membership and count it."""
    roles = _encode(member.roles).decode()
    rest = (member.nick, _key(member.nick), member.flags, int(member.temporary))
    await tx.execute(_INSERT, member.guild_id, member.user_id, member.joined_at, roles, *rest)
    await tx.execute("UPDATE guilds SET member_count = member_count + 1 WHERE id = $1", member.guild_id)


async def update(tx: Connection, member: Member) -> None:
    """Write what the membership holds."""
    await tx.execute(
        _UPDATE,
        member.guild_id,
        member.user_id,
        _encode(member.roles).decode(),
        member.nick,
        _key(member.nick),
        member.timed_out_until,
        member.flags,
        int(member.temporary),
    )


async def delete(tx: Connection, guild_id: int, user_id: int) -> None:
    """Remove the membership and count it."""
    await tx.execute("DELETE FROM members WHERE guild_id = $1 AND user_id = $2", guild_id, user_id)
    await tx.execute("UPDATE guilds SET member_count = member_count - 1 WHERE id = $1", guild_id)

"""Who belongs to which guild, with the account beside the membership where both are shown."""

from __future__ import annotations

import re

import msgspec

from derailed.model.guild import Member
from derailed.model.user import User
from derailed.store import Connection, Row, guilds, users

_OF_GUILD = """
SELECT members.guild_id, members.user_id, members.joined_at, members.roles, members.nick,
       members.timed_out_until, members.flags,
       users.id, users.username, users.global_name, users.avatar, users.bot, users.flags
FROM members JOIN users ON users.id = members.user_id WHERE members.guild_id = $1
"""
_GET = _OF_GUILD + "AND members.user_id = $2"
_PAGE = _OF_GUILD + "AND members.user_id > $2 ORDER BY members.user_id LIMIT $3"
_MATCHING = (
    _OF_GUILD
    + """
AND (users.username_key LIKE $2 ESCAPE '!' OR members.nick_key LIKE $2 ESCAPE '!')
ORDER BY members.user_id LIMIT $3
"""
)
_INSERT = """
INSERT INTO members (guild_id, user_id, joined_at, roles, nick, nick_key, flags) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_UPDATE = """
UPDATE members SET roles = $3, nick = $4, nick_key = $5, timed_out_until = $6, flags = $7
WHERE guild_id = $1 AND user_id = $2
"""

Pair = tuple[Member, User]

_encode = msgspec.json.Encoder().encode


def _pair(row: Row) -> Pair:
    return guilds.member_from_row(row), users.from_row(row[7:])


def _key(nick: str | None) -> str | None:
    return None if nick is None else users.name_key(nick)


async def get(tx: Connection, guild_id: int, user_id: int) -> Pair | None:
    """The membership and the account."""
    row = await tx.fetchrow(_GET, guild_id, user_id)
    return None if row is None else _pair(row)


async def page(tx: Connection, guild_id: int, after: int, limit: int) -> list[Pair]:
    """Members with ids above `after`, ascending."""
    return [_pair(row) for row in await tx.fetch(_PAGE, guild_id, after, limit)]


async def matching(tx: Connection, guild_id: int, prefix: str, limit: int) -> list[Pair]:
    """Members whose username or nick begins with `prefix`, whatever its case."""
    escaped = re.sub("([!%_])", r"!\1", users.name_key(prefix))
    return [_pair(row) for row in await tx.fetch(_MATCHING, guild_id, escaped + "%", limit)]


async def ids(tx: Connection, guild_id: int) -> list[int]:
    """Everyone's id, ascending."""
    rows = await tx.fetch("SELECT user_id FROM members WHERE guild_id = $1 ORDER BY user_id", guild_id)
    return [row[0] for row in rows]


async def guilds_of(tx: Connection, user_id: int) -> list[int]:
    """The guilds that the user belongs to, ascending."""
    rows = await tx.fetch("SELECT guild_id FROM members WHERE user_id = $1 ORDER BY guild_id", user_id)
    return [row[0] for row in rows]


async def holding(tx: Connection, guild_id: int, role_id: int) -> list[Member]:
    """The members that hold the role."""
    rows = await tx.fetch(
        "SELECT guild_id, user_id, joined_at, roles, nick, timed_out_until, flags FROM members "
        "WHERE guild_id = $1 AND roles LIKE $2",
        guild_id,
        f"%{role_id}%",
    )
    held = [guilds.member_from_row(row) for row in rows]
    return [member for member in held if role_id in member.roles]


async def insert(tx: Connection, member: Member) -> None:
    """Add the membership and count it."""
    roles = _encode(member.roles).decode()
    nick = (member.nick, _key(member.nick))
    await tx.execute(_INSERT, member.guild_id, member.user_id, member.joined_at, roles, *nick, member.flags)
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
    )


async def delete(tx: Connection, guild_id: int, user_id: int) -> None:
    """Remove the membership and count it."""
    await tx.execute("DELETE FROM members WHERE guild_id = $1 AND user_id = $2", guild_id, user_id)
    await tx.execute("UPDATE guilds SET member_count = member_count - 1 WHERE id = $1", guild_id)

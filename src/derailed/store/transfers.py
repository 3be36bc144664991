"""Guilds on their way out of an instance and into one: whole stretches of tables, and how far an import is."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, cast

from derailed.model.user import User
from derailed.store import Connection, Row, lists, users

_BANS: Final = """
SELECT user_id, reason, created_at FROM bans WHERE guild_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3
"""
_AUDIT: Final = """
SELECT id, user_id, target_id, action_type, entry FROM audit_log
WHERE guild_id = $1 AND id > $2 ORDER BY id LIMIT $3
"""
_MEMBERS: Final = """
SELECT user_id, joined_at, roles, nick, timed_out_until, flags FROM members
WHERE guild_id = $1 AND user_id > $2 ORDER BY user_id LIMIT $3
"""
_REACTIONS: Final = """
SELECT emoji, user_id, created_at FROM reactions
WHERE message_id = $1 AND (emoji, user_id) > ($2, $3) ORDER BY emoji, user_id LIMIT $4
"""
_PINS: Final = "SELECT message_id, pinned_at FROM pins WHERE channel_id = $1 AND message_id <= $2 ORDER BY message_id"
_DELETED: Final = "SELECT id, deleted_message_id FROM channels WHERE guild_id = $1"

_TAKEN: Final = {
    "guild": """
        SELECT 1 WHERE EXISTS (SELECT 1 FROM guilds WHERE id = $1) OR EXISTS (SELECT 1 FROM roles WHERE id = $1)
        OR EXISTS (SELECT 1 FROM chores WHERE guild_id = $1) OR EXISTS (SELECT 1 FROM members WHERE guild_id = $1)
        OR EXISTS (SELECT 1 FROM bans WHERE guild_id = $1) OR EXISTS (SELECT 1 FROM audit_log WHERE guild_id = $1)
    """,
    "role": "SELECT 1 FROM roles WHERE id = $1",
    "channel": """
        SELECT 1 WHERE EXISTS (SELECT 1 FROM channels WHERE id = $1)
        OR EXISTS (SELECT 1 FROM deleted_channels WHERE id = $1)
        OR EXISTS (SELECT 1 FROM messages WHERE channel_id = $1)
    """,
    "emoji": "SELECT 1 FROM emojis WHERE id = $1",
    "webhook": "SELECT 1 FROM webhooks WHERE id = $1",
}
_MESSAGE_IDS: Final = """
SELECT channel_id, id FROM messages WHERE (channel_id, id) > ($1, $2) ORDER BY channel_id, id LIMIT $3
"""
_NEW_IDS: Final = lists.statements(
    "SELECT old_id, new_id FROM imported_ids WHERE source_id = $1 AND old_id IN (%s)", first=2
)
_FORGET_IDS: Final = """
DELETE FROM imported_ids WHERE source_id = $1 AND old_id IN
    (SELECT old_id FROM imported_ids WHERE source_id = $1 LIMIT $2)
"""

_KEEP: Final = """
INSERT INTO imports (source_id, guild_id, digest, stage, page, rev) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (source_id) DO UPDATE SET guild_id = excluded.guild_id, digest = excluded.digest, stage = excluded.stage,
    page = excluded.page, rev = excluded.rev
"""
_MOVE: Final = """
UPDATE imports SET guild_id = $2, stage = $3, page = $4, rev = $5 WHERE source_id = $1 AND stage = $6 AND page = $7
"""

_USER: Final = """
INSERT INTO users (id, username, username_key, global_name, avatar, banner, bot, flags)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_SOMEBODY: Final = """
SELECT 1 FROM users WHERE id = $1 AND (password IS NOT NULL OR EXISTS (SELECT 1 FROM tokens WHERE user_id = $1))
"""
_MEMBER: Final = """
INSERT INTO members (guild_id, user_id, joined_at, roles, nick, nick_key, timed_out_until, flags)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_BAN: Final = "INSERT INTO bans (guild_id, user_id, reason, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_ENTRY: Final = """
INSERT INTO audit_log (guild_id, id, user_id, target_id, action_type, entry) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT DO NOTHING
"""
_MESSAGE: Final = """
INSERT INTO messages (channel_id, id, author_id, reply_to, mentions, reacted, body, webhook_author)
VALUES ($1, $2, $3, $4, $5, 0, $6, $7) ON CONFLICT DO NOTHING
"""
_PIN: Final = "INSERT INTO pins (channel_id, message_id, pinned_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_CHANNEL_PAST: Final = "UPDATE channels SET last_pin_at = $2, deleted_message_id = $3 WHERE id = $1"
_COUNT_MEMBERS: Final = """
UPDATE guilds SET member_count = (SELECT COUNT(*) FROM members WHERE guild_id = $1) WHERE id = $1
"""
_SWEEP: Final = "INSERT INTO deleted_channels (id) VALUES ($1) ON CONFLICT DO NOTHING"


class Stage(enum.IntEnum):
    """How far an import is. Numbers kept stable: they are in the table."""

    IDS = 0
    ROWS = 1
    MEMBERS = 2
    DONE = 3


class Import(NamedTuple):
    """How far one is: see the table."""

    source_id: int
    guild_id: int
    digest: str
    stage: int
    page: int = 0
    rev: int = 0


# --- out of the store


async def bans(tx: Connection, guild_id: int, after: int, limit: int) -> list[Row]:
    """User, reason and time of bans."""
    return await tx.fetch(_BANS, guild_id, after, limit)


async def entries(tx: Connection, guild_id: int, after: int, limit: int) -> list[Row]:
    """Id, user, target, action and JSON of entries of the audit log."""
    return await tx.fetch(_AUDIT, guild_id, after, limit)


async def memberships(tx: Connection, guild_id: int, after: int, limit: int) -> list[Row]:
    """User, time, roles, nick, time-out and flags of members."""
    return await tx.fetch(_MEMBERS, guild_id, after, limit)


async def reactions(tx: Connection, message_id: int, after: tuple[str, int], limit: int) -> list[Row]:
    """Emoji, user and time of reactions to a message."""
    return await tx.fetch(_REACTIONS, message_id, *after, limit)


async def pins(tx: Connection, channel_id: int, until: int) -> list[Row]:
    """Message and time of what is pinned in a channel."""
    return await tx.fetch(_PINS, channel_id, until)


async def newest_deleted(tx: Connection, guild_id: int) -> dict[int, int | None]:
    """Of each channel of a guild the newest message that there ever was, where it was deleted."""
    return {row[0]: row[1] for row in await tx.fetch(_DELETED, guild_id)}


async def count_messages(tx: Connection, channel_ids: Iterable[int]) -> int:
    """How many messages channels have."""
    total = 0
    for channel_id in channel_ids:
        row = await tx.fetchrow("SELECT COUNT(*) FROM messages WHERE channel_id = $1", channel_id)
        total += 0 if row is None else int(row[0])
    return total


# --- which ids are free


async def is_taken(tx: Connection, kind: str, of_id: int) -> bool:
    """Whether something of the kind has that id, or something is left of what had it."""
    return await tx.fetchrow(_TAKEN[kind], of_id) is not None


async def message_ids(tx: Connection, after: tuple[int, int], limit: int) -> list[tuple[int, int]]:
    """Channel and id of any messages."""
    return cast("list[tuple[int, int]]", await tx.fetch(_MESSAGE_IDS, *after, limit))


async def rename(tx: Connection, source_id: int, new_ids: Iterable[tuple[int, int]]) -> None:
    """Keep what ids are in this instance."""
    for old_id, new_id in new_ids:
        sql = "INSERT INTO imported_ids (source_id, old_id, new_id) VALUES ($1, $2, $3)"
        await tx.execute(sql, source_id, old_id, new_id)


async def new_ids(tx: Connection, source_id: int, old_ids: Sequence[int]) -> dict[int, int]:
    """What those of the ids are here that could not be kept; any number of them."""
    found: dict[int, int] = {}
    for first in range(0, len(old_ids), lists.BULK):
        ids = lists.padded(old_ids[first : first + lists.BULK])
        found |= {row[0]: row[1] for row in await tx.fetch(_NEW_IDS[len(ids)], source_id, *ids)}
    return found


async def any_renamed(tx: Connection, source_id: int) -> bool:
    """Whether there is any such id."""
    return await tx.fetchrow("SELECT 1 FROM imported_ids WHERE source_id = $1 LIMIT 1", source_id) is not None


async def forget_ids(tx: Connection, source_id: int, limit: int) -> int:
    """Forget some of them; how many there were."""
    return await tx.execute(_FORGET_IDS, source_id, limit)


# --- how far an import is


async def find(tx: Connection, source_id: int) -> Import | None:
    """The import of that guild."""
    sql = "SELECT source_id, guild_id, digest, stage, page, rev FROM imports WHERE source_id = $1"
    row = await tx.fetchrow(sql, source_id)
    return None if row is None else Import(*row)


async def keep(tx: Connection, of: Import) -> None:
    """Begin it, or begin it anew."""
    await tx.execute(_KEEP, *of)


async def move(tx: Connection, of: Import, to: Import) -> bool:
    """It is further; False when it is not where it was said to be."""
    return await tx.execute(_MOVE, of.source_id, to.guild_id, to.stage, to.page, to.rev, of.stage, of.page) == 1


async def forget(tx: Connection, source_id: int) -> None:
    """There was no such import."""
    await tx.execute("DELETE FROM imports WHERE source_id = $1", source_id)


# --- into the store


async def add_user(tx: Connection, user: User) -> bool:
    """An account that nobody can log in to; False when its id or its name is taken."""
    key = users.name_key(user.username)
    looks = (user.global_name, user.avatar, user.banner, int(user.bot), user.flags)
    return await tx.execute(_USER, user.id, user.username, key, *looks) == 1


async def is_somebody(tx: Connection, user_id: int) -> bool:
    """Whether anybody can be behind the account: it has a password, or a token."""
    return await tx.fetchrow(_SOMEBODY, user_id) is not None


async def add_member(tx: Connection, row: Row) -> None:
    """Guild, user, time, roles, nick, time-out and flags of a member; nobody is told and nothing counted."""
    nick = row[4]
    await tx.execute(_MEMBER, *row[:5], None if nick is None else users.name_key(nick), *row[5:])


async def add_ban(tx: Connection, row: Row) -> None:
    """Guild, user, reason and time of a ban."""
    await tx.execute(_BAN, *row)


async def add_entry(tx: Connection, row: Row) -> None:
    """Guild, id, user, target, action and JSON of an entry of the audit log."""
    await tx.execute(_ENTRY, *row)


async def add_message(tx: Connection, row: Row) -> None:
    """Channel, id, author, answered message, mentions, body and webhook of a message; reactions follow."""
    await tx.execute(_MESSAGE, *row)


async def add_pin(tx: Connection, row: Row) -> None:
    """Channel, message and time of a pin."""
    await tx.execute(_PIN, *row)


async def set_past(tx: Connection, channel_id: int, last_pin_at: int | None, deleted_message_id: int | None) -> None:
    """What a channel remembers of what is gone."""
    await tx.execute(_CHANNEL_PAST, channel_id, last_pin_at, deleted_message_id)


async def set_uses(tx: Connection, code: str, uses: int) -> None:
    """How often an invite was used."""
    await tx.execute("UPDATE invites SET uses = $2 WHERE code = $1", code, uses)


async def count_members(tx: Connection, guild_id: int) -> None:
    """Count the guild's members anew."""
    await tx.execute(_COUNT_MEMBERS, guild_id)


async def sweep(tx: Connection, channel_id: int) -> None:
    """Let the messages go that came into a channel which is not to be."""
    await tx.execute(_SWEEP, channel_id)

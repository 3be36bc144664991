"""Guilds as a whole: the row, and the shape with its roles, channels and emojis. Members: see `members`."""

from __future__ import annotations

import msgspec

from derailed.model.guild import Channel, Guild, Member, Overwrite, Role
from derailed.store import Connection, Row, emojis

_GUILD = """
SELECT name, owner_id, icon, description, system_channel_id, afk_channel_id, afk_timeout, verification_level,
       default_message_notifications, explicit_content_filter, preferred_locale, system_channel_flags,
       banner, splash, rules_channel_id, public_updates_channel_id
FROM guilds WHERE id = $1
"""
_ROLES = """
SELECT id, name, permissions, position, color, hoist, mentionable, managed, bot_id, flags, unicode_emoji,
       secondary_color, tertiary_color, icon
FROM roles WHERE guild_id = $1 ORDER BY id
"""
_CHANNELS = """
SELECT id, guild_id, type, name, position, topic, nsfw, parent_id, rate_limit_per_user, flags, overwrites,
       default_auto_archive_duration, last_pin_at
FROM channels WHERE guild_id = $1 ORDER BY id
"""
_MEMBER = """
SELECT guild_id, user_id, joined_at, roles, nick, timed_out_until, flags, temporary
FROM members WHERE guild_id = $1 AND user_id = $2
"""
_INSERT = (
    "INSERT INTO guilds (id, name, owner_id, icon, description, system_channel_id) VALUES ($1, $2, $3, $4, $5, $6)"
)
_UPDATE = """
UPDATE guilds SET name = $2, owner_id = $3, icon = $4, description = $5, system_channel_id = $6,
    afk_channel_id = $7, afk_timeout = $8, verification_level = $9, default_message_notifications = $10,
    explicit_content_filter = $11, preferred_locale = $12, system_channel_flags = $13,
    banner = $14, splash = $15, rules_channel_id = $16, public_updates_channel_id = $17
WHERE id = $1
"""
_DELETE = (
    "INSERT INTO deleted_channels (id) SELECT id FROM channels WHERE guild_id = $1",
    "DELETE FROM invites WHERE guild_id = $1",
    "DELETE FROM webhooks WHERE guild_id = $1",
    "DELETE FROM channels WHERE guild_id = $1",
    "DELETE FROM roles WHERE guild_id = $1",
    "DELETE FROM emojis WHERE guild_id = $1",
    "DELETE FROM commands WHERE guild_id = $1",
    "DELETE FROM guilds WHERE id = $1",
)

_overwrites = msgspec.json.Decoder(tuple[tuple[int, int, int, int], ...]).decode
_ids = msgspec.json.Decoder(tuple[int, ...]).decode


def role_from_row(row: Row) -> Role:
    """The role of a row of `roles`, without its guild."""
    return Role(
        id=row[0],
        name=row[1],
        permissions=row[2],
        position=row[3],
        color=row[4],
        hoist=bool(row[5]),
        mentionable=bool(row[6]),
        managed=bool(row[7]),
        bot_id=row[8],
        flags=row[9],
        unicode_emoji=row[10],
        secondary_color=row[11],
        tertiary_color=row[12],
        icon=row[13],
    )


def channel_from_row(row: Row) -> Channel:
    """The channel of a row of `channels`."""
    return Channel(
        id=row[0],
        guild_id=row[1],
        type=row[2],
        name=row[3],
        position=row[4],
        topic=row[5],
        nsfw=bool(row[6]),
        parent_id=row[7],
        rate_limit_per_user=row[8],
        flags=row[9],
        overwrites=tuple(Overwrite(*each) for each in _overwrites(row[10])),
        default_auto_archive_duration=row[11],
        last_pin_at=row[12],
    )


def role_ids(roles: str) -> tuple[int, ...]:
    """The ids in a member's column `roles`."""
    return _ids(roles)


def member_from_row(row: Row) -> Member:
    """The member of a row of `members`."""
    return Member(
        guild_id=row[0],
        user_id=row[1],
        joined_at=row[2],
        roles=role_ids(row[3]),
        nick=row[4],
        timed_out_until=row[5],
        flags=row[6],
        temporary=bool(row[7]),
    )


async def shape(tx: Connection, guild_id: int, rev: int) -> Guild | None:
    """The guild with its roles, channels and emojis; `rev` is the last that changed them."""
    row = await tx.fetchrow(_GUILD, guild_id)
    if row is None:
        return None
    roles = [role_from_row(each) for each in await tx.fetch(_ROLES, guild_id)]
    channels = [channel_from_row(each) for each in await tx.fetch(_CHANNELS, guild_id)]
    owned = await emojis.of_guild(tx, guild_id)
    return Guild(
        id=guild_id,
        rev=rev,
        name=row[0],
        owner_id=row[1],
        icon=row[2],
        description=row[3],
        system_channel_id=row[4],
        afk_channel_id=row[5],
        afk_timeout=row[6],
        verification_level=row[7],
        default_message_notifications=row[8],
        explicit_content_filter=row[9],
        preferred_locale=row[10],
        system_channel_flags=row[11],
        banner=row[12],
        splash=row[13],
        rules_channel_id=row[14],
        public_updates_channel_id=row[15],
        roles={role.id: role for role in roles},
        channels={channel.id: channel for channel in channels},
        emojis={emoji.id: emoji for emoji in owned},
    )


async def member(tx: Connection, guild_id: int, user_id: int) -> Member | None:
    """The user's membership."""
    row = await tx.fetchrow(_MEMBER, guild_id, user_id)
    return None if row is None else member_from_row(row)


async def of_channel(tx: Connection, channel_id: int) -> int | None:
    """The guild that the channel is in."""
    row = await tx.fetchrow("SELECT guild_id FROM channels WHERE id = $1", channel_id)
    return None if row is None else int(row[0])


async def member_count(tx: Connection, guild_id: int) -> int:
    """How many belong to it, kept by `members`."""
    row = await tx.fetchrow("SELECT member_count FROM guilds WHERE id = $1", guild_id)
    return 0 if row is None else int(row[0])


async def insert(tx: Connection, guild: Guild) -> None:
    """Add the guild's own row: what it is made of is added by `roles`, `channels` and `members`."""
    values = (guild.name, guild.owner_id, guild.icon, guild.description, guild.system_channel_id)
    await tx.execute(_INSERT, guild.id, *values)


async def update(tx: Connection, guild: Guild) -> None:
    """Write the guild's own row."""
    await tx.execute(
        _UPDATE,
        guild.id,
        guild.name,
        guild.owner_id,
        guild.icon,
        guild.description,
        guild.system_channel_id,
        guild.afk_channel_id,
        guild.afk_timeout,
        guild.verification_level,
        guild.default_message_notifications,
        guild.explicit_content_filter,
        guild.preferred_locale,
        guild.system_channel_flags,
        guild.banner,
        guild.splash,
        guild.rules_channel_id,
        guild.public_updates_channel_id,
    )


async def delete(tx: Connection, guild_id: int) -> None:
    """Remove the guild and what it is made of. What there may be very much of is removed bit by bit: see `remains`."""
    for sql in _DELETE:
        await tx.execute(sql, guild_id)

"""Reading records back into model values: what a change to a guild leaves of it.

Whoever follows a guild's topic (a node, the members' service) moves its shape on with these, alike.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from derailed.model.guild import Channel, Guild, Overwrite, Role
from derailed.wire.records import Record

_EPOCH = datetime.fromtimestamp(0, UTC)


class _Overwrite(Struct):
    id: int
    type: int
    allow: int
    deny: int


class _Channel(Struct):
    id: int
    type: int
    name: str
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    parent_id: int | None = None
    rate_limit_per_user: int = 0
    flags: int = 0
    default_auto_archive_duration: int | None = None
    last_pin_timestamp: datetime | None = None
    permission_overwrites: list[_Overwrite] = []


class _PinsEvent(Struct):
    last_pin_timestamp: datetime | None


class _Role(Struct):
    id: int
    name: str
    permissions: int
    position: int
    color: int = 0
    hoist: bool = False


class _RoleEvent(Struct):
    role: _Role


class _GuildEvent(Struct):
    name: str
    owner_id: int


class _MemberEvent(Struct):
    roles: tuple[int, ...]


def member_roles(record: Record) -> tuple[int, ...]:
    """The roles that a GUILD_MEMBER_ADD or GUILD_MEMBER_UPDATE leaves its member with."""
    return msgspec.json.decode(record.data, type=_MemberEvent, strict=False).roles


def apply(guild: Guild, record: Record) -> Guild:
    """The shape after a record; the same object when the record does not touch it."""
    match record.event:
        case "CHANNEL_CREATE" | "CHANNEL_UPDATE":
            channel = _channel(guild.id, msgspec.json.decode(record.data, type=_Channel, strict=False))
            return replace(guild, rev=record.rev, channels=guild.channels | {channel.id: channel})
        case "CHANNEL_PINS_UPDATE":
            pinned_at = _ms(msgspec.json.decode(record.data, type=_PinsEvent).last_pin_timestamp)
            channel = replace(guild.channels[record.channel], last_pin_at=pinned_at)
            return replace(guild, rev=record.rev, channels=guild.channels | {channel.id: channel})
        case "CHANNEL_DELETE":
            kept = {key: channel for key, channel in guild.channels.items() if key != record.channel}
            return replace(guild, rev=record.rev, channels=kept)
        case "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE":
            role = msgspec.json.decode(record.data, type=_RoleEvent, strict=False).role
            return replace(guild, rev=record.rev, roles=guild.roles | {role.id: _role(role)})
        case "GUILD_ROLE_DELETE":
            left = {key: role for key, role in guild.roles.items() if key != record.id}
            return replace(guild, rev=record.rev, roles=left)
        case "GUILD_UPDATE":
            changed = msgspec.json.decode(record.data, type=_GuildEvent, strict=False)
            return replace(guild, rev=record.rev, name=changed.name, owner_id=changed.owner_id)
        case _:
            return guild


def _ms(time: datetime | None) -> int | None:
    return None if time is None else (time - _EPOCH) // timedelta(milliseconds=1)


def _channel(guild_id: int, wire: _Channel) -> Channel:
    return Channel(
        id=wire.id,
        guild_id=guild_id,
        type=wire.type,
        name=wire.name,
        position=wire.position,
        topic=wire.topic,
        nsfw=wire.nsfw,
        parent_id=wire.parent_id,
        rate_limit_per_user=wire.rate_limit_per_user,
        flags=wire.flags,
        default_auto_archive_duration=wire.default_auto_archive_duration,
        last_pin_at=_ms(wire.last_pin_timestamp),
        overwrites=tuple(Overwrite(o.id, o.type, o.allow, o.deny) for o in wire.permission_overwrites),
    )


def _role(wire: _Role) -> Role:
    return Role(
        id=wire.id,
        name=wire.name,
        permissions=wire.permissions,
        position=wire.position,
        color=wire.color,
        hoist=wire.hoist,
    )

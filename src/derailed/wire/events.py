"""The events of everything but messages: each makes the `d` of one dispatch, encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, structs

from derailed.model.guild import Channel, Guild, Invite, Member, Role
from derailed.model.user import User
from derailed.wire import rest
from derailed.wire.presences import PresenceShape
from derailed.wire.shapes import ChannelShape, GuildEmoji, GuildShape, Id, MemberShape, RoleShape, Timestamp, UserShape

encode = msgspec.json.Encoder().encode


class GuildCreate(GuildShape, kw_only=True):
    """A guild as one enters it. `unavailable` is left out when one has just joined."""

    unavailable: bool | UnsetType = UNSET
    large: bool
    joined_at: Timestamp
    member_count: int
    members: Sequence[MemberShape | Raw]
    channels: list[ChannelShape]
    threads: list[None]
    presences: Sequence[PresenceShape | Raw]
    voice_states: list[None]
    stage_instances: list[None]
    guild_scheduled_events: list[None]
    soundboard_sounds: list[None]


class GuildDelete(Struct, kw_only=True):
    """One is not in it any more."""

    id: Id


class MemberEvent(MemberShape, kw_only=True):
    """GUILD_MEMBER_ADD and GUILD_MEMBER_UPDATE."""

    guild_id: Id


class MemberRemove(Struct, kw_only=True):
    """GUILD_MEMBER_REMOVE."""

    guild_id: Id
    user: UserShape


class RoleEvent(Struct, kw_only=True):
    """GUILD_ROLE_CREATE and GUILD_ROLE_UPDATE."""

    guild_id: Id
    role: RoleShape


class RoleDelete(Struct, kw_only=True):
    """GUILD_ROLE_DELETE."""

    guild_id: Id
    role_id: Id


class EmojisUpdate(Struct, kw_only=True):
    """GUILD_EMOJIS_UPDATE: the whole new list."""

    guild_id: Id
    emojis: list[GuildEmoji]


class InviteCreate(Struct, kw_only=True):
    """INVITE_CREATE: flat, without guild and channel objects."""

    channel_id: Id
    guild_id: Id
    code: str
    created_at: Timestamp
    expires_at: Timestamp | None
    inviter: UserShape
    max_age: int
    max_uses: int
    uses: int
    temporary: bool
    type: int = 0
    flags: int = 0


class InviteDelete(Struct, kw_only=True):
    """INVITE_DELETE."""

    guild_id: Id
    channel_id: Id
    code: str


def guild_create(
    guild: Guild,
    own: Member,
    member_count: int,
    members: Sequence[MemberShape | Raw],
    channels: list[ChannelShape],
    presences: Sequence[PresenceShape | Raw] = (),
    *,
    large: bool,
) -> GuildCreate:
    """The guild as `own` enters it; `channels` are those it may view. Members and presences may be encoded already."""
    base: dict[str, Any] = structs.asdict(rest.guild(guild))
    return GuildCreate(
        **base,
        large=large,
        joined_at=rest.timestamp(own.joined_at),
        member_count=member_count,
        members=members,
        channels=channels,
        threads=[],
        presences=presences,
        voice_states=[],
        stage_instances=[],
        guild_scheduled_events=[],
        soundboard_sounds=[],
    )


def guild_update(guild: Guild) -> bytes:
    """GUILD_UPDATE, with its roles: discord.py empties its cache of them otherwise."""
    return encode(rest.guild(guild))


def guild_delete(guild_id: int) -> bytes:
    """GUILD_DELETE: left, removed, or gone."""
    return encode(GuildDelete(id=str(guild_id)))


def channel(of: Channel, last_message_id: int | None = None) -> bytes:
    """CHANNEL_CREATE, CHANNEL_UPDATE and CHANNEL_DELETE."""
    return encode(rest.channel(of, last_message_id))


def role(guild_id: int, of: Role) -> bytes:
    """GUILD_ROLE_CREATE and GUILD_ROLE_UPDATE."""
    return encode(RoleEvent(guild_id=str(guild_id), role=rest.role(of)))


def role_delete(guild_id: int, role_id: int) -> bytes:
    """GUILD_ROLE_DELETE."""
    return encode(RoleDelete(guild_id=str(guild_id), role_id=str(role_id)))


def emojis_update(of: Guild) -> bytes:
    """GUILD_EMOJIS_UPDATE."""
    return encode(EmojisUpdate(guild_id=str(of.id), emojis=[rest.emoji(each) for each in of.emojis.values()]))


def member(of: Member, account: User) -> bytes:
    """GUILD_MEMBER_ADD and GUILD_MEMBER_UPDATE: the full member."""
    base: dict[str, Any] = structs.asdict(rest.member(of, account))
    return encode(MemberEvent(**base, guild_id=str(of.guild_id)))


def member_remove(guild_id: int, account: User) -> bytes:
    """GUILD_MEMBER_REMOVE."""
    return encode(MemberRemove(guild_id=str(guild_id), user=rest.user(account)))


def invite_create(of: Invite, inviter: User) -> bytes:
    """INVITE_CREATE."""
    return encode(
        InviteCreate(
            channel_id=str(of.channel_id),
            guild_id=str(of.guild_id),
            code=of.code,
            created_at=rest.timestamp(of.created_at),
            expires_at=rest.expires_at(of),
            inviter=rest.user(inviter),
            max_age=of.max_age_s,
            max_uses=of.max_uses,
            uses=of.uses,
            temporary=of.temporary,
        )
    )


def invite_delete(of: Invite) -> bytes:
    """INVITE_DELETE."""
    return encode(InviteDelete(guild_id=str(of.guild_id), channel_id=str(of.channel_id), code=of.code))


def own_user(of: User, email: str | None, locale: str) -> bytes:
    """USER_UPDATE."""
    return encode(rest.own_user(of, email, locale))

"""How each of Discord's shapes is made from a value of `model`. The shapes themselves: see `shapes`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

from msgspec import UNSET, UnsetType

from derailed.model.guild import Channel, ChannelType, Emoji, Guild, Invite, Member, Overwrite, Role
from derailed.model.user import Application, User
from derailed.wire.shapes import (
    ApplicationShape,
    ChannelShape,
    GuildEmoji,
    GuildEntry,
    GuildPreview,
    GuildShape,
    InviteChannel,
    InviteGuild,
    InviteShape,
    MemberShape,
    OverwriteShape,
    OwnUserShape,
    RoleColors,
    RoleShape,
    RoleTags,
    UserShape,
)

Counted = TypeVar("Counted", GuildShape, GuildEntry, InviteShape)

_PRIVILEGED_INTENTS = 1 << 12 | 1 << 14 | 1 << 18
"""Presences, members and content: a server of one's own grants them to every application."""


def timestamp(ms: int) -> str:
    """`2024-01-02T03:04:05.678000+00:00`: six digits, because discord.py before Python 3.11 takes 0, 3 or 6."""
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03d}000+00:00"


@lru_cache(maxsize=64)  # the messages of one second share most of it
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def user(of: User) -> UserShape:
    """The account as others see it."""
    return UserShape(
        id=str(of.id),
        username=of.username,
        global_name=of.global_name,
        avatar=of.avatar,
        banner=of.banner,
        bot=True if of.bot else UNSET,
        public_flags=of.flags,
    )


def own_user(of: User, email: str | None, locale: str, token: str | UnsetType = UNSET) -> OwnUserShape:
    """The account as it sees itself."""
    return OwnUserShape(
        id=str(of.id),
        username=of.username,
        global_name=of.global_name,
        avatar=of.avatar,
        banner=of.banner,
        bot=True if of.bot else UNSET,
        public_flags=of.flags,
        locale=locale,
        email=email,
        flags=of.flags,
        token=token,
    )


def member(of: Member, account: User | None) -> MemberShape:
    """The membership, with the account unless it stands beside it."""
    return MemberShape(
        user=UNSET if account is None else user(account),
        nick=of.nick,
        roles=[str(role_id) for role_id in of.roles],
        joined_at=timestamp(of.joined_at),
        flags=of.flags,
        communication_disabled_until=None if of.timed_out_until is None else timestamp(of.timed_out_until),
    )


def role(of: Role) -> RoleShape:
    """The role."""
    return RoleShape(
        id=str(of.id),
        name=of.name,
        color=of.color,
        colors=RoleColors(primary_color=of.color, secondary_color=of.secondary_color, tertiary_color=of.tertiary_color),
        hoist=of.hoist,
        icon=of.icon,
        unicode_emoji=of.unicode_emoji,
        position=of.position,
        permissions=str(of.permissions),
        managed=of.managed,
        mentionable=of.mentionable,
        flags=of.flags,
        tags=UNSET if of.bot_id is None else RoleTags(bot_id=str(of.bot_id)),
    )


def overwrite(of: Overwrite) -> OverwriteShape:
    """The overwrite."""
    return OverwriteShape(id=str(of.id), type=of.type, allow=str(of.allow), deny=str(of.deny))


def channel(of: Channel, last_message_id: int | None = None) -> ChannelShape:
    """The channel; `last_message_id` is the newest message's, unless it is a category."""
    category = of.type == ChannelType.CATEGORY
    return ChannelShape(
        id=str(of.id),
        type=of.type,
        guild_id=str(of.guild_id),
        name=of.name,
        position=of.position,
        parent_id=_id(of.parent_id),
        topic=UNSET if category else of.topic,
        nsfw=of.nsfw,
        rate_limit_per_user=UNSET if category else of.rate_limit_per_user,
        last_message_id=UNSET if category else _id(last_message_id),
        last_pin_timestamp=UNSET if category else _time(of.last_pin_at),
        flags=of.flags,
        default_auto_archive_duration=of.default_auto_archive_duration or UNSET,
        permission_overwrites=[overwrite(each) for each in of.overwrites],
    )


def emoji(of: Emoji, adder: User | None = None) -> GuildEmoji:
    """The emoji; `adder` is who added it, for those who may know."""
    return GuildEmoji(
        id=str(of.id),
        name=of.name,
        roles=[str(role_id) for role_id in of.roles],
        user=UNSET if adder is None else user(adder),
        animated=of.animated,
    )


def guild(of: Guild) -> GuildShape:
    """The guild with its roles and emojis."""
    return GuildShape(
        id=str(of.id),
        name=of.name,
        icon=of.icon,
        splash=of.splash,
        banner=of.banner,
        description=of.description,
        owner_id=str(of.owner_id),
        features=[],
        afk_channel_id=_id(of.afk_channel_id),
        afk_timeout=of.afk_timeout,
        system_channel_id=_id(of.system_channel_id),
        system_channel_flags=of.system_channel_flags,
        rules_channel_id=_id(of.rules_channel_id),
        public_updates_channel_id=_id(of.public_updates_channel_id),
        verification_level=of.verification_level,
        default_message_notifications=of.default_message_notifications,
        explicit_content_filter=of.explicit_content_filter,
        preferred_locale=of.preferred_locale,
        roles=[role(each) for each in of.roles.values()],
        emojis=[emoji(each) for each in of.emojis.values()],
        stickers=[],
    )


def preview(of: Guild, member_count: int, online: int) -> GuildPreview:
    """The guild in short."""
    return GuildPreview(
        id=str(of.id),
        name=of.name,
        icon=of.icon,
        splash=of.splash,
        description=of.description,
        emojis=[emoji(each) for each in of.emojis.values()],
        stickers=[],
        features=[],
        approximate_member_count=member_count,
        approximate_presence_count=online,
    )


def with_counts(shape: Counted, member_count: int, online: int) -> Counted:
    """The same shape, which now says how many belong to the guild and are not offline."""
    shape.approximate_member_count = member_count
    shape.approximate_presence_count = online
    return shape


def guild_entry(of: Guild, permissions: int, own_id: int) -> GuildEntry:
    """The guild in the list of one's guilds, with what one may do there."""
    return GuildEntry(
        id=str(of.id),
        name=of.name,
        icon=of.icon,
        banner=of.banner,
        owner=of.owner_id == own_id,
        permissions=str(permissions),
        features=[],
    )


def invite(of: Invite, where: Guild, inviter: User | None, *, managed: bool) -> InviteShape:
    """The invite to `where`; `managed` for those who may see how it was used."""
    to = where.channels[of.channel_id]
    shape = InviteShape(
        code=of.code,
        guild_id=str(where.id),
        guild=_invite_guild(where),
        channel=InviteChannel(id=str(to.id), name=to.name, type=to.type),
        inviter=UNSET if inviter is None else user(inviter),
        expires_at=expires_at(of),
    )
    if managed:
        shape.uses = of.uses
        shape.max_uses = of.max_uses
        shape.max_age = of.max_age_s
        shape.temporary = of.temporary
        shape.created_at = timestamp(of.created_at)
    return shape


def expires_at(of: Invite) -> str | None:
    """When the invite ends, if it does."""
    return timestamp(of.created_at + of.max_age_s * 1000) if of.max_age_s else None


def application(of: Application, owner: User, bot: User | None, guild_count: int) -> ApplicationShape:
    """The application with its owner and its bot's account."""
    return ApplicationShape(
        id=str(of.id),
        name=of.name,
        icon=of.icon,
        description=of.description,
        owner=user(owner),
        flags=of.flags | _PRIVILEGED_INTENTS,
        rpc_origins=[],
        tags=[],
        approximate_guild_count=guild_count,
        redirect_uris=[],
        bot=UNSET if bot is None else user(bot),
    )


def _id(of: int | None) -> str | None:
    return None if of is None else str(of)


def _time(ms: int | None) -> str | None:
    return None if ms is None else timestamp(ms)


def _invite_guild(of: Guild) -> InviteGuild:
    return InviteGuild(
        id=str(of.id),
        name=of.name,
        icon=of.icon,
        splash=of.splash,
        banner=of.banner,
        description=of.description,
        features=[],
        verification_level=of.verification_level,
    )

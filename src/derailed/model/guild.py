"""A guild and what gives it shape: roles, channels, overwrites, members. Immutable values.

`Guild` is the whole shape of one guild: what permissions are decided from, and what a GUILD_CREATE is made of.
Members are not in it, because a guild can have hundreds of thousands.
"""

from __future__ import annotations

import enum

from msgspec import Struct


class ChannelType(enum.IntEnum):
    """Numbers kept stable: they are Discord's."""

    TEXT = 0
    DM = 1
    VOICE = 2
    GROUP_DM = 3
    CATEGORY = 4
    ANNOUNCEMENT = 5


class Role(Struct, frozen=True, kw_only=True):
    """A named set of permissions. @everyone's id is the guild's."""

    id: int
    name: str
    permissions: int
    position: int
    color: int = 0
    hoist: bool = False
    mentionable: bool = False
    managed: bool = False
    bot_id: int | None = None
    flags: int = 0
    secondary_color: int | None = None
    tertiary_color: int | None = None
    icon: str | None = None
    unicode_emoji: str | None = None


class Overwrite(Struct, frozen=True):
    """What one role (type 0) or one member (type 1) is denied or allowed in one channel."""

    id: int
    type: int
    allow: int
    deny: int


class Channel(Struct, frozen=True, kw_only=True):
    """A place to talk, or a category of places."""

    id: int
    guild_id: int
    type: int
    name: str
    position: int = 0
    topic: str | None = None
    nsfw: bool = False
    parent_id: int | None = None
    rate_limit_per_user: int = 0
    flags: int = 0
    default_auto_archive_duration: int | None = None
    last_pin_at: int | None = None
    overwrites: tuple[Overwrite, ...] = ()


class Emoji(Struct, frozen=True, kw_only=True):
    """An image of a guild's own, used by name. `roles` are those who may use it; empty is everyone."""

    id: int
    name: str
    user_id: int
    animated: bool = False
    roles: tuple[int, ...] = ()


class Guild(Struct, frozen=True, kw_only=True):
    """The shape of a guild: everything but its members and messages. `rev` is the last that changed it."""

    id: int
    rev: int
    name: str
    owner_id: int
    roles: dict[int, Role]
    channels: dict[int, Channel]
    emojis: dict[int, Emoji] = {}
    icon: str | None = None
    banner: str | None = None
    splash: str | None = None
    description: str | None = None
    system_channel_id: int | None = None
    rules_channel_id: int | None = None
    public_updates_channel_id: int | None = None
    afk_channel_id: int | None = None
    afk_timeout: int = 300
    verification_level: int = 0
    default_message_notifications: int = 0
    explicit_content_filter: int = 0
    preferred_locale: str = "en-US"
    system_channel_flags: int = 0


class Member(Struct, frozen=True, kw_only=True):
    """A user's belonging to one guild. `roles` leaves @everyone out. Times are Unix milliseconds.

    `temporary`: it came by a temporary invite and was given no role yet.
    """

    guild_id: int
    user_id: int
    joined_at: int
    roles: tuple[int, ...] = ()
    nick: str | None = None
    timed_out_until: int | None = None
    flags: int = 0
    temporary: bool = False


class Invite(Struct, frozen=True, kw_only=True):
    """A code that lets people join. `max_age_s` and `max_uses` are 0 for "no limit"."""

    code: str
    guild_id: int
    channel_id: int
    inviter_id: int
    created_at: int
    max_age_s: int = 0
    max_uses: int = 0
    uses: int = 0
    temporary: bool = False

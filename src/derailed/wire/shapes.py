"""Discord's shapes of everything but messages; `rest` makes them from values of `model`.

Ids are decimal strings, permissions too, times ISO 8601 with six digits and an offset. A key that a library
must find is always there, with null where there is nothing; an optional key is left out, never null.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from derailed.wire import limits

Id = Annotated[str, Meta(pattern="^[0-9]+$", description="A snowflake.")]
Bits = Annotated[str, Meta(pattern="^[0-9]+$", description="A set of bits.")]
Timestamp = Annotated[str, Meta(description="ISO 8601 with an offset.")]


class UserShape(Struct, kw_only=True):
    """An account as others see it."""

    id: Id
    username: str
    discriminator: str = "0"
    global_name: str | None
    avatar: str | None
    bot: bool | UnsetType = UNSET
    public_flags: int
    banner: str | None = None
    accent_color: int | None = None
    avatar_decoration_data: None = None


class OwnUserShape(UserShape, kw_only=True):
    """An account as it sees itself."""

    mfa_enabled: bool = False
    locale: str
    verified: bool = True
    email: str | None
    flags: int
    premium_type: int = 0
    token: str | UnsetType = UNSET
    """The new one, when the password was changed: all others have ceased to stand."""


class MemberShape(Struct, kw_only=True):
    """A membership. `user` is left out beside a message's author."""

    user: UserShape | UnsetType = UNSET
    nick: str | None
    avatar: str | None = None
    banner: str | None = None
    roles: list[Id]
    joined_at: Timestamp
    premium_since: None = None
    deaf: bool = False
    mute: bool = False
    flags: int
    pending: bool = False
    communication_disabled_until: Timestamp | None


class RoleColors(Struct, kw_only=True):
    """What discord.py and discord.js read in place of `color`."""

    primary_color: int
    secondary_color: int | None
    tertiary_color: int | None


class RoleTags(Struct, kw_only=True):
    """Whose managed role it is."""

    bot_id: Id


class RoleShape(Struct, kw_only=True):
    """A role."""

    id: Id
    name: str
    color: int
    colors: RoleColors
    hoist: bool
    icon: str | None
    unicode_emoji: str | None
    position: int
    permissions: Bits
    managed: bool
    mentionable: bool
    flags: int
    tags: RoleTags | UnsetType = UNSET


class OverwriteShape(Struct, kw_only=True):
    """A permission overwrite; type 0 is a role's, 1 a member's."""

    id: Id
    type: int
    allow: Bits
    deny: Bits


class ChannelShape(Struct, kw_only=True):
    """A guild's channel. A category has no topic, slow mode or last message."""

    id: Id
    type: int
    guild_id: Id
    name: str
    position: int
    parent_id: Id | None
    topic: str | UnsetType | None = UNSET
    nsfw: bool
    rate_limit_per_user: int | UnsetType = UNSET
    last_message_id: Id | UnsetType | None = UNSET
    last_pin_timestamp: Timestamp | UnsetType | None = UNSET
    flags: int
    default_auto_archive_duration: int | UnsetType = UNSET
    permission_overwrites: list[OverwriteShape]


class GuildEmoji(Struct, kw_only=True):
    """A guild's emoji. `user` is for those who may manage emojis."""

    id: Id
    name: str
    roles: list[Id]
    user: UserShape | UnsetType = UNSET
    require_colons: bool = True
    managed: bool = False
    animated: bool
    available: bool = True


class GuildShape(Struct, kw_only=True):
    """A guild without its channels and members."""

    id: Id
    name: str
    icon: str | None
    splash: str | None
    discovery_splash: str | None = None
    banner: str | None
    description: str | None
    owner_id: Id
    features: list[str]
    afk_channel_id: Id | None
    afk_timeout: int
    system_channel_id: Id | None
    system_channel_flags: int
    rules_channel_id: Id | None
    public_updates_channel_id: Id | None
    safety_alerts_channel_id: Id | None = None
    widget_enabled: bool = False
    widget_channel_id: Id | None = None
    verification_level: int
    default_message_notifications: int
    explicit_content_filter: int
    mfa_level: int = 0
    nsfw_level: int = 0
    nsfw: bool = False
    premium_tier: int = 0
    premium_subscription_count: int = 0
    premium_progress_bar_enabled: bool = False
    preferred_locale: str
    vanity_url_code: str | None = None
    application_id: Id | None = None
    max_members: int = limits.GUILD_MEMBERS
    max_presences: int | None = None
    max_video_channel_users: int = 0
    max_stage_video_channel_users: int = 0
    incidents_data: None = None
    roles: list[RoleShape]
    emojis: list[GuildEmoji]
    stickers: list[None]
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


class GuildEntry(Struct, kw_only=True):
    """One of the guilds that one is in."""

    id: Id
    name: str
    icon: str | None
    banner: str | None
    owner: bool
    permissions: Bits
    features: list[str]
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


class GuildPreview(Struct, kw_only=True):
    """A guild in short."""

    id: Id
    name: str
    icon: str | None
    splash: str | None
    discovery_splash: str | None = None
    description: str | None
    emojis: list[GuildEmoji]
    stickers: list[None]
    features: list[str]
    approximate_member_count: int
    approximate_presence_count: int


class VanityUrl(Struct, kw_only=True):
    """A guild's invite of its own name, which it has not."""

    code: str | None = None
    uses: int = 0


class WidgetSettings(Struct, kw_only=True):
    """Whether a guild shows itself on other pages."""

    enabled: bool = False
    channel_id: Id | None = None


class InviteGuild(Struct, kw_only=True):
    """What one who is no member yet may know of a guild."""

    id: Id
    name: str
    icon: str | None
    splash: str | None
    banner: str | None
    description: str | None
    features: list[str]
    verification_level: int
    vanity_url_code: str | None = None
    nsfw_level: int = 0
    premium_subscription_count: int = 0


class InviteChannel(Struct, kw_only=True):
    """Where an invite leads."""

    id: Id
    name: str
    type: int


class InviteShape(Struct, kw_only=True):
    """An invite; the keys from `uses` to `created_at` are for those who may manage it."""

    type: int = 0
    code: str
    guild_id: Id
    guild: InviteGuild
    channel: InviteChannel
    inviter: UserShape | UnsetType = UNSET
    expires_at: Timestamp | None
    flags: int = 0
    uses: int | UnsetType = UNSET
    max_uses: int | UnsetType = UNSET
    max_age: int | UnsetType = UNSET
    temporary: bool | UnsetType = UNSET
    created_at: Timestamp | UnsetType = UNSET
    approximate_member_count: int | UnsetType = UNSET
    approximate_presence_count: int | UnsetType = UNSET


class ApplicationShape(Struct, kw_only=True):
    """An application. `bot` is its account."""

    id: Id
    name: str
    icon: str | None
    description: str
    bot_public: bool = True
    bot_require_code_grant: bool = False
    verify_key: str = "0" * 64
    owner: UserShape
    team: None = None
    flags: int
    summary: str = ""
    hook: bool = True
    rpc_origins: list[str]
    tags: list[str]
    approximate_guild_count: int
    approximate_user_install_count: int = 0
    redirect_uris: list[str]
    interactions_endpoint_url: str | None = None
    bot: UserShape | UnsetType = UNSET

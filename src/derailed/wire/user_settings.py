"""What people set for themselves. Some of it the server goes by, the rest it keeps for their clients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import replace

from derailed.wire import limits
from derailed.wire.requests import Color, Snowflake, number, text
from derailed.wire.shapes import Id, Timestamp

Status = Literal["online", "idle", "dnd", "invisible"]
Theme = Literal["dark", "light", "darker", "midnight"]


class FriendSourceFlags(Struct, kw_only=True, frozen=True):
    """Who may ask to be one's friend: `all`, or who shares a friend or a guild. None of them: nobody."""

    all: bool = False
    mutual_friends: bool = False
    mutual_guilds: bool = False


class CustomStatus(Struct, kw_only=True, frozen=True):
    """What one says of oneself. Past `expires_at` it is as if it was not there."""

    text: str | None = None
    emoji_id: Id | None = None
    emoji_name: str | None = None
    expires_at: Timestamp | None = None
    created_at_ms: int = 0
    """So that all sessions show the very same."""


class GuildFolder(Struct, kw_only=True, frozen=True):
    """Guilds beside each other, in order; one without an id is a guild alone."""

    guild_ids: list[Id]
    id: int | None = None
    name: str | None = None
    color: int | None = None


class UserSettings(Struct, kw_only=True, frozen=True):
    """All of it, as it is for who has set nothing. Kept in the database: a name that was there stays readable."""

    # What the server goes by.
    status: Status = "online"
    custom_status: CustomStatus | None = None
    friend_source_flags: FriendSourceFlags = FriendSourceFlags(all=True)
    default_guilds_restricted: bool = False
    restricted_guilds: list[Id] = []
    # What it keeps.
    locale: str = "en-US"
    theme: Theme = "dark"
    timezone_offset: int = 0
    afk_timeout: int = 600
    message_display_compact: bool = False
    developer_mode: bool = False
    animate_emoji: bool = True
    animate_stickers: int = 0
    convert_emoticons: bool = True
    enable_tts_command: bool = True
    explicit_content_filter: int = 0
    gif_auto_play: bool = True
    inline_attachment_media: bool = True
    inline_embed_media: bool = True
    render_embeds: bool = True
    render_reactions: bool = True
    view_nsfw_guilds: bool = False
    guild_folders: list[GuildFolder] = []


class SentCustomStatus(Struct, kw_only=True):
    """A custom status as it is sent."""

    text: Annotated[str, text(0, limits.CUSTOM_STATUS)] | None = None
    emoji_id: Snowflake | None = None
    emoji_name: Annotated[str, text(0, limits.CUSTOM_STATUS_EMOJI)] | None = None
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class SentFolder(Struct, kw_only=True):
    """A folder as it is sent."""

    guild_ids: list[Snowflake]
    id: Annotated[int, number(0, limits.FOLDER_ID)] | None = None
    name: Annotated[str, text(0, limits.FOLDER_NAME)] | None = None
    color: Color | None = None


class EditSettings(Struct, kw_only=True):
    """PATCH /users/@me/settings: what is to be changed."""

    status: Status | UnsetType = UNSET
    custom_status: SentCustomStatus | UnsetType | None = UNSET
    friend_source_flags: FriendSourceFlags | UnsetType = UNSET
    default_guilds_restricted: bool | UnsetType = UNSET
    restricted_guilds: list[Snowflake] | UnsetType = UNSET
    locale: Annotated[str, text(*limits.LOCALE)] | UnsetType = UNSET
    theme: Theme | UnsetType = UNSET
    timezone_offset: Annotated[int, number(*limits.TIMEZONE_OFFSET)] | UnsetType = UNSET
    afk_timeout: Annotated[int, number(*limits.AFK_TIMEOUT_S)] | UnsetType = UNSET
    message_display_compact: bool | UnsetType = UNSET
    developer_mode: bool | UnsetType = UNSET
    animate_emoji: bool | UnsetType = UNSET
    animate_stickers: Annotated[int, number(0, 2)] | UnsetType = UNSET
    convert_emoticons: bool | UnsetType = UNSET
    enable_tts_command: bool | UnsetType = UNSET
    explicit_content_filter: Annotated[int, number(0, 2)] | UnsetType = UNSET
    gif_auto_play: bool | UnsetType = UNSET
    inline_attachment_media: bool | UnsetType = UNSET
    inline_embed_media: bool | UnsetType = UNSET
    render_embeds: bool | UnsetType = UNSET
    render_reactions: bool | UnsetType = UNSET
    view_nsfw_guilds: bool | UnsetType = UNSET
    guild_folders: list[SentFolder] | UnsetType = UNSET


UPDATED: Final = "USER_SETTINGS_UPDATE"

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(UserSettings).decode
DEFAULTS: Final = UserSettings()


def encode(settings: UserSettings) -> bytes:
    """As it is kept."""
    return _encode(settings)


def decode(kept: bytes | None) -> UserSettings:
    """What was kept; nothing is what it is for everyone."""
    return DEFAULTS if kept is None else _decode(kept)


def standing(settings: UserSettings, now_ms: int) -> UserSettings:
    """The settings without a custom status that is over."""
    custom = settings.custom_status
    if custom is None or custom.expires_at is None or ends_ms(custom) > now_ms:
        return settings
    return replace(settings, custom_status=None)


def ends_ms(custom: CustomStatus) -> int:
    """When it is over, Unix milliseconds; 0: never."""
    return 0 if custom.expires_at is None else int(datetime.fromisoformat(custom.expires_at).timestamp() * 1000)


class Showing(Struct, frozen=True):
    """Of USER_SETTINGS_UPDATE, what the account's sessions show."""

    status: Status | UnsetType = UNSET
    custom_status: CustomStatus | UnsetType | None = UNSET


showing: Final = msgspec.json.Decoder(Showing).decode
"""Reads it of the event's `d`."""


def update(changed: Mapping[str, object]) -> bytes:
    """USER_SETTINGS_UPDATE: only what was changed."""
    return _encode(changed)

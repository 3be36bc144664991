"""What people want to hear of a guild and of its channels. It is kept as clients get it."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from derailed.wire import limits
from derailed.wire.requests import Snowflake
from derailed.wire.shapes import Id, Timestamp

DIRECT: Final = 0
"""In place of a guild's id: direct messages. Clients write `@me`, and read null."""


class Notify(IntEnum):
    """Numbers kept stable: they are Discord's."""

    ALL = 0
    MENTIONS = 1
    NOTHING = 2
    INHERIT = 3


NotifyLevel = Annotated[int, Meta(ge=0, le=3, description="0 all messages, 1 mentions, 2 nothing, 3 as is usual there")]
_Seconds = Annotated[int, Meta(ge=-1, le=10**9)]
_Flags = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]


class SentMute(Struct, kw_only=True):
    """Until when; null is for good."""

    end_time: Annotated[datetime, Meta(tz=True)] | None = None
    selected_time_window: _Seconds | None = None


class EditChannelOverride(Struct, kw_only=True):
    """What is otherwise in one channel."""

    muted: bool | UnsetType | None = UNSET
    mute_config: SentMute | UnsetType | None = UNSET
    message_notifications: NotifyLevel | UnsetType | None = UNSET
    collapsed: bool | UnsetType | None = UNSET
    flags: _Flags | UnsetType | None = UNSET


class ListedChannelOverride(EditChannelOverride, kw_only=True):
    """The same in a list."""

    channel_id: Snowflake


class EditGuildSettings(Struct, kw_only=True):
    """PATCH of what one wants to hear of a guild; channels that are not named stay as they are."""

    muted: bool | UnsetType | None = UNSET
    mute_config: SentMute | UnsetType | None = UNSET
    message_notifications: NotifyLevel | UnsetType | None = UNSET
    suppress_everyone: bool | UnsetType | None = UNSET
    suppress_roles: bool | UnsetType | None = UNSET
    hide_muted_channels: bool | UnsetType | None = UNSET
    mobile_push: bool | UnsetType | None = UNSET
    mute_scheduled_events: bool | UnsetType | None = UNSET
    notify_highlights: Annotated[int, Meta(ge=0, le=2)] | UnsetType | None = UNSET
    flags: _Flags | UnsetType | None = UNSET
    channel_overrides: (
        Annotated[dict[str, EditChannelOverride], Meta(max_length=limits.CHANNEL_OVERRIDES)]
        | Annotated[list[ListedChannelOverride], Meta(max_length=limits.CHANNEL_OVERRIDES)]
        | UnsetType
        | None
    ) = UNSET


class EditManySettings(Struct, kw_only=True):
    """PATCH of several guilds' by their ids; `@me` is direct messages."""

    guilds: Annotated[dict[str, EditGuildSettings], Meta(max_length=limits.GUILDS + 1)]


class MuteConfig(Struct, kw_only=True):
    """Until when something is muted; null is for good. `selected_time_window` is what was chosen, in seconds."""

    end_time: Timestamp | None = None
    selected_time_window: int | None = None


class ChannelOverride(Struct, kw_only=True):
    """What somebody wants otherwise in one channel, or in those of a category."""

    channel_id: Id
    muted: bool = False
    mute_config: MuteConfig | None = None
    message_notifications: int = int(Notify.INHERIT)
    collapsed: bool = False
    flags: int = 0


class GuildSettingsShape(Struct, kw_only=True):
    """What somebody wants to hear of a guild; of direct messages where `guild_id` is null."""

    guild_id: Id | None
    muted: bool = False
    mute_config: MuteConfig | None = None
    message_notifications: int = int(Notify.INHERIT)
    suppress_everyone: bool = False
    suppress_roles: bool = False
    hide_muted_channels: bool = False
    mobile_push: bool = True
    mute_scheduled_events: bool = False
    notify_highlights: int = 0
    flags: int = 0
    version: int = 0
    channel_overrides: list[ChannelOverride] = []


decode: Final = msgspec.json.Decoder(GuildSettingsShape).decode
encode: Final = msgspec.json.Encoder().encode


def usual(guild_id: int) -> GuildSettingsShape:
    """What is so until somebody says otherwise."""
    return GuildSettingsShape(guild_id=str(guild_id) if guild_id else None)


def is_muted(of: GuildSettingsShape | ChannelOverride, now_ms: int) -> bool:
    """Whether it is muted now: it may have been for a time that is over."""
    end = None if of.mute_config is None else of.mute_config.end_time
    return of.muted and (end is None or datetime.fromisoformat(end).timestamp() * 1000 > now_ms)

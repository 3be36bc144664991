"""What people and bots send: bodies of requests. Keys that are not named here are ignored.

Libraries send ids and permissions as numbers or as strings; here both become numbers. A key that was left out
is UNSET, which is not the same as null. Lengths and ranges are decided by the verbs, which can name several at once;
here they are only told, for the document.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from derailed.wire import limits


def text(shortest: int, longest: int) -> Meta:
    """Told of a text, and decided by the verb that takes it."""
    return Meta(extra_json_schema={"minLength": shortest, "maxLength": longest})


def number(lowest: int, highest: int) -> Meta:
    """Told of a number, and decided by the verb that takes it."""
    return Meta(extra_json_schema={"minimum": lowest, "maximum": highest})


Username = Annotated[str, text(*limits.USERNAME)]
DisplayName = Annotated[str, text(0, limits.DISPLAY_NAME)]
Password = Annotated[str, text(*limits.PASSWORD)]
ApplicationName = Annotated[str, text(*limits.APPLICATION_NAME)]
ApplicationDescription = Annotated[str, text(0, limits.APPLICATION_DESCRIPTION)]
GuildName = Annotated[str, text(*limits.GUILD_NAME)]
GuildDescription = Annotated[str, text(0, limits.GUILD_DESCRIPTION)]
ChannelName = Annotated[str, text(*limits.CHANNEL_NAME)]
ChannelTopic = Annotated[str, text(0, limits.CHANNEL_TOPIC)]
SlowModeSeconds = Annotated[int, number(0, limits.SLOW_MODE_S)]
RoleName = Annotated[str, text(0, limits.ROLE_NAME)]
Color = Annotated[int, number(0, 0xFFFFFF)]
EmojiName = Annotated[str, text(*limits.EMOJI_NAME)]
Nick = Annotated[str, text(0, limits.NICK)]
InviteSeconds = Annotated[int, number(0, limits.INVITE_AGE_S)]
InviteUses = Annotated[int, number(0, limits.INVITE_USES)]

_MAX = (1 << 63) - 1


class Snowflake(int):
    """An id, sent as a number or as a string."""


class Bits(int):
    """A set of permissions, sent as a number or as a string."""


def _whole_number(kind: type[int], value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX:
        raise ValueError("Value is not a whole number of 63 bits")
    return kind(value)


def decode_hook(kind: type, value: Any) -> Any:
    """msgspec's door to `Snowflake` and `Bits`."""
    if kind in (Snowflake, Bits):
        return _whole_number(kind, value)
    raise NotImplementedError(kind)


class Register(Struct, kw_only=True):
    """POST /auth/register. What is missing is as wrong as what is empty: both are named at once."""

    username: Username = ""
    password: Password = ""
    global_name: DisplayName | None = None
    email: str | None = None
    invite: str | None = None


class Login(Struct, kw_only=True):
    """POST /auth/login"""

    login: str = ""
    password: str = ""


class EditAccount(Struct, kw_only=True):
    """PATCH /users/@me. A name, an address or a password of one's own needs `password`."""

    username: Username | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    global_name: DisplayName | UnsetType | None = UNSET
    password: str | None = None
    new_password: Password | None = None
    avatar: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET


class CreateApplication(Struct, kw_only=True):
    """POST /applications"""

    name: ApplicationName


class EditApplication(Struct, kw_only=True):
    """PATCH /applications/{id}"""

    name: ApplicationName | UnsetType = UNSET
    description: ApplicationDescription | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET


class Authorize(Struct, kw_only=True):
    """POST /oauth2/authorize"""

    guild_id: Snowflake
    authorize: bool = True
    permissions: Bits | None = None


class CreateGuild(Struct, kw_only=True):
    """POST /guilds"""

    name: GuildName
    icon: str | None = None


class EditGuild(Struct, kw_only=True):
    """PATCH /guilds/{id}"""

    name: GuildName | UnsetType = UNSET
    icon: str | UnsetType | None = UNSET
    banner: str | UnsetType | None = UNSET
    splash: str | UnsetType | None = UNSET
    description: GuildDescription | UnsetType | None = UNSET
    owner_id: Snowflake | UnsetType = UNSET
    afk_channel_id: Snowflake | UnsetType | None = UNSET
    afk_timeout: int | UnsetType | None = UNSET
    rules_channel_id: Snowflake | UnsetType | None = UNSET
    public_updates_channel_id: Snowflake | UnsetType | None = UNSET
    system_channel_id: Snowflake | UnsetType | None = UNSET
    system_channel_flags: int | UnsetType = UNSET
    verification_level: int | UnsetType | None = UNSET
    default_message_notifications: int | UnsetType | None = UNSET
    explicit_content_filter: int | UnsetType | None = UNSET
    preferred_locale: str | UnsetType | None = UNSET


class SetOverwrite(Struct, kw_only=True):
    """PUT /channels/{id}/permissions/{id}; the id is in the path."""

    type: int
    allow: Bits | None = None
    deny: Bits | None = None


class OverwriteEntry(SetOverwrite, kw_only=True):
    """One of a channel's list."""

    id: Snowflake


class CreateChannel(Struct, kw_only=True):
    """POST /guilds/{id}/channels"""

    name: ChannelName
    type: int | None = None
    topic: ChannelTopic | None = None
    position: int | None = None
    parent_id: Snowflake | None = None
    nsfw: bool | None = None
    rate_limit_per_user: SlowModeSeconds | None = None
    default_auto_archive_duration: int | None = None
    permission_overwrites: list[OverwriteEntry] | None = None


class EditChannel(Struct, kw_only=True):
    """PATCH /channels/{id}. `icon` is a group's, and only a group may have no name."""

    name: ChannelName | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    type: int | UnsetType = UNSET
    topic: ChannelTopic | UnsetType | None = UNSET
    position: int | UnsetType | None = UNSET
    parent_id: Snowflake | UnsetType | None = UNSET
    nsfw: bool | UnsetType | None = UNSET
    rate_limit_per_user: SlowModeSeconds | UnsetType | None = UNSET
    flags: int | UnsetType | None = UNSET
    default_auto_archive_duration: int | UnsetType | None = UNSET
    permission_overwrites: list[OverwriteEntry] | UnsetType | None = UNSET
    lock_permissions: bool | None = None


class MoveChannel(Struct, kw_only=True):
    """One of PATCH /guilds/{id}/channels"""

    id: Snowflake
    position: int | UnsetType | None = UNSET
    parent_id: Snowflake | UnsetType | None = UNSET
    lock_permissions: bool | None = None


class Colors(Struct, kw_only=True):
    """A role's colours: one, a gradient of two, or all three."""

    primary_color: Color = 0
    secondary_color: Color | None = None
    tertiary_color: Color | None = None


class EditRole(Struct, kw_only=True):
    """POST /guilds/{id}/roles, and PATCH of one"""

    name: RoleName | UnsetType | None = UNSET
    permissions: Bits | UnsetType | None = UNSET
    color: Color | UnsetType | None = UNSET
    colors: Colors | UnsetType | None = UNSET
    hoist: bool | UnsetType | None = UNSET
    mentionable: bool | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    unicode_emoji: str | UnsetType | None = UNSET


class MoveRole(Struct, kw_only=True):
    """One of PATCH /guilds/{id}/roles"""

    id: Snowflake
    position: int | None = None


class OpenConversation(Struct, kw_only=True):
    """POST /users/@me/channels: a DM with one, or a group with several."""

    recipient_id: Snowflake | None = None
    recipients: list[Snowflake] | None = None


class CreateEmoji(Struct, kw_only=True):
    """POST /guilds/{id}/emojis"""

    name: EmojiName
    image: str
    roles: list[Snowflake] | None = None


class EditEmoji(Struct, kw_only=True):
    """PATCH /guilds/{id}/emojis/{id}"""

    name: EmojiName | UnsetType = UNSET
    roles: list[Snowflake] | UnsetType | None = UNSET


class EditMember(Struct, kw_only=True):
    """PATCH /guilds/{id}/members/{id}"""

    nick: Nick | UnsetType | None = UNSET
    roles: list[Snowflake] | UnsetType | None = UNSET
    communication_disabled_until: Annotated[datetime, Meta(tz=True)] | UnsetType | None = UNSET
    flags: int | UnsetType | None = UNSET
    mute: bool | UnsetType | None = UNSET
    deaf: bool | UnsetType | None = UNSET
    channel_id: Snowflake | UnsetType | None = UNSET


class CreateInvite(Struct, kw_only=True):
    """POST /channels/{id}/invites"""

    max_age: InviteSeconds = 86_400
    max_uses: InviteUses = 0
    temporary: bool = False
    unique: bool = False


def decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """A decoder for one of these bodies."""
    return msgspec.json.Decoder(kind, dec_hook=decode_hook)

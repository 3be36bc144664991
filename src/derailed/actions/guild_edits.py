"""What can be changed of a guild as a whole, and what of that is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from derailed.actions import images
from derailed.actions.access import Access
from derailed.actions.context import Context
from derailed.actions.forms import Form, refuse
from derailed.actions.images import Image, Kind
from derailed.model.errors import Forbidden, Unknown
from derailed.model.guild import ChannelType, Guild
from derailed.store import Connection, members
from derailed.wire import limits
from derailed.wire.requests import EditGuild

Offered = dict[str, Image | UnsetType | None]
"""The images that a body brings, by field."""

_IMAGES: Final = {"icon": images.ICON, "banner": images.BANNER, "splash": images.SPLASH}
_AFK_TIMEOUTS_S: Final = (60, 300, 900, 1800, 3600)
_CHANNELS: Final = {
    "system_channel_id": (ChannelType.TEXT,),
    "rules_channel_id": (ChannelType.TEXT, ChannelType.ANNOUNCEMENT),
    "public_updates_channel_id": (ChannelType.TEXT, ChannelType.ANNOUNCEMENT),
    "afk_channel_id": (),  # a voice channel, of which there are none
}
"""What a guild has a channel for, and of which kinds that can be."""
_PLAIN: Final = {
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "preferred_locale": "en-US",
    "system_channel_flags": 0,
    "afk_timeout": 300,
}
"""What null makes of it."""


def check(body: EditGuild) -> None:
    """Raise Invalid for what could be in no guild."""
    form = Form()
    if body.name is not UNSET:
        form.text("name", body.name, *limits.GUILD_NAME)
    if body.description is not UNSET:
        form.text("description", body.description or "", 0, limits.GUILD_DESCRIPTION)
    form.choice("verification_level", body.verification_level or 0, (0, 1, 2, 3, 4))
    form.choice("default_message_notifications", body.default_message_notifications or 0, (0, 1))
    form.choice("explicit_content_filter", body.explicit_content_filter or 0, (0, 1, 2))
    form.choice("afk_timeout", body.afk_timeout or 300, _AFK_TIMEOUTS_S)
    form.number("system_channel_flags", body.system_channel_flags or 0, 0, (1 << 16) - 1)
    form.text("preferred_locale", body.preferred_locale or "", 0, 16)
    form.finish()


async def offered(context: Context, body: EditGuild) -> Offered:
    """The images, checked and put."""
    return {name: await images.taken(context, name, getattr(body, name), kind) for name, kind in _IMAGES.items()}


def edited(guild: Guild, body: EditGuild) -> Guild:
    """The guild with what the body sets, but for images and the owner; null is the default."""
    changed: dict[str, Any] = {}
    if body.name is not UNSET:
        changed["name"] = body.name.strip()
    if body.description is not UNSET:
        changed["description"] = body.description or None
    for name, kinds in _CHANNELS.items():
        channel_id = getattr(body, name)
        if channel_id is None:
            changed[name] = None
        elif channel_id is not UNSET:
            channel = guild.channels.get(int(channel_id))
            if channel is None or channel.type not in kinds:
                raise refuse(name, "CHANNEL_INVALID", "That is no such channel of this guild.")
            changed[name] = channel.id
    for name, default in _PLAIN.items():
        value = getattr(body, name)
        if value is not UNSET:
            changed[name] = default if value is None else value
    return replace(guild, **changed)


async def with_images(context: Context, tx: Connection, guild: Guild, brought: Offered) -> Guild:
    """The guild with these images in the place of those it had."""
    names = {
        name: await images.replace(context, tx, kind, getattr(guild, name), brought[name])
        for name, kind in _IMAGES.items()
    }
    return replace(guild, **names)


async def with_owner(tx: Connection, access: Access, guild: Guild, owner_id: int) -> Guild:
    """The guild with another owner, to whom the present one gives it."""
    if access.member.user_id != guild.owner_id:
        raise Forbidden
    pair = await members.get(tx, guild.id, owner_id)
    if pair is None:
        raise Unknown("member")
    if pair[1].bot:
        raise refuse("owner_id", "OWNER_INVALID", "A bot can not own a guild.")
    return replace(guild, owner_id=owner_id)


async def retire_images(context: Context, tx: Connection, guild: Guild) -> None:
    """The guild is gone, and with it all that it shows."""
    for kind, name in _shown(guild):
        await images.retire(context, tx, kind, name)


def _shown(guild: Guild) -> Iterator[tuple[Kind, str]]:
    for field, kind in _IMAGES.items():
        name = getattr(guild, field)
        if name is not None:
            yield kind, name
    for role in guild.roles.values():
        if role.icon is not None:
            yield images.ROLE_ICON, role.icon
    for emoji_id in guild.emojis:
        yield images.EMOJI, str(emoji_id)

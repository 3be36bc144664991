"""Routes of what does not exist here, answered so that libraries which ask at their start go on."""

from __future__ import annotations

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model.errors import Forbidden, Invalid
from derailed.wire import rest
from derailed.wire.replies import NoEmojis, NoStickers, NoThreads
from derailed.wire.requests import OpenDirect
from derailed.wire.shapes import ChannelShape, GuildPreview, VanityUrl, WidgetSettings

_OF_GUILD = [
    f"/guilds/{{guild_id:int}}/{noun}"
    for noun in (
        "auto-moderation/rules",
        "integrations",
        "regions",
        "scheduled-events",
        "stickers",
        "templates",
    )
]
_RECIPIENT = "/channels/{channel_id:int}/recipients/{user_id:int}"


@get("/applications/{application_id:int}/emojis")
async def application_emojis(actor: Who, application_id: FromPath[int]) -> NoEmojis:
    """An application has no emojis."""
    return NoEmojis()


@get(_OF_GUILD)
async def of_guild(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> list[None]:
    """A guild that one belongs to has none of these."""
    await verbs.guilds.get(actor, guild_id)
    return []


@get("/guilds/{guild_id:int}/preview")
async def preview(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> GuildPreview:
    """A guild in short; nobody can look at one to which they do not belong."""
    found = await verbs.guilds.counted(actor, guild_id)
    return rest.preview(found.guild, found.member_count, found.online)


@get("/guilds/{guild_id:int}/vanity-url")
async def vanity_url(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> VanityUrl:
    """A guild has no invite of its own name."""
    await verbs.guilds.get(actor, guild_id)
    return VanityUrl()


@get("/guilds/{guild_id:int}/widget")
async def widget_settings(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> WidgetSettings:
    """A guild has no widget."""
    await verbs.guilds.get(actor, guild_id)
    return WidgetSettings()


@get("/guilds/{guild_id:int}/widget.json", opt=refuses("widget_disabled"))
async def widget(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> WidgetSettings:
    """So there is none to be shown."""
    await verbs.guilds.get(actor, guild_id)
    raise Forbidden("widget_disabled")


@get("/users/@me/channels")
async def directs(actor: Who) -> list[None]:
    """There are no direct messages yet."""
    return []


@post("/users/@me/channels", opt=refuses("invalid_recipients", "direct_refused"), status_code=200)
async def open_direct(verbs: Ask, actor: Who, data: JSONBody[OpenDirect]) -> ChannelShape:
    """Nobody can be written to yet: bots take it as they take closed doors elsewhere."""
    await verbs.accounts.recipient(actor, data.recipient_id)
    raise Forbidden("direct_refused")


@put(_RECIPIENT, opt=refuses("wrong_channel_type", "missing_access"), status_code=204)
async def add_recipient(verbs: Ask, actor: Who, channel_id: FromPath[int], user_id: FromPath[int]) -> None:
    """No channel is a group."""
    await verbs.channels.get(actor, channel_id)
    raise Invalid("wrong_channel_type")


@delete(_RECIPIENT, opt=refuses("wrong_channel_type", "missing_access"), status_code=204)
async def remove_recipient(verbs: Ask, actor: Who, channel_id: FromPath[int], user_id: FromPath[int]) -> None:
    """No channel is a group."""
    await verbs.channels.get(actor, channel_id)
    raise Invalid("wrong_channel_type")


@get("/guilds/{guild_id:int}/threads/active")
async def threads(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> NoThreads:
    """There are no threads."""
    await verbs.guilds.get(actor, guild_id)
    return NoThreads()


@get("/voice/regions")
async def voice_regions(actor: Who) -> list[None]:
    """There is no voice."""
    return []


@get("/sticker-packs")
async def sticker_packs(actor: Who) -> NoStickers:
    """There are no stickers."""
    return NoStickers()


ROUTES = (
    application_emojis,
    of_guild,
    preview,
    vanity_url,
    widget_settings,
    widget,
    directs,
    open_direct,
    add_recipient,
    remove_recipient,
    threads,
    voice_regions,
    sticker_packs,
)

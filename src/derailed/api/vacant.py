"""Routes of what does not exist here, answered so that libraries which ask at their start go on."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model.errors import Forbidden
from derailed.wire import rest
from derailed.wire.replies import NoEmojis, NoStickers, NoThreads
from derailed.wire.shapes import GuildPreview, VanityUrl, WidgetSettings

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
    threads,
    voice_regions,
    sticker_packs,
)

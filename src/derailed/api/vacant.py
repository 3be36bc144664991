"""Routes of what does not exist here, answered so that libraries which ask at their start go on."""

from __future__ import annotations

from typing import Any

from litestar import get
from litestar.params import FromPath

from derailed.api.asking import Ask, Who


@get("/applications/{application_id:int}/emojis")
async def application_emojis(actor: Who, application_id: FromPath[int]) -> dict[str, Any]:
    """An application has no emojis."""
    return {"items": []}


@get(["/guilds/{guild_id:int}/stickers", "/guilds/{guild_id:int}/integrations"])
async def of_guild(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> list[Any]:
    """A guild that one belongs to has none of these."""
    await verbs.guilds.get(actor, guild_id)
    return []


@get("/guilds/{guild_id:int}/threads/active")
async def threads(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> dict[str, Any]:
    """There are no threads."""
    await verbs.guilds.get(actor, guild_id)
    return {"threads": [], "members": []}


@get("/voice/regions")
async def voice_regions(actor: Who) -> list[Any]:
    """There is no voice."""
    return []


@get("/sticker-packs")
async def sticker_packs(actor: Who) -> dict[str, Any]:
    """There are no stickers."""
    return {"sticker_packs": []}


ROUTES = (application_emojis, of_guild, threads, voice_regions, sticker_packs)

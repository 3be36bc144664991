"""Routes of emojis."""

from __future__ import annotations

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.wire import rest
from derailed.wire.requests import CreateEmoji, EditEmoji
from derailed.wire.shapes import GuildEmoji


@get("/guilds/{guild_id:int}/emojis")
async def all_(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> list[GuildEmoji]:
    """The emojis of a guild."""
    return [rest.emoji(*shown) for shown in await verbs.emojis.all(actor, guild_id)]


@get("/guilds/{guild_id:int}/emojis/{emoji_id:int}")
async def one(verbs: Ask, actor: Who, guild_id: FromPath[int], emoji_id: FromPath[int]) -> GuildEmoji:
    """An emoji."""
    return rest.emoji(*await verbs.emojis.get(actor, guild_id, emoji_id))


@post(
    "/guilds/{guild_id:int}/emojis",
    opt=refuses("too_many_emojis", "too_many_animated_emojis", "missing_permissions"),
    status_code=201,
)
async def create(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[CreateEmoji]) -> GuildEmoji:
    """Add an emoji."""
    return rest.emoji(*await verbs.emojis.create(actor, guild_id, data))


@patch("/guilds/{guild_id:int}/emojis/{emoji_id:int}", opt=refuses("missing_permissions"))
async def edit(
    verbs: Ask, actor: Who, guild_id: FromPath[int], emoji_id: FromPath[int], data: JSONBody[EditEmoji]
) -> GuildEmoji:
    """Change an emoji."""
    return rest.emoji(*await verbs.emojis.edit(actor, guild_id, emoji_id, data))


@delete("/guilds/{guild_id:int}/emojis/{emoji_id:int}", opt=refuses("missing_permissions"), status_code=204)
async def end(verbs: Ask, actor: Who, guild_id: FromPath[int], emoji_id: FromPath[int]) -> None:
    """Delete an emoji."""
    await verbs.emojis.delete(actor, guild_id, emoji_id)


ROUTES = (all_, one, create, edit, end)

"""Routes of what people want to hear of guilds; `@me` in place of a guild is their direct messages."""

from __future__ import annotations

from litestar import get, patch
from litestar.params import FromPath, JSONBody

from derailed.actions.guild_settings import guild_of
from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.wire.guild_settings import DIRECT, EditGuildSettings, EditManySettings, GuildSettingsShape


@get("/users/@me/guilds/{guild_id:int}/settings", opt=refuses("not_for_bots"))
async def one(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> GuildSettingsShape:
    """What one wants to hear of a guild."""
    return await verbs.guild_settings.get(actor, guild_id)


@patch("/users/@me/guilds/{guild_id:int}/settings", opt=refuses("not_for_bots"))
async def edit(
    verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[EditGuildSettings]
) -> GuildSettingsShape:
    """Mute a guild or its channels, or choose what of it to be told of."""
    return await verbs.guild_settings.edit(actor, guild_id, data)


@get("/users/@me/guilds/@me/settings", opt=refuses("not_for_bots", "unknown_guild"))
async def direct(verbs: Ask, actor: Who) -> GuildSettingsShape:
    """What one wants to hear of one's direct messages."""
    return await verbs.guild_settings.get(actor, DIRECT)


@patch("/users/@me/guilds/@me/settings", opt=refuses("not_for_bots", "unknown_guild"))
async def edit_direct(verbs: Ask, actor: Who, data: JSONBody[EditGuildSettings]) -> GuildSettingsShape:
    """Mute direct messages."""
    return await verbs.guild_settings.edit(actor, DIRECT, data)


@patch("/users/@me/guilds/settings", opt=refuses("not_for_bots", "unknown_guild"))
async def edit_many(verbs: Ask, actor: Who, data: JSONBody[EditManySettings]) -> list[GuildSettingsShape]:
    """The same for several guilds at once."""
    return await verbs.guild_settings.edit_many(actor, {guild_of(name): body for name, body in data.guilds.items()})


ROUTES = (one, edit, direct, edit_direct, edit_many)

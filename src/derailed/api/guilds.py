"""Routes of guilds, and the list of one's own."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model import snowflakes
from derailed.wire import limits, rest
from derailed.wire.requests import CreateGuild, EditGuild
from derailed.wire.shapes import ChannelShape, GuildEntry, GuildShape, RoleShape

_Page = Annotated[int, QueryParameter(ge=1, le=limits.GUILDS_PAGE)]
_Bound = Annotated[int, QueryParameter(ge=0, le=snowflakes.MAX)]


@post("/guilds", opt=refuses("too_many_guilds", "not_for_bots"), status_code=201)
async def create(verbs: Ask, actor: Who, data: JSONBody[CreateGuild]) -> GuildShape:
    """Make a guild."""
    return rest.guild(await verbs.guilds.create(actor, data))


@get("/guilds/{guild_id:int}")
async def one(verbs: Ask, actor: Who, guild_id: FromPath[int], with_counts: FromQuery[bool] = False) -> GuildShape:
    """A guild one belongs to."""
    if not with_counts:
        return rest.guild(await verbs.guilds.get(actor, guild_id))
    found = await verbs.guilds.counted(actor, guild_id)
    return rest.with_counts(rest.guild(found.guild), found.member_count, found.online)


@patch("/guilds/{guild_id:int}", opt=refuses("missing_permissions", "unknown_member"))
async def edit(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[EditGuild]) -> GuildShape:
    """Change a guild."""
    return rest.guild(await verbs.guilds.edit(actor, guild_id, data))


@delete("/guilds/{guild_id:int}", opt=refuses("missing_permissions"), status_code=204)
async def end(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> None:
    """Delete a guild."""
    await verbs.guilds.delete(actor, guild_id)


@get("/guilds/{guild_id:int}/channels")
async def channels(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> list[ChannelShape]:
    """Its channels that one may see."""
    return [rest.channel(channel, last) for channel, last in await verbs.guilds.channels(actor, guild_id)]


@get("/guilds/{guild_id:int}/roles")
async def roles(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> list[RoleShape]:
    """Its roles."""
    return [rest.role(role) for role in await verbs.guilds.roles(actor, guild_id)]


@get("/users/@me/guilds", opt=refuses("unknown_guild"))
async def own(
    verbs: Ask,
    actor: Who,
    before: Annotated[int | None, QueryParameter(ge=0, le=snowflakes.MAX)] = None,
    after: _Bound = 0,
    limit: _Page = limits.GUILDS_PAGE,
    with_counts: FromQuery[bool] = False,
) -> list[GuildEntry]:
    """The guilds one belongs to."""
    found = await verbs.guilds.own(actor, before=before, after=after, limit=limit, counted=with_counts)
    entries = []
    for guild, held, member_count, online in found:
        entry = rest.guild_entry(guild, held, actor.user_id)
        entries.append(rest.with_counts(entry, member_count, online) if with_counts else entry)
    return entries


ROUTES = (create, one, edit, end, channels, roles, own)

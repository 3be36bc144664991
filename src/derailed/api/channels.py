"""Routes of channels and their overwrites."""

from __future__ import annotations

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.api.entrance import Gate
from derailed.wire import rates, rest
from derailed.wire.requests import CreateChannel, EditChannel, MoveChannel, SetOverwrite
from derailed.wire.shapes import ChannelShape


@get("/channels/{channel_id:int}", opt=refuses("missing_access"))
async def one(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> ChannelShape:
    """A channel one may see."""
    return rest.channel(*await verbs.channels.get(actor, channel_id))


@post("/guilds/{guild_id:int}/channels", opt=refuses("too_many_channels", "missing_permissions"), status_code=201)
async def create(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[CreateChannel]) -> ChannelShape:
    """Make a channel."""
    return rest.channel(await verbs.channels.create(actor, guild_id, data))


@patch("/channels/{channel_id:int}", opt=refuses("missing_access", "missing_permissions"))
async def edit(
    verbs: Ask, entrance: Gate, actor: Who, channel_id: FromPath[int], data: JSONBody[EditChannel]
) -> ChannelShape:
    """Change a channel; its name and topic more seldom than the rest."""
    channel, _ = await verbs.channels.get(actor, channel_id)
    if data.name not in (UNSET, channel.name) or data.topic not in (UNSET, channel.topic):
        await entrance.spend(f"rename:{actor.user_id}:{channel_id}", rates.RENAMES)
    return rest.channel(*await verbs.channels.edit(actor, channel_id, data))


@patch("/guilds/{guild_id:int}/channels", opt=refuses("missing_permissions", "unknown_channel"), status_code=204)
async def move(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[list[MoveChannel]]) -> None:
    """Put channels elsewhere."""
    await verbs.channels.move(actor, guild_id, data)


@delete("/channels/{channel_id:int}", opt=refuses("missing_access", "missing_permissions"), status_code=200)
async def end(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> ChannelShape:
    """Delete a channel; as it was."""
    return rest.channel(*await verbs.channels.delete(actor, channel_id))


@put(
    "/channels/{channel_id:int}/permissions/{target_id:int}",
    opt=refuses("missing_access", "missing_permissions", "unknown_member", "unknown_role"),
    status_code=204,
)
async def set_overwrite(
    verbs: Ask, actor: Who, channel_id: FromPath[int], target_id: FromPath[int], data: JSONBody[SetOverwrite]
) -> None:
    """Deny and allow a role or a member."""
    await verbs.overwrites.set(actor, channel_id, target_id, data)


@delete(
    "/channels/{channel_id:int}/permissions/{target_id:int}",
    opt=refuses("missing_access", "missing_permissions"),
    status_code=204,
)
async def delete_overwrite(verbs: Ask, actor: Who, channel_id: FromPath[int], target_id: FromPath[int]) -> None:
    """Take an overwrite away."""
    await verbs.overwrites.delete(actor, channel_id, target_id)


ROUTES = (one, create, edit, move, end, set_overwrite, delete_overwrite)

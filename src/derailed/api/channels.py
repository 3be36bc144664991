"""Routes of channels and their overwrites."""

from __future__ import annotations

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import UNSET

from derailed.actions.channels import Seen
from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.api.entrance import Gate
from derailed.model.conversation import Shown
from derailed.model.user import Actor
from derailed.wire import conversations, rates, rest
from derailed.wire.conversations import ConversationShape
from derailed.wire.requests import CreateChannel, EditChannel, MoveChannel, SetOverwrite
from derailed.wire.shapes import ChannelShape


@get("/channels/{channel_id:int}", opt=refuses("missing_access"))
async def one(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> ChannelShape | ConversationShape:
    """A channel one may see."""
    return _shape(await verbs.channels.get(actor, channel_id), actor)


@post("/guilds/{guild_id:int}/channels", opt=refuses("too_many_channels", "missing_permissions"), status_code=201)
async def create(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[CreateChannel]) -> ChannelShape:
    """Make a channel."""
    return rest.channel(await verbs.channels.create(actor, guild_id, data))


@patch("/channels/{channel_id:int}", opt=refuses("direct_channel", "missing_access", "missing_permissions"))
async def edit(
    verbs: Ask, entrance: Gate, actor: Who, channel_id: FromPath[int], data: JSONBody[EditChannel]
) -> ChannelShape | ConversationShape:
    """Change a channel or a group; its name and topic more seldom than the rest."""
    before = _shape(await verbs.channels.get(actor, channel_id), actor)
    topic = before.topic if isinstance(before, ChannelShape) else UNSET
    if data.name not in (UNSET, before.name) or data.topic not in (UNSET, topic):
        await entrance.spend(f"rename:{actor.user_id}:{channel_id}", rates.RENAMES)
    return _shape(await verbs.channels.edit(actor, channel_id, data), actor)


@patch("/guilds/{guild_id:int}/channels", opt=refuses("missing_permissions", "unknown_channel"), status_code=204)
async def move(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[list[MoveChannel]]) -> None:
    """Put channels elsewhere."""
    await verbs.channels.move(actor, guild_id, data)


@delete("/channels/{channel_id:int}", opt=refuses("missing_access", "missing_permissions"), status_code=200)
async def end(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> ChannelShape | ConversationShape:
    """Delete a channel, close a DM for oneself, leave a group; as it was."""
    return _shape(await verbs.channels.delete(actor, channel_id), actor)


@put(
    "/channels/{channel_id:int}/permissions/{target_id:int}",
    opt=refuses("direct_channel", "missing_access", "missing_permissions", "unknown_member", "unknown_role"),
    status_code=204,
)
async def set_overwrite(
    verbs: Ask, actor: Who, channel_id: FromPath[int], target_id: FromPath[int], data: JSONBody[SetOverwrite]
) -> None:
    """Deny and allow a role or a member."""
    await verbs.overwrites.set(actor, channel_id, target_id, data)


@delete(
    "/channels/{channel_id:int}/permissions/{target_id:int}",
    opt=refuses("direct_channel", "missing_access", "missing_permissions"),
    status_code=204,
)
async def delete_overwrite(verbs: Ask, actor: Who, channel_id: FromPath[int], target_id: FromPath[int]) -> None:
    """Take an overwrite away."""
    await verbs.overwrites.delete(actor, channel_id, target_id)


def _shape(of: Seen, actor: Actor) -> ChannelShape | ConversationShape:
    return conversations.shape(of, actor.user_id) if isinstance(of, Shown) else rest.channel(*of)


ROUTES = (one, create, edit, move, end, set_overwrite, delete_overwrite)

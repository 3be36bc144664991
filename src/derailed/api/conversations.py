"""Routes of conversations: DMs and groups. What is said in them: see `messages`."""

from __future__ import annotations

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.wire.conversations import ConversationShape, shape
from derailed.wire.requests import OpenConversation

_RECIPIENT = "/channels/{channel_id:int}/recipients/{user_id:int}"


@get("/users/@me/channels")
async def listed(verbs: Ask, actor: Who) -> list[ConversationShape]:
    """The conversations one has open, the one with the newest message first. A bot is told of none."""
    return [shape(each, actor.user_id) for each in await verbs.conversations.listed(actor)]


@post(
    "/users/@me/channels",
    opt=refuses("invalid_recipients", "too_many_recipients", "too_many_groups", "not_for_bots"),
    status_code=200,
)
async def open_one(verbs: Ask, actor: Who, data: JSONBody[OpenConversation]) -> ConversationShape:
    """Open a DM, the same one each time, or make a group of several."""
    return shape(await verbs.conversations.open(actor, data), actor.user_id)


@put(
    _RECIPIENT,
    opt=refuses(
        "wrong_channel_type",
        "invalid_recipients",
        "too_many_recipients",
        "too_many_groups",
        "direct_channel",
        "missing_access",
    ),
    status_code=204,
)
async def add(verbs: Ask, actor: Who, channel_id: FromPath[int], user_id: FromPath[int]) -> None:
    """Let somebody into a group."""
    await verbs.conversations.add(actor, channel_id, user_id)


@delete(
    _RECIPIENT,
    opt=refuses("wrong_channel_type", "invalid_recipients", "direct_channel", "missing_access", "missing_permissions"),
    status_code=204,
)
async def remove(verbs: Ask, actor: Who, channel_id: FromPath[int], user_id: FromPath[int]) -> None:
    """Take somebody out of a group of one's own, or leave it."""
    await verbs.conversations.remove(actor, channel_id, user_id)


ROUTES = (listed, open_one, add, remove)

"""Routes of reactions. The emoji stands in the path, percent-encoded: one character, or `name:id`."""

from __future__ import annotations

from litestar import delete, get, put
from litestar.params import FromPath

from derailed.api.asking import Ask, Asked, Who
from derailed.api.declaring import queried, refuses
from derailed.api.pages import reactors
from derailed.wire import rest
from derailed.wire.reactions import ReactorsQuery
from derailed.wire.shapes import UserShape

_ALL = "/channels/{channel_id:int}/messages/{message_id:int}/reactions"
_KIND = _ALL + "/{emoji:str}"


@put(
    _KIND + "/@me",
    opt=refuses(
        "wrong_channel_type",
        "too_many_reactions",
        "unknown_emoji",
        "reaction_blocked",
        "missing_access",
        "missing_permissions",
    ),
    status_code=204,
)
async def add(
    verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int], emoji: FromPath[str]
) -> None:
    """React."""
    await verbs.reactions.add(actor, channel_id, message_id, emoji)


@delete(
    _KIND + "/@me",
    opt=refuses("wrong_channel_type", "unknown_emoji", "direct_channel", "missing_access", "missing_permissions"),
    status_code=204,
)
async def take_back(
    verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int], emoji: FromPath[str]
) -> None:
    """Take back one's own reaction."""
    await verbs.reactions.remove(actor, channel_id, message_id, emoji, actor.user_id)


@delete(
    _KIND + "/{user_id:int}",
    opt=refuses("wrong_channel_type", "unknown_emoji", "direct_channel", "missing_access", "missing_permissions"),
    status_code=204,
)
async def remove(
    verbs: Ask,
    actor: Who,
    channel_id: FromPath[int],
    message_id: FromPath[int],
    emoji: FromPath[str],
    user_id: FromPath[int],
) -> None:
    """Remove another's reaction."""
    await verbs.reactions.remove(actor, channel_id, message_id, emoji, user_id)


@get(
    _KIND,
    opt=refuses("unknown_emoji", "wrong_channel_type", "missing_access", "missing_permissions")
    | queried(ReactorsQuery),
)
async def users(
    verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int], emoji: FromPath[str], request: Asked
) -> list[UserShape]:
    """Up to `limit` (1–100, 25 by default) of those who reacted with the emoji, by ascending id above `after`."""
    limit, after, kind = reactors(request.scope["query_string"])
    found = await verbs.reactions.users(actor, channel_id, message_id, emoji, after=after, limit=limit)
    return [] if kind else [rest.user(each) for each in found]  # nobody has super reactions here


@delete(
    _KIND,
    opt=refuses("wrong_channel_type", "unknown_emoji", "direct_channel", "missing_access", "missing_permissions"),
    status_code=204,
)
async def clear_emoji(
    verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int], emoji: FromPath[str]
) -> None:
    """Remove everyone's reactions with one emoji."""
    await verbs.reactions.clear_emoji(actor, channel_id, message_id, emoji)


@delete(
    _ALL, opt=refuses("wrong_channel_type", "direct_channel", "missing_access", "missing_permissions"), status_code=204
)
async def clear(verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int]) -> None:
    """Remove everyone's reactions."""
    await verbs.reactions.clear(actor, channel_id, message_id)


ROUTES = (add, take_back, remove, users, clear_emoji, clear)

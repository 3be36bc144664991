"""Routes of relationships: friends, requests, and whom one has blocked."""

from __future__ import annotations

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from derailed.actions.forms import Form
from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model.relationship import RelationshipType
from derailed.wire import relationships as wire
from derailed.wire.relationships import AskByName, EditRelationship, RelationshipShape, SetRelationship

_OWN = "/users/@me/relationships"
_WITH = "/users/@me/relationships/{user_id:int}"
_OF_REQUESTS = (
    "not_for_bots",
    "requests_refused",
    "request_blocked",
    "bots_have_no_friends",
    "request_to_self",
    "friends_already",
    "too_many_friends",
    "too_many_requests",
)


@get(_OWN, opt=refuses("not_for_bots"))
async def listed(verbs: Ask, actor: Who) -> list[RelationshipShape]:
    """Friends, requests in both directions, and whom one has blocked."""
    return [wire.shape(each) for each in await verbs.relationships.all(actor)]


@post(_OWN, opt=refuses(*_OF_REQUESTS, "unknown_name", "unknown_user"), status_code=204)
async def ask_by_name(verbs: Ask, actor: Who, data: JSONBody[AskByName]) -> None:
    """Ask whoever has that name to be a friend."""
    await verbs.relationships.ask_by_name(actor, data)


@put(_WITH, opt=refuses(*_OF_REQUESTS, "too_many_blocked"), status_code=204)
async def become(verbs: Ask, actor: Who, user_id: FromPath[int], data: JSONBody[SetRelationship]) -> None:
    """Ask somebody to be a friend, or accept that they asked; with type 2 block them."""
    wanted = RelationshipType.FRIEND if data.type is None else data.type
    form = Form()
    form.choice("type", wanted, (RelationshipType.FRIEND, RelationshipType.BLOCKED))
    form.finish()
    if wanted == RelationshipType.BLOCKED:
        await verbs.relationships.block(actor, user_id)
    else:
        await verbs.relationships.ask(actor, user_id)


@patch(_WITH, opt=refuses("not_for_bots"), status_code=204)
async def edit(verbs: Ask, actor: Who, user_id: FromPath[int], data: JSONBody[EditRelationship]) -> None:
    """Call a friend something that only oneself sees."""
    await verbs.relationships.rename(actor, user_id, data.nickname)


@delete(_WITH, opt=refuses("not_for_bots"), status_code=204)
async def end(verbs: Ask, actor: Who, user_id: FromPath[int]) -> None:
    """End a friendship, decline or take back a request, or unblock."""
    await verbs.relationships.end(actor, user_id)


ROUTES = (listed, ask_by_name, become, edit, end)

"""Routes of one's mentions."""

from __future__ import annotations

from typing import Annotated, cast

from litestar import delete, get
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Raw

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model import snowflakes
from derailed.wire import limits
from derailed.wire.inbox import USUAL, MentionsQuery
from derailed.wire.messages import MessageShape

_Page = Annotated[int, QueryParameter(ge=1, le=limits.MENTIONS_PAGE)]
_Id = Annotated[int | None, QueryParameter(ge=0, le=snowflakes.MAX)]


@get("/users/@me/mentions", opt=refuses("not_for_bots", "unknown_guild"))
async def page(
    verbs: Ask,
    actor: Who,
    before: _Id = None,
    guild_id: _Id = None,
    limit: _Page = USUAL,
    roles: FromQuery[bool] = True,
    everyone: FromQuery[bool] = True,
) -> list[MessageShape]:
    """What called one in the last seven days, newest first: by name, by a role, or with everyone."""
    found = await verbs.inbox.page(actor, MentionsQuery(limit, before, guild_id, roles, everyone))
    return cast("list[MessageShape]", Raw(found))


@delete("/users/@me/mentions/{message_id:int}", opt=refuses("not_for_bots"), status_code=204)
async def dismiss(verbs: Ask, actor: Who, message_id: FromPath[int]) -> None:
    """Take a message out of that list."""
    await verbs.inbox.dismiss(actor, message_id)


ROUTES = (page, dismiss)

"""Routes of members."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, patch
from litestar.params import FromPath, JSONBody, QueryParameter

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model import snowflakes
from derailed.wire import limits, rest
from derailed.wire.requests import EditMember
from derailed.wire.shapes import MemberShape

_Page = Annotated[int, QueryParameter(ge=1, le=limits.MEMBERS_PAGE)]
_Bound = Annotated[int, QueryParameter(ge=0, le=snowflakes.MAX)]
_Prefix = Annotated[str, QueryParameter(name="query", min_length=1, max_length=100)]


@get("/guilds/{guild_id:int}/members")
async def page(
    verbs: Ask, actor: Who, guild_id: FromPath[int], limit: _Page = 1, after: _Bound = 0
) -> list[MemberShape]:
    """Members, ascending by id."""
    found = await verbs.members.page(actor, guild_id, after=after, limit=limit)
    return [rest.member(member, account) for member, account in found]


@get("/guilds/{guild_id:int}/members/search")
async def search(
    verbs: Ask, actor: Who, guild_id: FromPath[int], prefix: _Prefix, limit: _Page = 1
) -> list[MemberShape]:
    """Members whose username or nick begins so."""
    found = await verbs.members.search(actor, guild_id, prefix=prefix, limit=limit)
    return [rest.member(member, account) for member, account in found]


@get("/guilds/{guild_id:int}/members/{user_id:int}", opt=refuses("unknown_user"))
async def one(verbs: Ask, actor: Who, guild_id: FromPath[int], user_id: FromPath[int]) -> MemberShape:
    """A member."""
    return rest.member(*await verbs.members.get(actor, guild_id, user_id))


@get("/users/@me/guilds/{guild_id:int}/member", opt=refuses("unknown_member", "unknown_user"))
async def oneself(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> MemberShape:
    """Oneself as a member."""
    return rest.member(*await verbs.members.get(actor, guild_id, actor.user_id))


@patch(
    "/guilds/{guild_id:int}/members/{user_id:int}",
    opt=refuses("not_in_voice", "invalid_role", "missing_permissions", "unknown_role", "unknown_user"),
)
async def edit(
    verbs: Ask, actor: Who, guild_id: FromPath[int], user_id: FromPath[int], data: JSONBody[EditMember]
) -> MemberShape:
    """Change a member."""
    return rest.member(*await verbs.members.edit(actor, guild_id, user_id, data))


@patch(
    ["/guilds/{guild_id:int}/members/@me", "/guilds/{guild_id:int}/members/@me/nick"],
    opt=refuses(
        "not_in_voice", "invalid_role", "missing_permissions", "unknown_member", "unknown_role", "unknown_user"
    ),
)
async def edit_oneself(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[EditMember]) -> MemberShape:
    """Change oneself as a member."""
    return rest.member(*await verbs.members.edit(actor, guild_id, actor.user_id, data))


@delete(
    "/guilds/{guild_id:int}/members/{user_id:int}", opt=refuses("missing_permissions", "unknown_user"), status_code=204
)
async def kick(verbs: Ask, actor: Who, guild_id: FromPath[int], user_id: FromPath[int]) -> None:
    """Make a member leave."""
    await verbs.members.kick(actor, guild_id, user_id)


ROUTES = (page, search, one, oneself, edit, edit_oneself, kick)

"""Routes of bans and prunes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model import snowflakes
from derailed.model.errors import FieldError, Invalid
from derailed.wire import limits, moderation
from derailed.wire.moderation import BannedShape, BanShape, BeginPrune, CreateBan, CreateBans, PrunedShape

_Page = Annotated[int, QueryParameter(ge=1, le=limits.BANS_PAGE)]
_Bound = Annotated[int, QueryParameter(ge=0, le=snowflakes.MAX)]


@get("/guilds/{guild_id:int}/bans", opt=refuses("missing_permissions"))
async def page(
    verbs: Ask,
    actor: Who,
    guild_id: FromPath[int],
    limit: _Page = limits.BANS_PAGE,
    before: Annotated[int | None, QueryParameter(ge=0, le=snowflakes.MAX)] = None,
    after: _Bound = 0,
) -> list[BanShape]:
    """Who is banned, ascending by id."""
    found = await verbs.bans.page(actor, guild_id, before=before, after=after, limit=limit)
    return [moderation.ban(*each) for each in found]


@get("/guilds/{guild_id:int}/bans/{user_id:int}", opt=refuses("missing_permissions"))
async def one(verbs: Ask, actor: Who, guild_id: FromPath[int], user_id: FromPath[int]) -> BanShape:
    """Somebody's ban."""
    return moderation.ban(*await verbs.bans.get(actor, guild_id, user_id))


@put("/guilds/{guild_id:int}/bans/{user_id:int}", opt=refuses("missing_permissions", "unknown_user"), status_code=204)
async def add(
    verbs: Ask,
    actor: Who,
    guild_id: FromPath[int],
    user_id: FromPath[int],
    data: JSONBody[CreateBan],
    delete_message_seconds: FromQuery[int | None] = None,
    delete_message_days: FromQuery[int | None] = None,
) -> None:
    """Ban somebody. What to delete may be said in the body or, as some libraries do, in the query."""
    if data.delete_message_seconds is None and data.delete_message_days is None:
        data = CreateBan(delete_message_seconds=delete_message_seconds, delete_message_days=delete_message_days)
    await verbs.bans.add(actor, guild_id, user_id, data)


@delete("/guilds/{guild_id:int}/bans/{user_id:int}", opt=refuses("missing_permissions"), status_code=204)
async def remove(verbs: Ask, actor: Who, guild_id: FromPath[int], user_id: FromPath[int]) -> None:
    """Let somebody come in again."""
    await verbs.bans.remove(actor, guild_id, user_id)


@post("/guilds/{guild_id:int}/bulk-ban", opt=refuses("nobody_banned", "missing_permissions"), status_code=200)
async def add_many(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[CreateBans]) -> BannedShape:
    """Ban many at once."""
    banned, failed = await verbs.bans.add_many(actor, guild_id, data)
    return BannedShape(banned_users=[str(each) for each in banned], failed_users=[str(each) for each in failed])


@get("/guilds/{guild_id:int}/prune", opt=refuses("missing_permissions", "unknown_role"))
async def count(
    verbs: Ask,
    actor: Who,
    guild_id: FromPath[int],
    days: FromQuery[int | None] = None,
    include_roles: FromQuery[str] = "",
) -> PrunedShape:
    """How many a prune would remove."""
    return PrunedShape(pruned=await verbs.prunes.count(actor, guild_id, days, _ids(include_roles)))


@post("/guilds/{guild_id:int}/prune", opt=refuses("missing_permissions", "unknown_role"), status_code=200)
async def prune(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[BeginPrune]) -> PrunedShape:
    """Remove who was not seen for days."""
    included = data.include_roles or []
    role_ids = _ids(included) if isinstance(included, str) else included
    counted = data.compute_prune_count not in (False, "false")
    return PrunedShape(pruned=await verbs.prunes.begin(actor, guild_id, data.days, role_ids, counted=counted))


def _ids(listed: str) -> Sequence[int]:
    """The ids in `1,2,3`. Raises Invalid."""
    parts = [each.strip() for each in listed.split(",") if each.strip()]
    if not all(each.isascii() and each.isdigit() and len(each) < 20 for each in parts):
        raise Invalid(
            "invalid_form", FieldError(("include_roles",), "NUMBER_TYPE_COERCE", "Value is not a list of ids.")
        )
    return [int(each) for each in parts]


ROUTES = (page, one, add, remove, add_many, count, prune)

"""Routes of roles."""

from __future__ import annotations

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model.errors import Unknown
from derailed.wire import rest
from derailed.wire.requests import EditRole, MoveRole
from derailed.wire.shapes import RoleShape


@get("/guilds/{guild_id:int}/roles/{role_id:int}")
async def one(verbs: Ask, actor: Who, guild_id: FromPath[int], role_id: FromPath[int]) -> RoleShape:
    """A role."""
    for role in await verbs.guilds.roles(actor, guild_id):
        if role.id == role_id:
            return rest.role(role)
    raise Unknown("role")


@get("/guilds/{guild_id:int}/roles/member-counts")
async def counts(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> dict[str, int]:
    """How many members hold each role, but for @everyone."""
    return {str(role_id): count for role_id, count in (await verbs.roles.counts(actor, guild_id)).items()}


@post("/guilds/{guild_id:int}/roles", opt=refuses("too_many_roles", "missing_permissions"), status_code=200)
async def create(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[EditRole]) -> RoleShape:
    """Make a role."""
    return rest.role(await verbs.roles.create(actor, guild_id, data))


@patch("/guilds/{guild_id:int}/roles/{role_id:int}", opt=refuses("missing_permissions"))
async def edit(
    verbs: Ask, actor: Who, guild_id: FromPath[int], role_id: FromPath[int], data: JSONBody[EditRole]
) -> RoleShape:
    """Change a role."""
    return rest.role(await verbs.roles.edit(actor, guild_id, role_id, data))


@patch("/guilds/{guild_id:int}/roles", opt=refuses("missing_permissions", "unknown_role"))
async def move(verbs: Ask, actor: Who, guild_id: FromPath[int], data: JSONBody[list[MoveRole]]) -> list[RoleShape]:
    """Put roles in another order; all of them."""
    return [rest.role(role) for role in await verbs.roles.move(actor, guild_id, data)]


@delete(
    "/guilds/{guild_id:int}/roles/{role_id:int}", opt=refuses("invalid_role", "missing_permissions"), status_code=204
)
async def end(verbs: Ask, actor: Who, guild_id: FromPath[int], role_id: FromPath[int]) -> None:
    """Delete a role."""
    await verbs.roles.delete(actor, guild_id, role_id)


@put(
    "/guilds/{guild_id:int}/members/{user_id:int}/roles/{role_id:int}",
    opt=refuses("invalid_role", "missing_permissions", "unknown_user"),
    status_code=204,
)
async def give(verbs: Ask, actor: Who, guild_id: FromPath[int], user_id: FromPath[int], role_id: FromPath[int]) -> None:
    """Give a member a role."""
    await verbs.members.add_role(actor, guild_id, user_id, role_id)


@delete(
    "/guilds/{guild_id:int}/members/{user_id:int}/roles/{role_id:int}",
    opt=refuses("invalid_role", "missing_permissions", "unknown_user"),
    status_code=204,
)
async def take(verbs: Ask, actor: Who, guild_id: FromPath[int], user_id: FromPath[int], role_id: FromPath[int]) -> None:
    """Take a role from a member."""
    await verbs.members.remove_role(actor, guild_id, user_id, role_id)


ROUTES = (one, counts, create, edit, move, end, give, take)

"""Routes of application commands, everywhere and in one guild."""

from __future__ import annotations

from litestar import Response, delete, get, patch, post, put
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody

from derailed.actions.commands import EVERYWHERE
from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model.errors import Unknown
from derailed.wire.commands import CommandPermissions, CommandShape, CreateCommand, EditCommand

_ALL = [
    "/applications/{application_id:int}/commands",
    "/applications/{application_id:int}/guilds/{guild_id:int}/commands",
]
_ONE = [f"{path}/{{command_id:int}}" for path in _ALL]
_PERMISSIONS = "/applications/{application_id:int}/guilds/{guild_id:int}/commands"


@get(_ALL, opt=refuses("not_yours", "missing_access"))
async def all_(
    verbs: Ask, actor: Who, application_id: FromPath[int], guild_id: FromPath[int] = EVERYWHERE
) -> list[CommandShape]:
    """The commands of an application."""
    return await verbs.commands.all(actor, application_id, guild_id)


@get(_ONE, opt=refuses("not_yours", "missing_access"))
async def one(
    verbs: Ask,
    actor: Who,
    application_id: FromPath[int],
    command_id: FromPath[int],
    guild_id: FromPath[int] = EVERYWHERE,
) -> CommandShape:
    """A command."""
    return await verbs.commands.get(actor, application_id, guild_id, command_id)


@post(
    _ALL,
    opt=refuses("too_many_commands", "not_yours", "missing_access"),
    status_code=201,
    responses={200: ResponseSpec(CommandShape, description="It was changed.")},
)
async def create(
    verbs: Ask,
    actor: Who,
    application_id: FromPath[int],
    data: JSONBody[CreateCommand],
    guild_id: FromPath[int] = EVERYWHERE,
) -> Response[CommandShape]:
    """Make a command, or change the one that is called so: then the answer is a 200."""
    command, new = await verbs.commands.create(actor, application_id, guild_id, data)
    return Response(command, status_code=201 if new else 200)


@put(_ALL, opt=refuses("too_many_commands", "not_yours", "missing_access"))
async def replace(
    verbs: Ask,
    actor: Who,
    application_id: FromPath[int],
    data: JSONBody[list[CreateCommand]],
    guild_id: FromPath[int] = EVERYWHERE,
) -> list[CommandShape]:
    """Let these be all commands."""
    return await verbs.commands.replace(actor, application_id, guild_id, data)


@patch(_ONE, opt=refuses("not_yours", "missing_access"))
async def edit(
    verbs: Ask,
    actor: Who,
    application_id: FromPath[int],
    command_id: FromPath[int],
    data: JSONBody[EditCommand],
    guild_id: FromPath[int] = EVERYWHERE,
) -> CommandShape:
    """Change a command."""
    return await verbs.commands.edit(actor, application_id, guild_id, command_id, data)


@delete(_ONE, opt=refuses("not_yours", "missing_access"), status_code=204)
async def end(
    verbs: Ask,
    actor: Who,
    application_id: FromPath[int],
    command_id: FromPath[int],
    guild_id: FromPath[int] = EVERYWHERE,
) -> None:
    """Delete a command."""
    await verbs.commands.delete(actor, application_id, guild_id, command_id)


@get(f"{_PERMISSIONS}/permissions", opt=refuses("not_yours", "missing_access"))
async def permissions(
    verbs: Ask, actor: Who, application_id: FromPath[int], guild_id: FromPath[int]
) -> list[CommandPermissions]:
    """Who may use which command is not restricted: there are none."""
    await verbs.commands.all(actor, application_id, guild_id)
    return []


@get(
    f"{_PERMISSIONS}/{{command_id:int}}/permissions",
    opt=refuses("not_yours", "missing_access", "unknown_command_permissions"),
)
async def permissions_of_one(
    verbs: Ask, actor: Who, application_id: FromPath[int], guild_id: FromPath[int], command_id: FromPath[int]
) -> CommandPermissions:
    """There are none of one command either, which is an error to Discord."""
    await verbs.commands.all(actor, application_id, guild_id)
    raise Unknown("command_permissions")


ROUTES = (all_, one, create, replace, edit, end, permissions, permissions_of_one)

"""Routes of applications, and how a bot is added to a guild."""

from __future__ import annotations

from typing import Annotated

from litestar import get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter

from derailed.actions.applications import Registered
from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.model import snowflakes
from derailed.wire import rest
from derailed.wire.replies import LocationReply, TokenReply
from derailed.wire.requests import Authorize, CreateApplication, EditApplication
from derailed.wire.shapes import ApplicationShape

_Number = Annotated[int, QueryParameter(ge=0, le=snowflakes.MAX)]


@post("/applications", opt=refuses("too_many_applications", "not_for_bots"), status_code=201)
async def create(verbs: Ask, actor: Who, data: JSONBody[CreateApplication]) -> ApplicationShape:
    """Register an application, with its bot."""
    return _shape(await verbs.applications.create(actor, data))


@get("/applications")
async def own(verbs: Ask, actor: Who) -> list[ApplicationShape]:
    """One's applications."""
    return [_shape(each) for each in await verbs.applications.all(actor)]


@get(
    ["/applications/@me", "/oauth2/applications/@me"], opt=refuses("only_for_bots", "not_yours", "unknown_application")
)
async def of_bot(verbs: Ask, actor: Who) -> ApplicationShape:
    """The application of the bot that asks."""
    return _shape(await verbs.applications.of_bot(actor))


@get("/applications/{application_id:int}", opt=refuses("not_yours"))
async def one(verbs: Ask, actor: Who, application_id: FromPath[int]) -> ApplicationShape:
    """One of one's applications."""
    return _shape(await verbs.applications.get(actor, application_id))


@patch("/applications/{application_id:int}", opt=refuses("not_yours"))
async def edit(
    verbs: Ask, actor: Who, application_id: FromPath[int], data: JSONBody[EditApplication]
) -> ApplicationShape:
    """Change an application."""
    return _shape(await verbs.applications.edit(actor, application_id, data))


@post("/applications/{application_id:int}/bot/reset", opt=refuses("not_yours"), status_code=200)
async def reset(verbs: Ask, actor: Who, application_id: FromPath[int]) -> TokenReply:
    """A new token for the bot."""
    return TokenReply(await verbs.applications.reset(actor, application_id))


@post(
    "/oauth2/authorize",
    opt=refuses(
        "too_many_guilds",
        "too_many_roles",
        "not_for_bots",
        "banned",
        "missing_permissions",
        "unknown_application",
        "unknown_guild",
    ),
    status_code=200,
)
async def authorize(
    verbs: Ask, actor: Who, data: JSONBody[Authorize], client_id: _Number, permissions: _Number = 0
) -> LocationReply:
    """Add a bot to a guild. The body's permissions win over the query's."""
    granted = permissions if data.permissions is None else int(data.permissions)
    await verbs.applications.authorize(actor, client_id, granted, data)
    return LocationReply("/")


def _shape(of: Registered) -> ApplicationShape:
    return rest.application(of.application, of.owner, of.bot, of.guild_count)


ROUTES = (create, own, of_bot, one, edit, reset, authorize)

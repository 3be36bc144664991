"""Who asks, and for what: what every route is given."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import SkipValidation

from derailed.actions.verbs import Verbs
from derailed.model.errors import Unauthenticated
from derailed.model.user import Actor

Ask = NamedDependency[SkipValidation[Verbs]]
"""The verbs."""
Who = NamedDependency[SkipValidation[Actor]]
"""On whose behalf the request is."""

ANYBODY = {"anybody": True}
"""`opt` of a route that needs no token."""


class Asked(Request[Actor, Any, State]):
    """A request. An empty body means an empty object: some libraries leave it out when there is nothing to say."""

    async def body(self) -> bytes:
        """The body, read once."""
        return await super().body() or b"{}"


async def authenticated(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: know who asks before anything of what they send is read. Raises Unauthenticated."""
    if handler.opt.get("anybody"):
        return
    token = connection.headers.get("authorization")
    if not token:
        raise Unauthenticated
    verbs: Verbs = connection.app.state.verbs
    connection.scope["user"] = await verbs.tokens.authenticate(token.removeprefix("Bot "))


def actor(request: Asked) -> Actor:
    """Who `authenticated` found."""
    return request.user

"""Who asks, and for what: what every route is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import SkipValidation
from msgspec.structs import replace

from derailed.actions.verbs import Verbs
from derailed.api.entrance import Caller, Entrance
from derailed.model.errors import FieldError, Invalid
from derailed.model.user import Actor
from derailed.wire import limits

if TYPE_CHECKING:
    from derailed.api.behind import Behind

Ask = NamedDependency[SkipValidation[Verbs]]
"""The verbs."""
Who = NamedDependency[SkipValidation[Actor]]
"""On whose behalf the request is."""

ANYBODY = {"anybody": True}
"""`opt` of a route that needs no token."""
SENT: Final = "sent"
"""Under which the state of a request has its body."""
_REASON: Final = "x-audit-log-reason"


class Asked(Request[Actor, Any, State]):
    """A request. An empty body means an empty object: some libraries leave it out when there is nothing to say."""

    async def body(self) -> bytes:
        """The body, read once. It is kept, to say what is wrong with it."""
        sent = await super().body() or b"{}"
        self.state[SENT] = sent
        return sent


async def authenticated(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Guard: know who asks before anything of what they send is read. Raises Unauthenticated."""
    if handler.opt.get("anybody"):
        return
    caller: Caller = connection.scope["caller"]  # type: ignore[typeddict-item]  # the application puts it there
    connection.scope["user"] = caller.actor


def behind(request: Asked) -> Behind:
    """What the request is for."""
    found: Behind = request.scope["behind"]  # type: ignore[typeddict-item]  # the application puts it there
    return found


def verbs(request: Asked) -> Verbs:
    """What one can do there."""
    return behind(request).verbs


def entrance(request: Asked) -> Entrance:
    """By which it came in."""
    return behind(request).entrance


def actor(request: Asked) -> Actor:
    """Who `authenticated` found, and the reason that they give. Raises Invalid when that is too long."""
    header = request.headers.get(_REASON)
    return replace(request.user, reason=_reason(header)) if header else request.user


def _reason(header: str) -> str | None:
    """What the header says in percent-encoded UTF-8; what is none is replaced, as nobody would know what to mend."""
    reason = unquote_to_bytes(header.encode("latin-1")).decode(errors="replace").replace("\0", "").strip()
    if len(reason) > limits.AUDIT_REASON:
        message = f"Must be {limits.AUDIT_REASON} or fewer in length."
        raise Invalid("invalid_form", FieldError(("reason",), "BASE_TYPE_MAX_LENGTH", message))
    return reason or None

"""Routes of logins, and of the end of an account."""

from __future__ import annotations

from litestar import get, post
from litestar.params import JSONBody

from derailed.actions.logins import Login
from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.api.entrance import Gate
from derailed.wire import rates
from derailed.wire.accounts import ClientInfo, DeleteAccount, EndSessions, SessionsShape, UserSession
from derailed.wire.rest import timestamp


@get("/auth/sessions", opt=refuses("not_for_bots"))
async def listed(verbs: Ask, actor: Who) -> SessionsShape:
    """One's logins that stand, the one that was used last first."""
    return SessionsShape([_shape(each) for each in await verbs.logins.all(actor)])


@post("/auth/sessions/logout", opt=refuses("not_for_bots"), status_code=204)
async def end(verbs: Ask, actor: Who, data: JSONBody[EndSessions]) -> None:
    """End some of them."""
    await verbs.logins.end(actor, data.session_id_hashes)


@post("/users/@me/delete", opt=refuses("not_for_bots", "owns_guilds"), status_code=204)
async def farewell(verbs: Ask, actor: Who, entrance: Gate, data: JSONBody[DeleteAccount]) -> None:
    """Delete one's account; what it said stays, under the name of nobody."""
    await entrance.spend(f"password:u{actor.user_id}", rates.LOGINS)
    await verbs.farewell.delete(actor, data.password)


def _shape(login: Login) -> UserSession:
    return UserSession(
        id_hash=login.id_hash,
        approx_last_used_time=timestamp(login.used_at),
        client_info=ClientInfo(*login.client),
    )


ROUTES = (listed, end, farewell)

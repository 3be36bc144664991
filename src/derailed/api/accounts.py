"""Routes of accounts: /auth and /users."""

from __future__ import annotations

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from derailed.actions.accounts import Own
from derailed.api.asking import ANYBODY, Ask, Asked, Who
from derailed.api.declaring import refuses
from derailed.api.entrance import Gate, secret_subject
from derailed.model import clients
from derailed.model.clients import Client
from derailed.wire import rates, rest
from derailed.wire.replies import LoginReply, LoginSettings, TokenReply
from derailed.wire.requests import EditAccount, Login, Register
from derailed.wire.shapes import OwnUserShape, UserShape


@post(
    "/auth/register",
    opt=ANYBODY | refuses("too_many_guilds", "registration_closed", "banned", "unknown_guild", "unknown_invite"),
    status_code=201,
)
async def register(verbs: Ask, data: JSONBody[Register], request: Asked) -> TokenReply:
    """Make an account; its first token."""
    return TokenReply(await verbs.accounts.register(data, _client(request)))


@post("/auth/login", opt=ANYBODY, status_code=200)
async def login(verbs: Ask, entrance: Gate, data: JSONBody[Login], request: Asked) -> LoginReply:
    """A new token for who knows the password."""
    await entrance.spend(secret_subject("login", data.login.strip().casefold()), rates.LOGINS)
    user_id, token = await verbs.accounts.login(data, _client(request))
    settings = await verbs.settings.of_account(user_id)
    return LoginReply(str(user_id), token, LoginSettings(settings.locale, settings.theme))


@post("/auth/logout", status_code=204)
async def logout(verbs: Ask, actor: Who) -> None:
    """End the token that asks."""
    await verbs.accounts.logout(actor)


@get("/users/@me")
async def own(verbs: Ask, actor: Who) -> OwnUserShape:
    """One's own account."""
    return _own(await verbs.accounts.own(actor))


@patch("/users/@me", opt=refuses("not_for_bots"))
async def edit(verbs: Ask, actor: Who, entrance: Gate, data: JSONBody[EditAccount], request: Asked) -> OwnUserShape:
    """Change one's name, pictures or password."""
    if data.password is not None:
        await entrance.spend(f"password:u{actor.user_id}", rates.LOGINS)
    return _own(await verbs.accounts.edit(actor, data, _client(request)))


@get("/users/{user_id:int}")
async def other(verbs: Ask, actor: Who, user_id: FromPath[int]) -> UserShape:
    """Anybody's account."""
    return rest.user(await verbs.accounts.get(actor, user_id))


@delete("/users/@me/guilds/{guild_id:int}", opt=refuses("invalid_owner"), status_code=204)
async def leave(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> None:
    """Leave a guild."""
    await verbs.guilds.leave(actor, guild_id)


def _client(request: Asked) -> Client:
    """What asks, as far as it says."""
    return clients.of(request.headers.get("user-agent", ""))


def _own(account: Own) -> OwnUserShape:
    return rest.own_user(account.user, account.email, account.locale, account.token)


ROUTES = (register, login, logout, own, edit, other, leave)

"""Accounts: register, log in and out, see and change oneself."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from derailed.actions import acquaintance, images, joining, looks
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form, refuse
from derailed.actions.passwords import Passwords
from derailed.actions.tokens import Tokens
from derailed.model.clients import NOBODY, Client
from derailed.model.errors import FieldError, Forbidden, Invalid, Unauthenticated, Unavailable, Unknown
from derailed.model.user import DELETED, Actor, User
from derailed.store import Connection, members, users
from derailed.store.users import Credentials
from derailed.wire import limits
from derailed.wire.records import guild_topic, user_topic
from derailed.wire.requests import EditAccount, Login, Register

_USERNAME: Final = re.compile(r"[a-z0-9_.]+")
_EMAIL: Final = re.compile(r"[^@\s\0]+@[^@\s\0]+")


class Own(NamedTuple):
    """An account as it sees itself; `token` is new, when the password was changed."""

    user: User
    email: str | None
    locale: str
    token: str | UnsetType = UNSET


class Accounts:
    """What one does with an account of one's own, or to get one. `registration` is open, invite or closed."""

    def __init__(self, context: Context, tokens: Tokens, passwords: Passwords, registration: str) -> None:
        self._context = context
        self._tokens = tokens
        self._passwords = passwords
        self._registration = registration

    async def register(self, body: Register, client: Client = NOBODY) -> str:
        """A new account's first token. With an invite the account joins its guild at once."""
        self._require_admission(body)
        body.username = body.username.lower()
        _check_registration(body)
        password = await self._passwords.hash(body.password)

        async def work(changes: Changes) -> str:
            user_id = self._context.new_id()
            user = User(id=user_id, username=body.username, global_name=body.global_name or None)
            if not await users.insert(changes.tx, user, password):
                raise _name_taken()
            if body.invite is not None:
                await joining.by_invite(changes, body.invite, user)
            return await self._tokens.issue(changes.tx, user_id, user_id, client)

        return await change(self._context, work)

    async def login(self, body: Login, client: Client = NOBODY) -> tuple[int, str]:
        """The account's id and a new token."""
        name = body.login.strip()
        known = await self._context.store.read(lambda tx: users.credentials_of_name(tx, name))
        kept = None if known is None else known.password
        if not await self._passwords.verify(kept, body.password):
            raise _wrong_login()
        assert known is not None
        user_id = known.user.id

        async def work(tx: Connection) -> str:
            now = await users.credentials(tx, user_id)
            if now is None or now.password != kept:  # it was changed while we looked at the old one
                raise _wrong_login()
            return await self._tokens.issue(tx, self._context.new_id(), user_id, client)

        return user_id, await self._context.store.write(work)

    async def logout(self, actor: Actor) -> None:
        """The token that asks does not stand any more."""

        async def work(changes: Changes) -> None:
            await self._tokens.revoke(changes.tx, actor.token_id)
            await changes.revoked(actor.user_id, actor.token_id)

        await change(self._context, work)
        self._tokens.evict(actor.user_id)

    async def own(self, actor: Actor) -> Own:
        """One's own account."""

        async def work(tx: Connection) -> Own:
            known = await _own(tx, actor)
            return Own(known.user, known.email, await _locale(tx, actor.user_id))

        return await self._context.store.read(work)

    async def get(self, actor: Actor, user_id: int) -> User:
        """Anybody's account."""
        user = await self._context.store.read(lambda tx: users.get(tx, user_id))
        if user is None:
            raise Unknown("user")
        return user

    async def edit(self, actor: Actor, body: EditAccount, client: Client = NOBODY) -> Own:
        """Change one's name, pictures or password; what proves one is asked for again, unless one is a bot."""
        if actor.bot and body.new_password is not None:
            raise Forbidden("not_for_bots")
        _check_edit(body)
        before = await self._context.store.read(lambda tx: _own(tx, actor))
        renamed, moved = body.username not in (UNSET, before.user.username), body.email not in (UNSET, before.email)
        guarded = body.new_password is not None or renamed or moved
        if guarded and not before.user.bot and not await self._proved(before, body.password):
            raise refuse("password", "PASSWORD_DOES_NOT_MATCH", "Password does not match.")
        new = None if body.new_password is None else await self._passwords.hash(body.new_password)
        avatar = await images.taken(self._context, "avatar", body.avatar, images.AVATAR)
        banner = await images.taken(self._context, "banner", body.banner, images.BANNER)

        async def work(changes: Changes) -> Own:
            known = await _own(changes.tx, actor)
            if guarded and known.password != before.password:
                raise refuse("password", "PASSWORD_DOES_NOT_MATCH", "Password does not match.")
            user = replace(
                _renamed(known.user, body),
                avatar=await images.replace(self._context, changes.tx, images.AVATAR, known.user.avatar, avatar),
                banner=await images.replace(self._context, changes.tx, images.BANNER, known.user.banner, banner),
            )
            email = known.email if body.email is UNSET else body.email
            await self._show(changes, known, Credentials(user, email, None))
            token = UNSET if new is None else await self._renew(changes, user.id, new, client)
            return Own(user, email, await _locale(changes.tx, user.id), token)

        async with images.held(self._context, avatar, banner):
            result = await change(self._context, work)
        if new is not None:
            self._tokens.evict(actor.user_id)
        return result

    async def reset_password(self, username: str, new_password: str) -> None:
        """The operator's: a new password for whoever lost theirs. No token stands any more. Raises Unknown("user")."""
        form = Form()
        form.text("new_password", new_password, *limits.PASSWORD)
        form.finish()
        password = await self._passwords.hash(new_password)

        async def work(changes: Changes) -> int:
            known = await users.credentials_of_name(changes.tx, username)
            if known is None or known.user.bot:
                raise Unknown("user")
            await self._set_password(changes, known.user.id, password)
            return known.user.id

        self._tokens.evict(await change(self._context, work))

    def _require_admission(self, body: Register) -> None:
        if self._registration == "closed":
            raise Forbidden("registration_closed")
        if self._registration == "invite" and not body.invite:
            raise refuse("invite", "BASE_TYPE_REQUIRED", "An invite is needed to register here.")

    async def _proved(self, known: Credentials, password: str | None) -> bool:
        return password is not None and await self._passwords.verify(known.password, password)

    async def _show(self, changes: Changes, known: Credentials, now: Credentials) -> None:
        """Write how the account looks, and tell everyone who sees it: each guild, then the account itself."""
        user = now.user
        if now.email != known.email:
            await users.set_email(changes.tx, user.id, now.email)
        if user == known.user:
            if now.email != known.email:
                await changes.hold(user_topic(user.id))
                await changes.user_update(user, now.email, await _locale(changes.tx, user.id))
            return
        if await users.name_is_taken(changes.tx, user.username, by_other_than=user.id):
            raise _name_taken()
        await users.update(changes.tx, user)
        await looks.changed(changes, user.id)
        guild_ids = await members.guilds_of(changes.tx, user.id)
        for topic in (*sorted(map(guild_topic, guild_ids)), user_topic(user.id)):
            await changes.hold(topic)
        if not set(guild_ids).issuperset(await members.guilds_of(changes.tx, user.id)):
            raise Unavailable  # another process let them into a guild meanwhile, which would not hear of this
        for guild_id in sorted(guild_ids, key=guild_topic):
            pair = await members.get(changes.tx, guild_id, user.id)
            if pair is not None:
                await changes.member("GUILD_MEMBER_UPDATE", pair[0], user)
        await changes.user_update(user, now.email, await _locale(changes.tx, user.id))

    async def _renew(self, changes: Changes, user_id: int, password: str, client: Client) -> str:
        await self._set_password(changes, user_id, password)
        return await self._tokens.issue(changes.tx, self._context.new_id(), user_id, client)

    async def _set_password(self, changes: Changes, user_id: int, password: str) -> None:
        await users.set_password(changes.tx, user_id, password)
        await self._tokens.revoke_all(changes.tx, user_id)
        await changes.revoked(user_id, 0)


async def _own(tx: Connection, actor: Actor) -> Credentials:
    known = await users.credentials(tx, actor.user_id)
    if known is None:
        raise Unauthenticated
    return known


async def _locale(tx: Connection, user_id: int) -> str:
    return (await acquaintance.settings_of(tx, user_id)).locale


def _renamed(user: User, body: EditAccount) -> User:
    if body.username is not UNSET:
        user = replace(user, username=body.username)
    if body.global_name is not UNSET:
        user = replace(user, global_name=body.global_name or None)
    return user


def _check_registration(body: Register) -> None:
    form = Form()
    _check_username(form, body.username)
    form.text("password", body.password, *limits.PASSWORD)
    form.text("global_name", body.global_name or "", 0, limits.DISPLAY_NAME)
    form.finish()


def _check_edit(body: EditAccount) -> None:
    form = Form()
    if body.username is not UNSET:
        body.username = body.username.lower()
        _check_username(form, body.username)
    if body.global_name is not UNSET:
        form.text("global_name", body.global_name or "", 0, limits.DISPLAY_NAME)
    if isinstance(body.email, str) and not (_EMAIL.fullmatch(body.email) and len(body.email) <= limits.EMAIL):
        form.add("email", "EMAIL_TYPE_INVALID_EMAIL", "Not a well formed email address.")
    if body.new_password is not None:
        form.text("new_password", body.new_password, *limits.PASSWORD)
    form.finish()


def _check_username(form: Form, username: str) -> None:
    form.text("username", username, *limits.USERNAME)
    if username.startswith(DELETED):
        form.add("username", "USERNAME_ALREADY_TAKEN", "Username is taken.")
    elif username and not _USERNAME.fullmatch(username):
        form.add("username", "USERNAME_INVALID_CHARACTERS", "Only letters, digits, _ and . can be in a username.")


def _name_taken() -> Invalid:
    return refuse("username", "USERNAME_ALREADY_TAKEN", "Username is taken.")


def _wrong_login() -> Invalid:
    message = "Login or password is invalid."
    return Invalid(
        "invalid_form",
        FieldError(("login",), "INVALID_LOGIN", message),
        FieldError(("password",), "INVALID_LOGIN", message),
    )

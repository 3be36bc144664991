"""Applications: what people register to have a bot, and how a bot comes into a guild."""

from __future__ import annotations

import secrets
from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from derailed.actions import images, joining
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.actions.tokens import Tokens
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Role
from derailed.model.user import Actor, Application, User
from derailed.store import Connection, applications, guilds, members, roles, users
from derailed.wire import limits
from derailed.wire.audit import Action, Entry
from derailed.wire.records import guild_topic
from derailed.wire.requests import Authorize, CreateApplication, EditApplication


class Registered(NamedTuple):
    """An application, whose it is, its bot, and in how many guilds that is."""

    application: Application
    owner: User
    bot: User | None
    guild_count: int


class Applications:
    """Bots, from the side of those who keep them."""

    def __init__(self, context: Context, tokens: Tokens) -> None:
        self._context = context
        self._tokens = tokens

    async def create(self, actor: Actor, body: CreateApplication) -> Registered:
        """An application with its bot account; `reset` gives the token."""
        _check(body.name, "")
        if actor.bot:
            raise Forbidden("not_for_bots")

        async def work(changes: Changes) -> Registered:
            if len(await applications.of_owner(changes.tx, actor.user_id)) >= limits.APPLICATIONS:
                raise Invalid("too_many_applications")
            application, _ = await self._register(changes.tx, actor.user_id, body.name.strip())
            return await _registered(changes.tx, application)

        return await change(self._context, work)

    async def all(self, actor: Actor) -> list[Registered]:
        """One's own applications."""

        async def work(tx: Connection) -> list[Registered]:
            return [await _registered(tx, each) for each in await applications.of_owner(tx, actor.user_id)]

        return await self._context.store.read(work)

    async def get(self, actor: Actor, application_id: int) -> Registered:
        """One's own application, or oneself as a bot."""

        async def work(tx: Connection) -> Registered:
            return await _registered(tx, await require_kept(tx, actor, application_id))

        return await self._context.store.read(work)

    async def of_bot(self, actor: Actor) -> Registered:
        """The application of the bot that asks."""
        if not actor.bot:
            raise Forbidden("only_for_bots")
        return await self.get(actor, actor.user_id)

    async def edit(self, actor: Actor, application_id: int, body: EditApplication) -> Registered:
        """Change what one's application is called and says of itself; its bot keeps its name."""
        _check("-" if body.name is UNSET else body.name, "" if body.description is UNSET else body.description)

        icon = await images.taken(self._context, "icon", body.icon, images.APP_ICON)

        async def work(changes: Changes) -> Registered:
            application = await _own(changes.tx, actor, application_id)
            shown = await images.replace(self._context, changes.tx, images.APP_ICON, application.icon, icon)
            application = replace(application, icon=shown)
            if body.name is not UNSET:
                application = replace(application, name=body.name.strip())
            if body.description is not UNSET:
                application = replace(application, description=body.description)
            await applications.update(changes.tx, application)
            return await _registered(changes.tx, application)

        async with images.held(self._context, icon):
            return await change(self._context, work)

    async def reset(self, actor: Actor, application_id: int) -> str:
        """A new token for the bot; the ones before do not stand any more."""

        async def work(changes: Changes) -> str:
            application = await _own(changes.tx, actor, application_id)
            await self._tokens.revoke_all(changes.tx, application.id)
            await changes.revoked(application.id, 0)
            return await self._tokens.issue(changes.tx, self._context.new_id(), application.id)

        token = await change(self._context, work)
        self._tokens.evict(application_id)
        return token

    async def authorize(self, actor: Actor, application_id: int, asked: int, body: Authorize) -> None:
        """Add the bot to a guild that one manages, with as many of the asked permissions as one has oneself."""
        if actor.bot:
            raise Forbidden("not_for_bots")
        if not body.authorize:
            return
        guild_id = int(body.guild_id)

        async def work(changes: Changes) -> None:
            access = await changes.in_guild(actor, guild_id)
            access.require(permissions.MANAGE_GUILD)
            application = await _existing(changes.tx, application_id)
            bot = await users.get(changes.tx, application.id)
            assert bot is not None
            if await guilds.member(changes.tx, guild_id, bot.id) is not None:
                return
            if len(access.guild.roles) >= limits.ROLES:
                raise Invalid("too_many_roles")
            held = await self._managed_role(changes, guild_id, application, asked & access.permissions)
            await joining.enter(changes, guild_id, bot, held)
            await changes.audit(actor, guild_id, Entry(Action.BOT_ADD, bot.id))

        await change(self._context, work)

    async def create_bot(self, name: str, guild_id: int) -> tuple[int, str]:
        """The operator's: a bot of the guild's owner, in the guild at once; its id and token."""
        _check(name, "")

        async def work(changes: Changes) -> tuple[int, str]:
            await changes.hold(guild_topic(guild_id))
            guild = await guilds.shape(changes.tx, guild_id, 0)
            if guild is None:
                raise Unknown("guild")
            application, bot = await self._register(changes.tx, guild.owner_id, name.strip())
            await joining.enter(changes, guild_id, bot)
            token = await self._tokens.issue(changes.tx, self._context.new_id(), application.id)
            return application.id, token

        return await change(self._context, work)

    async def _register(self, tx: Connection, owner_id: int, name: str) -> tuple[Application, User]:
        application = Application(id=self._context.new_id(), owner_id=owner_id, name=name)
        bot = User(id=application.id, username=name, bot=True)
        while not await users.insert(tx, bot, None):
            bot = replace(bot, username=f"{name[:27]}{secrets.randbelow(100_000):05d}")
        await applications.insert(tx, application)
        return application, bot

    async def _managed_role(
        self, changes: Changes, guild_id: int, application: Application, granted: int
    ) -> tuple[int, ...]:
        """The role that carries what the bot was granted; none when that is nothing."""
        if not granted:
            return ()
        role = Role(
            id=self._context.new_id(),
            name=application.name,
            permissions=granted,
            position=1,
            managed=True,
            bot_id=application.id,
        )
        await roles.insert(changes.tx, guild_id, role)
        await changes.role("GUILD_ROLE_CREATE", guild_id, role)
        return (role.id,)


def _check(name: str, description: str) -> None:
    form = Form()
    form.text("name", name, *limits.APPLICATION_NAME)
    form.text("description", description, 0, limits.APPLICATION_DESCRIPTION)
    form.finish()


async def _existing(tx: Connection, application_id: int) -> Application:
    application = await applications.get(tx, application_id)
    if application is None:
        raise Unknown("application")
    return application


async def _own(tx: Connection, actor: Actor, application_id: int) -> Application:
    application = await _existing(tx, application_id)
    if application.owner_id != actor.user_id:
        raise Forbidden("not_yours")
    return application


async def require_kept(tx: Connection, actor: Actor, application_id: int) -> Application:
    """The application, if it is the actor's or the actor is its bot. Raises Unknown, Forbidden("not_yours")."""
    application = await _existing(tx, application_id)
    if actor.user_id not in (application.owner_id, application.id):
        raise Forbidden("not_yours")
    return application


async def _registered(tx: Connection, application: Application) -> Registered:
    owner = await users.get(tx, application.owner_id)
    assert owner is not None
    bot = await users.get(tx, application.id)
    return Registered(application, owner, bot, len(await members.guilds_of(tx, application.id)))

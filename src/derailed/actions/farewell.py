"""The end of an account: it can do nothing any more at once, and what is left of it goes in steps.

What it said stays, under the name of nobody. It leaves its guilds and its friends one after the other, each of whom is
told; nobody is told anything else than that.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from derailed.actions import chores, conversing, images, joining
from derailed.actions.changes import Changes, change
from derailed.actions.chores import EndAccount
from derailed.actions.context import Context
from derailed.actions.conversations import take_out
from derailed.actions.forms import refuse
from derailed.actions.passwords import Passwords
from derailed.actions.relationships import tell
from derailed.actions.tokens import Tokens
from derailed.model.errors import Forbidden, Invalid, Unauthenticated, Unknown
from derailed.model.user import DELETED, Actor, User
from derailed.store import applications, blobs, conversations, harvests, members, relationships, users
from derailed.store.users import Credentials
from derailed.wire.records import guild_topic, user_topic
from derailed.wire.relationships import REMOVED

NOWHERE: Final = 0
"""The guild of chores that are of none."""
_RELATIONS: Final = 20
"""Of one step, each with two topics to be locked: some milliseconds."""
_ROWS: Final = 500
_NAME: Final = "Deleted User"


class Farewell:
    """Deletes one's own account."""

    def __init__(self, context: Context, tokens: Tokens, passwords: Passwords) -> None:
        self._context = context
        self._tokens = tokens
        self._passwords = passwords

    async def delete(self, actor: Actor, password: str) -> None:
        """Delete it. Raises Invalid("owns_guilds") to who has guilds: they are given away or deleted before."""
        if actor.bot:
            raise Forbidden("not_for_bots")
        before = await self._context.store.read(lambda tx: users.credentials(tx, actor.user_id))
        if before is None:
            raise Unauthenticated
        if not await self._passwords.verify(before.password, password):
            raise _wrong_password()

        async def work(changes: Changes) -> list[int]:
            bots = [each.id for each in await applications.of_owner(changes.tx, actor.user_id)]
            for topic in sorted(map(user_topic, [actor.user_id, *bots])):
                await changes.hold(topic)
            known = await users.credentials(changes.tx, actor.user_id)
            if known is None or known.password != before.password:
                raise _wrong_password()
            if await members.owns_any(changes.tx, actor.user_id):
                raise Invalid("owns_guilds")
            await self._empty(changes, known)
            for user_id in sorted([actor.user_id, *bots], key=user_topic):
                await self._tokens.revoke_all(changes.tx, user_id)
                await changes.revoked(user_id, 0)
            await chores.begin(changes, self._context.new_id(), NOWHERE, EndAccount(actor.user_id))
            return bots

        for user_id in [actor.user_id, *await change(self._context, work)]:
            self._tokens.evict(user_id)

    async def _empty(self, changes: Changes, known: Credentials) -> None:
        """Nothing is left of who it was, and nobody can log in."""
        user = known.user
        for kind, name in ((images.AVATAR, user.avatar), (images.BANNER, user.banner)):
            if name is not None:
                await images.retire(self._context, changes.tx, kind, name)
        nobody = User(id=user.id, username=f"{DELETED}{user.id}", global_name=_NAME)
        await users.update(changes.tx, nobody)
        await users.close(changes.tx, user.id)
        archives = await harvests.of_user(changes.tx, user.id)
        await blobs.doom(changes.tx, [each.key for each in archives if each.finished_at is not None], 0)
        await harvests.forget(changes.tx, user.id)


async def end_account(changes: Changes, chore: EndAccount) -> EndAccount | None:
    """Leave one guild or group, or end some of what was between the account and others. DMs stay, for the others."""
    user_id = chore.user_id
    account = await users.get(changes.tx, user_id)
    assert account is not None  # accounts stay, because of what they said
    guild_ids = sorted(set(await members.guilds_of(changes.tx, user_id)) - set(chore.kept), key=guild_topic)
    if guild_ids:
        return await _leave(changes, chore, guild_ids[0], account)
    group_id = await conversations.a_group_of(changes.tx, user_id)
    if group_id is not None:
        group = await conversing.hold(changes, user_id, group_id)
        await take_out(changes, Actor(user_id, 0, False), group, account)
        return chore
    found = (await relationships.of_user(changes.tx, user_id))[:_RELATIONS]
    for topic in sorted(map(user_topic, [user_id, *(each.user.id for each in found)])):
        await changes.hold(topic)
    for each in found:
        await relationships.delete(changes.tx, user_id, each.user.id)
        theirs = await relationships.get(changes.tx, each.user.id, user_id)
        if theirs is not None:
            await relationships.delete(changes.tx, each.user.id, user_id)
            await tell(changes, each.user.id, REMOVED, theirs)
    if len(found) == _RELATIONS:
        return chore
    return chore if await users.forget_some(changes.tx, user_id, _ROWS) else None


async def _leave(changes: Changes, chore: EndAccount, guild_id: int, account: User) -> EndAccount:
    await changes.hold(guild_topic(guild_id))
    await changes.hold(user_topic(account.id))
    try:
        guild = await changes.guild(guild_id)
    except Unknown:
        return replace(chore, kept=(*chore.kept, guild_id))  # its own end tells everybody
    if guild.owner_id == account.id:
        return replace(chore, kept=(*chore.kept, guild_id))  # it was given away to them at the same moment
    if await members.get(changes.tx, guild_id, account.id) is not None:
        await joining.exit_from(changes, guild, account)
    return chore


def _wrong_password() -> Invalid:
    return refuse("password", "PASSWORD_DOES_NOT_MATCH", "Password does not match.")

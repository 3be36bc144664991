"""Invites: make them, look them up, come in by them, close them."""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

from derailed.actions import counting, entries, joining
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unauthenticated
from derailed.model.guild import Channel, ChannelType, Guild, Invite
from derailed.model.user import Actor, User
from derailed.store import Connection, guilds, invites, topics, users
from derailed.wire import limits
from derailed.wire.audit import Action
from derailed.wire.records import guild_topic
from derailed.wire.requests import CreateInvite

_ALPHABET: Final = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
"""Without what looks alike when it is read aloud or copied by hand."""
_LENGTH: Final = 8


class Opened(NamedTuple):
    """An invite with what it leads to and who made it."""

    invite: Invite
    guild: Guild
    inviter: User | None
    member_count: int
    online: int = 0


class Invites:
    """The ways into guilds."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def create(self, actor: Actor, channel_id: int, body: CreateInvite) -> Opened:
        """A new code. Without `unique` one's own that is just as good is given again."""
        form = Form()
        form.number("max_age", body.max_age, 0, limits.INVITE_AGE_S)
        form.number("max_uses", body.max_uses, 0, limits.INVITE_USES)
        form.finish()

        async def work(changes: Changes) -> Opened:
            access = await changes.in_channel(actor, channel_id)
            access.require(permissions.CREATE_INSTANT_INVITE)
            guild = access.guild
            if guild.channels[channel_id].type == ChannelType.CATEGORY:
                raise Invalid("wrong_channel_type")
            inviter = await users.get(changes.tx, actor.user_id)
            assert inviter is not None
            await invites.forget_over(changes.tx, guild.id, changes.now_ms)
            known = await invites.of_guild(changes.tx, guild.id)
            invite = None if body.unique else _same(known, actor, channel_id, body)
            if invite is None:
                if len(known) >= limits.INVITES:
                    raise Invalid("too_many_invites")
                invite = _new(actor, guild.id, channel_id, body, changes.now_ms)
                await invites.insert(changes.tx, invite)
                await changes.invite_create(invite, inviter)
                await changes.audit(actor, guild.id, entries.invite(Action.INVITE_CREATE, invite))
            return Opened(invite, guild, inviter, await guilds.member_count(changes.tx, guild.id))

        return await change(self._context, work)

    async def get(self, code: str, *, counted: bool) -> Opened:
        """What a code leads to; whoever has it may look. `counted`: and how many are there now."""

        async def work(tx: Connection) -> Opened:
            return await self._open(tx, await joining.open_invite(tx, code, self._context.clock()))

        opened = await self._context.store.read(work)
        if not counted:
            return opened
        online = await counting.online(self._context, [opened.guild.id])
        return opened._replace(online=online[opened.guild.id])

    async def accept(self, actor: Actor, code: str) -> Opened:
        """Come in. To belong already is fine."""
        if actor.bot:
            raise Forbidden("not_for_bots")

        async def work(changes: Changes) -> Opened:
            account = await users.get(changes.tx, actor.user_id)
            if account is None:
                raise Unauthenticated
            invite = await joining.by_invite(changes, code, account)
            return await self._open(changes.tx, invite)

        return await change(self._context, work)

    async def delete(self, actor: Actor, code: str) -> Opened:
        """Close one: one's own, or any in a channel or guild that one manages."""

        async def work(changes: Changes) -> Opened:
            invite = await joining.open_invite(changes.tx, code, changes.now_ms)
            access = await changes.in_guild(actor, invite.guild_id)
            channel = access.guild.channels[invite.channel_id]
            if invite.inviter_id != actor.user_id and not _manages(access, channel, changes.now_ms):
                raise Forbidden
            opened = await self._open(changes.tx, invite)
            await invites.delete(changes.tx, code)
            await changes.invite_delete(invite)
            await changes.audit(actor, invite.guild_id, entries.invite(Action.INVITE_DELETE, invite))
            return opened

        return await change(self._context, work)

    async def of_guild(self, actor: Actor, guild_id: int) -> list[Opened]:
        """All ways into a guild that one manages."""

        async def work(tx: Connection) -> list[Opened]:
            now_ms = self._context.clock()
            access = await self._context.shapes.in_guild(tx, actor, guild_id, now_ms, lift=False)
            access.require(permissions.MANAGE_GUILD)
            found = await self._list(tx, guild_id)
            seen = {each.id for each in access.guild.channels.values() if access.sees(each, now_ms)}
            return [each for each in found if each.invite.channel_id in seen]

        return await self._context.store.read(work)

    async def of_channel(self, actor: Actor, channel_id: int) -> list[Opened]:
        """All ways into a guild by a channel that one manages."""

        async def work(tx: Connection) -> list[Opened]:
            now_ms = self._context.clock()
            access = await self._context.shapes.in_channel(tx, actor, channel_id, now_ms, lift=False)
            access.require(permissions.MANAGE_CHANNELS)
            found = await self._list(tx, access.guild.id)
            return [each for each in found if each.invite.channel_id == channel_id]

        return await self._context.store.read(work)

    async def _list(self, tx: Connection, guild_id: int) -> list[Opened]:
        now_ms = self._context.clock()
        found = await invites.of_guild(tx, guild_id)
        return [await self._open(tx, each) for each in found if not joining.is_over(each, now_ms)]

    async def _open(self, tx: Connection, invite: Invite) -> Opened:
        at = await topics.look(tx, guild_topic(invite.guild_id))
        guild = await self._context.shapes.guild(tx, invite.guild_id, at)
        inviter = await users.get(tx, invite.inviter_id)
        return Opened(invite, guild, inviter, await guilds.member_count(tx, guild.id))


def _manages(access: Access, channel: Channel, now_ms: int) -> bool:
    there = permissions.of_member(access.guild, access.member, channel, now_ms)
    return bool(access.permissions & permissions.MANAGE_GUILD or there & permissions.MANAGE_CHANNELS)


def _new(actor: Actor, guild_id: int, channel_id: int, body: CreateInvite, now_ms: int) -> Invite:
    return Invite(
        code="".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)),
        guild_id=guild_id,
        channel_id=channel_id,
        inviter_id=actor.user_id,
        created_at=now_ms,
        max_age_s=body.max_age,
        max_uses=body.max_uses,
        temporary=body.temporary,
    )


def _same(known: list[Invite], actor: Actor, channel_id: int, body: CreateInvite) -> Invite | None:
    """One's own that never ends, when such a one is asked for: any other would have less left than a new one."""
    terms = (actor.user_id, channel_id, 0, 0, body.temporary)
    if body.max_uses or body.max_age:
        return None
    for each in known:
        if (each.inviter_id, each.channel_id, each.max_age_s, each.max_uses, each.temporary) == terms:
            return each
    return None

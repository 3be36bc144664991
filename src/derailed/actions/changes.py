"""How a verb says what it did: one record per rev, and never a rev without its record.

`change(context, work)` is one transaction. Inside, `in_guild` and `in_channel` lock the guild's topic and say what
the actor may do; each of the methods below them puts one record under the next rev of its topic.
What Discord audits ends with `audit`: an entry of the log, and its event, of the same transaction.
A verb of several topics begins them in sorted order: guilds before users.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from msgspec.structs import replace

from derailed.actions import audit
from derailed.actions.access import Access
from derailed.actions.context import Context
from derailed.model.guild import Channel, Guild, Invite, Member, Role
from derailed.model.user import Actor, User
from derailed.store import Connection, channels, topics
from derailed.store.topics import Change
from derailed.telemetry import CAUSE
from derailed.wire import events, moderation
from derailed.wire.audit import Entry
from derailed.wire.records import JOINED, LEFT, REVOKED, Record, encode, guild_topic, user_topic

T = TypeVar("T")


class Changes:
    """The records of one transaction."""

    def __init__(self, context: Context, tx: Connection) -> None:
        self.tx = tx
        self.now_ms = context.clock()
        self.context = context
        self._shapes = context.shapes
        self._unspent: dict[str, int] = {}

    async def in_guild(self, actor: Actor, guild_id: int) -> Access:
        """What the actor may do in the guild, which no one else changes until this is over. Raises Unknown("guild")."""
        access = await self._shapes.in_guild(self.tx, actor, guild_id, self.now_ms, lift=True)
        self._unspent[guild_topic(guild_id)] = access.rev
        return access

    async def in_channel(self, actor: Actor, channel_id: int) -> Access:
        """The same for a channel. Raises Unknown("channel"), Forbidden("missing_access")."""
        access = await self._shapes.in_channel(self.tx, actor, channel_id, self.now_ms, lift=True)
        self._unspent[guild_topic(access.guild.id)] = access.rev
        return access

    async def of_guild(self, actor: Actor, where: tuple[int, int]) -> Access:
        """The same for a channel that is known to be in that guild."""
        access = await self._shapes.of_guild(self.tx, actor, where, self.now_ms, lift=True)
        self._unspent[guild_topic(access.guild.id)] = access.rev
        return access

    def lifted(self, told: Iterable[tuple[str, int]]) -> None:
        """These topics were lifted to these revs, under which `emit` puts its first record of each."""
        self._unspent.update(told)

    async def hold(self, topic: str) -> topics.Versions:
        """Lock a topic that `emit` will be called for, before what the decision rests on is read."""
        at = await topics.lift(self.tx, topic)
        self._unspent[topic] = at.rev
        return at

    async def guild(self, guild_id: int) -> Guild:
        """The shape of a guild that this verb holds, with what it has changed of it. Raises Unknown("guild")."""
        return await self._shapes.guild(self.tx, guild_id, await topics.look(self.tx, guild_topic(guild_id)))

    def new_id_in(self, topic: str) -> int:
        """The next snowflake in a topic that this verb holds."""
        return self.context.new_id_in(self.tx, topic)

    async def emit(self, topic: str, change: Change, record: Record) -> int:
        """Put the record under the topic's next rev, which is returned."""
        rev = self._unspent.pop(topic, 0) or (await topics.lift(self.tx, topic)).rev
        if change:
            await topics.mark(self.tx, topic, change)
        await self.tx.emit(topic, rev, encode(replace(record, rev=rev, time=self.now_ms, cause=CAUSE.get())))
        return rev

    async def give_back(self) -> None:
        """Lower again what was raised for nothing: the verb found that there was nothing to change."""
        for topic in self._unspent:
            await topics.lower(self.tx, topic)

    async def guild_update(self, guild: Guild, change: Change = Change.SHAPE) -> int:
        """The guild's own row was changed, or written for the first time."""
        data = events.guild_update(guild)
        return await self._shape("GUILD_UPDATE", guild.id, guild.id, data, change)

    async def guild_delete(self, guild_id: int) -> int:
        """The guild is gone."""
        change = Change.SHAPE | Change.MEMBERS
        return await self._shape("GUILD_DELETE", guild_id, guild_id, events.guild_delete(guild_id), change)

    async def channel(self, event: str, of: Channel) -> int:
        """A channel was made, changed or deleted."""
        last = await channels.last_message_ids(self.tx, (of.id,))
        data = events.channel(of, last.get(of.id))
        record = Record(event=event, guild=of.guild_id, id=of.id, channel=of.id, data=data)
        return await self.emit(guild_topic(of.guild_id), Change.SHAPE, record)

    async def role(self, event: str, guild_id: int, of: Role) -> int:
        """A role was made or changed."""
        return await self._shape(event, guild_id, of.id, events.role(guild_id, of))

    async def role_delete(self, guild_id: int, role_id: int) -> int:
        """A role is gone, from everyone who held it too."""
        change = Change.SHAPE | Change.MEMBERS
        return await self._shape("GUILD_ROLE_DELETE", guild_id, role_id, events.role_delete(guild_id, role_id), change)

    async def emojis_update(self, guild: Guild) -> int:
        """An emoji of the guild was added, changed or removed; `guild` is what it is then."""
        return await self._shape("GUILD_EMOJIS_UPDATE", guild.id, guild.id, events.emojis_update(guild))

    async def member(self, event: str, of: Member, account: User) -> int:
        """A member was added or changed, or looks different because its account does."""
        return await self._member(event, of.guild_id, account.id, events.member(of, account))

    async def member_remove(self, guild_id: int, account: User) -> int:
        """A member left, or was made to."""
        return await self._member("GUILD_MEMBER_REMOVE", guild_id, account.id, events.member_remove(guild_id, account))

    async def ban(self, event: str, guild_id: int, account: User) -> int:
        """Somebody was banned, or is not any more."""
        record = Record(event=event, guild=guild_id, target=account.id, data=moderation.ban_event(guild_id, account))
        return await self.emit(guild_topic(guild_id), Change.NOTHING, record)

    async def invite_create(self, of: Invite, inviter: User) -> int:
        """There is a new way in."""
        return await self._invite("INVITE_CREATE", of, events.invite_create(of, inviter))

    async def invite_delete(self, of: Invite) -> int:
        """It is closed."""
        return await self._invite("INVITE_DELETE", of, events.invite_delete(of))

    async def audit(self, actor: Actor, guild_id: int, entry: Entry) -> None:
        """The guild's log: the actor did this, for the reason that came with the request."""
        record = await audit.write(self.context, self.tx, actor, guild_id, entry)
        await self.emit(guild_topic(guild_id), Change.NOTHING, record)

    async def joined(self, user_id: int, guild_id: int, rev: int) -> int:
        """To the account: it belongs to the guild since `rev` of the guild's topic."""
        return await self._account(user_id, Record(event=JOINED, guild=guild_id, id=rev))

    async def left(self, user_id: int, guild_id: int, rev: int) -> int:
        """To the account: it does not belong to the guild since `rev` of the guild's topic."""
        data = events.guild_delete(guild_id)
        return await self._account(user_id, Record(event=LEFT, guild=guild_id, id=rev, data=data))

    async def revoked(self, user_id: int, token_id: int) -> int:
        """To the account: that token does not stand any more; 0 is all of them."""
        return await self._account(user_id, Record(event=REVOKED, id=token_id))

    async def user_update(self, account: User, email: str | None, locale: str) -> int:
        """To the account: it was changed."""
        record = Record(event="USER_UPDATE", data=events.own_user(account, email, locale))
        return await self._account(account.id, record)

    async def _shape(self, event: str, guild_id: int, about: int, data: bytes, change: Change = Change.SHAPE) -> int:
        record = Record(event=event, guild=guild_id, id=about, data=data)
        return await self.emit(guild_topic(guild_id), change, record)

    async def _member(self, event: str, guild_id: int, user_id: int, data: bytes) -> int:
        record = Record(event=event, guild=guild_id, target=user_id, data=data)
        return await self.emit(guild_topic(guild_id), Change.MEMBERS, record)

    async def _invite(self, event: str, of: Invite, data: bytes) -> int:
        record = Record(event=event, guild=of.guild_id, channel=of.channel_id, author=of.inviter_id, data=data)
        return await self.emit(guild_topic(of.guild_id), Change.NOTHING, record)

    async def _account(self, user_id: int, record: Record) -> int:
        return await self.emit(user_topic(user_id), Change.NOTHING, replace(record, target=user_id))


async def change(context: Context, work: Callable[[Changes], Awaitable[T]]) -> T:
    """Run one verb's transaction; durable, with its records in the outbox, when it returns."""

    async def run(tx: Connection) -> T:
        changes = Changes(context, tx)
        result = await work(changes)
        await changes.give_back()
        return result

    return await context.store.write(run)

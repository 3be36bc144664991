"""What an actor may do here and now, decided inside the transaction that acts on it.

The shape of a guild is kept in memory and is never stale: the topic's row, read in the same transaction,
says at which rev the shape last changed, and a kept shape of any other rev is read again. What may yet be undone
is not kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeVar

from msgspec import Struct

from derailed.model import permissions
from derailed.model.errors import Forbidden, Unknown
from derailed.model.guild import Channel, Guild, Member
from derailed.model.user import Actor
from derailed.store import Connection, conversations, guilds, topics
from derailed.store.topics import Versions
from derailed.wire.records import guild_topic

K = TypeVar("K")
V = TypeVar("V")

_GUILDS_KEPT = 10_000
_MEMBERS_KEPT = 100_000
_CHANNELS_KEPT = 100_000


class Access(Struct, frozen=True):
    """What a decision rests on. `rev` is the topic's: the new one, when the topic was lifted for a change."""

    rev: int
    guild: Guild
    member: Member
    permissions: int
    channel: Channel | None = None

    def require(self, bits: int) -> None:
        """Raise `missing_permissions` unless all of `bits` are held."""
        if self.permissions & bits != bits:
            raise Forbidden()

    def sees(self, channel: Channel, now_ms: int) -> bool:
        """Whether the actor may view that channel of the guild."""
        return bool(permissions.of_member(self.guild, self.member, channel, now_ms) & permissions.VIEW_CHANNEL)


class Shapes:
    """Guilds, members and the guilds of channels, kept by the rev they were read at; bounded, oldest out first."""

    def __init__(self) -> None:
        self._guilds: OrderedDict[int, Guild] = OrderedDict()
        self._members: OrderedDict[tuple[int, int], tuple[int, Member]] = OrderedDict()
        self._guild_of: OrderedDict[int, int] = OrderedDict()

    def clear(self) -> None:
        """Forget everything: a transaction that it may have been read in was undone."""
        self._guilds.clear()
        self._members.clear()
        self._guild_of.clear()

    async def guild(self, tx: Connection, guild_id: int, at: Versions) -> Guild:
        """The guild's shape at these versions. Raises Unknown("guild")."""
        guild = await self._shape(tx, guild_id, at)
        if guild is None:
            raise Unknown("guild")
        return guild

    async def _shape(self, tx: Connection, guild_id: int, at: Versions) -> Guild | None:
        kept = self._guilds.get(guild_id)
        if kept is not None and kept.rev == at.shape:
            return kept
        guild = await guilds.shape(tx, guild_id, at.shape)
        if guild is not None and at.settled:
            _keep(self._guilds, guild_id, guild, _GUILDS_KEPT)
        return guild

    async def member(self, tx: Connection, guild_id: int, user_id: int, at: Versions) -> Member | None:
        """The user's membership at these versions, if there is one."""
        key = (guild_id, user_id)
        kept = self._members.get(key)
        if kept is not None and kept[0] == at.members:
            return kept[1]
        member = await guilds.member(tx, guild_id, user_id)
        if member is not None and at.settled:
            _keep(self._members, key, (at.members, member), _MEMBERS_KEPT)
        return member

    def known_guild_of(self, channel_id: int) -> int | None:
        """The same, where it need not be asked for."""
        return self._guild_of.get(channel_id)

    async def guild_of(self, tx: Connection, channel_id: int) -> int:
        """The guild a channel is in, 0 for a conversation: it never changes. Raises Unknown("channel")."""
        kept = self._guild_of.get(channel_id)
        if kept is not None:
            return kept
        guild_id = await guilds.of_channel(tx, channel_id)
        if guild_id is None:
            raise Unknown("channel")
        _keep(self._guild_of, channel_id, guild_id, _CHANNELS_KEPT)
        return guild_id

    def topic_of(self, channel_id: int) -> str:
        """The topic that a channel's verbs lift, if it is one alone and the channel was seen before; else nothing."""
        kept = self._guild_of.get(channel_id)
        return guild_topic(kept) if kept else ""

    async def in_guild(self, tx: Connection, actor: Actor, guild_id: int, now_ms: int, *, lift: bool) -> Access:
        """What the actor may do in the guild. Raises Unknown("guild"), also to those who are no members.

        `lift` raises the topic's rev first, which locks it: for verbs that change something.
        """
        at = await _versions(tx, guild_id, lift)
        member = await self.member(tx, guild_id, actor.user_id, at)
        if member is None:
            raise Unknown("guild")
        guild = await self.guild(tx, guild_id, at)
        return Access(at.rev, guild, member, permissions.of_member(guild, member, None, now_ms))

    async def in_channel(self, tx: Connection, actor: Actor, channel_id: int, now_ms: int, *, lift: bool) -> Access:
        """What the actor may do in a guild's channel: see `of_guild`. Forbidden, too, in a conversation.

        For what only guilds have. Where people talk, see `places`.
        """
        guild_id = await self.guild_of(tx, channel_id)
        if not guild_id:
            if not await conversations.is_in(tx, channel_id, actor.user_id):
                raise Forbidden("missing_access")
            raise Forbidden("direct_channel")
        return await self.of_guild(tx, actor, (guild_id, channel_id), now_ms, lift=lift)

    async def of_guild(
        self, tx: Connection, actor: Actor, where: tuple[int, int], now_ms: int, *, lift: bool
    ) -> Access:
        """What the actor may do in a channel, if it is in that guild; `where` is both.

        Raises Unknown("channel"), Forbidden("missing_access") without VIEW.
        """
        guild_id, channel_id = where
        topic = guild_topic(guild_id)
        at = await (tx.lift(topic) if lift else tx.look(topic))
        kept, guild = self._members.get((guild_id, actor.user_id)), self._guilds.get(guild_id)
        if kept is not None and kept[0] == at.members:
            member: Member | None = kept[1]
        else:
            member = await self.member(tx, guild_id, actor.user_id, at)
        if member is None:
            raise Forbidden("missing_access")
        if guild is None or guild.rev != at.shape:
            guild = await self._shape(tx, guild_id, at)
        channel = None if guild is None else guild.channels.get(channel_id)
        if guild is None or channel is None:
            raise Unknown("channel")
        held = permissions.of_member(guild, member, channel, now_ms)
        if not held & permissions.VIEW_CHANNEL:
            raise Forbidden("missing_access")
        return Access(at.rev, guild, member, held, channel)


async def _versions(tx: Connection, guild_id: int, lift: bool) -> Versions:
    topic = guild_topic(guild_id)
    return await (topics.lift(tx, topic) if lift else topics.look(tx, topic))


def _keep(kept: OrderedDict[K, V], key: K, value: V, limit: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > limit:
        kept.popitem(last=False)

"""Reading: people say up to where they have read, and all of their sessions are told.

A read state is written under the topic of its owner alone: who reads keeps nobody from writing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derailed.actions import places, unread
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.places import Place
from derailed.actions.unread import Reader, Stance
from derailed.model.conversation import Conversation
from derailed.model.errors import Forbidden, Unknown
from derailed.model.guild import Channel, Guild
from derailed.model.user import Actor
from derailed.store import Connection, conversations, guilds, members, read_states, spoken, topics
from derailed.store.read_states import ReadState
from derailed.store.topics import Change
from derailed.wire import reading as wire
from derailed.wire.guild_settings import DIRECT
from derailed.wire.reading import CHANNEL, AckedChannel, Standing
from derailed.wire.records import Record, user_topic


class Reading:
    """The verbs of read states. They are for people: bots read everything, and nothing is new to them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def ack(self, actor: Actor, channel_id: int, message_id: int, *, manual: bool = False) -> None:
        """Read a channel up to a message, which need not be there; not back, unless it is `manual`: to mark it so."""
        _require_person(actor)
        place = await self._enter(actor, channel_id)

        async def work(changes: Changes) -> None:
            await changes.hold(user_topic(actor.user_id))
            reader = await _reader_in(changes, actor, place)
            if reader is None:
                raise Forbidden("missing_access")
            await _read(changes, reader, place.channel, message_id, manual=manual)

        await change(self._context, work)

    async def ack_pins(self, actor: Actor, channel_id: int) -> None:
        """Look at the pins of a channel."""
        _require_person(actor)
        place = await self._enter(actor, channel_id)
        user_id, guild_id, pinned_at = actor.user_id, place.guild_id, place.channel.last_pin_at

        async def work(changes: Changes) -> None:
            version = (await changes.hold(user_topic(user_id))).rev
            if await _reader_in(changes, actor, place) is None:
                raise Forbidden("missing_access")
            state = await read_states.get(changes.tx, user_id, guild_id, channel_id)
            if pinned_at is None or pinned_at <= state.last_pin_at:
                return
            await read_states.put(changes.tx, user_id, guild_id, state._replace(last_pin_at=pinned_at))
            data = wire.pins_ack(channel_id, pinned_at, version)
            await _tell(changes, user_id, "CHANNEL_PINS_ACK", place.channel, data)

        await change(self._context, work)

    async def ack_guild(self, actor: Actor, guild_id: int) -> None:
        """Read a guild: all that is in the channels that one may see. Raises Unknown("guild")."""
        _require_person(actor)
        guild = await self._context.store.read(lambda tx: self._guild(tx, actor, guild_id))

        async def work(changes: Changes) -> None:
            await changes.hold(user_topic(actor.user_id))
            reader = await _reader(changes, actor, guild)
            if reader is None:
                raise Unknown("guild")
            known = await unread.stances(changes.tx, reader)
            for channel_id, last in (await read_states.heads(changes.tx, guild_id)).items():
                channel = guild.channels.get(channel_id)
                if channel is not None and reader.reads(channel):
                    stands = known.get(channel_id) or Stance(ReadState(channel_id), 0)
                    await _move(changes, reader, channel, stands, last, last)

        await change(self._context, work)

    async def ack_many(self, actor: Actor, acked: Sequence[AckedChannel]) -> None:
        """Read several channels. Those that are gone, or that one may not see, are passed over."""
        _require_person(actor)
        channels = [each for each in acked if each.read_state_type in (CHANNEL, None)]
        upto = {int(each.channel_id): int(each.message_id) for each in channels}
        found = await self._context.store.read(lambda tx: self._homes(tx, actor, upto))

        async def work(changes: Changes) -> None:
            await changes.hold(user_topic(actor.user_id))
            for guild in found:
                reader = await _reader(changes, actor, guild)
                for channel_id in upto.keys() & guild.channels.keys():
                    channel = guild.channels[channel_id]
                    if reader is not None and reader.reads(channel):
                        await _read(changes, reader, channel, upto[channel_id])
            for talk in await conversations.those_with(changes.tx, upto, actor.user_id):
                reader = await _correspondent(changes, actor)
                await _read(changes, reader, _channel(talk), upto[talk.id])

        await change(self._context, work)

    async def forget(self, actor: Actor, channel_id: int) -> None:
        """Forget what one acknowledged in a channel; what one said there acknowledges still."""
        _require_person(actor)
        found = await self._context.store.read(lambda tx: self._homes(tx, actor, (channel_id,)))

        async def work(changes: Changes) -> None:
            await changes.hold(user_topic(actor.user_id))
            for guild in (each for each in found if channel_id in each.channels):
                reader, channel = await _reader(changes, actor, guild), guild.channels[channel_id]
                forgotten = await read_states.forget(changes.tx, actor.user_id, guild.id, channel_id)
                if forgotten and reader is not None and reader.reads(channel):
                    await _tell_forgotten(changes, reader, channel)
            for talk in await conversations.those_with(changes.tx, (channel_id,), actor.user_id):
                if await read_states.forget(changes.tx, actor.user_id, 0, channel_id):
                    reader = await _correspondent(changes, actor)
                    await _tell_forgotten(changes, reader, _channel(talk))

        await change(self._context, work)

    async def _enter(self, actor: Actor, channel_id: int) -> Place:
        return await self._context.store.read(lambda tx: places.enter(self._context, tx, actor, channel_id, lift=False))

    async def _guild(self, tx: Connection, actor: Actor, guild_id: int) -> Guild:
        return (await self._context.shapes.in_guild(tx, actor, guild_id, self._context.clock(), lift=False)).guild

    async def _homes(self, tx: Connection, actor: Actor, channel_ids: Iterable[int]) -> list[Guild]:
        """The guilds of the channels, those that there are and to which the actor belongs."""
        found = {await guilds.of_channel(tx, channel_id) for channel_id in channel_ids}
        found.intersection_update(await members.guilds_of(tx, actor.user_id))
        return [
            guild
            for guild_id in sorted(each for each in found if each)
            if (guild := await guilds.shape(tx, guild_id, 0)) is not None
        ]


async def _correspondent(changes: Changes, actor: Actor) -> Reader:
    settings = await unread.settings(changes.tx, actor.user_id, DIRECT)
    return unread.correspondent(actor.user_id, settings, changes.now_ms)


def _channel(of: Conversation) -> Channel:
    return Channel(id=of.id, guild_id=0, type=of.type, name="", last_pin_at=of.last_pin_at)


async def _tell_forgotten(changes: Changes, reader: Reader, channel: Channel) -> None:
    last = await read_states.head(changes.tx, channel.id)
    stands = await unread.stance(changes.tx, reader, channel.id)
    shown = await unread.standing(changes.tx, reader, channel, stands, last)
    await _tell_position(changes, reader, channel, shown, manual=True)


async def _reader(changes: Changes, actor: Actor, guild: Guild) -> Reader | None:
    """The actor who reads the guild, while their topic is held: they can not leave it meanwhile. None: they have."""
    member = await guilds.member(changes.tx, guild.id, actor.user_id)
    return None if member is None else await unread.reader(changes.tx, guild, member, changes.now_ms)


async def _reader_in(changes: Changes, actor: Actor, place: Place) -> Reader | None:
    """The same for where people talk: nobody leaves a conversation either, while their topic is held."""
    if place.guild is not None:
        return await _reader(changes, actor, place.guild)
    if not await conversations.is_in(changes.tx, place.channel.id, actor.user_id):
        return None
    return await _correspondent(changes, actor)


async def _read(changes: Changes, reader: Reader, channel: Channel, message_id: int, *, manual: bool = False) -> None:
    stands = await unread.stance(changes.tx, reader, channel.id)
    last = await read_states.head(changes.tx, channel.id)
    await _move(changes, reader, channel, stands, last, min(message_id, last), manual=manual)


async def _move(
    changes: Changes,
    reader: Reader,
    channel: Channel,
    stands: Stance,
    last: int,
    position: int,
    *,
    manual: bool = False,
) -> None:
    """Write where the reader stands, and tell; nothing, when they stand there or further on."""
    if position == stands.position or (position < stands.position and not manual):
        return
    state = stands.state._replace(last_message_id=position, own_id=last if manual else stands.state.own_id)
    await read_states.put(changes.tx, reader.member.user_id, reader.guild.id, state)
    if stands.own:
        await spoken.tidy(changes.tx, reader.member.user_id, reader.guild.id, channel.id, stands.own - spoken.WINDOW)
    shown = await unread.standing(changes.tx, reader, channel, Stance(state, stands.own), last)
    await _tell_position(changes, reader, channel, shown, manual=manual)


async def _tell_position(
    changes: Changes, reader: Reader, channel: Channel, stands: Standing, *, manual: bool = False
) -> None:
    user_id = reader.member.user_id
    version = (await topics.look(changes.tx, user_topic(user_id))).rev
    await _tell(changes, user_id, "MESSAGE_ACK", channel, wire.message_ack(stands, version, manual=manual))


async def _tell(changes: Changes, user_id: int, event: str, channel: Channel, data: bytes) -> None:
    record = Record(event=event, guild=channel.guild_id, channel=channel.id, target=user_id, data=data)
    await changes.emit(user_topic(user_id), Change.NOTHING, record)


def _require_person(actor: Actor) -> None:
    if actor.bot:
        raise Forbidden("not_for_bots")

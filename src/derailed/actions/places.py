"""A channel that a message verb acts in, as the actor finds it."""

from __future__ import annotations

from msgspec import Struct

from derailed.actions.access import Access
from derailed.actions.changes import Changes
from derailed.actions.context import Context
from derailed.model.errors import Invalid, Unknown
from derailed.model.guild import Channel, ChannelType
from derailed.model.message import Message
from derailed.model.user import Actor
from derailed.store import Connection, messages
from derailed.store.topics import Change
from derailed.wire import records
from derailed.wire.records import Record, guild_topic


class Place(Struct, frozen=True):
    """Where, what the actor may do there, and when."""

    access: Access
    channel: Channel
    now_ms: int

    @property
    def guild_id(self) -> int:
        """The guild it is in."""
        return self.channel.guild_id


async def enter(context: Context, tx: Connection, actor: Actor, channel_id: int, *, lift: bool) -> Place:
    """The channel, if the actor may view it and people can talk there. `lift` is for verbs that change something."""
    now_ms = context.clock()
    return _place(await context.shapes.in_channel(tx, actor, channel_id, now_ms, lift=lift), now_ms)


async def enter_for(changes: Changes, actor: Actor, channel_id: int) -> Place:
    """The same for a verb of several records, each of which is then told by `tell`."""
    return _place(await changes.in_channel(actor, channel_id), changes.now_ms)


def _place(access: Access, now_ms: int) -> Place:
    assert access.channel is not None
    if access.channel.type == ChannelType.CATEGORY:
        raise Invalid("wrong_channel_type")
    return Place(access, access.channel, now_ms)


async def message_in(tx: Connection, place: Place, message_id: int) -> Message:
    """The message. Raises Unknown("message")."""
    message = await messages.get(tx, place.channel.id, message_id)
    if message is None:
        raise Unknown("message")
    return message


async def tell(changes: Changes, place: Place, record: Record) -> None:
    """Put one of several records under the next rev."""
    await changes.emit(guild_topic(place.guild_id), Change.NOTHING, record)


async def emit(tx: Connection, place: Place, record: Record) -> None:
    """Put the record of what happened under the rev that `enter` lifted the topic to."""
    await tx.emit(guild_topic(place.guild_id), place.access.rev, records.encode(record))

"""A place where people talk, as the actor finds it: a channel of a guild, or a conversation.

The verbs of messages, reactions and pins know no difference: a place says what one may do there, where its ids are
drawn, and which topics are told. A guild's tells all its members; a conversation tells each recipient in their own.
"""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from derailed.actions import conversing
from derailed.actions.access import Access
from derailed.actions.changes import Changes
from derailed.actions.context import Context
from derailed.actions.conversing import Entered, Told
from derailed.model import permissions as bits
from derailed.model.conversation import Conversation
from derailed.model.errors import Forbidden, Invalid, Unknown
from derailed.model.guild import Channel, ChannelType, Guild, Member
from derailed.model.message import Message
from derailed.model.user import Actor
from derailed.store import Connection, messages, topics
from derailed.store.topics import Change
from derailed.telemetry import CAUSE
from derailed.wire import records
from derailed.wire.audit import Entry
from derailed.wire.records import Record, channel_topic, guild_topic, user_topic


class Place(Struct, frozen=True):
    """Where, what the actor may do there, when, and who is told.

    `topic` is the one in which ids are drawn. A guild's has the guild and, for a member, the membership.
    """

    actor_id: int
    permissions: int
    channel: Channel
    now_ms: int
    topic: str
    told: Told
    guild: Guild | None = None
    member: Member | None = None
    conversation: Conversation | None = None

    @property
    def guild_id(self) -> int:
        """The guild it is in; 0 for a conversation."""
        return self.channel.guild_id

    @property
    def guild_key(self) -> str | UnsetType:
        """What events say of it: nothing in a conversation."""
        return str(self.channel.guild_id) if self.channel.guild_id else UNSET

    def talks_with(self, user_id: int) -> bool:
        """Whether it is a conversation in which they are."""
        return self.conversation is not None and user_id in self.conversation.recipients

    def require(self, wanted: int) -> None:
        """Raise unless all of these permissions are held. In a conversation nobody moderates."""
        if self.permissions & wanted != wanted:
            if self.guild is None:
                raise Forbidden("direct_channel")
            raise Forbidden

    def require_reading(self) -> None:
        """Raise unless one may read what was said before one came; in a conversation all may."""
        if not self.permissions & bits.READ_MESSAGE_HISTORY:
            raise Forbidden

    def require_speaking(self, wanted: int = bits.SEND_MESSAGES) -> None:
        """The same for what everybody may do in a conversation, unless the other one will not have it."""
        if self.permissions & wanted != wanted:
            if self.guild is None:
                raise Forbidden("direct_refused")
            raise Forbidden


async def enter(context: Context, tx: Connection, actor: Actor, channel_id: int, *, lift: bool) -> Place:
    """The channel, if the actor may view it and people can talk there. `lift` is for verbs that change something."""
    now_ms, shapes = context.clock(), context.shapes
    guild_id = shapes.known_guild_of(channel_id)
    if guild_id is None:
        guild_id = await shapes.guild_of(tx, channel_id)
    if not guild_id:
        return in_conversation(await conversing.enter(tx, actor.user_id, channel_id, lift=lift), actor.user_id, now_ms)
    place = of(await shapes.of_guild(tx, actor, (guild_id, channel_id), now_ms, lift=lift), now_ms)
    if place.channel.type == ChannelType.CATEGORY:
        raise Invalid("wrong_channel_type")
    return place


async def enter_for(changes: Changes, actor: Actor, channel_id: int) -> Place:
    """The same for a verb of several records, each of which is then told by `tell`."""
    place = await enter(changes.context, changes.tx, actor, channel_id, lift=True)
    changes.lifted(place.told)
    return place


def of(access: Access, now_ms: int) -> Place:
    """The channel of a guild, by what the actor may do in it."""
    channel, member = access.channel, access.member
    assert channel is not None
    topic = guild_topic(channel.guild_id)
    told = ((topic, access.rev),)
    return Place(member.user_id, access.permissions, channel, now_ms, topic, told, access.guild, member)


def in_conversation(entered: Entered, user_id: int, now_ms: int) -> Place:
    """A conversation, as one of those in it finds it."""
    found = entered.conversation
    channel = Channel(id=found.id, guild_id=0, type=found.type, name=found.name or "", last_pin_at=found.last_pin_at)
    topic = channel_topic(found.id)
    return Place(user_id, entered.permissions, channel, now_ms, topic, entered.told, conversation=found)


async def reopened(context: Context, tx: Connection, place: Place) -> Place:
    """Before something is said in a conversation: it opens again for those who had closed it."""
    assert place.conversation is not None
    closed = set(map(user_topic, place.conversation.hidden_from))
    changes = Changes(context, tx)
    changes.lifted([each for each in place.told if each[0] in closed])
    await conversing.reopen(changes, place.conversation)
    told = [(topic, (await changes.hold(topic)).rev if topic in closed else rev) for topic, rev in place.told]
    return replace(place, told=tuple(told))


async def message_in(tx: Connection, place: Place, message_id: int) -> Message:
    """The message. Raises Unknown("message")."""
    message = await messages.get(tx, place.channel.id, message_id)
    if message is None:
        raise Unknown("message")
    return message


async def tell(changes: Changes, place: Place, record: Record, change: Change = Change.NOTHING) -> None:
    """Put one of several records under the next rev."""
    for topic, _ in place.told:
        await changes.emit(topic, change, record)


async def audit(changes: Changes, place: Place, actor: Actor, entry: Entry) -> None:
    """The guild's log: the actor did this. A conversation keeps none."""
    if place.guild is not None:
        await changes.audit(actor, place.guild.id, entry)


async def emit(tx: Connection, place: Place, record: Record) -> None:
    """Put the record of what happened under the revs that `enter` lifted its topics to."""
    cause = CAUSE.get()
    for topic, rev in place.told:
        said = record if record.rev == rev and record.cause == cause else replace(record, rev=rev, cause=cause)
        await tx.emit(topic, rev, records.encode(said))


async def heard(tx: Connection, place: Place) -> Told:
    """Who is to hear what is not kept: in a conversation the others, who have it open."""
    talk = place.conversation
    if talk is None:
        return place.told
    others = [each for each in talk.recipients if each != place.actor_id and each not in talk.hidden_from]
    return tuple([(topic, (await topics.look(tx, topic)).rev) for topic in map(user_topic, others)])


async def whisper(context: Context, heard: Told, record: Record) -> None:
    """Tell what is not kept, under the revs at which it was allowed."""
    cause = CAUSE.get()
    for topic, rev in heard:
        await context.bus.publish(topic, records.encode(replace(record, rev=rev, cause=cause)))

"""Notices: messages that nobody wrote, which say in a channel what somebody did. Told within what a verb changes."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from derailed.actions import conversing, mentions, places, rendering
from derailed.actions.changes import Changes
from derailed.actions.conversing import Entered
from derailed.actions.faces import Face, face_of
from derailed.actions.places import Place
from derailed.actions.rendering import Parts
from derailed.model import snowflakes
from derailed.model.conversation import Conversation
from derailed.model.guild import Guild, Member
from derailed.model.message import Message, MessageType
from derailed.model.user import User
from derailed.store import messages, spoken
from derailed.wire import rest
from derailed.wire.messages import Body, Reference, encode, end_of
from derailed.wire.records import Record, guild_topic, user_topic
from derailed.wire.rest import timestamp

_SUPPRESS_JOIN_NOTIFICATIONS: Final = 1 << 0


class Notice(Struct, frozen=True):
    """What it says: the kind, and what belongs to it."""

    kind: MessageType
    content: str = ""
    mentioned: User | None = None
    reference: Reference | None = None


async def pinned(changes: Changes, place: Place, face: Face, message_id: int, *, bot: bool) -> None:
    """The actor, who has that face, has pinned a message."""
    if place.conversation is not None:
        await conversing.reopen(changes, place.conversation)
    reference = Reference(str(message_id), str(place.channel.id), place.guild_key)
    await _say(changes, place, face, Notice(MessageType.PINNED, reference=reference), bot=bot)


async def joined(changes: Changes, guild: Guild, member: Member, account: User) -> None:
    """Somebody has come in, if the guild has a channel where it says so."""
    channel = guild.channels.get(guild.system_channel_id or 0)
    if channel is not None and not guild.system_channel_flags & _SUPPRESS_JOIN_NOTIFICATIONS:
        topic = guild_topic(guild.id)
        place = Place(member.user_id, 0, channel, changes.now_ms, topic, ((topic, 0),), guild, member)
        await _say(changes, place, face_of(member, account), Notice(MessageType.JOINED), bot=account.bot)


async def in_group(changes: Changes, of: Conversation, account: User, notice: Notice) -> None:
    """The account has changed a group, which is told."""
    told = tuple([(user_topic(each), 0) for each in of.recipients])
    place = places.in_conversation(Entered(of, 0, told), account.id, changes.now_ms)
    await _say(changes, place, Face(account.id, encode(rest.user(account))), notice, bot=account.bot)


async def _say(changes: Changes, place: Place, face: Face, notice: Notice, *, bot: bool) -> None:
    channel, mentioned = place.channel, [] if notice.mentioned is None else [notice.mentioned]
    message_id = changes.new_id_in(place.topic)
    body = Body(
        id=str(message_id),
        type=int(notice.kind),
        channel_id=str(channel.id),
        content=notice.content,
        timestamp=timestamp(snowflakes.time_ms(message_id)),
        mention_everyone=False,
        mention_roles=[],
        embeds=[],
        flags=0,
    )
    if notice.reference is not None:
        body.message_reference = notice.reference
    named = mentions.kept([user.id for user in mentioned])
    message = Message(channel.id, message_id, face.user_id, None, named, 0, end_of(body))
    messages.insert(changes.tx, message)
    shown = rendering.mentions_of([(user, None) for user in mentioned])
    told = rendering.announce(Parts(face.user, face.beside, shown), channel, message.body, None)
    record = Record(
        event="MESSAGE_CREATE",
        id=message_id,
        guild=channel.guild_id,
        channel=channel.id,
        author=face.user_id,
        mentions=message.mentioned,
        data=told.data,
    )
    await places.tell(changes, place, record)
    is_gone = place.conversation is not None and face.user_id not in place.conversation.recipients
    if not bot and not is_gone:
        spoken.insert(changes.tx, face.user_id, place.guild_id, channel.id, message_id)

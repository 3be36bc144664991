"""Notices: messages that nobody wrote, which say in a channel what somebody did. Told within what a verb changes."""

from __future__ import annotations

from typing import Final

from derailed.actions import rendering
from derailed.actions.changes import Changes
from derailed.actions.faces import Face, face_of
from derailed.actions.places import Place
from derailed.actions.rendering import Parts
from derailed.model import snowflakes
from derailed.model.guild import Channel, Guild, Member
from derailed.model.message import Message, MessageType
from derailed.model.user import User
from derailed.store import messages, spoken
from derailed.store.topics import Change
from derailed.wire.messages import Body, Reference, end_of
from derailed.wire.records import Record, guild_topic
from derailed.wire.rest import timestamp

_SUPPRESS_JOIN_NOTIFICATIONS: Final = 1 << 0


async def pinned(changes: Changes, place: Place, face: Face, message_id: int, *, bot: bool) -> None:
    """The actor, who has that face, has pinned a message."""
    reference = Reference(str(message_id), str(place.channel.id), str(place.guild_id))
    notice_id = await _say(changes, place.channel, face, MessageType.PINNED, reference)
    if not bot:
        spoken.insert(changes.tx, face.member.user_id, place.guild_id, place.channel.id, notice_id)


async def joined(changes: Changes, guild: Guild, member: Member, account: User) -> None:
    """Somebody has come in, if the guild has a channel where it says so."""
    channel = guild.channels.get(guild.system_channel_id or 0)
    if channel is not None and not guild.system_channel_flags & _SUPPRESS_JOIN_NOTIFICATIONS:
        message_id = await _say(changes, channel, face_of(member, account), MessageType.JOINED)
        if not account.bot:
            spoken.insert(changes.tx, account.id, guild.id, channel.id, message_id)


async def _say(
    changes: Changes, channel: Channel, face: Face, kind: MessageType, reference: Reference | None = None
) -> int:
    """The notice's id."""
    topic = guild_topic(channel.guild_id)
    message_id = changes.new_id_in(topic)
    body = Body(
        id=str(message_id),
        type=int(kind),
        channel_id=str(channel.id),
        content="",
        timestamp=timestamp(snowflakes.time_ms(message_id)),
        mention_everyone=False,
        mention_roles=[],
        embeds=[],
        flags=0,
    )
    if reference is not None:
        body.message_reference = reference
    author_id = face.member.user_id
    message = Message(channel.id, message_id, author_id, None, None, 0, end_of(body))
    messages.insert(changes.tx, message)
    told = rendering.announce(Parts(face.user, face.beside), channel, message.body, None)
    record = Record(
        event="MESSAGE_CREATE",
        id=message_id,
        guild=channel.guild_id,
        channel=channel.id,
        author=author_id,
        data=told.data,
    )
    await changes.emit(topic, Change.NOTHING, record)
    return message_id

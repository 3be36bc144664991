"""Notices: messages that nobody wrote, which say in a channel what somebody did."""

from __future__ import annotations

from derailed.actions import places, posting, rendering
from derailed.actions.changes import Changes
from derailed.actions.context import Context
from derailed.actions.faces import Faces
from derailed.actions.places import Place
from derailed.actions.rendering import Parts
from derailed.model import snowflakes
from derailed.model.message import Message, MessageType
from derailed.store import messages
from derailed.wire.messages import Body, Reference, end_of
from derailed.wire.records import guild_topic
from derailed.wire.rest import timestamp


class Notices:
    """What a guild says by itself. Called by verbs, within what they change."""

    def __init__(self, context: Context, faces: Faces) -> None:
        self._context = context
        self._faces = faces

    async def pinned(self, changes: Changes, place: Place, message_id: int) -> None:
        """The actor has pinned that message. The guild's topic is held."""
        body = self._body(changes, place, MessageType.PINNED)
        body.message_reference = Reference(str(message_id), str(place.channel.id), str(place.guild_id))
        await self._say(changes, place, body)

    def _body(self, changes: Changes, place: Place, kind: MessageType) -> Body:
        message_id = self._context.new_id_in(changes.tx, guild_topic(place.guild_id))
        return Body(
            id=str(message_id),
            type=int(kind),
            channel_id=str(place.channel.id),
            content="",
            timestamp=timestamp(snowflakes.time_ms(message_id)),
            mention_everyone=False,
            mention_roles=[],
            embeds=[],
            flags=0,
        )

    async def _say(self, changes: Changes, place: Place, body: Body) -> None:
        author = place.access.member
        message = Message(place.channel.id, int(body.id), author.user_id, None, None, 0, end_of(body))
        await messages.insert(changes.tx, message)
        face = await self._faces.of(changes.tx, author)
        told = rendering.announce(Parts(face.user, face.beside), place.channel, message.body, None)
        await places.tell(changes, place, posting.record("MESSAGE_CREATE", place, message, told))

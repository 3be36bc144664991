"""Pins: messages that a channel keeps at hand."""

from __future__ import annotations

from derailed.actions import notices, places, posting, rendering
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.faces import Faces
from derailed.actions.places import Place, message_in
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid
from derailed.model.message import SYSTEM, Message
from derailed.model.user import Actor
from derailed.store import Connection, messages, pins
from derailed.store.pins import Pin
from derailed.store.topics import Change
from derailed.wire import limits
from derailed.wire.audit import Action, Entry
from derailed.wire.messages import ChannelPinsUpdate, body_of, encode
from derailed.wire.records import Record
from derailed.wire.rest import timestamp

Page = list[tuple[int, bytes]]
"""Of each message when it was pinned, and its JSON."""

_FOREVER = (1 << 63) - 1


class Pins:
    """The verbs of pins. To pin what is pinned changes nothing and tells nobody."""

    def __init__(self, context: Context, faces: Faces) -> None:
        self._context = context
        self._faces = faces

    async def page(
        self, actor: Actor, channel_id: int, *, before_ms: int | None = None, limit: int = limits.PINS_PAGE
    ) -> tuple[Page, bool]:
        """What was pinned before that moment, the latest first, and whether there is more.

        There is nothing for those who may not read the channel's history.
        """

        async def work(tx: Connection) -> tuple[Page, bool]:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            if not place.permissions & permissions.READ_MESSAGE_HISTORY:
                return [], False
            found = await pins.page(tx, channel_id, _FOREVER if before_ms is None else before_ms, limit + 1)
            shown = found[:limit]
            rows = await messages.many(tx, channel_id, [pin.message_id for pin in shown])
            rendered = await rendering.several(tx, actor.user_id, rows)
            return [(pin.pinned_at, rendered[pin.message_id]) for pin in shown], len(found) > limit

        return await self._context.store.read(work)

    async def pin(self, actor: Actor, channel_id: int, message_id: int) -> None:
        """Pin a message, which the channel is told by a notice. Needs PIN_MESSAGES or MANAGE_MESSAGES."""

        async def work(changes: Changes) -> None:
            place, message = await _enter(changes, actor, channel_id, message_id)
            if body_of(message.body).type in SYSTEM:
                raise Forbidden("system_message")
            latest = await pins.latest(changes.tx, channel_id)
            pinned_at = max(changes.now_ms, (latest or 0) + 1)  # pages go on after a moment, so no two share one
            if not await pins.add(changes.tx, channel_id, Pin(message_id, pinned_at)):
                return
            if await pins.count(changes.tx, channel_id) > limits.PINS:
                raise Invalid("too_many_pins")
            await _tell(changes, place, message, pinned_at)
            face = await self._faces.of(changes.tx, place)
            await notices.pinned(changes, place, face, message_id, bot=actor.bot)
            await places.audit(changes, place, actor, _entry(Action.MESSAGE_PIN, message))

        await change(self._context, work)

    async def unpin(self, actor: Actor, channel_id: int, message_id: int) -> None:
        """Unpin a message. Needs PIN_MESSAGES or MANAGE_MESSAGES."""

        async def work(changes: Changes) -> None:
            place, message = await _enter(changes, actor, channel_id, message_id)
            if not await pins.remove(changes.tx, channel_id, message_id):
                return
            await _tell(changes, place, message, await pins.latest(changes.tx, channel_id), pinned=False)
            await places.audit(changes, place, actor, _entry(Action.MESSAGE_UNPIN, message))

        await change(self._context, work)


async def _enter(changes: Changes, actor: Actor, channel_id: int, message_id: int) -> tuple[Place, Message]:
    place = await places.enter_for(changes, actor, channel_id)
    if not place.permissions & permissions.MANAGE_MESSAGES:
        place.require_speaking(permissions.PIN_MESSAGES)
    return place, await message_in(changes.tx, place, message_id)


async def _tell(
    changes: Changes, place: Place, message: Message, latest_ms: int | None, *, pinned: bool = True
) -> None:
    """Write it into the channel and the message, and tell of both."""
    await pins.set_latest(changes.tx, place.channel.id, latest_ms)
    data = encode(
        ChannelPinsUpdate(
            guild_id=place.guild_key,
            channel_id=str(place.channel.id),
            last_pin_timestamp=None if latest_ms is None else timestamp(latest_ms),
        )
    )
    record = Record(event="CHANNEL_PINS_UPDATE", guild=place.guild_id, channel=place.channel.id, data=data)
    await places.tell(changes, place, record, Change.SHAPE)
    body = body_of(message.body)
    body.pinned = pinned
    _, told = await posting.rewrite(changes.tx, place, message, body, message.mentioned)
    await places.tell(changes, place, told)


def _entry(action: Action, message: Message) -> Entry:
    options = {"channel_id": str(message.channel_id), "message_id": str(message.id)}
    return Entry(action, message.author_id, options=options)

"""Messages: send, edit, delete, read, and say that one is typing.

Each verb answers in JSON that is spliced, not encoded (`rendering`): a message is encoded once, when it is written.
"""

from __future__ import annotations

from msgspec import UNSET, Raw, structs

from derailed.actions import mentions, places, rendering
from derailed.actions.context import Context
from derailed.actions.drafts import edit_body, new_body, refuse_files, require_editable, require_sendable
from derailed.actions.faces import Faces
from derailed.actions.forms import refuse
from derailed.actions.places import Place, message_in
from derailed.actions.rendering import Announcement, Parts
from derailed.actions.slow_mode import SlowMode
from derailed.actions.unchanged import Unchanged
from derailed.model import permissions, snowflakes
from derailed.model.message import Message
from derailed.model.user import Actor
from derailed.store import Connection, messages, reactions
from derailed.store.messages import Line
from derailed.wire import records
from derailed.wire.embeds import Embed, rebuilt
from derailed.wire.messages import (
    EditMessage,
    MessageDelete,
    PageQuery,
    SendMessage,
    SentReference,
    TypingStart,
    bare,
    body_of,
    encode,
    end_of,
)
from derailed.wire.records import Record, guild_topic

_NONCE_MS = 5 * 60 * 1000  # longer than any library keeps trying to send one message


class Messages:
    """The verbs of messages."""

    def __init__(self, context: Context, faces: Faces) -> None:
        self._context = context
        self._faces = faces
        self._slow_mode = SlowMode()

    async def send(self, actor: Actor, channel_id: int, draft: SendMessage) -> bytes:
        """Send a message; the message as JSON. With `enforce_nonce` a repeated call answers with the first's message.

        Raises Invalid, Forbidden, Unknown("channel"), TooMany("slow_mode").
        """
        embeds = rebuilt(draft.embeds) if draft.embeds else []
        refuse_files(draft.attachments)

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=True)
            require_sendable(place.access, draft, embeds)
            if draft.enforce_nonce and draft.nonce is not None:
                await _refuse_repetition(tx, place, str(draft.nonce))
            self._slow_mode.check(place.access, place.channel, place.now_ms)
            reply = await self._add(tx, place, draft, embeds)
            self._slow_mode.sent(place.access, place.channel, place.now_ms)
            return reply

        try:
            return await self._context.store.write(work)
        except Unchanged as earlier:
            return earlier.answer

    async def edit(self, actor: Actor, channel_id: int, message_id: int, change: EditMessage) -> bytes:
        """Change one's own message, or with MANAGE_MESSAGES the flags of another's; the message as JSON."""
        embeds = rebuilt(change.embeds) if change.embeds else []

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=True)
            message = await message_in(tx, place, message_id)
            require_editable(place.access, message, change)
            return await _edit(tx, place, message, change, embeds)

        return await self._context.store.write(work)

    async def delete(self, actor: Actor, channel_id: int, message_id: int) -> None:
        """Delete one's own message, or with MANAGE_MESSAGES anybody's."""

        async def work(tx: Connection) -> None:
            place = await places.enter(self._context, tx, actor, channel_id, lift=True)
            message = await message_in(tx, place, message_id)
            if message.author_id != actor.user_id:
                place.access.require(permissions.MANAGE_MESSAGES)
            if message.reacted:
                await reactions.remove_all(tx, channel_id, message_id)
            await messages.delete(tx, channel_id, message_id)
            data = encode(MessageDelete(str(message_id), str(channel_id), str(place.guild_id)))
            await places.emit(tx, place, _record("MESSAGE_DELETE", place, message, Announcement(b"", data, None)))

        await self._context.store.write(work)

    async def get(self, actor: Actor, channel_id: int, message_id: int) -> bytes:
        """One message as JSON."""

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            place.access.require(permissions.READ_MESSAGE_HISTORY)
            return await rendering.one(tx, actor.user_id, await message_in(tx, place, message_id))

        return await self._context.store.read(work)

    async def page(self, actor: Actor, channel_id: int, query: PageQuery) -> bytes:
        """Messages as a JSON array, newest first: the newest of all, or those beside an id, which need not exist.

        `after` gives the oldest above its id; `around` half of the limit below its id, and the rest from it on.
        """

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            if not place.access.permissions & permissions.READ_MESSAGE_HISTORY:
                return b"[]"
            return await rendering.page(tx, actor.user_id, channel_id, await _lines(tx, channel_id, query))

        return await self._context.store.read(work)

    async def typing(self, actor: Actor, channel_id: int) -> None:
        """Tell the channel that one is typing."""

        async def work(tx: Connection) -> Record:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            place.access.require(permissions.SEND_MESSAGES)
            face = await self._faces.of(tx, place.access.member)
            return Record(
                event="TYPING_START",
                rev=place.access.rev,
                time=place.now_ms,
                guild=place.guild_id,
                channel=channel_id,
                author=actor.user_id,
                data=_typing_start(place, actor.user_id, face.whole),
            )

        record = await self._context.store.read(work)
        await self._context.bus.publish(guild_topic(record.guild), records.encode(record))

    async def _add(self, tx: Connection, place: Place, draft: SendMessage, embeds: list[Embed]) -> bytes:
        answered = await _answered(tx, place, draft.message_reference)
        found = mentions.in_content(draft.content or "", draft.allowed_mentions, place.access)
        replied = answered if mentions.answers(draft.allowed_mentions) else None
        wanted = mentions.with_author(found.users, replied)
        mentioned = await rendering.people(tx, place.guild_id, wanted) if wanted else []
        body = new_body(self._context.new_id(), place.channel, draft, embeds, found, answered)
        message = Message(
            channel_id=place.channel.id,
            id=int(body.id),
            author_id=place.access.member.user_id,
            reply_to=None if answered is None else answered.id,
            mentions=mentions.kept(user.id for user, _ in mentioned),
            reacted=0,
            body=end_of(body),
        )
        await messages.insert(tx, message)
        if draft.enforce_nonce and draft.nonce is not None:
            await messages.remember(tx, message, str(draft.nonce), place.now_ms, place.now_ms - _NONCE_MS)
        face = await self._faces.of(tx, place.access.member)
        answer = None if answered is None else await rendering.answered(tx, answered)
        parts = Parts(face.user, face.beside, rendering.mentions_of(mentioned), draft.nonce, answer)
        told = rendering.announce(parts, place.channel, message.body, bare(body))
        await places.emit(tx, place, _record("MESSAGE_CREATE", place, message, told))
        return told.reply


async def _lines(tx: Connection, channel_id: int, query: PageQuery) -> list[Line]:
    limit, before, after, around = query
    if around is not None:
        older = await messages.before(tx, channel_id, around, limit // 2)
        return await messages.since(tx, channel_id, around, limit - limit // 2) + older
    if after is not None and before is None:
        return await messages.since(tx, channel_id, min(after, snowflakes.MAX - 1) + 1, limit)
    return await messages.before(tx, channel_id, snowflakes.MAX if before is None else before, limit)


async def _edit(tx: Connection, place: Place, message: Message, change: EditMessage, embeds: list[Embed]) -> bytes:
    answered = None if message.reply_to is None else await messages.get(tx, place.channel.id, message.reply_to)
    body = body_of(message.body)
    found, wanted = None, message.mentioned
    if change.content is not UNSET:
        found = mentions.in_content(change.content or "", change.allowed_mentions, place.access)
        keeps = answered is not None and answered.author_id in wanted and mentions.answers(change.allowed_mentions)
        wanted = mentions.with_author(found.users, answered if keeps else None)
    edit_body(body, change, embeds, found, place.now_ms)
    mentioned = await rendering.people(tx, place.guild_id, wanted)
    kept = mentions.kept(user.id for user, _ in mentioned)
    edited = structs.replace(message, mentions=kept, body=end_of(body))
    await messages.update(tx, edited)
    parts = await rendering.parts_of(tx, place.guild_id, edited, mentioned, answered)
    told = rendering.announce(parts, place.channel, edited.body, bare(body))
    await places.emit(tx, place, _record("MESSAGE_UPDATE", place, edited, told))
    return await rendering.one(tx, place.access.member.user_id, edited)


async def _answered(tx: Connection, place: Place, reference: SentReference | None) -> Message | None:
    """The message that is answered, which must be in this very channel. Raises Invalid when it may not be missing."""
    if reference is None:
        return None
    elsewhere = reference.channel_id is not None and reference.channel_id != place.channel.id
    if reference.type or elsewhere:
        raise refuse(
            "message_reference",
            "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
            "Only a reply in the same channel can be sent",
        )
    answered = await messages.get(tx, place.channel.id, reference.message_id)
    if answered is None and reference.fail_if_not_exists is not False:
        raise refuse("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    return answered


async def _refuse_repetition(tx: Connection, place: Place, nonce: str) -> None:
    author_id, channel_id = place.access.member.user_id, place.channel.id
    earlier_id = await messages.sent_as(tx, author_id, nonce, channel_id, place.now_ms - _NONCE_MS)
    earlier = None if earlier_id is None else await messages.get(tx, channel_id, earlier_id)
    if earlier is not None:
        raise Unchanged(await rendering.one(tx, author_id, earlier))


def _record(event: str, place: Place, message: Message, told: Announcement) -> Record:
    return Record(
        event=event,
        rev=place.access.rev,
        id=message.id,
        time=place.now_ms,
        guild=place.guild_id,
        channel=message.channel_id,
        author=message.author_id,
        mentions=message.mentioned,
        data=told.data,
        stripped=told.stripped,
    )


def _typing_start(place: Place, user_id: int, member: bytes) -> bytes:
    return encode(
        TypingStart(
            channel_id=str(place.channel.id),
            guild_id=str(place.guild_id),
            user_id=str(user_id),
            timestamp=place.now_ms // 1000,
            member=Raw(member),
        )
    )

"""Messages: send, edit, delete, read, and say that one is typing.

Each verb answers in JSON that is spliced, not encoded (`rendering`): a message is encoded once, when it is written.
"""

from __future__ import annotations

from collections.abc import Collection

from msgspec import UNSET, Raw

from derailed.actions import attachments, files, places, posting, rendering
from derailed.actions.attachments import Enclosed, Uploads
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.conversing import Told
from derailed.actions.drafts import require_editable, require_sendable
from derailed.actions.faces import Faces
from derailed.actions.kept_pages import KeptPages
from derailed.actions.places import Place, message_in
from derailed.actions.posting import Speaker
from derailed.actions.slow_mode import take_turn
from derailed.actions.speakers import Speakers
from derailed.actions.unchanged import Unchanged
from derailed.model import permissions, snowflakes
from derailed.model.errors import Conflict, Invalid
from derailed.model.guild import ChannelType
from derailed.model.message import MessageFlag
from derailed.model.user import Actor
from derailed.store import Connection, members, messages, read_states, spoken
from derailed.store.lists import BULK
from derailed.store.messages import Line
from derailed.wire.audit import Action, Entry
from derailed.wire.messages import (
    EditMessage,
    MessageDeleteBulk,
    PageQuery,
    SendMessage,
    TypingStart,
    body_of,
    encode,
)
from derailed.wire.records import Record

_NONCE_MS = 60 * 60 * 1000  # longer than any library, and than the app, keeps trying to send one message
_FEWEST = 2
_BULK_MS = 14 * 24 * 3600 * 1000  # what is older is deleted one by one, as libraries know


class Messages:
    """The verbs of messages."""

    def __init__(self, context: Context, faces: Faces) -> None:
        self._context = context
        self._faces = faces
        self._pages = KeptPages()
        self._speakers = Speakers()

    async def send(
        self, actor: Actor, channel_id: int, draft: SendMessage, uploads: Uploads = attachments.NO_FILES
    ) -> bytes:
        """Send a message; the message as JSON. With `enforce_nonce` a repeated call answers with the first's message.

        Raises Invalid, Forbidden, Unknown("channel"), TooMany("slow_mode").
        """
        enclosed = Enclosed([])
        if draft.embeds or uploads.files:
            enclosed = await self._enclose(actor, channel_id, draft, uploads)
        nonce = str(draft.nonce) if draft.enforce_nonce and draft.nonce is not None else None
        marked = 0

        async def work(tx: Connection) -> bytes:
            nonlocal marked
            place = await places.enter(self._context, tx, actor, channel_id, lift=True)
            require_sendable(place, draft, enclosed)
            if nonce is not None:
                await _refuse_repetition(tx, place, nonce)
            await take_turn(tx, place)
            face = await self._faces.of(tx, place)
            speaker = Speaker(actor.user_id, face.user, face.beside)
            message, reply = await posting.add(self._context, tx, place, speaker, draft, enclosed)
            if message.id >= self._speakers.until.get((actor.user_id, channel_id), 0) and not actor.bot:
                spoken.insert(tx, actor.user_id, place.guild_id, channel_id, message.id)
                marked = message.id
            if nonce is not None:
                await messages.remember(tx, message, nonce, place.now_ms, place.now_ms - _NONCE_MS)
            return reply

        store, topic = self._context.store, self._context.shapes.topic_of(channel_id)
        try:
            if enclosed.keys:
                async with files.held(self._context, enclosed.keys):
                    reply = await store.write(work, topic)
            else:
                reply = await store.write(work, topic)
        except Unchanged as earlier:
            return earlier.answer
        if marked:
            self._speakers.know(actor.user_id, channel_id, marked)
        return reply

    async def edit(
        self,
        actor: Actor,
        channel_id: int,
        message_id: int,
        change: EditMessage,
        uploads: Uploads = attachments.NO_FILES,
    ) -> bytes:
        """Change one's own message, or with MANAGE_MESSAGES the flags of another's; the message as JSON."""
        enclosed = await self._enclose(actor, channel_id, change, uploads)

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=True)
            message = await message_in(tx, place, message_id)
            require_editable(place, message, change, enclosed)
            return await rendering.one(tx, actor.user_id, await posting.edit(tx, place, message, change, enclosed))

        async with files.held(self._context, enclosed.keys):
            return await self._context.store.write(work)

    async def publish(self, actor: Actor, channel_id: int, message_id: int) -> bytes:
        """Mark a message of an announcement channel as published; nobody follows such channels here."""

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=True)
            place.require_speaking()
            message = await message_in(tx, place, message_id)
            if message.author_id != actor.user_id:
                place.require(permissions.MANAGE_MESSAGES)
            if place.channel.type != ChannelType.ANNOUNCEMENT:
                raise Invalid("wrong_channel_type")
            body = body_of(message.body)
            if body.flags & MessageFlag.CROSSPOSTED:
                raise Conflict("published_already")
            body.flags |= MessageFlag.CROSSPOSTED
            published, told = await posting.rewrite(tx, place, message, body, message.mentioned)
            await places.emit(tx, place, told)
            return await rendering.one(tx, actor.user_id, published)

        return await self._context.store.write(work)

    async def delete(self, actor: Actor, channel_id: int, message_id: int) -> None:
        """Delete one's own message, or with MANAGE_MESSAGES anybody's."""

        async def work(changes: Changes) -> None:
            place = await places.enter_for(changes, actor, channel_id)
            message = await message_in(changes.tx, place, message_id)
            if message.author_id != actor.user_id:
                place.require(permissions.MANAGE_MESSAGES)
            await posting.remove(changes, place, message)
            if message.author_id != actor.user_id:
                options = {"channel_id": str(channel_id), "count": "1"}
                entry = Entry(Action.MESSAGE_DELETE, message.author_id, options=options)
                await places.audit(changes, place, actor, entry)

        await change(self._context, work)

    async def delete_many(self, actor: Actor, channel_id: int, message_ids: Collection[int]) -> None:
        """Delete up to a hundred young messages at once; ids that are none are passed over. Needs MANAGE_MESSAGES."""
        ids = set(message_ids)
        if not _FEWEST <= len(ids) <= BULK:
            raise Invalid("bulk_count")

        async def work(changes: Changes) -> None:
            place = await places.enter_for(changes, actor, channel_id)
            place.require(permissions.MANAGE_MESSAGES)
            if snowflakes.time_ms(min(ids)) < place.now_ms - _BULK_MS:
                raise Invalid("bulk_too_old")
            await read_states.outlive(changes.tx, place.guild_id, channel_id, ids)
            removed = await messages.remove(changes.tx, channel_id, ids)
            if removed:
                await places.tell(changes, place, _deleted(place, removed))
                options = {"count": str(len(removed))}
                entry = Entry(Action.MESSAGE_BULK_DELETE, channel_id, options=options)
                await places.audit(changes, place, actor, entry)

        await change(self._context, work)

    async def get(self, actor: Actor, channel_id: int, message_id: int) -> bytes:
        """One message as JSON."""

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            place.require_reading()
            return await rendering.one(tx, actor.user_id, await message_in(tx, place, message_id))

        return await self._context.store.read(work)

    async def page(self, actor: Actor, channel_id: int, query: PageQuery) -> bytes:
        """Messages as a JSON array, newest first: the newest of all, or those beside an id, which need not exist.

        `after` gives the oldest above its id; `around` half of the limit below its id, and the rest from it on.
        """

        async def work(tx: Connection) -> bytes:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            if not place.permissions & permissions.READ_MESSAGE_HISTORY:
                return b"[]"
            return await self._page(tx, actor, place, query)

        return await self._context.store.read(work)

    async def _page(self, tx: Connection, actor: Actor, place: Place, query: PageQuery) -> bytes:
        channel_id = place.channel.id
        if place.guild is None:
            return await rendering.page(tx, actor.user_id, channel_id, await _lines(tx, channel_id, query))
        rev = place.told[0][1]
        kept = self._pages.get(channel_id, query, rev)
        if kept is not None:
            return kept
        lines = await _lines(tx, channel_id, query)
        page = await rendering.page(tx, actor.user_id, channel_id, lines)
        authors = {author_id for author_id, _, _ in lines}
        if all(special is None for _, _, special in lines) and await members.are_all(tx, place.guild_id, authors):
            self._pages.keep(channel_id, query, rev, page)
        return page

    async def typing(self, actor: Actor, channel_id: int) -> None:
        """Tell the channel that one is typing."""

        async def work(tx: Connection) -> tuple[Told, Record]:
            place = await places.enter(self._context, tx, actor, channel_id, lift=False)
            place.require_speaking()
            face = await self._faces.of(tx, place)
            record = Record(
                event="TYPING_START",
                time=place.now_ms,
                guild=place.guild_id,
                channel=channel_id,
                author=actor.user_id,
                data=_typing_start(place, actor.user_id, face.whole),
            )
            return await places.heard(tx, place), record

        await places.whisper(self._context, *await self._context.store.read(work))

    async def _enclose(
        self, actor: Actor, channel_id: int, said: SendMessage | EditMessage, uploads: Uploads
    ) -> Enclosed:
        """What comes with the message; nobody's files are put who may not send any."""
        if uploads.files:

            async def work(tx: Connection) -> None:
                place = await places.enter(self._context, tx, actor, channel_id, lift=False)
                place.require_speaking(permissions.ATTACH_FILES)

            await self._context.store.read(work)
        return await attachments.enclose(self._context, channel_id, said.embeds, said.attachments, uploads)


async def _lines(tx: Connection, channel_id: int, query: PageQuery) -> list[Line]:
    limit, before, after, around = query
    if around is not None:
        older = await messages.before(tx, channel_id, around, limit // 2)
        return await messages.since(tx, channel_id, around, limit - limit // 2) + older
    if after is not None and before is None:
        return await messages.since(tx, channel_id, min(after, snowflakes.MAX - 1) + 1, limit)
    return await messages.before(tx, channel_id, snowflakes.MAX if before is None else before, limit)


async def _refuse_repetition(tx: Connection, place: Place, nonce: str) -> None:
    author_id, channel_id = place.actor_id, place.channel.id
    earlier_id = await messages.sent_as(tx, author_id, nonce, channel_id, place.now_ms - _NONCE_MS)
    earlier = None if earlier_id is None else await messages.get(tx, channel_id, earlier_id)
    if earlier is not None:
        raise Unchanged(await rendering.one(tx, author_id, earlier))


def _deleted(place: Place, message_ids: Collection[int]) -> Record:
    ids = [str(message_id) for message_id in message_ids]
    data = encode(MessageDeleteBulk(ids, str(place.channel.id), place.guild_key))
    return Record(event="MESSAGE_DELETE_BULK", guild=place.guild_id, channel=place.channel.id, data=data)


def _typing_start(place: Place, user_id: int, member: bytes | None) -> bytes:
    return encode(
        TypingStart(
            channel_id=str(place.channel.id),
            guild_id=place.guild_key,
            user_id=str(user_id),
            timestamp=place.now_ms // 1000,
            member=UNSET if member is None else Raw(member),
        )
    )

"""Unfurling: shows what the links of a message lead to, after it was sent, as an edit that nobody made.

It hears of messages by what is committed, so sending one waits for nothing. Everything waits in bounds, and what is
too much is dropped: a message without a card is still a message.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import structlog
from msgspec import Struct

from derailed.actions import links, places, posting
from derailed.actions.access import Access
from derailed.actions.context import Context
from derailed.actions.places import Place
from derailed.model import permissions
from derailed.model.errors import Refusal, Unknown
from derailed.model.guild import Member
from derailed.model.message import MessageFlag
from derailed.model.user import Actor
from derailed.store import Connection, OutboxRow, topics
from derailed.telemetry import CAUSE
from derailed.unfurl import Preview, Unfurler
from derailed.wire import records
from derailed.wire.embeds import Embed, EmbedImage, EmbedProvider
from derailed.wire.messages import body_of
from derailed.wire.records import Record, guild_topic, user_topic

_WAITING: Final = 500
"""Messages. At five seconds each, the most that one may take, the last of them would be shown after ten minutes."""
_OF_HOME: Final = 50
_OF_AUTHOR: Final = 5
"""Of those that wait: no guild or conversation, and nobody, keeps the others from being served."""
_AT_ONCE: Final = 4
_KEPT: Final = 1000
_KEPT_MS: Final = 5 * 60 * 1000
"""For how long a page is taken to say the same: a link that goes round is asked for once."""

_TOLD: Final = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
_SUPPRESS_EMBEDS: Final = int(MessageFlag.SUPPRESS_EMBEDS)

_log: Final = structlog.stdlib.get_logger(__name__)


class _Said(Struct):
    """What an event's `d` says that matters here."""

    content: str
    embeds: list[msgspec.Raw]
    flags: int = 0
    webhook_id: str | None = None


class _Job(NamedTuple):
    """A message whose links are to be looked at."""

    guild_id: int
    channel_id: int
    message_id: int
    author_id: int
    webhook: bool
    content: str
    cause: str


_decode: Final = msgspec.json.Decoder(_Said).decode


class Unfurling:
    """One per process. Give it what the store has committed by `take`, and `run` to a task."""

    def __init__(self, context: Context, unfurler: Unfurler) -> None:
        self._context = context
        self._unfurler = unfurler
        self._waiting: asyncio.Queue[_Job] = asyncio.Queue(_WAITING)
        self._of: Counter[int] = Counter()
        """How many wait or are looked at, by guild or conversation and by author."""
        self._kept: OrderedDict[str, tuple[int, Preview | None]] = OrderedDict()

    def take(self, rows: Sequence[OutboxRow]) -> None:
        """Look at the links of the messages among these records, soon."""
        for row in rows:
            if b"://" in row.payload:
                record = records.decode(row.payload)
                if record.guild or row.topic == user_topic(record.author):  # a conversation tells each recipient
                    self._offer(record)

    async def run(self) -> None:
        """Look at what was taken, for as long as the process lives."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(_AT_ONCE):
                    tasks.create_task(self._work())
        finally:
            await self._unfurler.close()

    async def settled(self) -> None:
        """Wait until nothing waits."""
        await self._waiting.join()

    def _offer(self, record: Record) -> None:
        if record.event not in _TOLD:
            return
        said = _decode(record.data)
        if said.embeds or said.flags & _SUPPRESS_EMBEDS or not links.in_content(said.content):
            return
        home = record.guild or record.channel
        if self._of[home] >= _OF_HOME or self._of[record.author] >= _OF_AUTHOR or self._waiting.full():
            return
        webhook = said.webhook_id is not None
        self._of.update((home, record.author))
        self._waiting.put_nowait(
            _Job(record.guild, record.channel, record.id, record.author, webhook, said.content, record.cause)
        )

    async def _work(self) -> None:
        while True:
            job = await self._waiting.get()
            CAUSE.set(job.cause)
            try:
                await self._unfurl(job)
            except Refusal:
                pass  # the message, its author's permission or the store is gone: there is nobody to tell
            except Exception as error:  # noqa: BLE001  what strangers' pages hold must not end the process
                _log.error("a link could not be looked at", exc_info=error)
            finally:
                self._waiting.task_done()
                self._release(job.guild_id or job.channel_id, job.author_id)
                CAUSE.set("")

    def _release(self, *ids: int) -> None:
        for each in ids:
            self._of[each] -= 1
            if not self._of[each]:
                del self._of[each]

    async def _unfurl(self, job: _Job) -> None:
        await self._context.store.read(lambda tx: self._enter(tx, job, lift=False))  # before a stranger hears of it
        found = [(link, await self._preview(link)) for link in links.in_content(job.content)]
        embeds = [_embed(link, preview) for link, preview in found if preview is not None]
        if not embeds:
            return

        async def work(tx: Connection) -> None:
            place = await self._enter(tx, job, lift=True)
            message = await places.message_in(tx, place, job.message_id)
            body = body_of(message.body)
            if body.content != job.content or body.embeds or body.flags & _SUPPRESS_EMBEDS:
                raise Unknown("message")  # it is another one by now
            body.embeds = embeds
            _, told = await posting.rewrite(tx, place, message, body, message.mentioned)
            await places.emit(tx, place, told)

        await self._context.store.write(work)

    async def _enter(self, tx: Connection, job: _Job, *, lift: bool) -> Place:
        """Where the message is, if its author may still have links shown there."""
        if not job.webhook:
            author = Actor(job.author_id, 0, False)
            place = await places.enter(self._context, tx, author, job.channel_id, lift=lift)
            place.require_speaking(permissions.EMBED_LINKS)
            return place
        versions = await (topics.lift if lift else topics.look)(tx, guild_topic(job.guild_id))
        guild = await self._context.shapes.guild(tx, job.guild_id, versions)
        channel = guild.channels.get(job.channel_id)
        if channel is None:
            raise Unknown("channel")
        member = Member(guild_id=job.guild_id, user_id=job.author_id, joined_at=0)
        access = Access(versions.rev, guild, member, permissions.OF_WEBHOOK, channel)
        return places.of(access, self._context.clock())

    async def _preview(self, link: str) -> Preview | None:
        now_ms = self._context.clock()
        kept = self._kept.get(link)
        if kept is not None and abs(now_ms - kept[0]) < _KEPT_MS:
            return kept[1]
        preview = await self._unfurler.preview(link)
        self._kept[link] = (now_ms, preview)
        self._kept.move_to_end(link)
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return preview


def _embed(link: str, of: Preview) -> Embed:
    return Embed(
        type=of.kind,
        title=of.title,
        description=of.description,
        url=link,
        color=of.color,
        thumbnail=None if of.image_url is None else EmbedImage(of.image_url),
        provider=None if of.site is None else EmbedProvider(of.site),
    )

"""Who is here: the service is told of this node's sessions, and they of everyone whose presence they asked for.

Presences are not in the log. A session that is not live when somebody's changes has them *unseen*, and is told how they
are then as soon as it is live; one that is resumed also of those who changed while it was away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import structlog

from derailed.gateway.frames import Frame
from derailed.gateway.node import Topic
from derailed.gateway.recipient import Recipient, Stage
from derailed.presence import Announced, Changed, Down, Link, Presence, Recent, Superseded
from derailed.wire.presences import Shown
from derailed.wire.records import guild_topic

if TYPE_CHECKING:
    from derailed.gateway.hub import Hub

_SLICE: Final = 128
"""Sessions told, or presences told to one, between two looks at the rest of the loop."""

_AGAIN_S: Final = 1.0
_NOBODY: Final = b""
"""A session of which nothing is known."""

log = structlog.get_logger()


class PresenceFeed:
    """Between one hub and the Presence Service. `run` it in a task."""

    def __init__(self, hub: Hub, link: Link, clock: Callable[[], int]) -> None:
        """`clock` is Unix milliseconds."""
        self._hub = hub
        self._link = link
        self._clock = clock

    # --- what the service is told

    def announce(self, recipient: Recipient, *, resumed: bool = False) -> None:
        """The session is about to be live."""
        identity = recipient.id
        self._link.up(
            Announced(
                session_id=identity.nonce,
                user_id=identity.user_id,
                claim=self._clock(),
                guild_ids=tuple(recipient.seats),
                status=recipient.shown.status,
                activities=recipient.shown.activities,
                client=recipient.client,
                resumed=resumed,
            )
        )
        asked = next((guild_id for guild_id in recipient.seats if self.asks(recipient, guild_id)), 0)
        recipient.itself = next(iter(self._link.here(asked, [identity.user_id])), None)

    def show(self, recipient: Recipient, shown: Shown) -> None:
        """The session shows something else; one that is not announced yet will be announced with it."""
        recipient.shown = shown
        self._link.change(recipient.id.nonce, shown.status, shown.activities)

    def moved(self, recipient: Recipient) -> None:
        """It is in other guilds now."""
        self._link.belongs(recipient.id.nonce, tuple(recipient.seats))

    # --- what sessions are told

    async def watch(self, recipient: Recipient, guild_ids: Iterable[int]) -> None:
        """Have this node hear of those of these guilds whose presences the session asked for."""
        topics = [self._hub.registry.topics.get(guild_topic(each)) for each in guild_ids if self.asks(recipient, each)]
        watches = [self._watching(topic) for topic in topics if topic is not None]
        if watches:
            await asyncio.wait(watches)

    def asks(self, recipient: Recipient, guild_id: int) -> bool:
        """Whether the session is told of presences in this guild."""
        seat = recipient.seats.get(guild_id)
        return seat is not None and seat.presences and not seat.gone

    def here(self, recipient: Recipient, guild_id: int) -> Sequence[Presence]:
        """Everyone who is here in the guild, if the session asked for that."""
        return self._link.here(guild_id) if self.asks(recipient, guild_id) else ()

    def _watching(self, topic: Topic) -> asyncio.Task[None]:
        if topic.watch is None:
            topic.watch = asyncio.create_task(self._begin_watching(topic.guild_id))
        return topic.watch

    async def _begin_watching(self, guild_id: int) -> None:
        try:
            await self._link.watch(guild_id)
        except Down:
            log.info("presences are not known yet", guild=guild_id)

    async def missed(self, recipient: Recipient) -> None:
        """Have a session that is being resumed told, once it is live, of who may have changed while it was away."""
        guild_ids = [guild_id for guild_id in recipient.seats if self.asks(recipient, guild_id)]
        if not guild_ids:
            return
        try:
            recent = await self._link.recent(recipient.id.nonce, guild_ids)
        except Down:
            self._hub.start(self._missed_later(recipient, guild_ids), recipient)
            return
        self._missed(recipient, guild_ids, recent)

    async def _missed_later(self, recipient: Recipient, guild_ids: Sequence[int]) -> None:
        """Ask until there is an answer. By then the session counts as here: it is asked for the longest absence."""
        while not recipient.ended():
            await asyncio.sleep(_AGAIN_S)
            try:
                recent = await self._link.recent(_NOBODY, guild_ids)
            except Down:
                continue
            self._missed(recipient, guild_ids, recent)
            await self.catch_up(recipient)
            return

    def _missed(self, recipient: Recipient, guild_ids: Iterable[int], recent: Recent) -> None:
        for guild_id in guild_ids:
            users = set(recent.users.get(guild_id, ()))
            if not recent.whole:
                users.update(presence.user_id for presence in self._link.here(guild_id))
            if users:
                recipient.unseen.setdefault(guild_id, set()).update(users)

    async def catch_up(self, recipient: Recipient) -> None:
        """Tell a live session of those it has not seen, as they are now."""
        while recipient.unseen:
            await self._hub.between()
            if recipient.stage is not Stage.LIVE:
                return
            guild_id = next(iter(recipient.unseen))
            users = recipient.unseen[guild_id]
            some = [users.pop() for _ in range(min(len(users), _SLICE))]
            if not users:
                del recipient.unseen[guild_id]
            if self.asks(recipient, guild_id):
                here = {presence.user_id: presence for presence in self._link.here(guild_id, some)}
                for user_id in some:
                    presence = here.get(user_id) or Presence(user_id, "offline")
                    self._hub.say(recipient, "PRESENCE_UPDATE", presence.json(guild_id))
            await asyncio.sleep(0)

    # --- what the service tells

    async def run(self) -> None:
        """Read until the link is closed."""
        while signals := await self._link.read():
            for signal in signals:
                if isinstance(signal, Changed):
                    for guild_id in signal.guild_ids:
                        await self._tell(signal.presence, guild_id)
                elif isinstance(signal, Superseded):
                    self._hub.registry.supersede(signal.session_id)

    async def _tell(self, presence: Presence, guild_id: int) -> None:
        await self._hub.between()
        topic = self._hub.registry.topics.get(guild_topic(guild_id))
        if topic is None or not topic.onlookers:
            return
        for recipient in topic.waiting():
            self._unseen(recipient, presence.user_id, guild_id)
        data = presence.json(guild_id)
        told = iter([each for each in topic.live() if self.asks(each, guild_id)])
        while some := list(islice(told, _SLICE)):
            await self._hub.between()
            made: dict[int, Frame] = {}
            for recipient in some:
                if recipient.itself == presence:
                    continue  # it was sent with the guild
                if recipient.id.user_id == presence.user_id:
                    recipient.itself = None
                if recipient.stage is Stage.LIVE and self.asks(recipient, guild_id):
                    self._hub.say(recipient, "PRESENCE_UPDATE", data, made)
                else:
                    self._unseen(recipient, presence.user_id, guild_id)
            if len(some) == _SLICE:
                await asyncio.sleep(0)

    def _unseen(self, recipient: Recipient, user_id: int, guild_id: int) -> None:
        if not recipient.ended() and self.asks(recipient, guild_id):
            recipient.unseen.setdefault(guild_id, set()).add(user_id)

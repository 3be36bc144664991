"""Who is here: the service is told of this node's sessions, and they of everyone whose presence they asked for.

Friends are guilds of one: a session is seen in its friends' ids, and one with friends hears of its own. Presences are
not in the log. A session that is not live when somebody's changes has them *unseen*, and is told how they
are then as soon as it is live; one that is resumed also of those who changed while it was away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import structlog
from msgspec.structs import replace

from derailed.actions.sessions import Sessions
from derailed.gateway.departed import Departed
from derailed.gateway.frames import Frame
from derailed.gateway.node import Topic
from derailed.gateway.recipient import Recipient, Stage
from derailed.presence import Announced, Changed, Down, Link, Presence, Recent, Superseded
from derailed.telemetry import apart
from derailed.wire import relationships
from derailed.wire.presences import beside
from derailed.wire.records import Record, guild_topic, user_topic

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

    def __init__(self, hub: Hub, link: Link, sessions: Sessions, clock: Callable[[], int]) -> None:
        """`clock` is Unix milliseconds."""
        self._hub = hub
        self._link = link
        self._clock = clock
        self._departed = Departed(self, sessions)

    # --- what the service is told

    def announce(self, recipient: Recipient, *, resumed: bool = False) -> None:
        """The session is about to be live."""
        identity, shown = recipient.id, beside(recipient.shown, recipient.custom)
        announced = Announced(
            session_id=identity.nonce,
            user_id=identity.user_id,
            claim=self._clock(),
            guild_ids=_seen_in(recipient),
            status=shown.status,
            activities=shown.activities,
            client=recipient.client,
            resumed=resumed,
            reached=self._hub.cursor,
        )
        self._link.up(announced)
        if recipient.sink.forsaken:  # nobody takes that one up again, and its grace would outlive this one's end
            self._link.up(replace(announced, session_id=recipient.sink.forsaken))  # it may be of another node
            self._link.gone(recipient.sink.forsaken)
            recipient.sink.forsaken = b""
        asked = next((guild_id for guild_id in recipient.seats if self.asks(recipient, guild_id)), 0)
        recipient.itself = next(iter(self._link.here(asked, [identity.user_id])), None)

    def moved(self, recipient: Recipient) -> None:
        """It is in other guilds now, or has other friends."""
        self._link.belongs(recipient.id.nonce, _seen_in(recipient))

    def related(self, recipient: Recipient, record: Record) -> None:
        """Somebody became a friend, or is none any more."""
        if record.rev <= recipient.friends_rev:
            return
        befriended = relationships.befriends(record)
        friends = recipient.friends | {record.id} if befriended else recipient.friends - {record.id}
        moved = friends != recipient.friends
        self._hub.registry.befriended(recipient, friends, record.rev)
        if moved:
            self.moved(recipient)
        if moved and befriended:
            self._hub.start(self._meet(recipient, record.id), recipient)

    async def _meet(self, recipient: Recipient, user_id: int) -> None:
        """Tell of a new friend who is here already: the service may have told that before they were friends here."""
        own = recipient.id.user_id
        await self.watch(recipient, [own])
        if any(presence.user_id == user_id for presence in self.here(recipient, own)):
            self._unseen(recipient, user_id, own)
            await self.catch_up(recipient)

    # --- what sessions are told

    async def watch(self, recipient: Recipient, guild_ids: Iterable[int]) -> None:
        """Have this node hear of those of these guilds whose presences the session asked for, or of its friends."""
        topics = [self._topic(each) for each in guild_ids if self.asks(recipient, each)]
        watches = [self._watching(topic) for topic in topics if topic is not None]
        if watches:
            await asyncio.wait(watches)

    def asks(self, recipient: Recipient, guild_id: int) -> bool:
        """Whether the session is told of presences in this guild; under its own id, of its friends'."""
        seat = recipient.seats.get(guild_id)
        if seat is not None:
            return seat.presences and not seat.gone
        return guild_id == recipient.id.user_id and bool(recipient.friends)

    def here(self, recipient: Recipient, guild_id: int) -> Sequence[Presence]:
        """Everyone who is here in the guild, if the session asked for that; under its own id its friends."""
        if not self.asks(recipient, guild_id):
            return ()
        return self._link.here(guild_id, recipient.friends if guild_id == recipient.id.user_id else None)

    def friends(self, recipient: Recipient) -> Sequence[Presence]:
        """Its friends that are here; only at the point at which they are told."""
        recipient.unseen.pop(recipient.id.user_id, None)
        return self.here(recipient, recipient.id.user_id)

    def _topic(self, group_id: int) -> Topic | None:
        topics = self._hub.registry.topics
        return topics.get(guild_topic(group_id)) or topics.get(user_topic(group_id))

    def _watching(self, topic: Topic) -> asyncio.Task[None]:
        if topic.watch is None:
            topic.watch = apart(self._begin_watching(topic))
        return topic.watch

    async def _begin_watching(self, topic: Topic) -> None:
        try:
            await self._link.watch(topic.group_id)
        except Down:
            log.info("presences are not known yet", guild=topic.group_id)
            topic.watch = None  # so that it is asked again whether they are

    async def missed(self, recipient: Recipient) -> None:
        """Have a session that is being resumed told, once it is live, of who may have changed while it was away."""
        guild_ids = [each for each in (*recipient.seats, recipient.id.user_id) if self.asks(recipient, each)]
        if not guild_ids:
            return
        try:
            recent = await self._recent(recipient, recipient.id.nonce, guild_ids)
        except Down:
            self._hub.start(self._missed_later(recipient, guild_ids), recipient)
            return
        self._missed(recipient, guild_ids, recent)

    async def _missed_later(self, recipient: Recipient, guild_ids: Sequence[int]) -> None:
        """Ask until there is an answer. By then the session counts as here: it is asked for the longest absence."""
        while not recipient.ended():
            await asyncio.sleep(_AGAIN_S)
            try:
                recent = await self._recent(recipient, _NOBODY, guild_ids)
            except Down:
                continue
            self._missed(recipient, guild_ids, recent)
            await self.catch_up(recipient)
            return

    async def _recent(self, recipient: Recipient, session_id: bytes, guild_ids: Sequence[int]) -> Recent:
        """Who changed, once it is known who is here too. Raises Down.

        A service that comes back may say the one before the other: whoever changed would be told to have gone.
        """
        recent = await self._link.recent(session_id, guild_ids)
        await self.known(recipient, guild_ids)
        return recent

    async def known(self, recipient: Recipient, guild_ids: Sequence[int]) -> None:
        """Return when it is known who is here. Raises Down."""
        await self.watch(recipient, guild_ids)
        topics = [topic for each in guild_ids if (topic := self._topic(each)) is not None]
        if any(topic.onlookers and topic.watch is None for topic in topics):
            raise Down

    def _missed(self, recipient: Recipient, guild_ids: Sequence[int], recent: Recent) -> None:
        for guild_id in guild_ids:
            users = set(recent.users.get(guild_id, ()))
            if not recent.whole:
                users.update(presence.user_id for presence in self.here(recipient, guild_id))
            if users:
                recipient.unseen.setdefault(guild_id, set()).update(users)
        if not recent.whole:
            self._hub.start(self._departed.tell(recipient, guild_ids), recipient)

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
            some = [user_id for user_id in some if self._hears(recipient, user_id, guild_id)]
            if some:
                here = {presence.user_id: presence for presence in self._link.here(guild_id, some)}
                of_guild = guild_id if guild_id in recipient.seats else 0
                for user_id in some:
                    presence = here.get(user_id) or Presence(user_id, "offline")
                    self._hub.say(recipient, "PRESENCE_UPDATE", presence.json(of_guild))
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
        topic = self._topic(guild_id)
        if topic is None or not topic.onlookers:
            return
        for recipient in topic.waiting():
            self._unseen(recipient, presence.user_id, guild_id)
        data = presence.json(topic.guild_id)
        told = iter([each for each in topic.live() if self._hears(each, presence.user_id, guild_id)])
        while some := list(islice(told, _SLICE)):
            await self._hub.between()
            made: dict[int, Frame] = {}
            for recipient in some:
                if recipient.itself == presence:
                    continue  # it was sent with the guild
                if recipient.id.user_id == presence.user_id:
                    recipient.itself = None
                if recipient.stage is Stage.LIVE and self._hears(recipient, presence.user_id, guild_id):
                    self._hub.say(recipient, "PRESENCE_UPDATE", data, made)
                else:
                    self._unseen(recipient, presence.user_id, guild_id)
            if len(some) == _SLICE:
                await asyncio.sleep(0)

    def _hears(self, recipient: Recipient, user_id: int, group_id: int) -> bool:
        """Whether it is told of that user there."""
        return self.asks(recipient, group_id) and (group_id in recipient.seats or user_id in recipient.friends)

    def _unseen(self, recipient: Recipient, user_id: int, guild_id: int) -> None:
        if not recipient.ended() and self._hears(recipient, user_id, guild_id):
            recipient.unseen.setdefault(guild_id, set()).add(user_id)


def _seen_in(recipient: Recipient) -> tuple[int, ...]:
    """Whose followers see the session: its guilds' members, and under their own ids its friends."""
    return (*recipient.seats, *recipient.friends)

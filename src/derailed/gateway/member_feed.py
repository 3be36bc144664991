"""Who belongs: members that sessions ask for (op 8), and the lists of members that they follow (op 14).

Members come from the Supreme Member Storage; while it can not be reached op 8 is answered from the store, and lists
wait. What a session may not see it is not shown: a list ends when its channel is hidden, or the guild left.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from derailed.actions.sessions import Sessions
from derailed.gateway import payloads
from derailed.gateway.audience import Event
from derailed.gateway.frames import Frame
from derailed.gateway.recipient import Listed, Recipient, Stage
from derailed.gateway.session import AskMembers, FollowLists
from derailed.members import CHUNK, Chunk, Down, Link, ListLost, ListUpdate, Query
from derailed.model.errors import Unknown
from derailed.model.user import Actor
from derailed.telemetry import CAUSE
from derailed.traces import TRACES
from derailed.wire.gateway import LISTS_MAX, REQUESTS_WAITING, Intent
from derailed.wire.records import guild_topic

if TYPE_CHECKING:
    from derailed.gateway.hub import Hub

_RETRY_AFTER_S: Final = 5
_SLICE: Final = 128

_members: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Asker(Protocol):
    """The socket that a session is on."""

    async def drained(self) -> None:
        """Return when it may be sent more."""
        ...


class _Turns:
    """One session's requests: each waits for those before it."""

    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class MemberFeed:
    """Between one hub and the Supreme Member Storage. `run` it in a task."""

    def __init__(self, hub: Hub, link: Link, sessions: Sessions) -> None:
        self._hub = hub
        self._link = link
        self._sessions = sessions
        self._numbers = count(1)
        self._turns: dict[Recipient, _Turns] = {}

    # --- members that are asked for

    async def answer(self, asked: AskMembers, recipient: Recipient, socket: Asker) -> None:
        """Answer op 8 to the session that asked, at points where it is whole, and no faster than it reads."""
        turns = self._turns.setdefault(recipient, _Turns())
        if turns.waiting > REQUESTS_WAITING:
            await self._hub.whole(recipient)
            if not recipient.ended():
                self._hub.say(recipient, *payloads.rate_limited(asked.guild_id, asked.nonce, _RETRY_AFTER_S))
            return
        span = TRACES.request() if TRACES.on else None
        if span is not None:
            span.name("REQUEST_GUILD_MEMBERS")
            CAUSE.set(span.cause)
        turns.waiting += 1
        try:
            async with turns.lock:
                await self._hub.whole(recipient)
                async for event in self._answer(asked, recipient):
                    await socket.drained()
                    await self._hub.whole(recipient)
                    if recipient.ended():  # its client may be on the way in afresh, on this very socket
                        return
                    self._hub.say(recipient, *event)
        finally:
            turns.waiting -= 1
            if not turns.waiting:
                self._turns.pop(recipient, None)
            if span is not None:
                span.end()

    async def _answer(self, asked: AskMembers, recipient: Recipient) -> AsyncIterator[Event]:
        if asked.guild_id not in recipient.seats:
            yield payloads.chunk(asked, Chunk(b"[]", not_found=asked.user_ids), presences=asked.presences)
            return
        presences = asked.presences and bool(recipient.id.intents & Intent.GUILD_PRESENCES)
        query = Query(asked.query, asked.user_ids, max(asked.limit, 0), presences)
        try:
            async for found in self._link.find(asked.guild_id, query):
                yield payloads.chunk(asked, found, presences=asked.presences)
        except Down:
            async for event in self._from_store(asked, recipient):
                yield event

    async def _from_store(self, asked: AskMembers, recipient: Recipient) -> AsyncIterator[Event]:
        """Everything, from the beginning: libraries take members that they have been told of already."""
        actor = Actor(recipient.id.user_id, recipient.id.token_id, recipient.id.bot)
        try:
            found, not_found = await self._sessions.members(
                actor, asked.guild_id, query=asked.query, user_ids=asked.user_ids, limit=max(asked.limit, 0)
            )
        except Unknown:
            found, not_found = [], list(asked.user_ids)
        for event in payloads.chunks(asked, found, not_found):
            yield event

    async def of(self, guild_id: int, user_ids: Sequence[int]) -> list[msgspec.Raw]:
        """Those of these who are members, encoded; nobody while members can not be reached."""
        found: list[msgspec.Raw] = []
        try:
            for start in range(0, len(user_ids), CHUNK):
                query = Query(None, tuple(user_ids[start : start + CHUNK]))
                async for some in self._link.find(guild_id, query):
                    found += _members(some.members)
        except Down:
            return []
        return found

    # --- lists that are followed

    def follow(self, asked: FollowLists, recipient: Recipient) -> None:
        """Show these lists of the guild, and no others of it, from now on."""
        if recipient.ended():
            return
        numbers = {
            each.channel_id: number for number, each in recipient.lists.items() if each.guild_id == asked.guild_id
        }
        wanted = {channel_id: ranges for channel_id, ranges in asked.channels if ranges}
        for channel_id, number in numbers.items():
            if channel_id not in wanted:
                self._hub.registry.leave_list(recipient, number)
        for channel_id, ranges in wanted.items():
            if not self._sees(recipient, asked.guild_id, channel_id):
                continue
            number = numbers.get(channel_id) or next(self._numbers)
            if number not in recipient.lists and len(recipient.lists) >= LISTS_MAX:
                self._hub.registry.leave_list(recipient, next(iter(recipient.lists)))
            self._begin(recipient, number, Listed(asked.guild_id, channel_id, ranges))

    def _begin(self, recipient: Recipient, number: int, listed: Listed) -> None:
        self._hub.registry.list_of(recipient, number, listed)
        self._link.follow(number, listed.guild_id, listed.channel_id, listed.ranges)

    def _sees(self, recipient: Recipient, guild_id: int, channel_id: int) -> bool:
        seat = recipient.seats.get(guild_id)
        topic = self._hub.registry.topics.get(guild_topic(guild_id))
        if seat is None or seat.gone or topic is None or topic.view is None:
            return False
        return channel_id in topic.view.visible(recipient.id.user_id, seat.roles)

    def recheck(self, recipient: Recipient) -> None:
        """What the session may see has changed: end the lists of channels that are hidden from it now."""
        for number, listed in list(recipient.lists.items()):
            if not self._sees(recipient, listed.guild_id, listed.channel_id):
                self._hub.registry.leave_list(recipient, number)

    def catch_up(self, recipient: Recipient) -> None:
        """Begin those lists anew that could not be told while the session was not live."""
        for number, listed in list(recipient.lists.items()):
            if listed.stale:
                self._begin(recipient, number, listed._replace(stale=False))

    # --- what the service tells

    async def run(self) -> None:
        """Read until the link is closed."""
        made: dict[int, Frame] = {}
        last: bytes | None = None
        while signals := await self._link.read():
            for told, signal in enumerate(signals, start=1):
                await self._hub.between()
                if isinstance(signal, ListUpdate):
                    if signal.data is not last:  # who follows the same rows is told the same, one after the other
                        made, last = {}, signal.data
                    self._tell(signal, made)
                elif isinstance(signal, ListLost):
                    self._lost(signal.subscription)
                if told % _SLICE == 0:
                    await asyncio.sleep(0)

    def _tell(self, update: ListUpdate, made: dict[int, Frame]) -> None:
        recipient = self._hub.registry.lists.get(update.subscription)
        if recipient is None:
            return
        listed = recipient.lists[update.subscription]
        if recipient.stage is Stage.LIVE and not listed.stale:
            self._hub.say(recipient, "GUILD_MEMBER_LIST_UPDATE", update.data, made)
        else:
            recipient.lists[update.subscription] = listed._replace(stale=True)

    def _lost(self, number: int) -> None:
        recipient = self._hub.registry.lists.get(number)
        if recipient is None:
            return
        listed = recipient.lists[number]
        if self._sees(recipient, listed.guild_id, listed.channel_id):
            self._begin(recipient, number, listed)
        else:
            self._hub.registry.leave_list(recipient, number)

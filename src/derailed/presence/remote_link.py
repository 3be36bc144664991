"""A node's link to services elsewhere: what it announced is kept here, so that a service can be told again."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec

from derailed.generated import presence_pb2 as proto
from derailed.model.rendezvous import order
from derailed.presence import (
    Announced,
    Changed,
    Down,
    Found,
    Lost,
    Presence,
    Recent,
    Signal,
    Status,
    Superseded,
    messages,
)
from derailed.presence.line import Line
from derailed.presence.mirror import Mirror
from derailed.presence.questions import Services
from derailed.presence.tracker import GRACE_MS

_SIGNALS_AT_ONCE: Final = 500
_GRACE_S: Final = GRACE_MS / 1000
_FORSAKEN_AFTER_S: Final = _GRACE_S + 2
"""What a dead service told is believed until every node has told the others:"""
_MOVED_WITHIN_S: Final = 60.0
"""for so long at most, as long as any of its users come to them."""
_TOLD_WITHIN_S: Final = 5.0


class RemoteLink:
    """See Link."""

    def __init__(self, node: str, addresses: Sequence[str], channels: Sequence[Any], services: Services) -> None:
        self._addresses = addresses
        self._services = services
        self._sessions: dict[bytes, Announced] = {}
        self._detached: OrderedDict[bytes, float] = OrderedDict()
        """Sessions without a socket, and until when they may still be resumed."""
        self._mirror = Mirror(len(addresses), lambda user_id: order(user_id, addresses))
        self._waiting: dict[int, asyncio.Event] = {}
        """Guilds whose watchers wait to be told who is there."""
        self._notices: list[Signal] = []
        self._is_lost = False
        self._is_found = False
        """Found, but not read yet."""
        self._woken = asyncio.Event()
        self._closed = False
        self._since = [math.inf] * len(addresses)
        """When each service was found or lost last."""
        self._clock = asyncio.get_running_loop().time
        self._lines = [Line(self, service, node, channel) for service, channel in enumerate(channels)]
        self._tasks = [asyncio.create_task(each) for each in (*(line.run() for line in self._lines), self._age())]

    @property
    def is_up(self) -> bool:
        """Whether any service is there, as far as we know."""
        return any(line.up for line in self._lines)

    @property
    def lines(self) -> Sequence[Line]:
        """To each of the services."""
        return self._lines

    # What the node says

    def up(self, session: Announced) -> None:
        """See Link."""
        self._sessions[session.session_id] = session
        self._detached.pop(session.session_id, None)
        self._send(session, messages.report_up(session))

    def change(self, session_id: bytes, status: Status, activities: bytes) -> None:
        """See Link."""
        if session := self._sessions.get(session_id):
            self._keep(session, status, activities)
            self._send(session, messages.report_change(session_id, status, activities))

    def shows(self, session_id: bytes) -> tuple[Status, bytes] | None:
        """See Link."""
        session = self._sessions.get(session_id)
        return None if session is None or session.resumed else (session.status, session.activities)

    def belongs(self, session_id: bytes, guild_ids: tuple[int, ...]) -> None:
        """See Link."""
        if session := self._sessions.get(session_id):
            self._sessions[session_id] = msgspec.structs.replace(session, guild_ids=guild_ids)
            self._send(session, messages.report_belongs(session_id, guild_ids))

    def detached(self, session_id: bytes) -> None:
        """See Link."""
        if (session := self._sessions.get(session_id)) and session_id not in self._detached:
            self._detached[session_id] = self._clock() + _GRACE_S
            self._send(session, proto.Report(detached=session_id))

    def gone(self, session_id: bytes) -> None:
        """See Link."""
        self._detached.pop(session_id, None)
        if session := self._sessions.pop(session_id, None):
            self._send(session, proto.Report(gone=session_id))

    async def watch(self, guild_id: int) -> Sequence[Presence]:
        """See Link."""
        if guild_id not in self._mirror.watched:
            number = self._mirror.watch(guild_id)
            for line in self._lines:
                line.send(messages.report_watch(guild_id, number))
        told = self._waiting.setdefault(guild_id, asyncio.Event())
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TOLD_WITHIN_S):
                    while not self._complete(guild_id) and not self._is_lost:
                        told.clear()
                        await told.wait()
        finally:
            self._waiting.pop(guild_id, None)
            if not self._complete(guild_id):
                self._mirror.tell(guild_id)
        if not self._complete(guild_id):
            raise Down("no presence service answers")
        return self._mirror.here(guild_id)

    def here(self, guild_id: int, user_ids: Iterable[int] | None = None) -> Sequence[Presence]:
        """See Link."""
        return self._mirror.here(guild_id, user_ids)

    async def recent(self, session_id: bytes, guild_ids: Sequence[int]) -> Recent:
        """See Link. The service that the session is at says for how long it was away, and then each who changed."""
        request = proto.AwayRequest(session_id=session_id)
        told = await self._services.ask("Away", request)
        away_ms = max((reply.ms for reply in told if reply is not None and reply.HasField("ms")), default=None)
        question = proto.RecentRequest(away_ms=away_ms, guild_ids=guild_ids)
        replies = await self._services.ask("Recent", question)
        return messages.recent(guild_ids, [reply for reply in replies if reply is not None])

    def unwatch(self, guild_id: int) -> None:
        """See Link."""
        self._mirror.forget(guild_id)
        for line in self._lines:
            line.send(proto.Report(unwatch=guild_id))

    async def read(self) -> Sequence[Signal]:
        """See Link."""
        while not self._closed:
            self._woken.clear()
            if self._notices:
                notices, self._notices = self._notices, []
                return notices
            while self._mirror.unheard:
                if signals := self._mirror.take(_SIGNALS_AT_ONCE):
                    return signals  # there may be none: of a guild that is watched no more
            if self._is_found:
                self._is_found = False
                return [Found()]
            await self._woken.wait()
        return ()

    async def close(self) -> None:
        """See Link."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._woken.set()

    # What the lines say: see Caller

    def found(self, service: int) -> Iterator[proto.Report]:
        """The service is told everything of the users that are its own now."""
        self._since[service] = self._clock()
        self._mirror.found(service)
        return self._everything(self._lines[service])

    def lost(self, service: int) -> None:
        """Its users move to the next service."""
        self._since[service] = self._clock()
        for line in self._lines:
            line.also(self._moved(service, line))
        if not self._is_lost and not any(line.up or not line.tried for line in self._lines):
            self._is_lost, self._is_found = True, False
            self._notices.append(Lost())
        for told in self._waiting.values():
            told.set()
        self._reconsider()

    def hear(self, service: int, message: proto.FromService) -> None:
        """Take in what it says."""
        for session_id in message.superseded:
            self._detached.pop(session_id, None)
            if self._sessions.pop(session_id, None):
                self._notices.append(Superseded(session_id))
        for showing in message.showing:
            if (session := self._sessions.get(showing.session_id)) and session.resumed:
                self._keep(session, messages.status(showing.status), showing.activities)
        for changed in message.changed:
            presence = messages.presence_of(changed.presence)
            self._mirror.changed(service, Changed(presence, tuple(changed.guild_ids)))
        for user_id in message.gone:
            self._mirror.gone(service, user_id)
        for page in message.snapshots:
            if self._mirror.watched.get(page.guild_id) != page.number:
                continue  # the answer to a watch that has ended
            presences = map(messages.presence_of, page.presences)
            self._mirror.snapshot(service, page.guild_id, presences, silent=page.guild_id in self._waiting)
            if page.last:
                self._mirror.completed(service, page.guild_id)
                if told := self._waiting.get(page.guild_id):
                    told.set()
        if message.settled:
            self._mirror.settled(service)
        self._reconsider()

    # What follows

    def _reconsider(self) -> None:
        """Wake the reader if there is something for it now."""
        up = [service for service, line in enumerate(self._lines) if line.up]
        if self._is_lost and up and all(self._mirror.whole(service) for service in up):
            self._is_lost, self._is_found = False, True
        if self._notices or self._is_found or self._mirror.unheard:
            self._woken.set()

    def _complete(self, guild_id: int) -> bool:
        """Whether every service that is there has told who is in the guild."""
        up = [service for service, line in enumerate(self._lines) if line.up]
        tried = all(line.tried for line in self._lines)
        return tried and bool(up) and all(self._mirror.complete(service, guild_id) for service in up)

    def _keep(self, session: Announced, status: Status, activities: bytes) -> None:
        self._sessions[session.session_id] = msgspec.structs.replace(
            session, status=status, activities=activities, resumed=False
        )

    def _send(self, session: Announced, report: proto.Report) -> None:
        if line := self._line(session.user_id):
            line.send(report)

    def _line(self, user_id: int) -> Line | None:
        """To the service that the user is at: the first in their order that is there.

        While one before it has yet to be tried this is not known; when it is, the user is announced.
        """
        for service in order(user_id, self._addresses):
            line = self._lines[service]
            if line.up or not line.tried:
                return line if line.up else None
        return None

    def _everything(self, line: Line) -> Iterator[proto.Report]:
        for session_id in list(self._sessions):
            session = self._sessions.get(session_id)
            if session and self._line(session.user_id) is line:
                yield from self._announcement(session)
                for other in self._lines:
                    if other is not line:  # where the user was until now; expires there when all have heard of it here
                        other.send(proto.Report(detached=session_id))
        yield proto.Report(told=True)
        for guild_id, number in list(self._mirror.watched.items()):
            yield messages.report_watch(guild_id, number)

    def _moved(self, service: int, line: Line) -> Iterator[proto.Report]:
        for session_id in list(self._sessions):
            session = self._sessions.get(session_id)
            if session and self._line(session.user_id) is line:
                ranks = list(order(session.user_id, self._addresses))
                if ranks.index(service) < ranks.index(self._lines.index(line)):
                    yield from self._announcement(session)

    def _announcement(self, session: Announced) -> Iterator[proto.Report]:
        yield messages.report_up(session)
        if session.session_id in self._detached:
            yield proto.Report(detached=session.session_id)

    async def _age(self) -> None:
        """Forget sessions that can not be resumed any more, and what dead services told."""
        moved = 0
        while True:
            await asyncio.sleep(1)
            now = self._clock()
            moving, moved = self._mirror.moved != moved, self._mirror.moved
            while self._detached and next(iter(self._detached.values())) <= now:
                session_id, _ = self._detached.popitem(last=False)
                self._sessions.pop(session_id, None)
            for service, line in enumerate(self._lines):
                waits = moving and now - self._since[service] < _MOVED_WITHIN_S
                if not line.up and not waits and self._replaced(service, now):
                    self._mirror.forsake(service)
            self._reconsider()

    def _replaced(self, service: int, now: float) -> bool:
        """Whether another service has been there for long enough to know of everyone who was at this one."""
        return any(
            line.up and now - max(self._since[other], self._since[service]) >= _FORSAKEN_AFTER_S
            for other, line in enumerate(self._lines)
            if other != service
        )

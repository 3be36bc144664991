"""One node's stream at the service: what the node says goes into the tracker, what it has yet to hear comes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Final

from derailed.generated import presence_pb2 as proto
from derailed.presence import Changed, Signal, Superseded, messages
from derailed.presence.keeper import Keeper
from derailed.presence.sessions import Node

SAID_EVERY_S: Final = 1.0
"""Each end says something this often, so that the other knows that it is there."""
_SIGNALS_AT_ONCE: Final = 300
"""In one message: some two milliseconds of work."""


class Attendance:
    """From a node's first message until it is lost."""

    def __init__(self, keeper: Keeper, name: str) -> None:
        self._keeper = keeper
        self._tracker = keeper.tracker
        self._woken = asyncio.Event()
        self.node: Node = self._tracker.join(name, self._woken.set, keeper.clock())
        self._wanted: dict[int, int] = {}
        """The guilds whose snapshots were asked for, and the number of the watch."""
        self._showing: list[proto.Change] = []
        self._said_settled = False
        keeper.attend()

    def hear(self, message: proto.FromNode) -> None:
        """Take in what the node says. Raises Nonsense."""
        if len(message.reports) > messages.REPORTS_AT_ONCE:
            raise messages.Nonsense(f"more than {messages.REPORTS_AT_ONCE} reports in one message")
        self._tracker.renew(self.node, self._keeper.clock())
        for report in message.reports:
            self._take_in(report, self._keeper.clock())
        if message.reports:
            self._keeper.attend()

    def leave(self) -> None:
        """The stream has ended."""
        self._tracker.lose(self.node, self._keeper.clock())
        self._keeper.attend()

    async def messages(self) -> AsyncIterator[proto.FromService]:
        """All that the node is to hear, until it is lost: at least something every second, beginning at once."""
        yield proto.FromService()
        while not self.node.lost:
            self._woken.clear()
            if message := self._next():
                yield message
            elif guild_id := next(iter(self._wanted), None):
                for page in self._pages(guild_id, self._wanted.pop(guild_id)):
                    yield page
            elif not await self._anything():
                yield proto.FromService()

    async def _anything(self) -> bool:
        """Wait until there may be something to say, but not too long."""
        try:
            async with asyncio.timeout(SAID_EVERY_S):
                return await self._woken.wait()
        except TimeoutError:
            return False

    def _pages(self, guild_id: int, number: int) -> Iterator[proto.FromService]:
        """Who is there, each part as it is when its turn comes. At least one: an empty guild is said to be empty."""
        users = self._tracker.watch_apart(self.node, guild_id)
        for at in range(0, len(users) or 1, _SIGNALS_AT_ONCE):
            found = self._tracker.of_users(guild_id, users[at : at + _SIGNALS_AT_ONCE])
            page = [messages.user_presence(presence) for presence in found]
            last = at + _SIGNALS_AT_ONCE >= len(users)
            snapshot = proto.Snapshot(guild_id=guild_id, presences=page, last=last, number=number)
            yield proto.FromService(snapshots=[snapshot])

    def _next(self) -> proto.FromService | None:
        signals, gone = self._tracker.take_apart(self.node, _SIGNALS_AT_ONCE)
        showing, self._showing = self._showing, []
        settled = not (signals or gone) and self._tracker.settled and not self._said_settled
        if not (signals or gone or showing or settled):
            return None
        self._said_settled = self._said_settled or settled
        return proto.FromService(
            superseded=_superseded(signals), showing=showing, changed=_changed(signals), gone=gone, settled=settled
        )

    def _take_in(self, report: proto.Report, now_ms: int) -> None:
        tracker, node = self._tracker, self.node
        match report.WhichOneof("report"):
            case "up":
                self._up(report.up, now_ms)
            case "change":
                change = report.change
                shows = messages.status(change.status), messages.activities(change.activities)
                tracker.change(node, change.session_id, *shows, now_ms)
            case "belongs":
                belongs = report.belongs
                tracker.belongs(node, belongs.session_id, messages.guilds(belongs.guild_ids), now_ms)
            case "detached":
                tracker.detached(node, report.detached, now_ms)
            case "gone":
                tracker.gone(node, report.gone, now_ms)
            case "told":
                tracker.told(node)
            case "watch":
                self._wanted[report.watch.guild_id] = report.watch.number
                self._woken.set()
            case "unwatch":
                self._wanted.pop(report.unwatch, None)
                tracker.unwatch(node, report.unwatch)

    def _up(self, up: proto.Session, now_ms: int) -> None:
        self._tracker.up(self.node, messages.announced(up), now_ms)
        if up.resumed and (session := self.node.sessions.get(up.session_id)):
            self._showing.append(messages.change(session.id, session.status, session.activities))
            self._woken.set()


def _superseded(signals: Sequence[Signal]) -> list[bytes]:
    return [signal.session_id for signal in signals if isinstance(signal, Superseded)]


def _changed(signals: Sequence[Signal]) -> list[proto.Changed]:
    return [messages.changed(signal) for signal in signals if isinstance(signal, Changed)]

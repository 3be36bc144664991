"""A tracker on a clock that the case moves, and one node that watches."""

from __future__ import annotations

from derailed.presence import Announced, Changed, Signal, Status
from derailed.presence.sessions import Node
from derailed.presence.tracker import Tracker

GUILD, OTHER_GUILD = 10, 11
ALL = 1_000_000


class World:
    """A tracker, and what its nodes were told."""

    def __init__(self, settles_at_ms: int = 0) -> None:
        self.now = 1000
        self.tracker = Tracker(settles_at_ms)
        self.watcher = self.node("watcher")
        self.tracker.watch(self.watcher, GUILD)

    def node(self, name: str, *, leased: bool = False) -> Node:
        return self.tracker.join(name, lambda: None, self.now if leased else None)

    def up(
        self, node: Node, session: bytes = b"s", user: int = 1, status: Status = "online", *, claim: int = 1
    ) -> None:
        self.tracker.up(node, Announced(session, user, claim, (GUILD,), status), self.now)

    def announce(self, node: Node, announced: Announced) -> None:
        self.tracker.up(node, announced, self.now)

    def later(self, ms: int) -> None:
        self.now += ms
        while self.tracker.advance(self.now, ALL):
            pass

    def heard(self) -> list[Signal]:
        return self.tracker.take(self.watcher, ALL)

    def statuses(self) -> list[tuple[int, str]]:
        return [
            (signal.presence.user_id, signal.presence.status) for signal in self.heard() if isinstance(signal, Changed)
        ]

"""Who is told: which nodes watch which guilds, and what each has yet to hear. Pure.

A node has yet to hear *of* somebody, not what: it is told what holds when it listens. So what waits for a node is
never more than the users of its guilds, however slow it is.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice, takewhile
from typing import Final

from derailed.presence.sessions import Node

TOLD_AT_MOST_EVERY_MS: Final = 200
_FEW: Final = 8
"""Of so few nodes each is asked, which is less than to look up every guild."""


class Watchers:
    """Every node's guilds, and who was told of not long ago."""

    def __init__(self) -> None:
        self._nodes: dict[int, list[Node]] = {}
        self._watching: dict[Node, None] = {}
        self._told: dict[int, int] = {}
        """When each user was last told of, oldest first."""
        self._waiting: dict[int, set[int]] = {}
        """Who was told of too recently, and the guilds to tell of later."""

    @property
    def idle(self) -> bool:
        """Whether time changes nothing here."""
        return not self._told

    def add(self, node: Node, guild_id: int) -> None:
        """The node hears of the guild from now on."""
        if guild_id not in node.watched:
            node.watched.add(guild_id)
            self._watching[node] = None
            self._nodes.setdefault(guild_id, []).append(node)

    def remove(self, node: Node, guild_id: int) -> None:
        """It does no longer."""
        if guild_id in node.watched:
            node.watched.remove(guild_id)
            self._nodes[guild_id].remove(node)
            if not self._nodes[guild_id]:
                del self._nodes[guild_id]
            if not node.watched:
                del self._watching[node]

    def changed(self, user_id: int, guild_ids: Sequence[int], now_ms: int) -> None:
        """A user looks different in these guilds: tell now, or as soon as one may be told of again."""
        told_ms = self._told.get(user_id)
        if told_ms is None or now_ms >= told_ms + TOLD_AT_MOST_EVERY_MS:
            waiting = self._waiting.pop(user_id, None)
            self._tell(user_id, tuple({*guild_ids, *waiting}) if waiting else guild_ids, now_ms)
        elif watched := [guild_id for guild_id in guild_ids if guild_id in self._nodes]:
            self._waiting.setdefault(user_id, set()).update(watched)

    def advance(self, now_ms: int, limit: int) -> int:
        """Tell of those who waited long enough; how many users were looked at, at most `limit`."""
        long_ago_ms = now_ms - TOLD_AT_MOST_EVERY_MS
        oldest = islice(self._told.items(), limit)
        may = [user_id for user_id, _ in takewhile(lambda told: told[1] <= long_ago_ms, oldest)]
        for user_id in may:
            del self._told[user_id]
            if guild_ids := self._waiting.pop(user_id, None):
                self._tell(user_id, tuple(guild_ids), now_ms)
        return len(may)

    def _tell(self, user_id: int, guild_ids: Sequence[int], now_ms: int) -> None:
        """Each node finds out what of it is its business when it listens."""
        nodes = self._concerned(guild_ids)
        if nodes:
            self._told.pop(user_id, None)
            self._told[user_id] = now_ms
        for node in nodes:
            unheard = node.pending.get(user_id)
            if not node.pending:
                node.wake()
            node.pending[user_id] = guild_ids if unheard is None else tuple({*unheard, *guild_ids})

    def _concerned(self, guild_ids: Sequence[int]) -> Collection[Node]:
        """Who watches any of these guilds."""
        if len(self._watching) <= _FEW:
            return [node for node in self._watching if not node.watched.isdisjoint(guild_ids)]
        nodes: set[Node] = set()
        return nodes.union(*filter(None, map(self._nodes.get, guild_ids)))

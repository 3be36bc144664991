"""The Presence Service in this process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from derailed.presence import Announced, Presence, Recent, Signal, Status
from derailed.presence.keeper import Clock, Keeper
from derailed.presence.tracker import RESUME_WINDOW_S

_SIGNALS_AT_ONCE: Final = 500


def monotonic_ms() -> int:
    """The machine's own clock."""
    return time.monotonic_ns() // 1_000_000


class LocalPresences:
    """`Presences` for nodes in this process, which begin with it: nobody was here before."""

    def __init__(self, clock: Clock = monotonic_ms, resume_window_s: int = RESUME_WINDOW_S) -> None:
        self._keeper = Keeper(clock, resume_window_s=resume_window_s)
        self.census = self._keeper.census
        """How many are here."""

    @property
    def is_up(self) -> bool:
        """See Presences."""
        return True

    def link(self, node: str) -> LocalLink:
        """See Presences."""
        return LocalLink(self._keeper, node)

    async def counts(self, guild_ids: Iterable[int]) -> Mapping[int, int]:
        """See Presences."""
        return {guild_id: self._keeper.tracker.count(guild_id) for guild_id in guild_ids}

    async def of_users(self, guild_id: int, user_ids: Sequence[int]) -> Sequence[Presence]:
        """See Presences."""
        return self._keeper.tracker.of_users(guild_id, user_ids)

    async def pulses(self) -> Sequence[bytes]:
        """See Presences."""
        return ()

    async def absent(self, user_ids: Sequence[int]) -> Collection[int]:
        """See Presences."""
        return self._keeper.tracker.absent(user_ids)

    async def close(self) -> None:
        """See Presences."""
        self._keeper.close()


class LocalLink:
    """See Link. It can not break, so it needs no lease."""

    def __init__(self, keeper: Keeper, node: str) -> None:
        self._keeper = keeper
        self._tracker = keeper.tracker
        self._woken = asyncio.Event()
        self._node = self._tracker.join(node, self._woken.set)
        self._closed = False

    def up(self, session: Announced) -> None:
        """See Link."""
        self._tracker.up(self._node, session, self._keeper.clock())
        self._keeper.attend()

    def change(self, session_id: bytes, status: Status, activities: bytes) -> None:
        """See Link."""
        self._tracker.change(self._node, session_id, status, activities, self._keeper.clock())
        self._keeper.attend()

    def shows(self, session_id: bytes) -> tuple[Status, bytes] | None:
        """See Link."""
        session = self._node.sessions.get(session_id)
        return None if session is None else (session.status, session.activities)

    def belongs(self, session_id: bytes, guild_ids: tuple[int, ...]) -> None:
        """See Link."""
        self._tracker.belongs(self._node, session_id, guild_ids, self._keeper.clock())
        self._keeper.attend()

    def detached(self, session_id: bytes) -> None:
        """See Link."""
        self._tracker.detached(self._node, session_id, self._keeper.clock())
        self._keeper.attend()

    def gone(self, session_id: bytes) -> None:
        """See Link."""
        self._tracker.gone(self._node, session_id, self._keeper.clock())
        self._keeper.attend()

    async def watch(self, guild_id: int) -> Sequence[Presence]:
        """See Link."""
        return self._tracker.watch(self._node, guild_id)

    def here(self, guild_id: int, user_ids: Iterable[int] | None = None) -> Sequence[Presence]:
        """See Link."""
        return self._tracker.here(self._node, guild_id, user_ids)

    async def recent(self, session_id: bytes, guild_ids: Sequence[int]) -> Recent:
        """See Link."""
        now_ms = self._keeper.clock()
        away_ms = self._tracker.away_ms(session_id, now_ms)
        await self._keeper.recall(away_ms)
        return self._tracker.recent(away_ms, guild_ids, now_ms)

    def unwatch(self, guild_id: int) -> None:
        """See Link."""
        self._tracker.unwatch(self._node, guild_id)

    async def read(self) -> Sequence[Signal]:
        """See Link."""
        while not self._closed:
            self._woken.clear()
            if signals := self._tracker.take(self._node, _SIGNALS_AT_ONCE):
                return signals
            await self._woken.wait()
        return ()

    async def close(self) -> None:
        """See Link."""
        self._closed = True
        self._tracker.lose(self._node, self._keeper.clock())
        self._keeper.attend()

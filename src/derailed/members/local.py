"""The service in this process."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence

from derailed.bus import Bus
from derailed.members import LARGE, Chunk, ListLost, Query, Signal
from derailed.members.keeper import MEMBERS_MAX, Keeper
from derailed.members.lists import trimmed
from derailed.presence import Presences
from derailed.store import Store

SIGNALS_MAX = 10_000
"""What a reader may leave unread. Beyond it all its lists are lost: it asks for them again when it reads again."""
_LINGER_S = 60.0


class LocalMembers:
    """`Members` on the store, the bus and the presences of this process. Made where a loop runs."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        presences: Presences,
        *,
        large: int = LARGE,
        linger_s: float = _LINGER_S,
        members_max: int = MEMBERS_MAX,
    ) -> None:
        seen = presences.link(f"members-{secrets.token_hex(8)}")
        self.keeper = Keeper(store, bus, seen, large, linger_s, members_max)

    @property
    def is_up(self) -> bool:
        """See Members."""
        return True

    def link(self, node: str) -> LocalLink:
        """See Members."""
        return LocalLink(self.keeper)

    async def close(self) -> None:
        """See Members."""
        await self.keeper.close()


class LocalLink:
    """See Link."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._guilds: dict[int, int] = {}
        """Of each subscription."""
        self._interests: set[int] = set()
        self._unread: list[Signal] = []
        self._woken = asyncio.Event()
        self._closed = False

    def interest(self, guild_id: int) -> None:
        """See Link."""
        self._interests.add(guild_id)
        self._keeper.hold(guild_id, self)

    def release(self, guild_id: int) -> None:
        """See Link."""
        self._interests.discard(guild_id)
        self._keeper.unwatch(guild_id, self)
        self._keeper.let_go(guild_id, self)

    def find(self, guild_id: int, query: Query) -> AsyncIterator[Chunk]:
        """See Link."""
        return self._keeper.find(guild_id, query)

    def follow(self, subscription: int, guild_id: int, channel_id: int, ranges: Sequence[tuple[int, int]]) -> None:
        """See Link."""
        if self._guilds.get(subscription, guild_id) != guild_id:
            self.leave(subscription)
        self._guilds[subscription] = guild_id
        self._keeper.follow(guild_id, (self, subscription), channel_id, trimmed(ranges))

    def leave(self, subscription: int) -> None:
        """See Link."""
        guild_id = self._guilds.pop(subscription, None)
        if guild_id is not None:
            self._keeper.leave(guild_id, (self, subscription))

    def watch(self, guild_id: int) -> None:
        """See Link."""
        if guild_id in self._interests:
            self._keeper.watch(guild_id, self)

    def push(self, signal: Signal) -> None:
        """Let it be read."""
        if len(self._unread) >= SIGNALS_MAX:
            lost = list(self._guilds)
            for subscription in lost:
                self.leave(subscription)
            self._unread = [ListLost(subscription) for subscription in lost]
        else:
            self._unread.append(signal)
        self._woken.set()

    async def read(self) -> Sequence[Signal]:
        """See Link."""
        while not self._unread and not self._closed:
            self._woken.clear()
            await self._woken.wait()
        unread, self._unread = self._unread, []
        return unread

    async def close(self) -> None:
        """See Link."""
        for subscription in list(self._guilds):
            self.leave(subscription)
        for guild_id in list(self._interests):
            self.release(guild_id)
        self._closed = True
        self._unread.clear()
        self._woken.set()

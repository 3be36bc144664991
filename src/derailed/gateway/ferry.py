"""How sessions come in together: boats that leave at most so often, and take whoever waits.

Those of one boat ask the same at the same time, and the store answers them together: a thousand who come back at once
cost it a few hundred statements, and no more a second than on any evening. Who comes alone does not wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

EVERY_S: Final = 0.1
"""Between two boats. A boat costs the store some thirty statements."""
SEATS: Final = 256
"""On their way at once: what their snapshots hold meanwhile is bounded too."""


class Ferry:
    """One for all who come to a node."""

    def __init__(self, every_s: float = EVERY_S, seats: int = SEATS) -> None:
        self._every_s = every_s
        self._free = seats
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def crossing(self) -> AsyncIterator[None]:
        """Wait for a boat, and be on it within."""
        seat = asyncio.get_running_loop().create_future()
        self._waiting.append(seat)
        self._depart()
        try:
            await seat
            yield
        finally:
            if seat.done() and not seat.cancelled():
                self._free += 1
            self._depart()

    def _depart(self) -> None:
        """Let those who wait go, if a boat may leave now; else when it may."""
        if self._timer is not None or not self._waiting or not self._free:
            return
        loop = asyncio.get_running_loop()
        if loop.time() < self._next_at:
            self._timer = loop.call_at(self._next_at, self._due)
            return
        self._next_at = loop.time() + self._every_s
        while self._waiting and self._free:
            seat = self._waiting.popleft()
            if not seat.done():
                self._free -= 1
                seat.set_result(None)

    def _due(self) -> None:
        self._timer = None
        self._depart()

"""A tracker with a clock: time passes for it in small steps, so that nothing else on the event loop waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from derailed.presence.sessions import Census
from derailed.presence.tracker import RESUME_WINDOW_S, Tracker

Clock = Callable[[], int]
"""Milliseconds of a clock that only goes forward."""

_TICK_S: Final = 0.05
"""How late anything may happen. While nothing is due there is no tick."""
_STEP: Final = 400
"""Sessions in one step: some three milliseconds."""


class Keeper:
    """Owns a tracker. Whoever changed something there calls `attend`."""

    def __init__(self, clock: Clock, settles_in_ms: int = 0, resume_window_s: int = RESUME_WINDOW_S) -> None:
        """`settles_in_ms`: how long nodes that were there before may take to come again; 0 when there were none."""
        self.clock = clock
        now_ms = clock()
        settles_at_ms = now_ms + settles_in_ms if settles_in_ms else 0
        self.tracker = Tracker(settles_at_ms, began_ms=now_ms, resume_window_ms=resume_window_s * 1000)
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def attend(self) -> None:
        """See to it that what is due later will happen."""
        if self._timer is None and not self._closed and not self.tracker.idle:
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    async def recall(self, away_ms: int | None) -> None:
        """Get ready to be asked what is recent, in steps too."""
        while self.tracker.recall(away_ms, self.clock(), _STEP):  # noqa: ASYNC110  what is waited for is done here
            await asyncio.sleep(0)

    def census(self) -> Census:
        """How many are here."""
        return self.tracker.census()

    def close(self) -> None:
        """Time stands still from now on."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self._timer = None
        if self.tracker.advance(self.clock(), _STEP):
            self._timer = asyncio.get_running_loop().call_later(0, self._tick)
        else:
            self.attend()

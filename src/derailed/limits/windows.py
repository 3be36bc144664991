"""Windows in memory. Pure: the time is an argument.

Those of one length stand in the order in which they were opened, which is the order in which they end, so what is
over is found at the front: each new window takes up to two old ones with it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from derailed.limits import Budget, Taken

KEPT: Final = 50_000
"""Windows of one length, some 18 MB. Only very many addresses at once make more; the oldest then goes."""

_SWEPT_AT_ONCE: Final = 2


class _Window:
    __slots__ = ("reset_ms", "used")

    def __init__(self, reset_ms: int) -> None:
        self.reset_ms = reset_ms
        self.used = 0


class Windows:
    """Every window that may not be over yet."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._by_length: dict[int, OrderedDict[str, _Window]] = {}

    def __len__(self) -> int:
        return sum(len(windows) for windows in self._by_length.values())

    def take(self, budgets: Sequence[Budget], now_ms: int) -> list[Taken]:
        """Take one from each budget, or from none when one of them has nothing left."""
        spent = 1
        asked = []
        for key, limit, window_ms in budgets:  # every request passes here: plain loops cost a third of the neat ones
            window = self._window(key, window_ms, now_ms)
            if window.used >= limit:
                spent = 0
            asked.append((window, limit))
        taken = []
        for window, limit in asked:
            left = limit - window.used
            window.used += spent
            reset_ms = window.reset_ms
            taken.append(Taken(left > 0, left - spent if left > 0 else 0, reset_ms, reset_ms - now_ms))
        return taken

    def _window(self, key: str, window_ms: int, now_ms: int) -> _Window:
        windows = self._by_length.get(window_ms)
        if windows is None:
            windows = self._by_length[window_ms] = OrderedDict()
        window = windows.get(key)
        # A clock that was set back must not keep anybody out for longer than a window.
        if window is not None and now_ms < window.reset_ms <= now_ms + window_ms:
            return window
        if window is not None:
            del windows[key]
        self._sweep(windows, now_ms)
        window = windows[key] = _Window(now_ms + window_ms)
        return window

    def _sweep(self, windows: OrderedDict[str, _Window], now_ms: int) -> None:
        for _ in range(_SWEPT_AT_ONCE):
            if not windows:
                return
            key, oldest = next(iter(windows.items()))
            if oldest.reset_ms > now_ms and len(windows) < self._kept:
                return
            del windows[key]

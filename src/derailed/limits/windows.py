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
        taken: list[Taken] = []
        spent: list[_Window] = []
        for key, limit, window_ms in budgets:  # every request passes here: plain loops cost a third of the neat ones
            windows = self._by_length.get(window_ms)
            window = None if windows is None else windows.get(key)
            if window is None or not now_ms < window.reset_ms <= now_ms + window_ms:
                window = self._window(key, window_ms, now_ms)
            left = limit - window.used
            if left <= 0:
                for each in spent:
                    each.used -= 1
                return [self._left(budget, now_ms) for budget in budgets]
            window.used += 1
            spent.append(window)
            reset_ms = window.reset_ms
            taken.append(Taken(True, left - 1, reset_ms, reset_ms - now_ms))
        return taken

    def _left(self, budget: Budget, now_ms: int) -> Taken:
        """What there is, when nothing is taken."""
        window = self._window(budget.key, budget.window_ms, now_ms)
        left = max(budget.limit - window.used, 0)
        return Taken(left > 0, left, window.reset_ms, window.reset_ms - now_ms)

    def _window(self, key: str, window_ms: int, now_ms: int) -> _Window:
        windows = self._by_length.setdefault(window_ms, OrderedDict())
        window = windows.get(key)
        # A clock that was set back must not keep anybody out for longer than a window.
        if window is not None and now_ms < window.reset_ms <= now_ms + window_ms:
            return window
        windows.pop(key, None)
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

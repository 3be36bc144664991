"""Limits counted in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from derailed.limits import Budget, Taken
from derailed.limits.windows import Windows


class LocalLimits:
    """One process's own counts. `clock` is Unix milliseconds."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._windows = Windows()

    async def take(self, budgets: Sequence[Budget]) -> list[Taken]:
        """See Limits."""
        return self._windows.take(budgets, self._clock())

    async def close(self) -> None:
        """See Limits."""

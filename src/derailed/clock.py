"""The time that a process goes by: it follows the machine's clock, and is spared its jumps.

A clock that is set must not end leases, forget nonces or keep people waiting for an hour, and ids are not to go back.
So this one never does: after a jump it goes slower or faster than time passes until it has what the machine says. A
process that starts takes the machine's time at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

SLOWER: Final = 2
"""Of a machine set back by an hour the time is right again after two. A wait takes at most twice as long."""
FASTER: Final = 10
"""Of one set forward by an hour it is right after seven minutes. Leases are renewed often enough for that."""


def passing_ns() -> int:
    """Nanoseconds that only pass; where it can be had, also while the machine sleeps."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Clock:
    """Unix milliseconds when called."""

    def __init__(self, wall: Callable[[], int] = time.time_ns, passing: Callable[[], int] = passing_ns) -> None:
        """Both in nanoseconds."""
        self._wall, self._passing = wall, passing
        self._passed = passing()
        self._now = wall()

    def __call__(self) -> int:
        passed = self._passing()
        gone, self._passed = passed - self._passed, passed
        self._now += min(max(self._wall() - self._now, gone // SLOWER), gone * FASTER)
        return self._now // 1_000_000

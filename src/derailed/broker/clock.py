"""The log's own clock."""

from __future__ import annotations

import time
from collections.abc import Callable


def steady_clock() -> Callable[[], int]:
    """Unix milliseconds that never jump while we run: a clock set forward must not trim the log."""
    start_ms, started_ns = time.time_ns() // 1_000_000, time.monotonic_ns()
    return lambda: start_ms + (time.monotonic_ns() - started_ns) // 1_000_000

"""The two ways to count, each with a clock that a case can move."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from derailed.limits import Budget, Limits
from derailed.limits.local import LocalLimits
from derailed.limits.shared import SharedLimits
from tests.servers import valkey


class Bench:
    """Something that counts, under keys that no other case uses."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._case = uuid.uuid4().hex

    def budget(self, key: str, limit: int, window_ms: int = 60_000) -> Budget:
        """A budget of this case alone."""
        return Budget(f"{self._case}:{key}", limit, window_ms)


Case = Callable[[Bench], Awaitable[None]]


def now_ms() -> int:
    """The machine's clock: the server of the Redis protocol has no other."""
    return time.time_ns() // 1_000_000


@contextlib.asynccontextmanager
async def local() -> AsyncIterator[Bench]:
    """In this process."""
    yield Bench(LocalLimits(now_ms))


@contextlib.asynccontextmanager
async def shared() -> AsyncIterator[Bench]:
    """On a real Valkey."""
    limits = SharedLimits(valkey.shared().url, now_ms)
    try:
        yield Bench(limits)
    finally:
        await limits.close()


LIMITS: Final = {"local": local, "shared": shared}

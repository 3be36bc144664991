"""The lease of a worker number, so that no two processes on one database ever make the same id."""

from __future__ import annotations

import asyncio
import os
import platform
import secrets
from collections.abc import Callable
from typing import Final, Self

import structlog

from derailed.model.errors import Unavailable
from derailed.model.snowflakes import Snowflakes
from derailed.store import Store, workers

_LEASE_MS: Final = 60_000
"""As long after its end a process is taken to be gone."""
_RENEW_S: Final = 15.0
_TRIES: Final = 20
"""Processes that start together reach for the same number."""

_log = structlog.stdlib.get_logger(__name__)


class Lease:
    """One per process. `ids` makes ids under the leased number, and none once it may be another's."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self.ids = Snowflakes(0)
        self._store = store
        self._clock = clock
        self._number = 0
        self._owner = f"{platform.node()} {os.getpid()} {secrets.token_hex(8)}"

    @classmethod
    async def take(cls, store: Store, clock: Callable[[], int]) -> Self:
        """Take a number. Raises Unavailable when all are in use."""
        lease = cls(store, clock)
        await lease._take()
        return lease

    async def run(self) -> None:
        """Renew it for as long as the process lives."""
        while True:
            await asyncio.sleep(_RENEW_S)
            try:
                await self.renew()
            except Unavailable:
                _log.warning("the lease of a worker number was not renewed", number=self._number)

    async def renew(self) -> None:
        """Keep the number, or take another if it was lost. Raises Unavailable."""
        now, number, owner = self._clock(), self._number, self._owner
        if await self._store.write(lambda tx: workers.renew(tx, number, owner, now + _LEASE_MS)):
            self._use(number, now)
        else:
            _log.warning("the lease of a worker number was lost", number=number)
            await self._take()

    async def free(self) -> None:
        """Give it up. Who can not be told sees it run out."""
        now, number, owner = self._clock(), self._number, self._owner
        try:
            await self._store.write(lambda tx: workers.renew(tx, number, owner, now))
        except Unavailable:
            _log.warning("the lease of a worker number was not given up", number=number)

    async def _take(self) -> None:
        for _ in range(_TRIES):
            now = self._clock()
            number = await self._reach_for_one(now)
            if number is not None:
                self._use(number, now)
                return
        raise Unavailable

    async def _reach_for_one(self, now: int) -> int | None:
        return await self._store.write(lambda tx: workers.take(tx, self._owner, now, now + _LEASE_MS))

    def _use(self, number: int, now: int) -> None:
        self._number = number
        self.ids.use(number, now + _LEASE_MS + workers.REST_MS // 2)

"""Group commit: one sync to the disk for all who appended since the one before. A ticket is the number of a sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from derailed.broker import LogFailed
from derailed.broker.log import Log

_APART_S: Final = 0.001
"""Between two syncs: each costs the processor as much as a hundred appends, and those who wait gain nothing by more."""


class Waiter(Protocol):
    """Who holds answers back until they are true."""

    def synced(self, ticket: int) -> None:
        """All that was appended for this ticket is on the disk."""

    def sync_failed(self, reason: str) -> None:
        """Nobody knows what is on the disk."""


class Commits:
    """Brings logs to the disk, in a thread."""

    def __init__(self, threads: ThreadPoolExecutor, write: Callable[[], None]) -> None:
        """`write` hands what waits to the logs: nobody is answered before the sync, so it is done once for all."""
        self._threads = threads
        self._write = write
        self._ticket = 1
        self._dirty: set[Log] = set()
        self._waiting: list[Waiter] = []
        self._running: asyncio.Task[None] | None = None

    def join(self, log: Log) -> int:
        """The ticket that what was appended to the log up to now goes with."""
        if log not in self._dirty:
            self._dirty.add(log)
            if self._running is None:
                self._running = asyncio.get_running_loop().create_task(self._run())
        return self._ticket

    def wait(self, waiter: Waiter) -> None:
        """Tell it of the next sync to end, and so on while it waits."""
        self._waiting.append(waiter)

    async def rest(self) -> None:
        """Return when nothing is under way."""
        while self._running is not None:
            await self._running

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._dirty:
            started = loop.time()
            await asyncio.sleep(0)  # those whose commands came with this one's
            self._write()
            logs, self._dirty = self._dirty, set()
            ticket, self._ticket = self._ticket, self._ticket + 1
            failure = ""
            try:
                await loop.run_in_executor(self._threads, _sync, logs)
            except LogFailed as failed:
                failure = str(failed)
            # also those who began to wait meanwhile: what they wait for may have been in this sync, and the last
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if failure:
                    waiter.sync_failed(failure)
                else:
                    waiter.synced(ticket)
            if failure:
                continue
            await asyncio.sleep(started + _APART_S - loop.time())
        self._running = None


def _sync(logs: set[Log]) -> None:
    for log in logs:
        log.sync()

"""Bringing the embedded log to the disk, in threads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from derailed import broker
from derailed.broker.log import Log
from derailed.bus import BusDown

SYNC_EVERY_S: Final = 0.05
"""Time for others to join the next sync. Nobody's answer waits for it, and each costs as much as a group of writes."""


class Syncer:
    """Brings the log to the disk: one sync at a time, and the next is for all who came meanwhile."""

    def __init__(self, log: Log, on_failure: Callable[[], None]) -> None:
        self._log = log
        self._on_failure = on_failure
        self._durable = 0
        self._next = asyncio.Event()
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="log")
        self._syncing: asyncio.Task[None] | None = None
        self._tending: asyncio.Task[None] | None = None
        self._failed = False

    async def durable(self, offset: int) -> None:
        """Return when everything up to `offset` is on the disk. Raises BusDown."""
        while self._durable < offset:
            if self._failed:
                raise BusDown("the log could not be brought to the disk")
            if self._syncing is None:
                self._syncing = asyncio.create_task(self._sync())
            await self._next.wait()

    async def beside(self, work: Callable[[], None]) -> None:
        """Do it in one of the threads."""
        await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def begin_again(self) -> None:
        """The log was opened again, with all that it has on the disk."""
        self._failed, self._durable = False, self._log.head

    async def rest(self) -> None:
        """Return when no thread is at work."""
        if self._syncing is not None:
            await self._syncing
        if self._tending is not None:
            await self._tending

    async def close(self) -> None:
        """Finish what is under way."""
        await self.rest()
        self._threads.shutdown()

    async def _sync(self) -> None:
        loop = asyncio.get_running_loop()
        while self._durable < self._log.head and not self._failed:
            started, head = loop.time(), self._log.head
            try:
                await loop.run_in_executor(self._threads, self._log.sync)
                self._durable = head
            except broker.LogFailed:
                self._failed = True
                self._on_failure()
            self._next.set()  # for all: of those who came meanwhile, some appended nothing new and have it now
            self._next = asyncio.Event()
            if self._log.due and self._tending is None:
                self._tending = asyncio.create_task(self._tend())
            await asyncio.sleep(started + SYNC_EVERY_S - loop.time())
        self._syncing = None

    async def _tend(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._log.tend)
        except broker.LogFailed:
            self._on_failure()
        self._tending = None

"""The claim that a process lays to a PostgreSQL database for the bus that it uses.

Processes on one database have to be on one bus, or people on one never hear of what is done on the other. Whoever has
its bus to itself claims the database alone; those on a shared bus claim it together. The claim is an advisory lock:
it ends with the process's connection, however the process ends.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, Self

import asyncpg  # type: ignore[import-untyped]
import structlog

from derailed.store.postgres_line import Unreachable, connect

_LOCK: Final = 0x6465_7261_696D  # kept stable: versions that run side by side have to meet here
_ALONE: Final = "SELECT pg_advisory_lock($1)"
_TOGETHER: Final = "SELECT pg_advisory_lock_shared($1)"
_PATIENCE: Final = "SET lock_timeout = '3s'"
"""The server takes a moment to notice that a process is gone."""
_LOOK_EVERY_S: Final = 2.0
_CLOSE_WITHIN_S: Final = 2.0

_LOST: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
_log = structlog.stdlib.get_logger(__name__)


class Claimed(Exception):
    """A process on another bus uses the database."""


class Claim:
    """One per process, on a connection of its own."""

    def __init__(self, url: str, *, alone: bool) -> None:
        self._url = url
        self._sql = _ALONE if alone else _TOGETHER
        self._db: asyncpg.Connection | None = None
        self._ended = asyncio.Event()
        self.is_lost = False

    @classmethod
    async def lay(cls, url: str, *, alone: bool) -> Self:
        """Claim the database. Raises Claimed, Unreachable."""
        claim = cls(url, alone=alone)
        await claim._take()
        return claim

    async def hold(self, lost: Callable[[], None]) -> None:
        """Take the claim again whenever the connection was lost, and say when another process was quicker."""
        while not self.is_lost:
            try:
                db = self._db or await self._take()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), _LOOK_EVERY_S)
                await db.execute("SELECT 1")
            except (*_LOST, Unreachable) as error:
                _log.warning("lost the claim to the database", error=str(error))
                await self.close()
            except Claimed:
                self.is_lost = True
        lost()

    async def close(self) -> None:
        """Give it up."""
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(*_LOST):  # then it is given up already
                await db.close(timeout=_CLOSE_WITHIN_S)

    async def _take(self) -> asyncpg.Connection:
        self._db = db = await connect(self._url)
        self._ended.clear()
        db.add_termination_listener(lambda _: self._ended.set())
        await db.execute(_PATIENCE)
        try:
            await db.execute(self._sql, _LOCK)
        except asyncpg.LockNotAvailableError:
            await self.close()
            raise Claimed from None
        return db

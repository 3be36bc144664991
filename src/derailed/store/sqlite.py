"""The embedded store: SQLite in this process.

Statements are short and run where they are, on the event loop; only COMMIT, which waits for the disk, runs in
a thread. While it does, new writes queue and make the next group, so that one wait for the disk serves many.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

import structlog

from derailed.model.errors import Unavailable
from derailed.store import Connection, Load, OutboxRow, T, Work
from derailed.store.meter import Meter
from derailed.store.sqlite_connection import Transaction, connect, migrate
from derailed.store.writes import (
    FORGET_MAX,
    FORGET_WITHIN_S,
    GROUP_MAX,
    SEARCH_WITHIN_S,
    SEARCHES_WAITING_MAX,
    WAITING_MAX,
    Write,
)
from derailed.telemetry import CAUSE, apart

_SLICE_S: Final = 0.002
"""The event loop is given back after as long, whatever else is to be written."""
_LOCK_WITHIN_S: Final = 5.0
"""Another process, a command of the operator, may hold the write lock for as long."""
_LOCK_RETRY_S: Final = 0.005
_SIZE = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
_READ_BUSY_MS: Final = 1000
"""A reader only ever waits while another process recovers the log of one that died."""

_log = structlog.stdlib.get_logger(__name__)


class SqliteStore:
    """`derailed.store.Store` in one file. Several processes may have it open; one at a time writes."""

    def __init__(
        self, reader: Transaction, writer: Transaction, searcher: Transaction, clock: Callable[[], int]
    ) -> None:
        self.committed: Callable[[Sequence[OutboxRow]], None] = _ignore_rows
        self.rolled_back: Callable[[], None] = _ignore
        self.meter = Meter()
        self._reader = reader
        self._writer = writer
        self._searcher = searcher
        self._clock = clock
        self._waiting: deque[Write] = deque()
        self._group: list[Write] = []
        self._was_refused = False
        self._forgotten: set[int] = set()
        self._forget_due = False
        self._forget_timer: asyncio.TimerHandle | None = None
        self._pump: asyncio.Task[None] | None = None
        self._disk = ThreadPoolExecutor(1, "commit")
        self._searching = ThreadPoolExecutor(1, "search")
        self._searches = 0

    @classmethod
    def open(cls, path: Path, clock: Callable[[], int]) -> Self:
        """Open the file, make it if need be, bring its schema up to date. `clock` is Unix time in milliseconds.

        Raises Incompatible.
        """
        migrate(path, clock())
        return cls(connect(path, _READ_BUSY_MS), connect(path, 0), connect(path, _READ_BUSY_MS), clock)

    @property
    def is_up(self) -> bool:
        """See Store. It is in this process, but its disk may have refused the last group of writes."""
        return not self._was_refused

    def load(self) -> Load:
        """See Store. One connection writes, one reads in between, one searches."""
        return Load(len(self._waiting), 3, (self._pump is not None) + (self._searches > 0))

    async def size(self) -> int:
        """See Store."""

        async def work(tx: Connection) -> int:
            ((size,),) = await tx.fetch(_SIZE)
            return int(size)

        return await self.read_apart(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one snapshot of everything committed, at once."""
        began = time.monotonic()
        try:
            return self._reader.read(work)
        finally:
            self.meter.reads.add(time.monotonic() - began)

    async def read_apart(self, work: Work[T]) -> T:
        """Run a `work` that may take long on such a snapshot, in a thread with a connection of its own."""
        if self._searches >= SEARCHES_WAITING_MAX:
            raise Unavailable
        self._searches += 1
        loop, searcher = asyncio.get_running_loop(), self._searcher
        try:
            return await loop.run_in_executor(self._searching, lambda: searcher.read_within(work, SEARCH_WITHIN_S))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                raise
            raise Unavailable from None
        finally:
            self._searches -= 1

    async def write(self, work: Work[T], topic: str = "") -> T:
        """Run `work` in a transaction; durable when it returns."""
        if len(self._waiting) >= WAITING_MAX:
            raise Unavailable()
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(Write(work, topic, future, "sqlite"))
        self._wake()
        return await future

    async def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        """Rows above id `after`, in id order; those that are forgotten but not deleted yet are left out."""
        return self._reader.outbox(after, limit, self._forgotten)

    async def forget(self, ids: Sequence[int]) -> None:
        """Delete outbox rows that the bus has acknowledged, with the next group of writes or in a moment."""
        self._forgotten.update(ids)
        self._forget_soon()

    async def close(self) -> None:
        """Finish what waits, and let go of the file."""
        if self._forget_timer is not None:
            self._forget_timer.cancel()
            self._forget_now()
        if self._pump is not None:
            await self._pump
        self._disk.shutdown()
        self._searching.shutdown()
        self._searcher.close()
        self._writer.close()
        self._reader.close()

    def _forget_soon(self) -> None:
        if self._forget_timer is None:
            self._forget_timer = asyncio.get_running_loop().call_later(FORGET_WITHIN_S, self._forget_now)

    def _forget_now(self) -> None:
        self._forget_timer = None
        if self._forgotten:
            self._forget_due = True
            self._wake()

    def _wake(self) -> None:
        if self._pump is None:
            self._pump = apart(self._write_groups())

    async def _write_groups(self) -> None:
        try:
            while self._waiting or self._forget_due:
                await self._write_group()
        finally:
            self._pump = None
            for write in (*self._group, *self._waiting):  # none, unless the loop ends or this code is wrong
                write.future.cancel()
            self._group.clear()
            self._waiting.clear()

    async def _write_group(self) -> None:
        """Begin, fill, commit and answer one group. What the disk refuses is undone, and refused to all in it."""
        began = time.monotonic()
        try:
            await self._begin()
            forgotten = self._forget()
            await self._fill()
            rows = self._writer.seal()
            await asyncio.get_running_loop().run_in_executor(self._disk, self._writer.commit)
        except sqlite3.Error as error:
            self._refuse_group(error)
            return
        self._was_refused = False
        self.meter.commits.add(time.monotonic() - began)
        self.meter.writes.add(len(self._group))
        self._forgotten.difference_update(forgotten)
        if self._forgotten:
            self._forget_soon()
        if rows:
            self.committed(rows)  # before the answers: what an answer leads to finds its event under way
        for write in self._group:
            write.answer()
        self._group.clear()

    async def _begin(self) -> None:
        """Begin, waiting for another process without holding up the event loop."""
        give_up_at = time.monotonic() + _LOCK_WITHIN_S
        while True:
            try:
                self._writer.begin(self._clock())
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up_at:
                    raise
            else:
                return
            await asyncio.sleep(_LOCK_RETRY_S)

    def _forget(self) -> list[int]:
        self._forget_due = False
        forgotten = sorted(self._forgotten)[:FORGET_MAX]
        self._writer.forget(forgotten)
        return forgotten

    async def _fill(self) -> None:
        """Run what waits, one after the other, giving the event loop its turns."""
        yield_at = time.monotonic() + _SLICE_S
        while self._waiting and len(self._group) < GROUP_MAX:
            write = self._waiting.popleft()
            if write.future.cancelled():
                write.answer()
                continue
            self._group.append(write)
            write.begin()
            self._run(write)
            if write.error is not None and not self._writer.is_open:
                raise sqlite3.OperationalError("the group was undone") from write.error
            if time.monotonic() > yield_at:
                await asyncio.sleep(0)
                yield_at = time.monotonic() + _SLICE_S
        CAUSE.set("")

    def _run(self, write: Write) -> None:
        try:
            write.result = self._writer.write(write.work)
        except Exception as error:  # noqa: BLE001  it is the caller's, who gets it when the group is durable
            write.error = error

    def _refuse_group(self, error: sqlite3.Error) -> None:
        CAUSE.set("")
        self._writer.undo()
        self.meter.refused += 1
        self._was_refused = True
        if not self._group:  # it did not even begin
            self._group.extend(self._waiting)
            self._waiting.clear()
        _log.error("the database refused a group of writes", error=str(error), writes=len(self._group))
        self.rolled_back()
        for write in self._group:
            write.refuse(Unavailable("disk_full") if _is_full(error) else None)
        self._group.clear()
        if self._forgotten:
            self._forget_soon()


def _is_full(error: BaseException | None) -> bool:
    """Whether the disk has no room: the error says so, or the one that led to it."""
    return error is not None and (
        getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL or _is_full(error.__cause__)
    )


def _ignore_rows(rows: Sequence[OutboxRow]) -> None: ...


def _ignore() -> None: ...

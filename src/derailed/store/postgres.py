"""The store on a PostgreSQL server, which any number of processes share.

One connection writes groups of verbs, as the embedded store does: while one is committed the next one queues. A few
others read, in groups too. Servers that speak the same protocol are not tried here: CockroachDB, YugabyteDB, Citus.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, Self

import asyncpg  # type: ignore[import-untyped]
import structlog

from derailed.model.errors import Unavailable
from derailed.store import Connection, Load, OutboxRow, T, Work
from derailed.store.meter import Meter
from derailed.store.postgres_line import TROUBLE, Line, Unreachable, connect, refusal
from derailed.store.postgres_reads import Reads
from derailed.store.postgres_schema import migrate
from derailed.store.postgres_writer import Broken, Taken, Transaction
from derailed.store.topics import Versions
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

__all__ = ["PostgresStore", "Unreachable"]

_READERS: Final = 4
"""So many groups of reads at once: one that takes long holds up no other."""
_SEARCHERS: Final = 2
"""Reads that may take long, at once."""
_FILL_S: Final = 0.02
"""A group takes in verbs for as long: other processes wait for the topics that it holds."""
_RUNS_MAX: Final = 5
"""How often a verb is run that deadlocks with another process."""
_OUTBOX_PAGE: Final = 64
_TOPICS_KEPT: Final = 10_000
"""Topics of which is known how we left them."""

_OUTBOX = """
SELECT id, verb, topic, rev, payload, created_at FROM outbox
WHERE id > $1 AND id <> ALL($3::bigint[]) ORDER BY id LIMIT $2
"""

_SIZE = "SELECT pg_database_size(current_database())"

_log = structlog.stdlib.get_logger(__name__)


class PostgresStore:
    """`derailed.store.Store` on a server.

    When the connection is lost while COMMIT is on its way, nobody can say whether the group was kept. Its callers
    get Unavailable, as for any write that may be tried again: what was kept is published from the outbox, so who
    tries again sees it as after any answer that was lost on its way, and a message with a nonce is not sent twice.
    """

    def __init__(
        self, writer: Line, readers: Sequence[Line], searchers: Sequence[Line], clock: Callable[[], int]
    ) -> None:
        self.committed: Callable[[Sequence[OutboxRow]], None] = _ignore_rows
        self.rolled_back: Callable[[], None] = _ignore
        self.meter = Meter()
        self._writer = writer
        self._reads = Reads(readers)
        self._searches = Reads(searchers, SEARCHES_WAITING_MAX, group_max=1, within_s=SEARCH_WITHIN_S)
        self._clock = clock
        self._waiting: deque[Write] = deque()
        self._group: list[Write] = []
        self._left: dict[str, Versions] = {}
        """Topics as our last group with them left them."""
        self._ours: set[str] = set()
        """Those of them that we found as we had left them: nobody else seems to write there."""
        self._forgotten: set[int] = set()
        self._forget_due = False
        self._forget_timer: asyncio.TimerHandle | None = None
        self._pump: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, clock: Callable[[], int]) -> Self:
        """Connect and bring the schema up to date. `clock` is Unix time in milliseconds.

        Raises Unreachable, Incompatible.
        """
        db = await connect(url)
        try:
            await migrate(db, clock())
        except TROUBLE:
            if not db.is_closed():
                raise
            raise Unreachable("the connection was lost") from None
        finally:
            await db.close()
        lines: list[Line] = []
        try:
            for _ in range(1 + _READERS + _SEARCHERS):
                lines.append(await Line.open(url))  # noqa: PERF401  the first ones are closed when a later one fails
        except Unreachable:
            for line in lines:
                await line.close()
            raise
        writer, *others = lines
        return cls(writer, others[:_READERS], others[_READERS:], clock)

    @property
    def is_up(self) -> bool:
        """Whether the server can be reached, as far as we know."""
        return self._writer.is_up and self._reads.is_up

    def load(self) -> Load:
        """See Store."""
        reading, searching = self._reads.busy, self._searches.busy
        return Load(len(self._waiting), 1 + _READERS + _SEARCHERS, (self._pump is not None) + reading + searching)

    async def size(self) -> int:
        """See Store."""

        async def work(tx: Connection) -> int:
            ((size,),) = await tx.fetch(_SIZE)
            return int(size)

        return await self.read_apart(work)

    async def read(self, work: Work[T]) -> T:
        """Run `work` on one snapshot of everything committed. Raises Unavailable."""
        began = time.perf_counter()
        try:
            return await self._reads.read(work)
        finally:
            self.meter.reads.add(time.perf_counter() - began)

    async def read_apart(self, work: Work[T]) -> T:
        """Run a `work` that may take long on such a snapshot. Raises Unavailable."""
        return await self._searches.read(work)

    async def write(self, work: Work[T], topic: str = "") -> T:
        """Run `work` in a transaction; durable when it returns. Raises Unavailable."""
        if len(self._waiting) >= WAITING_MAX or not self._writer.is_up:
            raise Unavailable
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(Write(work, topic, future, "postgresql"))
        self._wake()
        return await future

    async def outbox(self, after: int, limit: int) -> list[OutboxRow]:
        """Rows above id `after`, in id order; those that are forgotten but not deleted yet are left out.

        A verb's ids follow each other. But rows of a verb that is committed later, by another process, may have
        lower ids than rows that were read, unless they share a topic: its ids are drawn under its lock.
        """
        hidden = tuple(self._forgotten)

        async def work(tx: Connection) -> list[OutboxRow]:
            rows = await tx.fetch(_OUTBOX, after, limit, hidden)
            while len(rows) >= limit:
                more = await tx.fetch(_OUTBOX, rows[-1][0], _OUTBOX_PAGE, hidden)
                of_verb = [row for row in more if row[1] == rows[-1][1]]
                rows += of_verb
                if len(of_verb) < _OUTBOX_PAGE:
                    break
            return [OutboxRow(*row) for row in rows]

        return await self._reads.read(work)

    async def forget(self, ids: Sequence[int]) -> None:
        """Delete outbox rows that the bus has acknowledged, with the next group of writes or in a moment."""
        self._forgotten.update(ids)
        self._forget_soon()

    async def close(self) -> None:
        """Finish what waits, and hang up."""
        if self._forget_timer is not None:
            self._forget_timer.cancel()
            self._forget_now()
        if self._pump is not None:
            await self._pump
        await self._reads.close()
        await self._searches.close()
        await self._writer.close()

    def _forget_soon(self) -> None:
        if self._forget_timer is None:
            self._forget_timer = asyncio.get_running_loop().call_later(FORGET_WITHIN_S, self._forget_now)

    def _forget_now(self) -> None:
        self._forget_timer = None
        if not self._writer.is_up:
            self._forget_soon()
        elif self._forgotten:
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
        """Begin, fill, commit and answer one group."""
        self._forget_due = False
        forgotten = sorted(self._forgotten)[:FORGET_MAX]
        began = time.perf_counter()
        try:
            rows = await self._write_trusting(forgotten)
            if rows is None:
                rows = await self._write_locking(forgotten)
        except (Unavailable, Broken, *TROUBLE) as error:
            await self._undo(error)
            return
        except BaseException:
            self._writer.drop()  # what is open on it must not become part of another group
            raise
        self.meter.commits.add(time.perf_counter() - began)
        self.meter.writes.add(len(self._group))
        self._forgotten.difference_update(forgotten)
        if self._forgotten:
            self._forget_soon()
        if rows:
            self.committed(rows)  # before the answers: what an answer leads to finds its event under way
        for write in self._group:
            write.answer()
        self._group.clear()

    async def _write_trusting(self, forgotten: Sequence[int]) -> list[OutboxRow] | None:
        """In one round trip, if its topics are as we left them and its verbs ask nothing; else None, and nothing is."""
        count, wanted = min(len(self._waiting), GROUP_MAX), self._wanted()
        if not wanted or not wanted <= self._ours or self._writer.db.is_in_transaction():
            return None
        tx = Transaction(self._writer, self._clock())
        tx.trust({topic: self._left[topic] for topic in sorted(wanted)})
        await self._fill(tx, count)
        CAUSE.set("")
        if not self._group:
            return None
        rows = await tx.seal_as_left(forgotten)
        if rows is None:
            self._ours -= wanted
            self._waiting.extendleft(reversed(self._group))
            self._group.clear()
        else:
            self._left.update(tx.left)
        return rows

    async def _write_locking(self, forgotten: Sequence[int]) -> list[OutboxRow]:
        """With its topics locked before its verbs run."""
        tx = Transaction(self._writer, self._clock())
        count = min(len(self._waiting), GROUP_MAX)
        await tx.begin(forgotten, self._wanted())
        await self._fill(tx, count)
        CAUSE.set("")
        rows = await tx.seal()
        same = {topic for topic, versions in tx.found.items() if self._left.get(topic) == versions}
        self._ours = (self._ours - tx.found.keys()) | same
        await tx.commit(go_on=bool(self._waiting) and not self._wanted() <= self._ours)
        if len(self._left) > _TOPICS_KEPT:
            self._left.clear()
            self._ours.clear()
        self._left.update(tx.left)
        return rows

    def _wanted(self) -> set[str]:
        """Topics that the next verbs will lift. None, if the first of them has to wait for another process."""
        if not self._waiting or self._waiting[0].was_too_late or self._waiting[0].alone:
            return set()
        return {write.topic for write in islice(self._waiting, GROUP_MAX) if write.topic}

    async def _fill(self, tx: Transaction, count: int) -> None:
        """Run so many of those that wait, one after the other. A verb that is to be alone is.

        Who came while the group was begun waits for the next: were all who are here in one group, nothing would be
        left for this process to do while the server writes it.
        """
        full_at = time.monotonic() + _FILL_S
        while self._waiting and len(self._group) < count and time.monotonic() < full_at:
            if self._group and (self._waiting[0].alone or self._group[-1].alone):
                return
            write = self._waiting.popleft()
            if write.future.cancelled():
                write.answer()
                continue
            self._group.append(write)
            write.runs += 1
            write.error = None
            write.begin()
            try:
                write.result = await tx.write(write.work)
            except Taken:
                write.was_too_late = not tx.trusts
                self._group.pop()
                self._waiting.appendleft(write)
                return
            except Broken:
                raise
            except Exception as error:  # noqa: BLE001  it is the caller's, who gets it when the group is durable
                write.error = error

    async def _undo(self, error: Exception) -> None:
        """The group is undone. What the server refused is run again, each verb alone; what was lost is refused."""
        CAUSE.set("")
        self.rolled_back()
        self.meter.refused += 1
        self._left.clear()
        self._ours.clear()
        cause = error.__cause__ if isinstance(error, Broken) else error
        assert isinstance(cause, Exception)
        group, self._group = self._group, []
        if isinstance(cause, asyncpg.ReadOnlySQLTransactionError):
            self._writer.drop()  # the server is not the primary any more
        if self._writer.is_lost(cause):
            group.extend(self._waiting)
            self._waiting.clear()
            for write in group:
                write.refuse()
            self._forget_soon()
            return
        _log.warning("the database undid a group of writes", error=str(cause), writes=len(group))
        await self._roll_back()
        if len(group) == 1:
            group[0].alone = True
        again = [write for write in group if not self._is_final(write, cause)]
        for write in again:
            write.alone = True
        self._waiting.extendleft(reversed(again))

    @staticmethod
    def _is_final(write: Write, error: Exception) -> bool:
        """Answer a verb that has failed alone, or too often."""
        if not write.alone:
            return False
        if isinstance(error, asyncpg.TransactionRollbackError) and write.runs < _RUNS_MAX:
            return False
        write.refuse(refusal(error))
        return True

    async def _roll_back(self) -> None:
        try:
            await self._writer.db.execute("ROLLBACK")
        except TROUBLE as error:
            if not self._writer.is_lost(error):
                raise


def _ignore_rows(rows: Sequence[OutboxRow]) -> None: ...


def _ignore() -> None: ...

"""Reads in groups: those that wait together see one snapshot, and what they all ask is asked once.

A group's snapshot is taken after all of its reads have arrived, so each sees whatever was acknowledged before it came.
Rows are remembered for the length of the group only: nothing is ever stale.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NoReturn

import asyncpg  # type: ignore[import-untyped]

from derailed.model.errors import Unavailable
from derailed.store import Row, T, Work
from derailed.store.postgres_line import TROUBLE, Line, Statements, Watched, refusal
from derailed.store.topics import NEVER, Change, Versions
from derailed.telemetry import apart

_WAITING_MAX: Final = 4096
"""Reads that may wait. More are refused, because their callers would time out."""
_GROUP_MAX: Final = 64
"""Reads of one snapshot: the last of them waits for all others."""
_ROWS_REMEMBERED: Final = 10_000
"""Rows that a group keeps for those of it that ask the same."""

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_BEGIN_WITHIN = _BEGIN + "; SET LOCAL statement_timeout = '{within_s}s'"
_TOPIC = "SELECT rev, shape_rev, members_rev, last_id FROM topics WHERE topic = $1"


class _Read:
    """One read that waits for its answer."""

    __slots__ = ("future", "work")

    def __init__(self, work: Work[Any], future: asyncio.Future[Any]) -> None:
        self.work = work
        self.future = future

    async def run(self, snapshot: Snapshot, line: Line) -> None:
        """Answer it. What the server has against it rises, because it is the end of the snapshot too."""
        try:
            result = await Watched(self.work, snapshot)
        except Exception as error:
            if isinstance(error, asyncpg.PostgresError) or line.is_lost(error):
                raise
            self.refuse(error)
        else:
            if not self.future.done():
                self.future.set_result(result)

    def refuse(self, error: Exception) -> None:
        """It can not be answered."""
        if not self.future.done():
            self.future.set_exception(error)


class Snapshot(Statements):
    """`derailed.store.Connection` of a group of reads: it changes nothing."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self._remembered: dict[tuple[object, ...], list[Row]] = {}
        self._room = _ROWS_REMEMBERED

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """All rows, in a list of the caller's own."""
        key = (sql, *values)
        rows = self._remembered.get(key)
        if rows is None:
            rows = await self._ask(sql, values)
            if len(rows) < self._room:
                self._room -= len(rows) + 1
                self._remembered[key] = rows
        return rows.copy()

    async def fetchrow(self, sql: str, *values: object) -> Row | None:
        """The first row, if there is one."""
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def execute(self, sql: str, *values: object) -> int:
        """The server refuses what would change something."""
        return len(await self._ask(sql, values))

    async def look(self, topic: str) -> Versions:
        """Where the topic stands."""
        row = await self.fetchrow(_TOPIC, topic)
        return NEVER if row is None else Versions(*row)

    def put(self, sql: str, *values: object) -> None:
        """Not in a read."""
        _only_a_write()

    async def lift(self, topic: str) -> Versions:
        """Not in a read."""
        _only_a_write()

    def mark(self, topic: str, change: Change) -> None:
        """Not in a read."""
        _only_a_write()

    def lower(self, topic: str) -> None:
        """Not in a read."""
        _only_a_write()

    def draw(self, topic: str, next_id: Callable[[int], int]) -> int:
        """Not in a read."""
        _only_a_write()

    async def emit(self, topic: str, rev: int, payload: bytes) -> None:
        """Not in a read."""
        _only_a_write()

    async def _ask(self, sql: str, values: Sequence[object]) -> list[Row]:
        self.is_asking = True
        try:
            return [tuple(row) for row in await self._db.fetch(sql, *values)]
        finally:
            self.is_asking = False


class Reads:
    """Whatever reads, on a few lines.

    `waiting_max` reads may wait, `group_max` share a snapshot; `within_s`: a statement is given up then.
    """

    def __init__(
        self,
        lines: Sequence[Line],
        waiting_max: int = _WAITING_MAX,
        group_max: int = _GROUP_MAX,
        within_s: int | None = None,
    ) -> None:
        self._lines = lines
        self._waiting_max = waiting_max
        self._group_max = group_max
        self._begin = _BEGIN if within_s is None else _BEGIN_WITHIN.format(within_s=within_s)
        self._idle = list(lines)
        self._waiting: deque[_Read] = deque()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def is_up(self) -> bool:
        """Whether anything can be read now."""
        return any(line.is_up for line in self._lines)

    @property
    def busy(self) -> int:
        """Lines that are asked something now."""
        return len(self._serving)

    async def read(self, work: Work[T]) -> T:
        """Run `work` in the next snapshot that is taken. Raises Unavailable."""
        if len(self._waiting) >= self._waiting_max or not self.is_up:
            raise Unavailable
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Read(work, future))
        line = next((line for line in self._idle if line.is_up), None)
        if line is not None:
            self._idle.remove(line)
            task = apart(self._serve(line))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        return await future

    async def close(self) -> None:
        """Finish what waits, and hang up."""
        await asyncio.gather(*self._serving)
        for line in self._lines:
            await line.close()

    async def _serve(self, line: Line) -> None:
        try:
            while self._waiting and line.is_up:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._group_max))]
                await self._answer(line, deque(read for read in group if not read.future.done()))
        finally:
            self._idle.append(line)
            if not self.is_up:
                self._refuse(self._waiting)

    async def _answer(self, line: Line, group: deque[_Read]) -> None:
        """Answer the group. If the server ends the snapshot, who had it end is refused, and the others wait again."""
        try:
            await line.db.execute(self._begin)
            snapshot = Snapshot(line.db)
            while group:
                await group[0].run(snapshot, line)
                group.popleft()
            await line.db.execute("COMMIT")
        except Exception as error:
            if line.is_lost(error):
                self._refuse(group)
                return
            if not isinstance(error, asyncpg.PostgresError):
                raise
            if group:
                group.popleft().refuse(refusal(error))
            self._waiting.extendleft(reversed(group))
            await self._end(line)

    @staticmethod
    async def _end(line: Line) -> None:
        try:
            await line.db.execute("ROLLBACK")
        except TROUBLE as error:
            if not line.is_lost(error):
                raise

    @staticmethod
    def _refuse(reads: deque[_Read]) -> None:
        while reads:
            reads.popleft().refuse(Unavailable())


def _only_a_write() -> NoReturn:
    raise AssertionError("only a write changes anything")

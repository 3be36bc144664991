"""Reads in groups: those that wait together see one snapshot, and take their steps together.

A group's snapshot is taken after all of its reads have arrived, so each sees whatever was acknowledged before it came.
What several ask in the same step is one query (`postgres_together`), and what was asked before in the group is
remembered, for the length of the group only: nothing is ever stale.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final, NoReturn

import asyncpg  # type: ignore[import-untyped]

from derailed.model.errors import Unavailable
from derailed.store import Connection, Row, T, Work, full_text
from derailed.store.postgres_line import TROUBLE, Line, refusal
from derailed.store.postgres_together import Question, Together, Values
from derailed.store.topics import NEVER, Change, Versions
from derailed.telemetry import apart

_WAITING_MAX: Final = 4096
"""Reads that may wait. More are refused, because their callers would time out."""
_GROUP_MAX: Final = 64
"""Reads of one snapshot: the last of them waits for all others."""
_ROWS_REMEMBERED: Final = 10_000
"""Rows that a group keeps for those of it that ask the same."""
_HOLD_S: Final = 0.01
"""So long reads wait for a group that is being answered, to be the next one: a few together are cheaper than each on a
line of its own."""
_SLICE_S: Final = 0.002
"""So long a group's reads are worked on at a time; then the loop has a turn."""

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_BEGIN_WITHIN = _BEGIN + "; SET LOCAL statement_timeout = '{within_s}s'"
_TOPIC = "SELECT rev, shape_rev, members_rev, last_id FROM topics WHERE topic = $1"


class _Read:
    """One read that waits for its answer."""

    __slots__ = ("_steps", "_work", "asked", "future", "is_suspect")

    def __init__(self, work: Work[Any], future: asyncio.Future[Any]) -> None:
        self.future = future
        self.asked: Question | None = None
        self.is_suspect = False
        """The server refused what this read asked together with others."""
        self._work = work
        self._steps: Generator[Any, list[Row], Any]

    def begin(self, snapshot: Snapshot) -> None:
        """Take the first step, in a snapshot that was just taken."""
        self._steps = self._work(snapshot).__await__()
        self._step(lambda: next(self._steps))

    def go_on(self, rows: list[Row]) -> None:
        """Take the next step, with the answer to what was asked."""
        self._step(lambda: self._steps.send(rows))

    def refuse(self, error: Exception) -> None:
        """It can not be answered."""
        if not self.future.done():
            self.future.set_exception(error)

    def _step(self, step: Callable[[], Any]) -> None:
        self.asked = None
        try:
            awaited = step()
            assert isinstance(awaited, Question), "a work awaits nothing but its tables"
        except StopIteration as end:
            if not self.future.done():
                self.future.set_result(end.value)
        except Exception as error:  # noqa: BLE001  it is the caller's
            self.refuse(error)
        else:
            self.asked = awaited


class Snapshot(Connection):
    """`derailed.store.Connection` of a group of reads: it changes nothing."""

    full_text = full_text.POSTGRES

    def __init__(self) -> None:
        self._remembered: dict[tuple[object, ...], list[Row]] = {}
        self._room = _ROWS_REMEMBERED

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """All rows, in a list of the caller's own."""
        rows = self._remembered.get((sql, *values))
        if rows is None:
            rows = await Question(sql, values)
        return rows.copy()

    async def fetchrow(self, sql: str, *values: object) -> Row | None:
        """The first row, if there is one."""
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def execute(self, sql: str, *values: object) -> int:
        """The server refuses what would change something."""
        return len(await Question(sql, values))

    async def look(self, topic: str) -> Versions:
        """Where the topic stands."""
        row = await self.fetchrow(_TOPIC, topic)
        return NEVER if row is None else Versions(*row)

    def remember(self, sql: str, answers: dict[Values, list[Row]]) -> None:
        """Keep what was answered for those who ask it later in the group."""
        for values, rows in answers.items():
            if len(rows) < self._room:
                self._room -= len(rows) + 1
                self._remembered[sql, *values] = rows

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


class _Group:
    """Reads that take their steps together, on one line."""

    def __init__(self, db: asyncpg.Connection, reads: Sequence[_Read], together: Together) -> None:
        self._db = db
        self._reads = reads
        self._together = together
        self._snapshot = Snapshot()
        self.blamed: list[_Read] = []
        """Whose question is being answered."""

    async def answer(self) -> None:
        """Have each of them answered. Raises what the server, or the line, has against one."""
        await self._take_turns([(read, None) for read in self._reads])
        while asking := self._asking():
            for sql, by_values in asking.items():
                self.blamed = [read for reads in by_values.values() for read in reads]
                answers = await self._together.ask(self._db, sql, by_values)
                self.blamed = []
                self._snapshot.remember(sql, answers)
                await self._take_turns([(read, answers[key]) for key, reads in by_values.items() for read in reads])

    def _asking(self) -> dict[str, dict[Values, list[_Read]]]:
        """Who asks what now, by the statement."""
        asking: dict[str, dict[Values, list[_Read]]] = {}
        for read in self._reads:
            if read.asked is not None:
                asking.setdefault(read.asked.sql, {}).setdefault(read.asked.values, []).append(read)
        return asking

    async def _take_turns(self, steps: Sequence[tuple[_Read, list[Row] | None]]) -> None:
        began = time.monotonic()
        for read, rows in steps:
            if time.monotonic() - began > _SLICE_S:
                await asyncio.sleep(0)
                began = time.monotonic()
            if rows is None:
                read.begin(self._snapshot)
            else:
                read.go_on(rows)


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
        self._together = Together()
        self._idle = list(lines)
        self._waiting: deque[_Read] = deque()
        self._serving: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None

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
        if len(self._idle) == len(self._lines) or len(self._waiting) >= self._group_max:
            self._wake()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_HOLD_S, self._held)
        return await future

    def _held(self) -> None:
        """Those who wait have waited long enough for a line that is busy."""
        self._timer = None
        if self._waiting:
            self._wake()

    def _wake(self) -> None:
        """Have one more line serve, if one is idle."""
        line = next((line for line in self._idle if line.is_up), None)
        if line is not None:
            self._idle.remove(line)
            task = apart(self._serve(line))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def close(self) -> None:
        """Finish what waits, and hang up."""
        if self._timer is not None:
            self._timer.cancel()
        await asyncio.gather(*self._serving)
        for line in self._lines:
            await line.close()

    async def _serve(self, line: Line) -> None:
        try:
            while self._waiting and line.is_up:
                await self._answer(line, self._next_group())
        finally:
            self._idle.append(line)
            if not self.is_up:
                self._refuse(self._waiting)
            elif self._waiting:
                self._wake()

    def _next_group(self) -> list[_Read]:
        """Those who wait, up to a suspect, who is alone."""
        group: list[_Read] = []
        while self._waiting and len(group) < self._group_max:
            if group and (self._waiting[0].is_suspect or group[0].is_suspect):
                break
            read = self._waiting.popleft()
            if not read.future.done():
                group.append(read)
        return group

    async def _answer(self, line: Line, reads: list[_Read]) -> None:
        """Answer the group. If the server ends the snapshot, who had it end is refused, and the others wait again."""
        group = _Group(line.db, reads, self._together)
        try:
            await line.db.execute(self._begin)
            await group.answer()
            await line.db.execute("COMMIT")
        except Exception as error:
            if line.is_lost(error):
                self._refuse(deque(reads))
                return
            if not isinstance(error, asyncpg.PostgresError):
                raise
            if len(group.blamed) == 1:
                group.blamed[0].refuse(refusal(error))
            for read in group.blamed:
                read.is_suspect = True
            self._waiting.extendleft(read for read in reversed(reads) if not read.future.done())
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

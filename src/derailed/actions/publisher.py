"""The publisher: takes what verbs left in the outbox to the bus, in order and until the bus has it for good.

What this process commits is handed over in memory. The outbox itself is read only when that can not be enough:
at start, for what a process left behind that died; when the bus is *behind*; and once a second, for what others left.
Everything that it appends stays in the outbox until it is acknowledged, so it may forget, repeat and die at will;
and need not wait: while the bus brings one append to the disk, the next are on their way. One that fails leaves a gap
that the bus refuses to append over, so what follows it is drained from the outbox, in order.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from itertools import takewhile
from typing import Final

import structlog

from derailed.bus import Bus, BusDown, Put
from derailed.model.errors import Unavailable
from derailed.store import OutboxRow, Store
from derailed.telemetry import CAUSE
from derailed.traces import TRACES, Span, name_of, of_record
from derailed.wire import records

Verb = list[OutboxRow]

_HELD_BYTES_MAX: Final = 32 << 20
"""What waits in memory for a slow bus, or for its acknowledgement: seconds at full load. What is beyond it is read
from the outbox again."""
_ROW_BYTES: Final = 300
"""What a held row costs beside its payload."""
_APPEND_ROWS: Final = 512
"""Rows that one append takes: the wait for the disk is then paid off."""
_IN_FLIGHT_MAX: Final = 64
"""Appends that wait for the disk at once: more than are committed while it takes its time. Later ones are joined."""
_PAGE_ROWS: Final = 256
"""Rows of the outbox that are read at once."""
_HELD_MAX_MS: Final = 30_000
"""Half of the shortest retention. A row held for longer may be one that another process published and the log has
let go of since: it is read from the outbox again, and only published if it is still there."""
_SWEEP_S: Final = 1.0
_LEFT_BEHIND_MS: Final = 1000
"""Older rows are nobody's: who committed them publishes within milliseconds."""
_RETRY_FROM_S: Final = 0.05
_RETRY_TO_S: Final = 1.0

_log = structlog.stdlib.get_logger(__name__)


class Publisher:
    """One per process that writes. Give `take` to the store as its `committed`, and `run` to a task."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._sleep = sleep
        self._held: deque[tuple[str, int, Sequence[OutboxRow]]] = deque()
        """With the bus's epoch when they were committed, and their size."""
        self._held_bytes = 0
        self._in_flight: set[asyncio.Task[None]] = set()
        self._drain_to: int | None = None
        self._sweep_due = False
        self._seen_to = 0
        """Up to this id were the rows that the outbox had at the last sweep. Who committed one may have had a clock
        that was ahead, so what is still there is nobody's too."""
        self._retry_s = _RETRY_FROM_S
        self._work = asyncio.Event()
        self._quiet = asyncio.Event()
        self._spans: dict[int, Span] = {}
        """Of rows that are followed, until the bus has them."""
        self._tells = logging.getLogger(__name__).isEnabledFor(logging.DEBUG)
        """Whether the log has a line a record."""
        self.appended = 0
        """Records that the bus has by us."""
        self.offset = 0
        """The highest that it gave one of them."""
        self.is_stuck = False
        """What happens waits in the outbox: the bus, or the database, can not be reached."""

    def take(self, rows: Sequence[OutboxRow]) -> None:
        """Publish what was just committed."""
        if TRACES.under_way:  # whoever caused it is not answered yet
            self._follow(rows)
        if self._held_bytes >= _HELD_BYTES_MAX:
            self._must_drain(rows)
        else:
            size = _bytes(rows)
            self._held.append((self._bus.epoch, size, rows))
            self._held_bytes += size
        self._quiet.clear()
        self._work.set()

    async def drained(self) -> None:
        """Wait until the bus has everything that was taken so far, and what was left behind at start."""
        await self._quiet.wait()

    async def run(self) -> None:
        """Publish until cancelled, beginning with what was left behind."""
        self._quiet.clear()
        await self._retrying(self._drain_all)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._tick())
            while True:
                await self._wait_for_work()
                if self._drain_to is None and not self._sweep_due:
                    await self._append_held(tasks)
                else:
                    # What the bus lacks comes first: what is held may follow it in its topics.
                    await self._retrying(self._catch_up)

    async def _tick(self) -> None:
        while True:
            await self._sleep(_SWEEP_S)
            self._sweep_due = True
            self._work.set()

    async def _wait_for_work(self) -> None:
        while not (self._held or self._drain_to or self._sweep_due):
            if not self._in_flight:
                self._quiet.set()
                self._leave(self._spans.keys(), "published elsewhere")
            self._work.clear()
            await self._work.wait()

    async def _retrying(self, step: Callable[[], Awaitable[None]]) -> None:
        """Take one step, however long the bus or the database can not be reached."""
        while True:
            try:
                await step()
            except (BusDown, Unavailable) as error:
                _log.warning("what happens waits in the outbox", error=str(error) or "the database can not be reached")
                self.is_stuck = True
                await self._sleep(self._retry_s)
                self._retry_s = min(2 * self._retry_s, _RETRY_TO_S)
            else:
                self._retry_s, self.is_stuck = _RETRY_FROM_S, False
                return

    async def _catch_up(self) -> None:
        """Publish from the outbox what the bus is behind for, else what other processes left."""
        if self._drain_to is not None:
            last = self._drain_to
            await self._drain(lambda row: row.id <= last)
            if self._drain_to == last:
                self._drain_to = None
        else:
            left_at, left_to = self._clock() - _LEFT_BEHIND_MS, self._seen_to
            self._seen_to = 0
            await self._drain(lambda row: row.created_at <= left_at or row.id <= left_to)
            self._sweep_due = False

    async def _append_held(self, tasks: asyncio.TaskGroup) -> None:
        """Put what was committed on its way to the bus."""
        if len(self._in_flight) >= _IN_FLIGHT_MAX:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
        epoch, size, rows = self._next_rows()
        # In another epoch, too, they may be rows that another process published, and that the bus has forgotten since.
        if epoch != self._bus.epoch or self._clock() - rows[0].created_at > _HELD_MAX_MS:
            self._held_bytes -= size
            self._must_drain(rows)
        else:
            append = tasks.create_task(self._append_once(rows, size, epoch))
            self._in_flight.add(append)
            append.add_done_callback(self._landed)

    async def _append_once(self, rows: Sequence[OutboxRow], size: int, epoch: str) -> None:
        try:
            await self._append(_verbs(rows), epoch, start=False)
        except (BusDown, Unavailable):
            self._must_drain(rows)
        self._held_bytes -= size

    def _landed(self, append: asyncio.Task[None]) -> None:
        self._in_flight.discard(append)
        self._work.set()

    def _next_rows(self) -> tuple[str, int, list[OutboxRow]]:
        """Groups, as many as one append takes, that were committed in one epoch, and their size."""
        first, size, rows = self._held[0][0], 0, list[OutboxRow]()
        while self._held:
            epoch, more, group = self._held[0]
            if epoch != first or (rows and len(rows) + len(group) > _APPEND_ROWS):
                break
            self._held.popleft()
            size += more
            rows += group
        return first, size, rows

    async def _drain_all(self) -> None:
        await self._drain(lambda row: True)

    async def _drain(self, wanted: Callable[[OutboxRow], bool]) -> None:
        """Publish the outbox from its very beginning to its present end, as long as its rows are wanted.

        In that order every verb finds all lower rows of its topics published, so it may start them. Each page is
        the beginning of what is left: another process may have drawn low ids and commit them late, so a second page
        that began where the first ended could hold a row without the one before it in its topic.
        """
        more = True
        while more:
            epoch = self._bus.epoch
            rows = await self._store.outbox(0, _PAGE_ROWS)
            self._seen_to = rows[-1].id if rows else 0
            waiting = _verbs(rows)
            verbs = list(takewhile(lambda verb: wanted(verb[-1]), waiting))
            if verbs:
                await self._append(verbs, epoch, start=True)
            more = len(rows) >= _PAGE_ROWS and len(verbs) == len(waiting)

    async def _append(self, verbs: list[Verb], epoch: str, *, start: bool) -> None:
        """Append whole verbs; what the bus has for good leaves the outbox, what it is behind for is drained."""
        puts = [[Put(row.topic, row.rev, row.payload) for row in verb] for verb in verbs]
        appended = await self._bus.append(puts, start=start, epoch=epoch)
        if appended.epoch != self._bus.epoch:
            raise BusDown("what it acknowledged is void")
        published: list[int] = []
        for verb, offsets in zip(verbs, appended.offsets, strict=True):
            if offsets is None:
                assert not start
                self._must_drain(verb)
            else:
                published += [row.id for row in verb]
                self.offset = max(self.offset, offsets[-1])
                if self._tells:
                    _tell(verb, offsets)
        self.appended += len(published)
        if self._spans:
            self._leave(published)
        await self._store.forget(published)

    def _follow(self, rows: Iterable[OutboxRow]) -> None:
        for row in rows:
            record = records.decode(row.payload)
            about = of_record("append", row.topic, record.event)
            span = TRACES.step("producer", name_of(about), record.cause, about)
            if span is not None:
                self._spans[row.id] = span

    def _leave(self, row_ids: Iterable[int], error: str = "") -> None:
        """They are published."""
        for row_id in self._spans.keys() & row_ids:
            self._spans.pop(row_id).end(error)

    def _must_drain(self, rows: Sequence[OutboxRow]) -> None:
        self._drain_to = max(self._drain_to or 0, rows[-1].id)


def _verbs(rows: Iterable[OutboxRow]) -> list[Verb]:
    """The rows by verb, in the order in which the verbs were committed.

    Of two verbs that share a topic, the later one drew that topic's id after the earlier one drew its last:
    so their last ids say which came first, also where several processes draw ids at once.
    """
    verbs: dict[int, Verb] = {}
    for row in rows:
        verbs.setdefault(row.verb, []).append(row)
    return sorted(verbs.values(), key=lambda verb: verb[-1].id)


def _tell(verb: Verb, offsets: Sequence[int]) -> None:
    for row, offset in zip(verb, offsets, strict=True):
        record = records.decode(row.payload)
        CAUSE.set(record.cause)
        _log.debug("appended", topic=row.topic, rev=row.rev, kind=record.event, offset=offset)
    CAUSE.set("")


def _bytes(rows: Iterable[OutboxRow]) -> int:
    return sum([len(row.payload) + _ROW_BYTES for row in rows])

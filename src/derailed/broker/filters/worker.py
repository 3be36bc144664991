"""Keeps one library answering: asks its process in order, watches the time, starts another when it ends.

The process answers in the order of the requests, so the first that has no answer is the one it is at. When it ends,
that request gets no answer, and those behind it are asked again of the next process, which is told first what the
last one knew. No answer means no. A library whose processes keep ending rests, each time for longer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import structlog

from derailed.broker.filters import FilterError, Standing, frames
from derailed.broker.filters.process import Nursery, Process

TICK_S: Final = 0.01
ALLOWED_S: Final = 0.02
"""Of the process's CPU for one request. Not of the wall: on a busy machine one waits for the processor."""
STALLED_S: Final = 0.5
"""Of the wall, for a process that does not compute and does not answer either, or whose CPU can not be told."""
FORGIVEN_S: Final = 60.0
"""The first end in so long costs no rest."""
FIRST_REST_S: Final = 0.1
LONGEST_REST_S: Final = 60.0
MOST_WAITING: Final = 8 << 20
"""Bytes asked and not answered. Above it, callers wait."""
_TOLD_EVERY_S: Final = 1.0

_FUNCTIONS = ("accept", "deliver")
_log = structlog.get_logger()

State = Callable[[], Iterable[bytes]]
"""The requests that make a new process know what the last one knew."""


class _Asked(NamedTuple):
    request: bytes
    answer: asyncio.Future[frames.Answer | None] | None
    """None for what the process is only told."""


class Worker:
    """One library."""

    def __init__(self, namespace: str, name: str, source: bytes, nursery: Nursery, state: State) -> None:
        self.namespace, self.name, self.source = namespace, name, source
        self.functions: tuple[str, ...] = _FUNCTIONS
        """Until it has said which: both, so that a library that can not be loaded lets nothing through."""
        self._nursery, self._state = nursery, state
        self._loop = asyncio.get_running_loop()
        self._process: Process | None = None
        self._reviving: asyncio.Task[None] | None = None
        self._asked: deque[_Asked] = deque()
        self._waiting = 0
        self._quiet = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._timer: asyncio.TimerHandle | None = None
        self._watched: tuple[_Asked, float | None, int] | None = None
        self._errors, self._ends, self._ends_lately = 0, 0, 0
        self._last_end, self._rests_until, self._told = -FORGIVEN_S, 0.0, -_TOLD_EVERY_S
        self._fault = ""
        self._loaded = False
        """Before, whoever loads it hears of its faults, and nobody else."""
        self._closed = False

    async def load(self) -> None:
        """Start it. Raises FilterError when it is no library, or does not come to an end."""
        loaded: asyncio.Future[frames.Answer | None] = self._loop.create_future()
        await self._revive(loaded)
        answer = await loaded
        if answer is None:
            raise FilterError(self._fault)
        if answer.refused:
            raise frames.complaint(answer.text)
        if not self.functions:
            raise FilterError("a library defines the function accept, or deliver, or both")
        self._loaded = True

    def ask(self, request: bytes) -> asyncio.Future[frames.Answer | None]:
        """Its answer, or None."""
        answer: asyncio.Future[frames.Answer | None] = self._loop.create_future()
        if self._closed or (self._process is None and self._loop.time() < self._rests_until):
            answer.set_result(None)
            return answer
        self._queue(_Asked(request, answer))
        if self._process is not None:
            self._process.write(request)
        else:
            self._start_reviving()
        return answer

    def tell(self, request: bytes) -> None:
        """What it is to know. A process that is yet to come is told all by `state`."""
        if self._process is not None:
            self._queue(_Asked(request, None))
            self._process.write(request)

    async def room(self) -> None:
        """Wait while too much is asked."""
        await self._room.wait()

    def standing(self) -> Standing:
        rests = self._process is None and self._loop.time() < self._rests_until
        functions, faults = self.functions, (self._errors, self._ends, self._fault)
        return Standing(self.namespace, self.name, self.source, functions, *faults, rests)

    async def retire(self) -> None:
        """Answer what was asked, then end."""
        if self._asked:
            self._quiet.clear()
            await self._quiet.wait()
        await self.close()

    async def close(self) -> None:
        """End at once. What was asked is not answered."""
        self._closed = True
        if self._reviving is not None:
            self._reviving.cancel()
            await asyncio.wait([self._reviving])
        if self._timer is not None:
            self._timer.cancel()
        if self._process is not None:
            await self._process.stop("not needed")
        self._refuse_all()

    def _queue(self, asked: _Asked) -> None:
        self._asked.append(asked)
        self._weigh(len(asked.request))
        if self._timer is None:
            self._watch()

    def _weigh(self, more: int) -> None:
        self._waiting += more
        if self._waiting > MOST_WAITING:
            self._room.clear()
        else:
            self._room.set()

    def _take(self) -> _Asked:
        asked = self._asked.popleft()
        self._weigh(-len(asked.request))
        if not self._asked:
            self._quiet.set()
        return asked

    def _answered(self, frame: bytes) -> None:
        assert self._process is not None
        if not self._asked:
            self._process.end("answered what nobody asked")
            return
        answer = frames.answer(frame)
        asked = self._take()
        if answer.faults:
            self._errors += answer.faults
            self._complain(answer.text)
        if asked.request[:1] == b"L" and not answer.refused:
            self.functions = tuple(name for bit, name in enumerate(_FUNCTIONS) if answer.body[0] & 1 << bit)
        if asked.answer is not None:
            if not asked.answer.done():
                asked.answer.set_result(answer)
        elif answer.refused:
            self._process.end(f"can not be loaded again: {answer.text}")

    def _ended(self, reason: str) -> None:
        self._process = None
        if self._closed:
            return
        now = self._loop.time()
        self._ends += 1
        self._ends_lately = self._ends_lately + 1 if now - self._last_end < FORGIVEN_S else 1
        self._last_end = now
        self._complain(reason)
        if self._asked:
            _refuse(self._take())
        if self._ends_lately > 1:
            self._rest(now)
        else:
            self._start_reviving()

    def _rest(self, now: float) -> None:
        """Nobody waits for a library that keeps ending."""
        self._rests_until = now + min(LONGEST_REST_S, FIRST_REST_S * 2.0 ** min(self._ends_lately - 2, 16))
        self._refuse_all()

    def _refuse_all(self) -> None:
        while self._asked:
            _refuse(self._take())

    def _start_reviving(self) -> None:
        if self._reviving is None or self._reviving.done():
            self._reviving = asyncio.create_task(self._revive(None))

    async def _revive(self, loaded: asyncio.Future[frames.Answer | None] | None) -> None:
        """Give it a process that knows what the last one knew, and ask again what that left."""
        try:
            process = await self._nursery.take()
        except OSError as error:
            self._complain(str(error))
            if loaded is not None:
                loaded.set_result(None)
            self._ends_lately = max(2, self._ends_lately + 1)
            self._rest(self._loop.time())
            return
        if self._closed:
            await process.stop("not needed")
            return
        left = [asked for asked in self._asked if asked.answer is not None]
        self._asked.clear()
        self._waiting = 0
        self._process, process.answered, process.ended = process, self._answered, self._ended
        told = (_Asked(request, None) for request in self._state())
        for asked in (_Asked(frames.load(self.name, self.source), loaded), *told, *left):
            self._queue(asked)
            process.write(asked.request)

    def _watch(self) -> None:
        """The first that is asked may take its time, and no more."""
        self._timer = None
        if not self._asked:
            self._watched = None
            return
        self._timer = self._loop.call_later(TICK_S, self._watch)
        process, asked = self._process, self._asked[0]
        if process is None or process.has_answered():
            self._watched = None
            return
        spent = process.cpu_s()
        if self._watched is None or self._watched[0] is not asked:
            self._watched = (asked, spent, 0)
            return
        _, spent_then, ticks = self._watched
        self._watched = (asked, spent_then, ticks + 1)
        waited = (ticks + 1) * TICK_S  # in turns of the loop: while it stands still, the process can not be blamed
        computed = waited if spent is None or spent_then is None else spent - spent_then
        if computed >= ALLOWED_S:
            process.end(f"took longer than {ALLOWED_S * 1000:.0f} ms")
        elif waited >= STALLED_S:
            process.end("does not answer")

    def _complain(self, reason: str) -> None:
        """To the owner: in the list of libraries always, in the log at most once a second."""
        self._fault = reason
        now = self._loop.time()
        if self._loaded and now - self._told >= _TOLD_EVERY_S:
            self._told = now
            known = {"namespace": self.namespace, "library": self.name, "errors": self._errors, "ends": self._ends}
            _log.warning("filter_fault", reason=reason, **known)


def _refuse(asked: _Asked) -> None:
    if asked.answer is not None and not asked.answer.done():
        asked.answer.set_result(None)

"""An event loop that does things in an order of chance, from a seed, with processes that can be killed.

Of all that is ready anything may run next, so every `await` is a point where anything else may happen. Time is
virtual: it creeps while things run and jumps to the next timer when nothing is ready. What runs "in a thread"
runs whole, at some later moment. A *process* is what a context variable says: after `kill` nothing of it ever
runs again, no `finally` and no `except`, as after kill -9.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import random
import warnings
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

_process: ContextVar[str] = ContextVar("process", default="")

_TICK_S = 0.00002
"""What running one thing takes: timers come among other things, not only when there is nothing else to do."""
_NOTHING_S = 0.1
_STALL_S = 0.005


class Stuck(Exception):
    """Nothing will ever happen again."""


class ChanceLoop(asyncio.AbstractEventLoop):
    """Runs one handle at a time, `step` by step, or `run` to the end of something."""

    def __init__(self, seed: object) -> None:
        self.errors: list[dict[str, Any]] = []
        """What reached the loop's exception handler."""
        self.stalls = 0.0
        """The chance that what is ready does not get its turn for long, while everything else goes on."""
        self._random = random.Random(f"loop {seed}")
        self._ready: list[tuple[str, asyncio.Handle]] = []
        self._timers: list[tuple[float, int, str, asyncio.Handle]] = []
        self._numbers = count()
        self._dead: set[str] = set()
        self._now = 0.0
        self._tasks: list[asyncio.Task[Any]] = []  # kept: what is killed must not be cleaned up by the collector

    # --- processes

    def spawn(self, process: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run work in a process."""
        context = Context()
        context.run(_process.set, process)
        return self.create_task(work, context=context)

    def kill(self, process: str) -> None:
        """Nothing of the process ever runs again."""
        self._dead.add(process)
        self._ready = [each for each in self._ready if each[0] != process]

    # --- running

    @property
    def idle(self) -> bool:
        """Nothing is ready: the next step would wait."""
        return not self._ready

    def step(self) -> bool:
        """Run one thing that is ready, or else the next timer; False when nothing will ever happen again."""
        self._now += _TICK_S
        while self._timers and self._timers[0][0] <= self._now:
            self._wake_timer()
        while not self._ready:
            if not self._timers:
                self._now += _NOTHING_S
                return False
            self._now = max(self._now, self._timers[0][0])
            self._wake_timer()
        chosen = self._random.randrange(len(self._ready))
        self._ready[chosen], self._ready[-1] = self._ready[-1], self._ready[chosen]
        process, handle = self._ready.pop()
        if not handle.cancelled() and process not in self._dead:
            asyncio._set_running_loop(self)
            try:
                handle._run()
            finally:
                asyncio._set_running_loop(None)
        return True

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run until this work is done. Raises Stuck."""
        task = self.create_task(work)
        while not task.done():
            if not self.step():
                raise Stuck
        return task.result()

    def forward(self, seconds: float) -> None:
        """Run for a while of virtual time."""
        until = self._now + seconds
        while self._ready or (self._timers and self._timers[0][0] <= until):
            if self._now >= until:
                return
            self.step()
        self._now = max(self._now, until)

    def close(self) -> None:
        """Let go of everything, without a word from what did not end."""
        self._ready.clear()
        self._timers.clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some have not even begun
            for task in self._tasks:
                if not task.done():
                    task._log_destroy_pending = False  # type: ignore[attr-defined]
                    with contextlib.suppress(BaseException):
                        task.get_coro().close()
        self._tasks.clear()
        self._ready.clear()

    # --- what asyncio asks of a loop

    def time(self) -> float:
        """Virtual seconds."""
        return self._now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Run it, sooner or later."""
        context = copy_context() if context is None else context
        handle = asyncio.Handle(callback, args, self, context)
        process = context.get(_process, "")
        if self._random.random() < self.stalls:
            when = self._now + self._random.random() * _STALL_S
            heapq.heappush(self._timers, (when, next(self._numbers), process, handle))
        elif process not in self._dead:
            self._ready.append((process, handle))
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run it after as many virtual seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run it at that virtual time."""
        context = copy_context() if context is None else context
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), context.get(_process, ""), handle))
        return handle

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """A cancelled timer is left where it is: it does nothing when it comes up."""

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]
        self, coro: Coroutine[Any, Any, T], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[T]:
        """A task of this loop."""
        task = asyncio.Task(coro, loop=self, name=name, context=context)
        self._tasks.append(task)
        return task

    def run_in_executor(  # type: ignore[override]
        self, executor: object, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Run it whole, at some moment; its caller hears of it at another."""
        future: asyncio.Future[T] = self.create_future()
        self.call_soon(_run_whole, future, func, args)
        return future

    def get_debug(self) -> bool:
        """Never: asyncio would look at real time."""
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody caught."""
        self.errors.append(context)

    def _wake_timer(self) -> None:
        _, _, process, handle = heapq.heappop(self._timers)
        if process not in self._dead and not handle.cancelled():
            self._ready.append((process, handle))


def _run_whole(future: asyncio.Future[T], func: Callable[..., T], args: tuple[Any, ...]) -> None:
    if future.done():
        return
    try:
        result = func(*args)
    except Exception as error:  # noqa: BLE001  it is the caller's
        future.set_exception(error)
    else:
        future.set_result(result)

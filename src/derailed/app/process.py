"""A process: its doors, what runs in it, and the signals that end it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from derailed import telemetry
from derailed.app import measures
from derailed.app.door import Door, listen, no_gateway, nothing_here, wide
from derailed.app.pulse import Pulsing
from derailed.app.readiness import Readiness
from derailed.app.trouble import CannotStart
from derailed.settings import Settings
from derailed.traces import TRACES, Missing, Source

T = TypeVar("T")

NO_TRACES: Final = "DERAILED_TRACES_URL: what sends traces is not installed: pip install 'derailed[traces]'"

_COLLECT_AFTER: Final = (20_000, 20, 50)
"""Objects, then collections, until the next search for garbage in circles: requests leave next to none, and a search
every 700 objects takes a tenth of their time."""


class Process:
    """As a context it is running; what fails in it ends it. SIGINT and SIGTERM stop it; the second one in a hurry."""

    def __init__(self, settings: Settings, service: str) -> None:
        """`service` is the command that runs it."""
        self.readiness = Readiness()
        self._settings = settings
        self._service = service
        self.pulsing = Pulsing(service, self.readiness)
        self._tasks = asyncio.TaskGroup()
        self._doors: list[tuple[Door, asyncio.Task[None]]] = []
        self._running: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._hurrying = asyncio.Event()
        self._listeners = contextlib.ExitStack()

    def open(self, listener: socket.socket) -> Door:
        """Answer there, from now on until it is stopped."""
        door = Door(self.readiness, self._settings.trusted_proxies)
        self._doors.append((door, self._tasks.create_task(door.serve(sockets=wide(listener)))))
        return door

    def run(self, *works: Coroutine[Any, Any, None]) -> None:
        """Have these run until the end of the process."""
        self._running += map(self._tasks.create_task, works)

    def stop(self) -> None:
        """End it; asked twice, do not wait for anybody."""
        if self._stopping.is_set():
            self._hurrying.set()
        self._stopping.set()
        for door, _ in self._doors:
            door.stop()

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What the work makes; None when we are told to stop before that."""
        return await _first(work, self._stopping)

    async def unless_hurried(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What the work makes; None when we are told to stop for the second time."""
        return await _first(work, self._hurrying)

    async def begun(self) -> None:
        """All parts are there: be ready, until it is stopped and what was asked at its doors is answered."""
        self.readiness.begun = True
        gc.collect()
        gc.freeze()  # a search through what stays for good would hold everybody up for tens of milliseconds
        gc.set_threshold(*_COLLECT_AFTER)
        await self._stopping.wait()
        await asyncio.gather(*(answering for _, answering in self._doors))

    async def __aenter__(self) -> Self:
        self._open_traces()
        port = self._settings.health_port
        beside = None if port is None else listen(self._settings.health_host, port, "DERAILED_HEALTH_PORT")
        if beside is not None:
            self._listeners.enter_context(beside)
        await self._tasks.__aenter__()
        if beside is not None:
            door = self.open(beside)
            door.application, door.gateway = nothing_here, no_gateway
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        telemetry.watch_process()
        measures.of_build(self._service)
        telemetry.show("ready", "1 while /readyz says so.", lambda: self.readiness.look()[0])
        self.run(telemetry.watch_loop(), self.readiness.watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for door, _ in self._doors:
            door.stop()
        for task in self._running:
            task.cancel()
        try:
            await self._tasks.__aexit__(kind, error, at)
        except BaseExceptionGroup as errors:
            if error is not None and errors.exceptions == (error,):
                raise error from None  # it was no task's
            raise
        finally:
            self._listeners.close()
            await TRACES.close()

    def _open_traces(self) -> None:
        url, service = self._settings.traces_url, f"derailed-{self._service}"
        if url:
            try:
                TRACES.open(url, self._settings.traces_share, Source(service, measures.VERSION, self.pulsing.node))
            except Missing:
                raise CannotStart(NO_TRACES) from None


async def _first(work: Coroutine[Any, Any, T], event: asyncio.Event) -> T | None:
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        waiting.cancel()
        await asyncio.gather(working, waiting, return_exceptions=True)

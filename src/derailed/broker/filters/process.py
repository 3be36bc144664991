"""One process of a filter library, seen from the broker: started, spoken to, ended.

It says nothing by itself but that it is ready. It gets an empty environment and one socket, and is started before it
is needed where that is possible (`Nursery`): a Python that can speak Lua takes some 30 ms to start.
"""

from __future__ import annotations

import asyncio
import importlib.util
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog

from derailed.broker.filters import frames

START_S: Final = 10.0
"""A process that is not ready by then never will be. Machines that start much at once are slow."""

_log = structlog.get_logger()
_FOLDER = Path(__file__).parent
_ENDS = {3: "used up its memory", -31: "asked for what is forbidden (a system call)", -27: "used a second of CPU"}


class Process(asyncio.Protocol):
    """One of them, ready. `answered` gets each frame, `ended` the reason, once."""

    def __init__(self, command: Sequence[str]) -> None:
        self.answered: Callable[[bytes], None] = lambda _: None
        self.ended: Callable[[str], None] = lambda _: None
        self.confined = False
        """System calls are forbidden to it."""
        self._reason = ""
        self._received = bytearray()
        self._waiting: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(command, stdin=theirs.fileno(), env={})

    @classmethod
    async def start(cls, command: Sequence[str] | None = None) -> Process:
        """Raises OSError when there is none to be had."""
        self = cls(command or _command())
        try:
            self._transport, _ = await self._loop.create_unix_connection(lambda: self, sock=self._socket)
            async with asyncio.timeout(START_S):
                await self._ready
        except TimeoutError:
            await self.stop("did not start")
            raise OSError("a filter's process did not start") from None
        except BaseException:
            await self.stop("not needed")
            raise
        if not self.confined:
            _log.warning("filter_not_confined", reason="system calls can not be forbidden here")
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._reason

    def cpu_s(self) -> float | None:
        """How long it has computed; None where that is not known."""
        try:
            return time.clock_gettime(~self.pid << 3 | 2)  # what clock_getcpuclockid(3) answers on Linux
        except OSError:
            return None

    def has_answered(self) -> bool:
        """There is something from it that was not read yet."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def write(self, request: bytes) -> None:
        """All that is said in one turn of the loop goes in one system call."""
        if not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting += (frames.length(request), request)

    def end(self, reason: str) -> None:
        """At once. `ended` is told later."""
        self._reason = self._reason or reason
        self._process.kill()

    async def stop(self, reason: str) -> None:
        """End it, and return when it has gone."""
        self.end(reason)
        if self._transport is None:
            self._socket.close()
            self._process.wait()
        else:
            await self._gone

    def data_received(self, data: bytes) -> None:
        self._received += data
        try:
            for frame in frames.split(self._received):
                if self._ready.done():
                    self.answered(frame)
                else:
                    self.confined = frame == b"\1"
                    self._ready.set_result(None)
        except ValueError as error:
            self.end(f"sent what is no answer: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        """Its socket is gone, so it is ending: the wait is for the system to say how."""
        self._process.kill()
        status = self._process.wait()
        self._reason = self._reason or _ENDS.get(status, f"ended with status {status}")
        if not self._ready.done():
            self._ready.set_exception(OSError(f"a filter's process {self._reason}"))
        self._gone.set_result(None)
        self.ended(self._reason)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))


class Nursery:
    """Has one process ready, so that a library that lost its own is answering again at once."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = command
        self._next: asyncio.Task[Process] | None = None
        self._closed = False

    async def take(self) -> Process:
        """The one that is ready, or another. Raises OSError when there is none to be had."""
        coming, self._next = self._next, None
        try:
            process = None if coming is None else await coming
        except OSError:
            process = None
        if process is None or not process.alive:
            process = await Process.start(self._command)
        self._prepare()
        return process

    def _prepare(self) -> None:
        if self._next is None and not self._closed:
            self._next = asyncio.create_task(Process.start(self._command))
            self._next.add_done_callback(_heard)

    async def ready(self) -> None:
        """Return when one is waiting to be needed, or none can be had."""
        if self._next is not None:
            await asyncio.wait([self._next])

    async def close(self) -> None:
        """End the one that was not needed."""
        self._closed = True
        coming, self._next = self._next, None
        if coming is not None:
            coming.cancel()
            for process in await asyncio.gather(coming, return_exceptions=True):
                if isinstance(process, Process):
                    await process.stop("not needed")


def _heard(task: asyncio.Task[Process]) -> None:
    """Whoever takes it hears of its failure; if nobody does, nobody misses it."""
    if not task.cancelled():
        task.exception()


def _command() -> list[str]:
    """Isolated: no site-packages but the folder that lupa is in, and that last."""
    found = importlib.util.find_spec("lupa")
    assert found is not None
    assert found.origin is not None
    packages = Path(found.origin).parent.parent
    return [sys.executable, "-I", "-S", str(_FOLDER / "child.py"), str(packages), str(_FOLDER)]

"""A broker in this process, in a thread of its own, and a client that shows every byte's meaning."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import hiredis
import uvloop

from derailed.broker import LogDamaged
from derailed.broker.server.configuration import Configuration, Limits, Space
from derailed.broker.server.server import Server
from tests.journeys.server import until

T = TypeVar("T")
WITHIN_S = 20.0
MEMORY = Configuration(spaces=(Space("default", "memory"),), limits=Limits(free=0))


class Served:
    """A broker that listens for as long as this is open."""

    def __init__(self, folder: Path, configuration: Configuration = MEMORY) -> None:
        self._folder = folder
        self._configuration = configuration
        self._started: Future[int] = Future()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()), name="served")
        self.port = 0
        self.server: Server
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event

    def __enter__(self) -> Self:
        self._thread.start()
        self.port = self._started.result(WITHIN_S)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()

    def call(self, work: Callable[[], T]) -> T:
        """Do something in the broker's own thread."""

        async def done() -> T:
            return work()

        return self.wait(done())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """The same, of something that takes its time."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WITHIN_S)

    def until_heard(self, topic: bytes) -> None:
        """Return when somebody waits for the topic."""
        until(lambda: self.call(lambda: topic in self.server.namespaces.of(topic).listeners), f"{topic!r} is heard")

    def client(self, version: int = 3) -> Client:
        """Somebody new."""
        client = Client(self.port)
        if version == 3:
            client.ask("HELLO", "3")
        return client

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        try:
            self.server = Server(self._configuration, self._folder)
            port = await self.server.start("127.0.0.1", 0)
        except (OSError, LogDamaged) as error:
            self._started.set_exception(error)
            return
        self._started.set_result(port)
        await self._stop.wait()
        await self.server.stop()


class Client:
    """One socket. Pushes wait in `pushes` until they are asked for."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
        self._reader = hiredis.Reader()
        self.pushes: list[Any] = []

    def send(self, *commands: tuple[str | bytes | int, ...]) -> None:
        """Commands at once, whose answers are read with `answer`."""
        self.socket.sendall(b"".join(hiredis.pack_command(command) for command in commands))  # type: ignore[arg-type]

    def ask(self, *command: str | bytes | int) -> Any:
        """One command and its answer."""
        self.send(command)
        return self.answer()

    def answer(self) -> Any:
        """The next answer; an error is returned, not raised."""
        while isinstance(found := self._next(), hiredis.PushNotification):
            self.pushes.append(list(found))
        return found

    def push(self) -> Any:
        """The next push."""
        if self.pushes:
            return self.pushes.pop(0)
        found = self._next()
        assert isinstance(found, hiredis.PushNotification), found
        return list(found)

    def closed(self) -> bool:
        """Whether the broker hangs up; what it says before is let go."""
        while self.socket.recv(1 << 16):
            pass
        return True

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _next(self) -> Any:
        while (found := self._reader.gets()) is False:
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError("the broker hung up")
            self._reader.feed(data)
        return found


def refusal(answer: Any) -> str:
    assert isinstance(answer, hiredis.ReplyError), answer
    return str(answer)


def offset(record_id: bytes) -> int:
    return int(record_id.partition(b"-")[0])

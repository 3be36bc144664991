"""The little of a client that measuring takes."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Any, Final, Self

import hiredis

_WITHIN_S: Final = 300.0
_KIND: Final = b"$7\r\nmessage\r\n"


class Client:
    """A connection that asks one thing after the other, or many at once."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_WITHIN_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = hiredis.Reader()

    def ask(self, *command: str | bytes | int) -> Any:
        """One command and its answer."""
        self.send(command)
        return self.answer()

    def send(self, *commands: tuple[str | bytes | int, ...]) -> None:
        """Commands whose answers are read later."""
        self.socket.sendall(b"".join(hiredis.pack_command(command) for command in commands))  # type: ignore[arg-type]

    def answer(self) -> Any:
        """The next answer or push."""
        while (found := self._reader.gets()) is False:
            self._reader.feed(self.socket.recv(1 << 20))
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()


class Sink(Client):
    """A subscriber that takes all there is, and counts."""

    def __init__(self, port: int, channel: str) -> None:
        super().__init__(port)
        self.ask("SUBSCRIBE", channel)
        self._counted = 0
        self._began = self._ended = 0.0
        self._enough = threading.Event()
        self._wanted = 1 << 62
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def rate(self, wanted: int) -> float:
        """Messages a second, when so many have come."""
        self._wanted = wanted
        if self._counted < wanted:
            self._enough.wait(_WITHIN_S)
        return self._counted / (self._ended - self._began)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        super().__exit__(kind, error, at)

    def _take(self) -> None:
        """Every message has its kind in it once, and its content has not; it may be cut in two."""
        end = b""
        while data := self.socket.recv(1 << 20):
            now = time.perf_counter()
            self._began = self._began or now
            self._ended = now
            whole = end + data
            self._counted += whole.count(_KIND)
            end = whole[1 - len(_KIND) :]
            if self._counted >= self._wanted:
                self._enough.set()

"""A load generator that costs little: the same requests written over and over on keep-alive sockets, no pipelining."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import NamedTuple, cast

_LENGTH = b"content-length: "


class Load(NamedTuple):
    """What a run measured. Latencies are seconds, ascending."""

    seconds: float
    latencies: list[float]
    busy: float
    """The share of a core that asking took: far below one, or what was measured is the asking."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that this share of requests stayed under."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


class _Caller(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float]) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.until = 0.0
        self._requests = requests
        self._latencies = latencies
        self._answer = b""
        self._sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._answer = self._answer + data if self._answer else data
        head = self._answer.find(b"\r\n\r\n")
        if head < 0 or len(self._answer) < head + 4 + _length(self._answer, head):
            return
        assert self._answer.startswith(b"HTTP/1.1 200"), self._answer[:300]
        self._answer = b""
        now = time.perf_counter()
        self._latencies.append(now - self._sent_at)
        if now < self.until:
            self.ask()
        elif not self.done.done():
            self.done.set_result(None)

    def hang_up(self) -> None:
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


def _length(answer: bytes, head: int) -> int:
    at = answer.find(_LENGTH, 0, head)
    return int(answer[at + len(_LENGTH) : answer.find(b"\r", at)])


async def drive(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    """Keep that many requests in flight for that long, taking them in turns."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    turns = cycle(requests)
    callers = [
        (await loop.create_connection(lambda: _Caller(turns, latencies), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    began, cpu = time.perf_counter(), time.process_time()
    for caller in callers:
        caller.until = began + seconds
        caller.ask()
    await asyncio.gather(*(caller.done for caller in callers))
    elapsed = time.perf_counter() - began
    busy = (time.process_time() - cpu) / elapsed
    for caller in callers:
        caller.hang_up()
    return Load(elapsed, sorted(latencies), busy)


def request(method: str, path: str, token: str = "", body: bytes = b"") -> bytes:
    """The bytes of one request."""
    head = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    if token:
        head.append(f"authorization: {token}")
    if body:
        head += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*head, "", ""]).encode() + body

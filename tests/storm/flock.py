"""Many Gateway clients in one process, which come back by themselves: `python -m tests.storm.flock`.

Takes lines and answers each with one: `come PORTS INTENTS` with tokens on the lines that follow, and `.`; `ports
PORTS`, where to try from now on; `cut`, which loses every socket at once; `mark`, which begins to count afresh; `told`,
what became of them since that or the last `cut`; `up`, how many have a session. A message is `GUILD NUMBER …`, numbered
without a gap in each guild: whoever is sent 7 after 5 of one, or 5 twice, was not whole.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import resource
import sys
import time
from typing import Any, Final, cast

import msgspec
import uvloop

BEAT_EVERY_S: Final = 20.0
AGAIN_S: Final = (0.1, 1.0)
"""Between two attempts to connect, by chance; twice as long after each that failed, but no longer than `AGAIN_MAX`."""
AGAIN_MAX: Final = 4.0
ANSWERED_WITHIN_S: Final = 60.0
_KEY: Final = base64.b64encode(bytes(16)).decode()


class Told(msgspec.Struct):
    """What became of a flock since it began to count."""

    up: int
    back_ns: list[int]
    """When each came back, by the machine's monotonic clock."""
    resumed: int
    afresh: int
    heard: int
    torn: int
    """Messages that were missing, twice, or out of order."""
    reached: dict[str, int]
    """Of each guild: the last number that all of its sessions have heard."""
    cpu_s: float


class Bird:
    """One client."""

    def __init__(self, flock: Flock, token: str) -> None:
        self.token = token
        self.session = ""
        self.s = 0
        self.numbers: dict[bytes, int] = {}
        self.is_up = False
        self.socket: Socket | None = None
        self._flock = flock

    async def fly(self) -> None:
        """Be connected, until cancelled."""
        failures = 0
        while True:
            socket = await self._connect()
            if socket is not None:
                await socket.ended
                failures = 0 if socket.was_up else failures + 1
            else:
                failures += 1
            await asyncio.sleep(min(AGAIN_MAX, random.uniform(*AGAIN_S) * 2**failures))

    async def _connect(self) -> Socket | None:
        port = random.choice(self._flock.ports)
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                _, socket = await asyncio.get_running_loop().create_connection(
                    lambda: Socket(self, port), "127.0.0.1", port
                )
        except (OSError, TimeoutError):
            return None
        return socket

    def greeted(self) -> None:
        """HELLO came."""
        assert self.socket is not None
        if self.session:
            self.socket.say({"op": 6, "d": {"token": self.token, "session_id": self.session, "seq": self.s}})
        else:
            self.identify()

    def identify(self) -> None:
        """Begin afresh."""
        assert self.socket is not None
        self.session = ""
        properties = {"os": "linux", "browser": "storm", "device": "storm"}
        self.socket.say({"op": 2, "d": {"token": self.token, "intents": self._flock.intents, "properties": properties}})

    def came(self, payload: bytes) -> None:
        """A dispatch. Heads are read as they are written: nothing is decoded for nothing."""
        comma = payload.index(b",", 12)
        self.s = int(payload[12:comma])
        event = payload[comma + 6 : payload.index(b'"', comma + 6)]
        if event == b"MESSAGE_CREATE":
            self._message(payload)
        elif event in (b"READY", b"RESUMED"):
            if event == b"READY":
                at = payload.index(b'"session_id":"') + 14
                self.session = payload[at : payload.index(b'"', at)].decode()
                self.numbers.clear()
                self._flock.afresh += 1
            else:
                self._flock.resumed += 1
            self.is_up = True
            assert self.socket is not None
            self.socket.was_up = True
            self._flock.back_ns.append(time.monotonic_ns())

    def _message(self, payload: bytes) -> None:
        at = payload.index(b'"content":"') + 11
        guild, number, _ = payload[at : at + 40].split(b" ", 2)
        said, last = int(number), self.numbers.get(guild)
        self._flock.heard += 1
        self._flock.torn += last is not None and said != last + 1
        self.numbers[guild] = said

    def lost(self) -> None:
        """The socket is gone."""
        self.socket, self.is_up = None, False


class Flock:
    """All clients of the process."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.intents = 0
        self.birds: list[Bird] = []
        self._flying: list[asyncio.Task[None]] = []
        self.mark()

    def mark(self) -> None:
        """Count afresh."""
        self.back_ns: list[int] = []
        self.resumed = self.afresh = self.heard = self.torn = 0

    def come(self, tokens: list[str]) -> None:
        """Have these connect."""
        self.birds += (new := [Bird(self, token) for token in tokens])
        self._flying += [asyncio.create_task(bird.fly()) for bird in new]

    def cut(self) -> None:
        """Lose all sockets."""
        self.mark()
        for bird in self.birds:
            if bird.socket is not None:
                bird.is_up = False
                bird.socket.abort()

    def told(self) -> Told:
        """What became of them."""
        reached: dict[str, int] = {}
        for bird in self.birds:
            for guild, number in bird.numbers.items():
                reached[guild.decode()] = min(reached.get(guild.decode(), number), number)
        used = resource.getrusage(resource.RUSAGE_SELF)
        up = sum(bird.is_up for bird in self.birds)
        counts = (self.resumed, self.afresh, self.heard, self.torn)
        return Told(up, self.back_ns, *counts, reached, used.ru_utime + used.ru_stime)

    async def beat(self) -> None:
        """Say that all live, from time to time."""
        while True:
            for start in range(0, len(self.birds), 50):
                for bird in self.birds[start : start + 50]:
                    if bird.socket is not None and bird.is_up:
                        bird.socket.say({"op": 1, "d": None})
                await asyncio.sleep(BEAT_EVERY_S * 50 / max(50, len(self.birds)))
            await asyncio.sleep(0.1)


class Socket(asyncio.Protocol):
    """One WebSocket. Frames of the client are masked with zeros."""

    def __init__(self, bird: Bird, port: int) -> None:
        self.ended = asyncio.get_running_loop().create_future()
        self.was_up = False
        self._bird, self._port = bird, port
        self._rest = b""
        self._upgraded = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._bird.socket = self
        self._transport.write(
            f"GET /gateway?v=10&encoding=json HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._bird.lost()
        self.ended.set_result(None)

    def data_received(self, data: bytes) -> None:
        data = self._rest + data if self._rest else data
        if not self._upgraded:
            head, found, rest = data.partition(b"\r\n\r\n")
            if not found:
                self._rest = data
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.abort()
                return
            self._upgraded, data = True, rest
        at, end = 0, len(data)
        while end - at >= 2:
            length, start = data[at + 1], at + 2
            if length > 125:
                start += 2 if length == 126 else 8
                length = int.from_bytes(data[at + 2 : start], "big")
            if end < start + length:
                break
            self._take(data[at] & 15, data[start : start + length])
            at = start + length
        self._rest = data[at:]

    def _take(self, opcode: int, payload: bytes) -> None:
        if opcode == 8 or payload.startswith(b'{"op":7,'):
            self.abort()
        elif payload.startswith(b'{"op":0,'):
            self._bird.came(payload)
        elif payload.startswith(b'{"op":10,'):
            self._bird.greeted()
        elif payload.startswith(b'{"op":9,'):
            self._bird.identify()

    def say(self, frame: dict[str, Any]) -> None:
        """Send a frame."""
        payload = json.dumps(frame).encode()
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._transport.write(b"\x81" + length + b"\0\0\0\0" + payload)

    def abort(self) -> None:
        """Be cut off."""
        self._transport.abort()


async def main() -> None:
    """Do as the lines say, until there are no more."""
    loop, flock = asyncio.get_running_loop(), Flock()
    beating = asyncio.create_task(flock.beat())
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        answer = b"done"
        match line.split():
            case ["come", ports, intents]:
                flock.ports, flock.intents = list(map(int, ports.split(","))), int(intents)
                flock.come([token.strip() for token in iter(sys.stdin.readline, ".\n")])
            case ["ports", ports]:
                flock.ports = list(map(int, ports.split(",")))
            case ["cut"]:
                flock.cut()
            case ["mark"]:
                flock.mark()
            case ["up"]:
                answer = str(sum(bird.is_up for bird in flock.birds)).encode()
            case ["told"]:
                answer = msgspec.json.encode(flock.told())
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()
    beating.cancel()
    os._exit(0)  # thousands of sockets and tasks: nobody waits for their ends


if __name__ == "__main__":
    uvloop.run(main())

"""A Gateway client that costs next to nothing: it keeps itself connected, and writes down what it is sent.

It does what libraries do: it beats, resumes what it lost, and begins afresh where it is refused.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import random
import zlib
from collections.abc import Sequence
from time import monotonic as now
from typing import Any, Final, cast

import msgspec
from msgspec import Raw, Struct

from tests.faults import dispatches
from tests.faults.history import NEVER, History, Life, Shown, Span

BEAT_EVERY_S: Final = 20.0
ANSWERED_WITHIN_S: Final = 30.0
AGAIN_S: Final = (0.1, 1.0)
"""Between two attempts to connect, by chance."""
GOODBYE_S: Final = 5.0
COMPRESSED: Final = 0.3
"""Of the clients: these ask for zlib-stream."""
LOST_CODE: Final = 4900
"""A client that closes with this wants to resume."""


class _Frame(Struct):
    op: int
    s: int | None = None
    t: str | None = None
    d: Raw = Raw(b"null")


_frame: Final = msgspec.json.Decoder(_Frame).decode


class Account(Struct, frozen=True):
    """Whose client it is."""

    id: int
    token: str
    bot: bool
    intents: int


class Client:
    """One client of one account, on one of these ports at a time. `run` it in a task."""

    def __init__(self, account: Account, ports: Sequence[int], history: History, chance: random.Random) -> None:
        self.account = account
        self.ports = list(ports)
        self.history = history
        self.life: Life | None = None
        self.wanted = True
        """Whether it wants to be connected."""
        self.gives_up = False
        """Whether it does not come again when it loses its socket."""
        self.away_s = 0.0
        """How long it stays away the next time."""
        self.latest: dict[int, int] = {}
        """The last message it was sent of each channel."""
        self._chance = chance
        self.compress = "&compress=zlib-stream" if chance.random() < COMPRESSED else ""
        self._status = ""
        self._closing: Span | None = None
        self._socket: _Socket | None = None
        self._wake = asyncio.Event()
        self._at = chance.randrange(len(self.ports))

    @property
    def is_up(self) -> bool:
        """Whether it has a session on a socket."""
        return self.life is not None and self.life.lasts

    @property
    def is_open(self) -> bool:
        """Whether it has a socket."""
        return self._socket is not None

    async def run(self) -> None:
        """Connect whenever it is wanted, until cancelled."""
        while True:
            while not self.wanted:
                self._wake.clear()
                await self._wake.wait()
            away_s, self.away_s = self.away_s, 0.0
            if away_s:
                await asyncio.sleep(away_s)
            socket = await self._connect()
            if socket is not None:
                await socket.ended.wait()
            if not self.away_s:
                await asyncio.sleep(self._chance.uniform(*AGAIN_S))

    # --- what it is made to do

    def come(self) -> None:
        """Be connected from now on."""
        self.wanted = True
        self._wake.set()

    def close(self) -> None:
        """Be done with the session."""
        self.wanted = False
        if self._socket is not None:
            self._closing = self.life.spans[-1] if self.life is not None and self.is_up else None
            self._end()
            self._socket.say_goodbye()
        self.life = None

    async def gone(self) -> None:
        """Return when its socket is no more: a loop does not close over an open one."""
        if self._socket is not None:
            await self._socket.ended.wait()

    def closed(self) -> None:
        """The server has taken our close, and answers it."""
        if self._closing is not None:
            self._closing.clean = True
            self._closing = None

    def lose(self, away_s: float) -> None:
        """Lose the socket, and come again after that."""
        self.away_s = away_s
        if self._socket is not None:
            self._socket.abort()

    def show(self, status: str) -> None:
        """Show another status."""
        if self.is_up:
            self._status = status
            self._say_status()

    def ask(self, guild_id: int, channel_id: int) -> None:
        """Ask for members by name (op 8), and follow a list of them (op 14)."""
        if self.is_up:
            socket = cast(_Socket, self._socket)
            socket.say(8, {"guild_id": str(guild_id), "query": "a", "limit": 10})
            socket.say(14, {"guild_id": str(guild_id), "channels": {str(channel_id): [[0, 99]]}})

    def leave(self) -> None:
        """Go without a word, at the end of everything."""
        self.wanted = False
        if self._socket is not None:
            self._socket.abort()

    # --- what its socket tells

    def opened(self, socket: _Socket) -> None:
        """The socket is there."""
        self._socket = socket

    def greeted(self) -> None:
        """HELLO came."""
        socket = cast(_Socket, self._socket)
        if self.life is not None:
            last = self.life.heard[-1].s
            socket.say(6, {"token": self.account.token, "session_id": self.life.session, "seq": last})
        else:
            self._identify(socket)

    def heard(self, payload: bytes) -> None:
        """A frame came."""
        frame = _frame(payload)
        if frame.op == 0:
            assert frame.t is not None
            assert frame.s is not None
            self._dispatch(frame.t, frame.s, frame.d)
        elif frame.op == 10:
            self.greeted()
        elif frame.op == 9:
            self._refused()
        elif frame.op == 7:
            cast(_Socket, self._socket).close(LOST_CODE)

    def lost(self) -> None:
        """The socket is gone."""
        self._socket = self._closing = None
        self._end()
        if self.gives_up:
            self.wanted = False

    # --- within

    async def _connect(self) -> _Socket | None:
        self._at = (self._at + 1) % len(self.ports)
        loop = asyncio.get_running_loop()
        port = self.ports[self._at]
        try:
            async with asyncio.timeout(ANSWERED_WITHIN_S):
                _, socket = await loop.create_connection(lambda: _Socket(self, port), "127.0.0.1", port)
        except (OSError, TimeoutError):
            return None
        if not self.wanted:
            socket.abort()
        return socket

    def _identify(self, socket: _Socket) -> None:
        self.life = None
        properties = {"os": "linux", "browser": "faults", "device": "faults"}
        shown: Any = {"status": self._status or "online", "since": None, "afk": False, "activities": []}
        asked = {"token": self.account.token, "intents": self.account.intents, "properties": properties}
        socket.say(2, asked | {"presence": shown})

    def _dispatch(self, event: str, s: int, d: Raw) -> None:
        at = now()
        if event == "READY":
            session, heard = dispatches.ready(at, s, d)
            life = self.life = Life(self.account.id, self.account.bot, session, [Span(at, self._node)], heard)
            self.history.lives.append(life)
        elif self.life is None:
            self.history.oddities.append(f"{self.account.id} was sent {event} before READY")
        else:
            heard = dispatches.read(at, s, event, d)
            self.life.heard += heard
            if heard[0].event == "MESSAGE_CREATE":
                self.latest[heard[0].of] = heard[0].id
            if event == "RESUMED":
                self.life.spans.append(Span(at, self._node))
                self._say_status()

    @property
    def _node(self) -> int:
        return cast(_Socket, self._socket).port

    def _say_status(self) -> None:
        """Also after each RESUME: what was said last may have been lost with the socket."""
        if self._status:
            cast(_Socket, self._socket).say(3, {"status": self._status, "since": None, "afk": False, "activities": []})
            self.history.shown.append(Shown(now(), self.account.id, self._status))

    def _refused(self) -> None:
        if self.life is not None:
            self._end()
            self.life.refused_at = now()
        self._identify(cast(_Socket, self._socket))

    def _end(self) -> None:
        if self.life is not None and self.life.spans[-1].ended == NEVER:
            self.life.spans[-1].ended = now()


class _Socket(asyncio.Protocol):
    """One WebSocket. Frames of the client are masked with zeros."""

    def __init__(self, client: Client, port: int) -> None:
        self.port = port
        self.ended = asyncio.Event()
        self._client = client
        self._buffer = bytearray()
        self._upgraded = False
        self._is_done = False
        self._inflate = zlib.decompressobj().decompress if client.compress else bytes
        self._beat: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /gateway?v=10&encoding=json{self._client.compress} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        self._client.opened(self)
        self.beat()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._beat is not None:
            self._beat.cancel()
        self._client.lost()
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        if self._transport.is_closing():
            return
        self._buffer += data
        if not self._upgraded:
            head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.abort()
                return
            self._upgraded, self._buffer = True, bytearray(rest)
        self._read()

    def _read(self) -> None:
        buffer, at = self._buffer, 0
        while len(buffer) - at >= 2 and not self._transport.is_closing():
            length, start = buffer[at + 1] & 127, at + 2
            if length > 125:
                start += 2 if length == 126 else 8
                length = int.from_bytes(buffer[at + 2 : start], "big")
            if len(buffer) < start + length:
                break
            payload = bytes(buffer[start : start + length])
            opcode, at = buffer[at] & 15, start + length
            if opcode == 8 and self._is_done:
                self._client.closed()
                self._transport.close()
            elif opcode == 8:
                self.close(int.from_bytes(payload[:2], "big") or 1000)
            elif opcode in (1, 2) and not self._is_done:
                self._client.heard(self._inflate(payload))
        del buffer[:at]

    def beat(self) -> None:
        """Say that it lives, from time to time."""
        if self._upgraded:
            self.say(1, None)
        self._beat = asyncio.get_running_loop().call_later(BEAT_EVERY_S, self.beat)

    def say(self, op: int, d: Any) -> None:
        """Send a frame."""
        payload = json.dumps({"op": op, "d": d}).encode()
        self._send(1, payload)

    def say_goodbye(self) -> None:
        """Be done with the session. The server closes: if we did, the kernel would drop what it has not read yet."""
        self._is_done = True
        self._send(8, (1000).to_bytes(2, "big"))
        asyncio.get_running_loop().call_later(GOODBYE_S, self.abort)

    def close(self, code: int) -> None:
        """Close as one who comes back."""
        self._send(8, code.to_bytes(2, "big"))
        self._transport.close()

    def abort(self) -> None:
        """Be cut off."""
        self._transport.abort()

    def _send(self, opcode: int, payload: bytes) -> None:
        if self._transport.is_closing():
            return
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._transport.write(bytes([0x80 | opcode]) + length + b"\0\0\0\0" + payload)

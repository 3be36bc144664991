"""One Gateway session that counts the messages it is sent, and costs its process next to nothing."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from typing import Self, cast

HEARTBEAT_S = 30.0


class Listener(asyncio.Protocol):
    """Counts MESSAGE_CREATE frames; reads frames by their lengths and never decodes one."""

    def __init__(self, token: str, intents: int) -> None:
        self.messages = 0
        self._news = asyncio.Event()
        self.ready = asyncio.get_running_loop().create_future()
        self._identify = {"token": token, "intents": intents, "properties": {"os": "linux"}}
        self._buffer = bytearray()
        self._upgraded = False
        self._beat: asyncio.TimerHandle | None = None

    @classmethod
    async def connect(cls, port: int, token: str, intents: int) -> Self:
        """Identify, and wait for READY."""
        loop = asyncio.get_running_loop()
        _, listener = await loop.create_connection(lambda: cls(token, intents), "127.0.0.1", port)
        await asyncio.wait_for(listener.ready, 10)
        return listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            "GET /gateway/?v=10&encoding=json HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    async def heard(self, messages: int) -> None:
        """Wait until it was sent so many."""
        while self.messages < messages:
            self._news.clear()
            await self._news.wait()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._beat is not None:
            self._beat.cancel()

    def beat(self) -> None:
        """Say that it lives, now and from time to time."""
        self.say({"op": 1, "d": None})
        self._beat = asyncio.get_running_loop().call_later(HEARTBEAT_S, self.beat)

    def say(self, frame: dict[str, object]) -> None:
        """Send a frame, masked with zeros."""
        payload = json.dumps(frame).encode()
        assert len(payload) < 1 << 16
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._transport.write(b"\x81" + length + b"\0\0\0\0" + payload)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._upgraded:
            head, found, rest = bytes(self._buffer).partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._upgraded, self._buffer = True, bytearray(rest)
        while (frame := self._next()) is not None:
            self._count(frame)

    def _next(self) -> bytes | None:
        """One whole frame's payload, taken off the buffer."""
        if len(self._buffer) < 2:
            return None
        length, start = self._buffer[1] & 127, 2
        if length > 125:
            start = 4 if length == 126 else 10
            length = int.from_bytes(self._buffer[2:start], "big")
        if len(self._buffer) < start + length:
            return None
        payload = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        return payload

    def _count(self, payload: bytes) -> None:
        head = payload[:120]
        if b'"MESSAGE_CREATE"' in head:
            self.messages += 1
            self._news.set()
        elif b'"READY"' in head and not self.ready.done():
            self.ready.set_result(None)
        elif b'"op":10' in head:
            self.say({"op": 2, "d": self._identify})
            self.beat()

"""A Gateway client of our own for journeys: every frame is seen, nothing is answered unless a test says so."""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
import zstandard

from tests.journeys.deployment import Deployment
from tests.journeys.people import Account, Guild

PATIENCE_S = 20

Payload = dict[str, Any]


class Closed(Exception):
    """The server closed the socket."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


class Socket:
    """One connection. `seen` keeps every payload in the order in which it came."""

    def __init__(
        self, server: Deployment, compress: str | None = None, path: str = "", query: str = "", at: str = ""
    ) -> None:
        """`at` is the address of a node, if it is not to be the next."""
        self.seen: list[Payload] = []
        self.sequence = 0
        self.ready: Payload = {}
        compression = f"&compress={compress}" if compress else ""
        self.address = at or server.next_gateway()
        """The node that it goes to."""
        where = urlsplit(self.address)._replace(path=path).geturl() if path else self.address
        self._url = f"{where}?{query or 'v=10&encoding=json'}{compression}"
        self._compress = compress
        self._inflate = zlib.decompressobj()
        self.connector: aiohttp.TCPConnector | None = None
        """Another than aiohttp's own."""
        self._expand = zstandard.ZstdDecompressor().decompressobj()

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(connector=self.connector)
        try:
            self._socket = await self._http.ws_connect(self._url, max_msg_size=0, autoping=True)
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._http.close()

    async def send(self, op: int, d: object = None) -> None:
        """Send one frame."""
        await self.say(json.dumps({"op": op, "d": d}).encode())

    async def say(self, payload: bytes) -> None:
        """Send these bytes as a frame."""
        await self._socket.send_bytes(payload)

    async def receive(self) -> Payload:
        """The next payload. Raises Closed."""
        message = await asyncio.wait_for(self._socket.receive(), PATIENCE_S)
        if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
            raise Closed(self._socket.close_code)
        assert (message.type is aiohttp.WSMsgType.BINARY) == bool(self._compress), message
        payload: Payload = json.loads(self._decoded(message.data))
        assert set(payload) == {"op", "d", "s", "t"}
        if payload["op"] == 0:
            assert payload["s"] >= self.sequence, "s never goes back"
            self.sequence = payload["s"]
        if payload["op"] == 9:
            self.sequence = 0
        self.seen.append(payload)
        return payload

    def _decoded(self, data: str | bytes) -> str | bytes:
        if isinstance(data, str):
            return data
        return self._inflate.decompress(data) if self._compress == "zlib-stream" else self._expand.decompress(data)

    async def until(self, event: str, fits: Callable[[Any], bool] = lambda _: True) -> Any:
        """The `d` of the next such event."""
        while True:
            payload = await self.receive()
            if payload["t"] == event and fits(payload["d"]):
                return payload["d"]

    async def op(self, number: int) -> Payload:
        """The next payload with that opcode."""
        while (payload := await self.receive())["op"] != number:
            pass
        return payload

    async def closed(self) -> int | None:
        """Wait for the server to close; the code."""
        try:
            while True:
                await self.receive()
        except Closed as closed:
            return closed.code

    async def identify(self, account: Account, **more: object) -> Payload:
        """HELLO, IDENTIFY, READY; what READY says."""
        await self.op(10)
        await self.send(2, {"token": account.token, "properties": {"os": "linux"}} | more)
        self.ready = await self.until("READY")
        return self.ready

    async def resume(self, account: Account, session_id: str, sequence: int) -> None:
        """HELLO, RESUME."""
        await self.op(10)
        await self.send(6, {"token": account.token, "session_id": session_id, "seq": sequence})

    async def whole(self, account: Account, channel_id: int) -> None:
        """Hear everything up to a message that is sent now."""
        marker = account.send(channel_id, "marker")
        await self.until("MESSAGE_CREATE", lambda message: int(message["id"]) == marker)

    def lose(self) -> None:
        """Lose the connection, without a word."""
        connection = self._socket._response.connection
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()

    def events(self, name: str) -> list[Any]:
        """The `d` of all such events so far."""
        return [payload["d"] for payload in self.seen if payload["t"] == name]

    def messages(self) -> list[int]:
        """Ids of the messages seen, but for markers."""
        return [int(each["id"]) for each in self.events("MESSAGE_CREATE") if each["content"] != "marker"]


async def arrive(server: Deployment, account: Account, guild: Guild) -> tuple[str, int]:
    """A session that was left, and how far it had come."""
    async with Socket(server) as socket:
        ready = await socket.identify(account)
        await socket.whole(account, guild.general)
        return ready["session_id"], socket.sequence

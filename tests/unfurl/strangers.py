"""A stranger's web server on the loopback, and a client that may ask it and nothing else that is not public."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

from derailed.unfurl.addresses import Address, is_public
from derailed.unfurl.client import GuardedClient

HOST: Final = "127.0.0.2"
"""Not the address that connections to it come from, so it is not ourselves."""

PAGE: Final = b"<head><title>A page</title></head>"


def answer(body: bytes = PAGE, content_type: str = "text/html", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def moved(location: str, status: str = "302 Found") -> bytes:
    """A redirect."""
    return answer(b"", status=status, Location=location)


class Stranger:
    """Answers each path with the bytes that the test gives, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {"/": answer()}
        self.asked: list[bytes] = []
        self.port = 0
        self.allowed: set[str] = {HOST}
        self.names: dict[str, list[str]] = {}
        self.looked_up: list[str] = []
        self.serving: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/", host: str = HOST) -> str:
        """Where it is."""
        return f"http://{host}:{self.port}{path}"

    def client(self, own_host: str = "") -> GuardedClient:
        """One that may also ask this server."""
        return GuardedClient(own_host, self._allows, self._resolve)

    def _allows(self, address: Address, port: int) -> bool:
        return (str(address) in self.allowed and port == self.port) or is_public(address, port)

    async def _resolve(self, host: str, port: int) -> list[str]:
        self.looked_up.append(host)
        addresses = self.names.get(host)
        if addresses is None:
            return [host]
        return [addresses.pop(0)] if len(addresses) > 1 else addresses

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.serving.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            request = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(request)
            writer.write(self.answers[request.split(b" ")[1].decode()])
            await writer.drain()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def stranger(answers: Mapping[str, bytes] | None = None, host: str = HOST) -> AsyncIterator[Stranger]:
    """One that runs."""
    made = Stranger()
    made.answers.update(answers or {})
    server = await asyncio.start_server(made._serve, host, 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
        await asyncio.gather(*made.serving)

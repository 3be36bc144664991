"""One connection to a server that speaks the Redis protocol, version 3: calls are pipelined, pushes come beside them.

Replies and pushes share one stream, in the order in which the server made them. All work is done once per socket
read, not once per message.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

import hiredis
import structlog

Argument = str | bytes | int
Push = Sequence[Any]

_INCOMPLETE: Final = object()
_CONNECT_WITHIN_S: Final = 5.0
_DEFAULT_PORT: Final = 6379

_log = structlog.stdlib.get_logger(__name__)


class Lost(Exception):
    """The connection is no more. What was called and not answered may have been done, or not."""


class Refused(Exception):
    """The server answered with an error; its text."""


class Address(NamedTuple):
    """Where a server is, and how one makes oneself known to it."""

    host: str
    port: int
    path: str
    """Of a Unix socket; then host and port mean nothing."""
    tls: bool
    user: str
    password: str
    database: int

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `redis://[user[:password]@]host[:port][/database]`, `rediss://…` or `unix:///path[?db=N]`.

        Raises ValueError, which never repeats the password.
        """
        parts = urlsplit(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if parts.scheme == "unix":
            database = parse_qs(parts.query).get("db", ["0"])[0]
            return cls("", 0, parts.path, False, user, password, int(database))
        if parts.scheme not in ("redis", "rediss") or not parts.hostname:
            raise ValueError("an address like redis://host:6379/0 is needed")
        database = parts.path.strip("/") or "0"
        if not database.isdigit():
            raise ValueError("an address like redis://host:6379/0 is needed, with a database's number at the end")
        return cls(
            parts.hostname, parts.port or _DEFAULT_PORT, "", parts.scheme == "rediss", user, password, int(database)
        )

    def __str__(self) -> str:
        return self.path or f"{self.host}:{self.port}"


class Connection(asyncio.Protocol):
    """Open one with `open`. Calls answer in order; when it is lost, they raise Lost and `on_lost` is told once."""

    def __init__(self, on_pushes: Callable[[list[Push]], None], on_lost: Callable[[], None]) -> None:
        self._on_pushes = on_pushes
        self._on_lost = on_lost
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)
        self._waiting: deque[asyncio.Future[Any]] = deque()
        self._transport: asyncio.Transport | None = None
        self._told = False

    @classmethod
    async def open(cls, address: Address, on_pushes: Callable[[list[Push]], None], on_lost: Callable[[], None]) -> Self:
        """Connect, say who we are, and choose the database. Raises Lost, Refused."""
        loop = asyncio.get_running_loop()
        connection = cls(on_pushes, on_lost)
        try:
            async with asyncio.timeout(_CONNECT_WITHIN_S):
                if address.path:
                    await loop.create_unix_connection(lambda: connection, address.path)
                else:
                    context = ssl.create_default_context() if address.tls else None
                    await loop.create_connection(lambda: connection, address.host, address.port, ssl=context)
                await connection._greet(address)
        except (OSError, TimeoutError) as error:
            connection.close()
            raise Lost(f"{address} can not be reached ({str(error) or 'it does not answer'})") from error
        except BaseException:
            connection.close()
            raise
        return connection

    async def _greet(self, address: Address) -> None:
        who = ["AUTH", address.user or "default", address.password] if address.password else []
        await self.call("HELLO", 3, *who)
        if address.database:
            await self.call("SELECT", address.database)

    @property
    def open_still(self) -> bool:
        """Whether calls can be made."""
        return self._transport is not None and not self._transport.is_closing()

    def call(self, *arguments: Argument) -> asyncio.Future[Any]:
        """Send one command now; await its reply. Raises Lost, Refused."""
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self._transport is None or self._transport.is_closing():
            reply.set_exception(Lost("the connection is lost"))
            return reply
        self._waiting.append(reply)
        self._transport.write(_packed(arguments))
        return reply

    def tell(self, *arguments: Argument) -> None:
        """Send a command that is answered by pushes alone, such as SUBSCRIBE."""
        if self._transport is not None:
            self._transport.write(_packed(arguments))

    def pause(self) -> None:
        """Read nothing more for now: whoever hears the pushes can not keep up."""
        if self._transport is not None and self.open_still:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on."""
        if self._transport is not None and self.open_still:
            self._transport.resume_reading()

    def close(self) -> None:
        """End it; `on_lost` is told as of any loss."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are none by inheritance

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        self._reader.feed(data)
        pushes: list[Push] = []
        try:
            while (reply := self._reader.gets()) is not _INCOMPLETE:
                if isinstance(reply, hiredis.PushNotification):
                    pushes.append(reply)
                    continue
                if pushes:  # what was pushed before a reply is heard before it is answered
                    self._on_pushes(pushes)
                    pushes = []
                self._answer(reply)
        except hiredis.ProtocolError:
            self.close()
        if pushes:
            self._on_pushes(pushes)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop."""
        waiting, self._waiting = self._waiting, deque()
        for reply in waiting:
            if not reply.done():
                reply.set_exception(Lost("the connection is lost"))
        if not self._told:
            self._told = True
            self._on_lost()

    def _answer(self, reply: Any) -> None:
        if not self._waiting:
            _log.warning("a server says more than it was asked, and is left", said=str(reply))
            self.close()
            return
        future = self._waiting.popleft()
        if future.done():
            return  # whoever called went away
        if isinstance(reply, hiredis.ReplyError):
            future.set_exception(Refused(str(reply)))
        else:
            future.set_result(reply)


def _packed(arguments: tuple[Argument, ...]) -> bytes:
    packed: bytes = hiredis.pack_command(arguments)  # type: ignore[arg-type]  # its stub means a tuple of one
    return packed

"""The door on a port: health and metrics from the first moment on, the rest as soon as it is there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import uvicorn

from derailed import telemetry
from derailed.api.connection import AtOnce, Connection
from derailed.api.request_ids import RequestIds
from derailed.app.readiness import Readiness
from derailed.app.trouble import CannotStart
from derailed.settings import Network, bracketed
from derailed.site import respond

if TYPE_CHECKING:  # it loads the library that the API is on, which most processes do without
    from derailed.api.answers import Answer
    from derailed.api.app import Application, Receive, Scope, Send

_STOP_WITHIN_S: Final = 10
"""Requests in flight have this long once the process was told to stop."""

_KEPT_ALIVE_S: Final = 75
"""Longer than clients keep an idle connection, or they would send into one that we close at that moment: bots that
wait for the end of a limit's window all send after the same pause."""

_BACKLOG: Final = 2048
_ACCEPTORS: Final = 16
_TEXT: Final = [(b"content-type", b"text/plain")]
_NOT_YET: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)
_NOT_HERE: Final = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

Upgraded = Callable[..., asyncio.Protocol]


class Door(uvicorn.Server):
    """A listening server whose end is our own: uvicorn's would kill the process by the signal it took.

    What is asked of it before there is an `application`, or a `gateway`, is refused for now.
    """

    def __init__(self, readiness: Readiness, proxies: Sequence[Network] = ()) -> None:
        """`proxies` may say what a request's id is."""
        ids = RequestIds(proxies)
        super().__init__(
            _config(self._answer, partial(Connection, at_once=self._answer_at_once, ids=ids), self._upgraded)
        )
        self.application: Application = _nobody
        self.at_once: AtOnce = _not_at_once
        self.gateway: Upgraded = _not_yet
        self._readiness = readiness

    def stop(self) -> None:
        """Take no more connections, finish what was begun; asked twice, finish nothing."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process."""
        yield

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"].removeprefix("/").partition("/")[0]:
            case "healthz":
                await respond(send, 200, b"ok\n", _TEXT)
            case "readyz":
                is_ready, lines = self._readiness.look()
                await respond(send, 200 if is_ready else 503, lines.encode(), _TEXT)
            case "metrics":
                await respond(
                    send, 200, await telemetry.metrics(), [(b"content-type", telemetry.METRICS_TYPE.encode())]
                )
            case _:
                await self.application(scope, receive, send)

    def _answer_at_once(self, scope: Scope, body: bytes) -> Coroutine[Any, None, Answer] | None:
        return self.at_once(scope, body)

    def _upgraded(self, *asked: Any, **more: Any) -> asyncio.Protocol:
        return self.gateway(*asked, **more)


def listen(host: str, port: int, variable: str) -> socket.socket:
    """A socket that listens there, where nobody else does. Raises CannotStart."""
    try:
        return socket.create_server((host, port), family=_family(host), backlog=_BACKLOG)
    except OSError as error:
        raise _refused(variable, host, port, error) from None


def wide(listener: socket.socket) -> list[socket.socket]:
    """The listener so often that the loop takes many connections in a turn, of which it takes one a listener.

    A turn of a node that thousands come back to takes ten milliseconds: they would be let in a hundred a second.
    """
    return [listener, *(listener.dup() for _ in range(_ACCEPTORS - 1))]


def free(host: str, port: int, variable: str) -> str:
    """`host:port`, for gRPC, which says in lines of its own when somebody listens there. Raises CannotStart."""
    listen(host, port, variable).close()
    return f"{bracketed(host)}:{port}"


def bind_shared(host: str, port: int, variable: str) -> socket.socket:
    """A socket that is bound there beside others that share it: those that are listened on are connected to.

    Raises CannotStart.
    """
    bound = socket.socket(_family(host))
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise _refused(variable, host, port, error) from None
    return bound


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _refused(variable: str, host: str, port: int, error: OSError) -> CannotStart:
    return CannotStart(f"{variable}: can not listen on {host}:{port} ({error.strerror})")


def address_of(listener: socket.socket, scheme: str = "http") -> str:
    """Where it listens."""
    host, port = listener.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _config(application: Application, connection: Callable[..., Connection], upgraded: Upgraded) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http=connection,  # type: ignore[arg-type]  # it is called as a class would be
        interface="asgi3",  # it can not see that of a method
        ws=upgraded,  # type: ignore[arg-type]  # it is called as a class would be
        lifespan="off",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # what a proxy says is read where it matters, not before every request
        log_config=None,
        log_level="warning",  # what it says at info, the log and the exit code say already
        timeout_keep_alive=_KEPT_ALIVE_S,
        timeout_graceful_shutdown=_STOP_WITHIN_S,
    )


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """The application of a process that has none."""
    await respond(send, 404, b"There is nothing here but /healthz, /readyz and /metrics.\n", _TEXT)


async def _nobody(scope: Scope, receive: Receive, send: Send) -> None:
    await respond(send, 503, b"starting\n", [*_TEXT, (b"retry-after", b"1")])


def _not_at_once(scope: Scope, body: bytes) -> None:
    """Leave it to the application."""


class _Refused(asyncio.Protocol):
    """Who comes for the Gateway before there is one, or where there is none."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        to = cast(asyncio.Transport, transport)  # uvloop's are one in all but their base class
        to.write(self._answer)
        to.close()


def no_gateway(*_: object, **__: object) -> asyncio.Protocol:
    """The gateway of a process that has none."""
    return _Refused(_NOT_HERE)


def _not_yet(*_: object, **__: object) -> asyncio.Protocol:
    return _Refused(_NOT_YET)

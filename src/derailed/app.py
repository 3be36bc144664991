"""The composition: every part is made here, by hand, in the order in which it needs the others.

Reads from top to bottom. Nothing else names an implementation of a contract.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from derailed import telemetry
from derailed.settings import Settings
from derailed.site import Site, respond

_STOP_WITHIN_S = 10  # requests in flight have this long once the process was told to stop


class AddressInUse(Exception):
    """Somebody else listens there already."""


async def serve(settings: Settings, started: Callable[[str], None]) -> None:
    """Run every part in this process until it is told to stop. `started` hears the address, once it answers."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with _listen(settings) as listener:
        telemetry.watch_process()
        server = _Server(_http(front(Site())))
        background = asyncio.create_task(telemetry.watch_loop())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, server.stop)
        started(_address(listener))
        await server.serve(sockets=[listener])
        background.cancel()


def front(site: ASGIApp) -> ASGIApp:
    """What answers on the port: health, metrics, and the app for every other path."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP
        match scope["path"]:
            case "/healthz" | "/readyz":
                await respond(send, 200, b"ok\n", [(b"content-type", b"text/plain")])
            case "/metrics":
                await respond(send, 200, telemetry.metrics(), [(b"content-type", telemetry.METRICS_TYPE.encode())])
            case _:
                await site(scope, receive, send)

    return answer


def _http(application: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        log_config=None,
        log_level="warning",  # what it says at info, `started` and the exit code say already
        timeout_graceful_shutdown=_STOP_WITHIN_S,
    )


class _Server(uvicorn.Server):
    """A server whose end is our `serve` returning: uvicorn's own would kill the process by the signal it took."""

    def stop(self) -> None:
        """Take no more connections, finish what was begun; asked twice, finish nothing."""
        self.force_exit = self.should_exit
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `serve`."""
        yield


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    try:
        return socket.create_server((settings.http_host, settings.http_port), family=family, backlog=2048)
    except OSError as error:
        where = f"{settings.http_host}:{settings.http_port}"
        raise AddressInUse(f"DERAILED_HTTP_PORT: can not listen on {where} ({error.strerror})") from None


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

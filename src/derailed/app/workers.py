"""`derailed wss --workers N`: nodes that share one port, each a process; the parent only keeps them running.

The kernel spreads connections over them. One that dies is started again; who was connected to it resumes on another.
"""

from __future__ import annotations

import asyncio
import signal
import socket

import structlog

from derailed.app.child import Child, derailed
from derailed.app.door import bind_shared, listen
from derailed.settings import Settings, changed_environment

_GOODBYE_S = 15.0
"""After the drain, clients and parts are taken leave of."""

_log = structlog.stdlib.get_logger(__name__)


async def serve(settings: Settings, count: int) -> None:
    """Run until told to stop; then have all of them send their clients away, at once and over some seconds."""
    settings.require("wss", "database_url", "bus_url", "presence_url")
    with _reserve(settings.gateway_host, settings.gateway_port) as reserved:
        port = reserved.getsockname()[1]
        workers = [_worker(settings, number, port) for number in range(1, count + 1)]
        stopping = asyncio.Event()

        def stop() -> None:
            if stopping.is_set():
                for worker in workers:
                    worker.hurry()
            stopping.set()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        _log.info("starting workers", count=count, port=port)
        running = [asyncio.ensure_future(worker.run()) for worker in workers]
        told = asyncio.ensure_future(stopping.wait())
        await asyncio.wait((told, *running), return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        await asyncio.gather(*(worker.stop(settings.drain_s + _GOODBYE_S) for worker in workers))
        await asyncio.gather(*running)


def _worker(settings: Settings, number: int, port: int) -> Child:
    changes = {"DERAILED_GATEWAY_PORT": str(port)}
    if settings.health_port:
        changes["DERAILED_HEALTH_PORT"] = str(settings.health_port + number - 1)
    return Child(f"worker {number}", derailed("wss", "--worker", str(number)), changed_environment(changes))


def _reserve(host: str, port: int) -> socket.socket:
    """The port, for our workers and for nobody else: it is not listened on here. Raises CannotStart."""
    with listen(host, port, "DERAILED_GATEWAY_PORT") as alone:  # nobody else is there, also none who would share it
        port = alone.getsockname()[1]
    return bind_shared(host, port, "DERAILED_GATEWAY_PORT")

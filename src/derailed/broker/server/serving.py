"""The broker as a process: its two ports, and its end."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from derailed.broker.server import report
from derailed.broker.server.configuration import Configuration, WrongConfiguration
from derailed.broker.server.report import Report
from derailed.broker.server.server import Server

_SWITCH_S: Final = 0.0005
"""A sync that is done waits for the interpreter no longer than this while commands are worked through."""
_REQUEST_BYTES: Final = 8192
_REQUEST_S: Final = 5.0


async def serve(
    configuration: Configuration,
    folder: Path,
    address: tuple[str, int],
    metrics: tuple[str, int] | None,
    started: Callable[[str, int], None],
) -> None:
    """Run until the process is told to stop. Raises LogDamaged, LogInUse, WrongConfiguration, OSError."""
    host, port = address
    if not configuration.users and not _is_loopback(host):
        raise WrongConfiguration(f"the broker has no users: it may listen on this machine only, not on {host}")
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    sys.setswitchinterval(_SWITCH_S)
    server = Server(configuration, folder)
    try:
        port = await server.start(host, port)
        pages = await _pages(server, metrics) if metrics is not None else None
        started(host, port)
        await stopping.wait()
        if pages is not None:
            pages.close()
    finally:
        await server.stop()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


async def _pages(server: Server, address: tuple[str, int]) -> asyncio.Server:
    """/metrics and /healthz over HTTP."""
    registry = Report(server).registry()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(_page(head.split(b" ", 2), registry))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return
        finally:
            writer.close()

    return await asyncio.start_server(answer, *address, limit=_REQUEST_BYTES)


def _page(request: list[bytes], registry: CollectorRegistry) -> bytes:
    match request:
        case [b"GET", b"/metrics", *_]:
            return _response(b"200 OK", CONTENT_TYPE_LATEST.encode(), report.text(registry))
        case [b"GET", b"/healthz", *_]:
            return _response(b"200 OK", b"text/plain", b"ok\n")
        case _:
            return _response(b"404 Not Found", b"text/plain", b"there is /metrics and /healthz\n")


def _response(status: bytes, kind: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\ncontent-type: %b\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
    return head % (status, kind, len(body)) + body

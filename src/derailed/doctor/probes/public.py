"""Goes where clients are sent, as they would: over the proxy, with its TLS, up to the Gateway's first word."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import httpx
import msgspec
from wsproto import ConnectionType, WSConnection
from wsproto.events import RejectConnection, Request, TextMessage
from wsproto.utilities import RemoteProtocolError

from derailed.doctor.facts import Public
from derailed.doctor.probes import TROUBLE, WITHIN_S, why
from derailed.settings import Settings
from derailed.wire import limits
from derailed.wire.gateway import Op

_READ: Final = 1 << 16
_AT_ONCE_S: Final = 1.0
"""A proxy that refuses a body for its length does it before the body comes."""
_FILE: Final = limits.BODY - (1 << 16)
_METRICS: Final = "# HELP "


async def look(settings: Settings, clock: Callable[[], float]) -> Public | None:
    """Go there; None where the operator names no address."""
    if not settings.public_url:
        return None
    base = urlsplit(settings.public_url)
    certificate, certificate_s = await _certificate(base, clock)
    if certificate:
        return Public(certificate=certificate)
    try:
        pages = await _pages(settings.public_url)
    except httpx.HTTPError as error:
        return Public(trouble=why(error), certificate_s=certificate_s)
    told = pages.pop("gateway")
    gateway = settings.gateway_url or told.removesuffix("/gateway") or settings.public_url.replace("http", "ws", 1)
    return Public(
        certificate_s=certificate_s,
        gateway=told,
        upgrade=await _upgrade(urlsplit(gateway)) if pages["health"] == "ok" else "",
        shows_metrics=pages.pop("metrics").startswith(_METRICS),
        refuses_files=await _refuses_files(base),
        **pages,
    )


async def _pages(url: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, timeout=WITHIN_S, trust_env=False, verify=_tls()) as client:
        health, ready, metrics, gateway = [
            await client.get(path) for path in ("/healthz", "/readyz", "/metrics", "/api/v10/gateway")
        ]
    is_ours = health.status_code == httpx.codes.OK and health.text == "ok\n"
    is_lacking = ready.status_code == httpx.codes.SERVICE_UNAVAILABLE and is_ours
    return {
        "health": "ok" if is_ours else f"status {health.status_code}",
        "not_ready": "; ".join(ready.text.splitlines()) if is_lacking else "",
        "metrics": metrics.text if metrics.status_code == httpx.codes.OK else "",
        "gateway": _told(gateway) if gateway.status_code == httpx.codes.OK else "",
    }


def _told(answer: httpx.Response) -> str:
    try:
        return str(msgspec.json.decode(answer.content, type=dict[str, Any]).get("url", ""))
    except msgspec.DecodeError:
        return ""


async def _certificate(base: SplitResult, clock: Callable[[], float]) -> tuple[str, float | None]:
    """Why it is not believed, and for how long it is good. Who does not answer at all is seen elsewhere."""
    if base.scheme != "https":
        return "", None
    try:
        async with asyncio.timeout(WITHIN_S):
            _, writer = await _open(base)
    except ssl.SSLCertVerificationError as error:
        return why(error), None
    except TROUBLE:
        return "", None
    about = writer.get_extra_info("peercert")
    writer.close()
    return "", ssl.cert_time_to_seconds(str(about["notAfter"])) - clock()


async def _upgrade(gateway: SplitResult) -> str:
    """Why the Gateway's first word does not come through."""
    try:
        async with asyncio.timeout(WITHIN_S):
            return await _until_hello(gateway)
    except (*TROUBLE, RemoteProtocolError) as error:
        return f"{gateway.netloc}: {why(error)}"


async def _until_hello(gateway: SplitResult) -> str:
    reader, writer = await _open(gateway)
    talk = WSConnection(ConnectionType.CLIENT)
    writer.write(talk.send(Request(host=gateway.netloc, target="/gateway/?v=10&encoding=json")))
    try:
        while data := await reader.read(_READ):
            talk.receive_data(data)
            for event in talk.events():
                if isinstance(event, RejectConnection):
                    return f"{gateway.netloc}/gateway answers with status {event.status_code}"
                if isinstance(event, TextMessage):
                    op = msgspec.json.decode(event.data, type=dict[str, Any]).get("op")
                    return "" if op == Op.HELLO else "it says something else than HELLO"
        return f"{gateway.netloc} hangs up"
    finally:
        writer.close()


async def _refuses_files(base: SplitResult) -> bool:
    """Whether somebody says that a file is too large, before it is sent; none is."""
    head = f"POST /api/v10/channels/0/messages HTTP/1.1\r\nHost: {base.netloc}\r\nContent-Length: {_FILE}\r\n\r\n"
    try:
        async with asyncio.timeout(WITHIN_S):
            reader, writer = await _open(base)
    except TROUBLE:
        return False
    writer.write(head.encode())
    try:
        async with asyncio.timeout(_AT_ONCE_S):
            line = await reader.readline()
    except TROUBLE:
        return False
    finally:
        writer.close()
    return line.split(b" ")[1:2] == [b"413"]


async def _open(base: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    is_tls = base.scheme in ("https", "wss")
    port = base.port or (443 if is_tls else 80)
    return await asyncio.open_connection(base.hostname, port, ssl=_tls() if is_tls else None)


def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()

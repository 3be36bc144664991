"""The guarded client: one page, from a public address, small and soon, or nothing.

Every refusal is the same to whoever posted the link: no preview. So nobody learns from us what our network holds.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple
from urllib.parse import urljoin

import httpcore
import httpx

from derailed.unfurl import Preview, page
from derailed.unfurl.addresses import Address, is_public, parsed

WITHIN_S: Final = 5.0
"""For all of it: names, redirects and the page."""
READ: Final = 512 * 1024
"""The head of a page is at its beginning; hardly any is longer."""
REDIRECTS: Final = 3
_LONGEST_URL: Final = 2048
_LOOK_UPS: Final = 4
"""Threads that ask for names: one that nobody answers takes half a minute, whatever we have given up meanwhile."""

_PAGES: Final = frozenset({"text/html", "application/xhtml+xml"})
_IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = (
    (b"User-Agent", b"Derailed (link previews)"),
    (b"Accept", b"text/html,application/xhtml+xml,image/png,image/jpeg,image/gif,image/webp"),
    (b"Accept-Encoding", b"identity"),  # what is not packed can not unpack to gigabytes
    (b"Connection", b"close"),
)

Rule = Callable[[Address, int], bool]
Resolve = Callable[[str, int], Awaitable[Iterable[str]]]


class Refused(Exception):
    """A link that we do not follow, or an answer that we do not read."""


class Fetched(NamedTuple):
    """What was there: `url` is where it was in the end."""

    url: str
    content_type: str
    body: bytes


class GuardedClient:
    """`own_host` is this server's name. `allows` and `resolve` are the strict ones unless a test brings others."""

    def __init__(self, own_host: str = "", allows: Rule = is_public, resolve: Resolve | None = None) -> None:
        self._own_host = own_host.lower()
        self._threads = ThreadPoolExecutor(_LOOK_UPS, "names")
        self._network = _Pinned(allows, resolve or self._look_up)
        self._tls = httpx.create_ssl_context()

    async def preview(self, url: str) -> Preview | None:
        """See Unfurler."""
        try:
            async with asyncio.timeout(WITHIN_S):
                found = await self.fetch(url)
        except (Refused, TimeoutError, OSError, ValueError, *_FAILURES):
            return None
        if _kind(found.content_type) in _IMAGES:
            return Preview("image", image_url=url)
        return page.read(found.body, found.content_type, found.url)

    async def close(self) -> None:
        """See Unfurler."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def fetch(self, url: str) -> Fetched:
        """The page or the image that the address leads to. Raises Refused, or whatever came of asking."""
        for _ in range(REDIRECTS + 1):
            found = await self._ask(self._checked(url))
            if isinstance(found, Fetched):
                return found
            url = urljoin(url, found)
        raise Refused("too many redirects")

    def _checked(self, url: str) -> httpx.URL:
        """The address, if it is one that a page may have. Its host and port are judged when it is connected to."""
        if len(url) > _LONGEST_URL:
            raise Refused("too long")
        asked = httpx.URL(url)
        if asked.scheme not in ("http", "https") or asked.userinfo:
            raise Refused("not an address of the web")
        if not asked.host or asked.host.rstrip(".").lower() == self._own_host:
            raise Refused("ourselves")
        return asked

    async def _ask(self, url: httpx.URL) -> Fetched | str:
        """What is there, or the address that it says to go to instead."""
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        async with (
            # One connection for one request: nothing of it is left for another.
            httpcore.AsyncConnectionPool(ssl_context=self._tls, network_backend=self._network) as pool,
            pool.stream("GET", target, headers=list(_HEADERS)) as answer,
        ):
            headers = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            if answer.status in _MOVED and b"location" in headers:
                return headers[b"location"]
            content_type = headers.get(b"content-type", "").lower()
            kind = _kind(content_type)
            if answer.status != 200 or kind not in _PAGES | _IMAGES:
                raise Refused("nothing to show")
            if headers.get(b"content-encoding", "identity").lower() != "identity":
                raise Refused("packed")
            body = b"" if kind in _IMAGES else await _beginning(answer)
            return Fetched(str(url), content_type, body)

    async def _look_up(self, host: str, port: int) -> list[str]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [str(address[0]) for _, _, _, _, address in found]


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip()


async def _beginning(answer: httpcore.Response) -> bytes:
    read = bytearray()
    async for part in answer.aiter_stream():
        read += part
        if len(read) >= READ:
            break
    return bytes(read[:READ])


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the very address that was judged: what the name resolves to a moment later does not matter."""

    def __init__(self, allows: Rule, resolve: Resolve) -> None:
        self._allows = allows
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of the host. Raises Refused when any of them is not to be asked."""
        addresses = [parsed(text) for text in await self._resolve(host, port)]
        if not addresses or not all(self._allows(address, port) for address in addresses):
            raise Refused("not public")
        stream = await self._network.connect_tcp(str(addresses[0]), port, timeout, local_address, socket_options)
        if _is_own(stream):
            await stream.aclose()
            raise Refused("ourselves")
        return stream


def _is_own(stream: httpcore.AsyncNetworkStream) -> bool:
    """Whether the other end is this machine under a public address: then both ends have it."""
    here, there = stream.get_extra_info("client_addr"), stream.get_extra_info("server_addr")
    return bool(here[0] == there[0])


_FAILURES: Final = (
    httpx.InvalidURL,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)

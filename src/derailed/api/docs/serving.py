"""What is under /docs, over HTTP. It is made at the first request, in a thread, and kept: it never changes."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from functools import cache
from typing import Any, Final, NamedTuple

from litestar.handlers import HTTPRouteHandler

from derailed.api.answers import refused
from derailed.api.docs import pages
from derailed.api.docs.document import document
from derailed.model.errors import Refusal

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_HOME: Final = "/docs"
_DOCUMENT: Final = f"{_HOME}/openapi.json"
# Nothing but words and one style sheet, all of them ours.
_POLICY: Final = b"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
_SAFE: Final = (
    (b"content-security-policy", _POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-cache"),  # kept, and asked for again: a new version of the server has others
    (b"vary", b"accept-encoding"),
)


class _Page(NamedTuple):
    body: bytes
    packed: bytes
    headers: Headers
    etag: bytes


class Docs:
    """Answers under /docs."""

    def __init__(self, routes: Iterable[HTTPRouteHandler]) -> None:
        self._routes = tuple(routes)

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Answer GET and HEAD."""
        made = await asyncio.to_thread(_made, self._routes)
        page = made.get(scope["path"].rstrip("/"))
        if scope["method"] not in ("GET", "HEAD"):
            await _send(send, *refused(Refusal("wrong_method")))
        elif page is None:
            await _send(send, *refused(Refusal("unknown_route")))
        else:
            await _answer(page, dict(scope["headers"]), send, head=scope["method"] == "HEAD")


def is_docs(path: str) -> bool:
    """Whether the path is one of these."""
    return path == _HOME or path.startswith(f"{_HOME}/")


@cache
def _made(routes: tuple[HTTPRouteHandler, ...]) -> Mapping[str, _Page]:
    texts = pages.texts()
    told = document(routes, texts.values())
    html = {f"{_HOME}/{name}".rstrip("/"): text for name, text in pages.made(told, texts).items()}
    made = {path: _page(text.encode(), b"text/html; charset=utf-8") for path, text in html.items()}
    made[f"{_HOME}/style.css"] = _page(pages.style(), b"text/css; charset=utf-8")
    made[_DOCUMENT] = _page(pages.encoded(told), b"application/json")
    return made


def _page(body: bytes, kind: bytes) -> _Page:
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'.encode()
    headers = [(b"content-type", kind), (b"etag", etag), *_SAFE]
    return _Page(body, gzip.compress(body, compresslevel=6, mtime=0), headers, etag)


async def _answer(page: _Page, asked: dict[bytes, bytes], send: Send, *, head: bool) -> None:
    if asked.get(b"if-none-match") == page.etag:
        await _send(send, 304, page.headers, b"")
        return
    packed = b"gzip" in asked.get(b"accept-encoding", b"")
    body = page.packed if packed else page.body
    headers = [*page.headers, (b"content-length", b"%d" % len(body))]
    if packed:
        headers.append((b"content-encoding", b"gzip"))
    await _send(send, 200, headers, b"" if head else body)


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})

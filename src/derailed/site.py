"""The app's files, as `web/` builds them, served from memory. Every other path is the app's own page.

Names under /assets/ carry a hash of their content, so browsers may keep those for ever and nothing else.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any, Final, NamedTuple

FOLDER: Final = Path(__file__).parent / "web_dist"

_NOT_BUILT: Final = b"The app has not been built. `make run` builds it.\n"

# No script, style or frame from anywhere else: what people write can never become code. Pictures may be anybody's.
_POLICY: Final = (
    "default-src 'self'; img-src 'self' https: data: blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_FOR_EVER: Final = b"public, max-age=31536000, immutable"
_ASK_AGAIN: Final = b"no-cache"

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]


class _File(NamedTuple):
    body: bytes
    packed: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]


class Site:
    """An ASGI application over the built app in `folder`, or over nothing when it has not been built.

    The app may connect to where it came from, and to `connects_to`.
    """

    def __init__(self, folder: Path = FOLDER, connects_to: str = "") -> None:
        policy = f"{_POLICY}; connect-src 'self' {connects_to}" if connects_to else _POLICY
        self._headers = (*_HEADERS, (b"content-security-policy", policy.encode()))
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        self._files = {f"/{path.relative_to(folder).as_posix()}": _load(path, folder, self._headers) for path in files}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD; with the app's page where there is no file of that name."""
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, b"", [(b"allow", b"GET, HEAD")])
        elif (file := self._find(scope["path"])) is None:
            await respond(send, 404, b"" if self._files else _NOT_BUILT, self._headers)
        else:
            await _answer(file, dict(scope["headers"]), send, head=scope["method"] == "HEAD")

    def _find(self, path: str) -> _File | None:
        file = self._files.get(path)
        if file is None and not path.startswith("/assets/"):
            return self._files.get("/index.html")
        return file


async def respond(send: Send, status: int, body: bytes, headers: Headers = (), *, head: bool = False) -> None:
    """One whole plain answer; `head` leaves its body out."""
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": b"" if head else body, "more_body": False})


async def _answer(file: _File, asked: dict[bytes, bytes], send: Send, *, head: bool) -> None:
    if asked.get(b"if-none-match") == file.etag:
        await respond(send, 304, b"", file.headers)
    elif b"gzip" in asked.get(b"accept-encoding", b""):
        await respond(send, 200, file.packed, [*file.headers, (b"content-encoding", b"gzip")], head=head)
    else:
        await respond(send, 200, file.body, file.headers, head=head)


def _load(path: Path, folder: Path, more: Headers) -> _File:
    body = path.read_bytes()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'.encode()
    kept = _FOR_EVER if path.is_relative_to(folder / "assets") else _ASK_AGAIN
    headers = (
        (b"content-type", _content_type(path).encode()),
        (b"cache-control", kept),
        (b"etag", etag),
        (b"vary", b"accept-encoding"),
        *more,
    )
    return _File(body, gzip.compress(body, compresslevel=6, mtime=0), etag, headers)


def _content_type(path: Path) -> str:
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind

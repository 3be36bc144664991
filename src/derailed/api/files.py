"""Files over HTTP, at the paths of Discord's CDN: images, and attachments by signed address.

They are other people's bytes on our own origin: nothing of them is ever run, and their type is never guessed.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import aclosing
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, quote

from derailed.actions.downloads import Download, Downloads
from derailed.api import default_avatars
from derailed.api.errors import answer
from derailed.api.ranges import Unsatisfiable, matches, part
from derailed.model.errors import Refusal, Unknown
from derailed.model.snowflakes import MAX

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

_IMAGES: Final = ("avatars", "banners", "icons", "splashes", "app-icons", "channel-icons", "role-icons")
_OURS: Final = ("attachments", *_IMAGES, "emojis", "embed")
_PREFIXES: Final = tuple(f"/{folder}/" for folder in _OURS)
_KIND: Final = r"\.(?:png|jpe?g|gif|webp)"
_NAME: Final = rf"(?P<name>(?:a_)?[0-9a-f]{{1,32}}){_KIND}"
_PATHS: Final = [
    re.compile(pattern)
    for pattern in (
        r"/(?P<folder>attachments)/(?P<channel>\d{1,19})/(?P<attachment>\d{1,19})/(?P<filename>[^/]+)",
        rf"/(?P<folder>emojis)/{_NAME}",
        rf"/(?P<folder>{'|'.join(_IMAGES)})/\d{{1,19}}/{_NAME}",
        rf"/guilds/\d{{1,19}}/users/\d{{1,19}}/(?P<folder>avatars|banners)/{_NAME}",
        rf"/(?P<folder>embed)/avatars/(?P<name>[0-5]){_KIND}",
    )
]
_SAFE: Final = (
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"x-content-type-options", b"nosniff"),
)
_FOR_EVER: Final = b"public, max-age=31536000, immutable"
_ONES_OWN: Final = b"private, max-age=86400"


class _Plan(NamedTuple):
    """An answer before its body."""

    status: int
    headers: Headers
    start: int = 0
    length: int = 0


class Files:
    """Answers what is asked for under these paths."""

    def __init__(self, downloads: Downloads) -> None:
        self._downloads = downloads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET and HEAD."""
        try:
            if scope["method"] not in ("GET", "HEAD"):
                raise Refusal("wrong_method")
            download = await self._find(scope)
            plan = _plan(download, dict(scope["headers"]))
        except Exception as error:  # noqa: BLE001  this is the door: what rises so far is answered or logged here
            status, headers, reply = answer(scope["method"], scope["path"], error)
            await send({"type": "http.response.start", "status": status, "headers": [*headers, *_SAFE]})
            await send({"type": "http.response.body", "body": reply})
            return
        await send({"type": "http.response.start", "status": plan.status, "headers": plan.headers})
        if plan.length and scope["method"] == "GET":
            async with aclosing(download.blob.read(plan.start, plan.length)) as chunks:
                async for chunk in chunks:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _find(self, scope: Scope) -> Download:
        found = _found(scope["path"])
        if found is None:
            raise Unknown("route")
        if found["folder"] == "embed":
            return Download(_Drawn(default_avatars.png(int(found["name"]))), found["name"], "image/png")
        if found["folder"] != "attachments":
            return await self._downloads.image(found["folder"], found["name"])
        channel_id, attachment_id = min(int(found["channel"]), MAX), min(int(found["attachment"]), MAX)
        signed = parse_qs(scope["query_string"].decode("latin-1")).get("hm", [""])[0]
        return await self._downloads.attachment(channel_id, attachment_id, found["filename"], signed)


class _Drawn:
    """A picture that is in memory."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes, None]:
        """That part of it."""
        yield self._content[start : start + length]


def is_file(path: str) -> bool:
    """Whether the path is one of these, and not the API's or the app's."""
    return path.startswith(_PREFIXES) or (path.startswith("/guilds/") and _found(path) is not None)


def _found(path: str) -> Mapping[str, str] | None:
    return next((found.groupdict() for pattern in _PATHS if (found := pattern.fullmatch(path))), None)


def _plan(download: Download, asked: Mapping[bytes, bytes]) -> _Plan:
    """What to answer to these headers: the whole, a part of it, or that nothing has changed."""
    tag, size = f'"{download.tag}"', download.blob.size
    headers = [*_SAFE, *_about(download, tag)]
    if matches(asked.get(b"if-none-match", b"").decode("latin-1"), tag):
        return _Plan(304, headers)
    wanted = asked.get(b"range", b"").decode("latin-1")
    if asked.get(b"if-range", tag.encode()) != tag.encode():
        wanted = ""
    try:
        chosen = part(wanted, size)
    except Unsatisfiable:
        return _Plan(416, [*headers, (b"content-range", b"bytes */%d" % size), (b"content-length", b"0")])
    start, length = chosen or (0, size)
    headers.append((b"content-length", b"%d" % length))
    if chosen is None:
        return _Plan(200, headers, start, length)
    headers.append((b"content-range", b"bytes %d-%d/%d" % (start, start + length - 1, size)))
    return _Plan(206, headers, start, length)


def _about(download: Download, tag: str) -> Headers:
    headers = [
        (b"content-type", download.content_type.encode()),
        (b"accept-ranges", b"bytes"),
        (b"etag", tag.encode()),
        (b"cache-control", _ONES_OWN if download.filename else _FOR_EVER),
    ]
    if download.filename:
        how = "inline" if download.shown else "attachment"
        name = quote(download.filename, safe="")
        headers.append((b"content-disposition", f"{how}; filename*=UTF-8''{name}".encode()))
    return headers

"""Following a request: it is the first span of its trace, named after its route.

An address in a trace may tell which channel it is about, but nothing that opens a door or that somebody wrote: of what
stands in a path, ids are kept, and everything else is what the route calls it.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from derailed.api.addresses import Network
from derailed.api.meter import OTHER
from derailed.api.request_ids import RequestIds
from derailed.telemetry import CAUSE, request_of
from derailed.traces import TRACES, Span

Scope = MutableMapping[str, Any]

_HEADER: Final = b"traceparent"
_FAULT: Final = 500


class Following:
    """One per application. `proxies` may say that a request belongs to a trace of theirs."""

    def __init__(self, proxies: Sequence[Network]) -> None:
        self._may_be_told = bool(proxies)
        self._believes = RequestIds(proxies).believes

    def begin(self, scope: Scope) -> Span | None:
        """Begin to follow the request, if it is to be; what is done from now on is done for it."""
        told = _header(scope) if self._may_be_told else b""
        span = TRACES.request(told if told and self._believes(scope.get("client")) else b"")
        if span is not None:
            span.say({"derailed.request.id": request_of(span.cause)})
            CAUSE.set(span.cause)
        return span

    def end(self, span: Span, scope: Scope, route: tuple[str, str], status: int) -> None:
        """It was answered with that status; 0: nobody is there any more, or it failed."""
        method, path = route
        if path == OTHER:
            span.name("HTTP")
            span.say({"http.request.method": "_OTHER"})
        else:
            span.name(f"{method} {path}")
            span.say({"http.request.method": method, "http.route": path, "url.path": _bare(path, scope["path"])})
        if status:
            span.say({"http.response.status_code": status})
        span.end("" if 0 < status < _FAULT else str(status or "unanswered"))


def _bare(route: str, path: str) -> str:
    """The route, with the ids that stand in the path."""
    names = route.strip("/").split("/")
    told = path.strip("/").split("/")[-len(names) :]
    if len(told) < len(names):
        return route
    pairs = zip(names, told, strict=True)
    return "/" + "/".join(value if name.startswith("{") and value.isdecimal() else name for name, value in pairs)


def _header(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return bytes(value)
    return b""

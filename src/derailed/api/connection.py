"""One HTTP connection: uvicorn's, with what it does for every request done cheaper for the usual ones.

A whole answer leaves in one write, where uvicorn makes two: the second costs a system call here and a wake-up at the
other end, more than all of the framing. Whatever is out of the ordinary is left to uvicorn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from derailed.wire import limits

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_LENGTH: Final = b"content-length"
_NOT_USUAL: Final = (b"connection", b"transfer-encoding")


class Connection(HttpToolsProtocol):
    """Give it to uvicorn as its `http`. A head that goes on and on, which uvicorn would collect, is cut off."""

    _in_head = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        begun = self._in_head
        super().data_received(data)
        # What came with a head's beginning is not counted: it may be the end of a long body, and is one read at most.
        if begun and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > limits.HEAD:
                self.transport.write(_TOO_LONG)
                self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is over."""
        self._in_head = False
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(_exchange, app, cycle))


async def _exchange(app: Application, cycle: RequestResponseCycle, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the application answer; hold the head of the answer back until its body comes."""
    held: Event | None = None

    async def answer(event: Event) -> None:
        nonlocal held
        if event["type"] == "http.response.start":
            held = event
            return
        if held is not None:
            start, held = held, None
            if _write_whole(cycle, start, event):
                return
            await send(start)
        await send(event)

    await app(scope, receive, answer)


def _write_whole(cycle: RequestResponseCycle, start: Event, event: Event) -> bool:
    """Write the answer at once, if it is a usual one."""
    body = event.get("body", b"")
    usual = cycle.keep_alive and not (
        event.get("more_body") or cycle.disconnected or cycle.flow.write_paused or cycle.scope["method"] == "HEAD"
    )
    head = _head(cycle, start, len(body)) if usual else None
    if head is None:
        return False
    cycle.transport.write(head + body)
    cycle.response_started = cycle.response_complete = True
    cycle.message_event.set()
    cycle.on_response()
    return True


def _head(cycle: RequestResponseCycle, start: Event, length: int) -> bytes | None:
    """The head of an answer that says its right length and nothing about the connection."""
    headers = [*cycle.default_headers, *start["headers"]]
    parts = [STATUS_LINE[start["status"]]]
    measured = False
    for name, value in headers:
        if name in _NOT_USUAL:
            return None
        if name == _LENGTH:
            measured = int(value) == length
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"\r\n")
    head = b"".join(parts)
    # A header that holds a line break would be two: uvicorn refuses it by name.
    return head if measured and head.count(b"\n") == len(headers) + 2 and b"\0" not in head else None

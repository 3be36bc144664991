"""One HTTP connection: uvicorn's, with what it does for every request done cheaper for the usual ones.

A whole answer leaves in one write, where uvicorn makes two: the second costs a system call here and a wake-up at the
other end, more than all of the framing. A request for a hot route that has come whole is answered without an ASGI
cycle, whose task, events and messages would cost more than the verb. Whatever is out of the ordinary is left to
uvicorn.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from contextvars import copy_context
from functools import partial
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from derailed.api.answers import Answer
from derailed.api.exchange import Exchange
from derailed.api.request_ids import HEADER, RequestIds
from derailed.telemetry import CAUSE
from derailed.wire import limits

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
AtOnce = Callable[[Scope, bytes], Coroutine[Any, None, Answer] | None]
"""Given a request that has come whole: its answer, or None where the application has to be asked."""

_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_LENGTH: Final = b"content-length"
_NOT_USUAL: Final = (b"connection", b"transfer-encoding")


class Connection(HttpToolsProtocol):
    """Give it to uvicorn as its `http`. A head that goes on and on, which uvicorn would collect, is cut off."""

    def __init__(self, *args: Any, at_once: AtOnce | None = None, ids: RequestIds = RequestIds(), **more: Any) -> None:
        super().__init__(*args, **more)
        self._ask_at_once = at_once
        self._ids = ids
        self._believes: bool | None = None
        """Whether the other end may say what a request's id is; None until it is asked."""
        self._in_head = False
        self._head_bytes = 0
        self._held: bytes | None = None
        """The body, as far as it is here, of a request whose head is here and that nobody was asked for yet."""
        self._heard = False
        """Whether anything has come since the last answer."""
        self._idle_since = 0.0

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there any more."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        begun = self._in_head
        self._heard = True
        super().data_received(data)
        if self._held is not None and not self.transport.is_closing():
            self._ask_as_usual()  # the rest of its body is still on its way
        # What came with a head's beginning is not counted: it may be the end of a long body, and is one read at most.
        if begun and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > limits.HEAD:
                self.transport.write(_TOO_LONG)
                self.transport.close()

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_bytes = True, 0
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Its head is over."""
        self._in_head = False
        self._held = b""
        parser = self.parser
        before: RequestResponseCycle | None = self.cycle
        if (
            self._ask_at_once is None
            or self.expect_100_continue
            or self.flow.write_paused
            or (before is not None and not before.response_complete)
            or not parser.should_keep_alive()
            or parser.should_upgrade()
            or parser.get_http_version() != "1.1"
        ):
            self._ask_as_usual()

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held += body

    def on_message_complete(self) -> None:
        """It is here."""
        if self._held is None:
            super().on_message_complete()
            return
        assert self._ask_at_once is not None
        path, _, query = self.url.partition(b"?")
        scope = {
            "method": self.parser.get_method().decode("ascii"),
            "path": path.decode("latin-1"),
            "query_string": query,
            "headers": self.headers,
            "client": self.client,
        }
        answer = self._ask_at_once(scope, self._held)
        if answer is None:
            self._ask_as_usual()
            super().on_message_complete()
        else:
            self._held = None
            exchange = Exchange(answer, self._answer, self._id(self.headers))
            self.cycle = exchange  # type: ignore[assignment]  # it has what uvicorn says to a cycle from outside
            copy_context().run(exchange.begin)

    def _id(self, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """That of the request with this head."""
        if self._believes is None:
            self._believes = self._ids.believes(self.client)
        return self._ids.of(headers) if self._believes else self._ids.new()

    def _ask_as_usual(self) -> None:
        """Give the request that is held to the application."""
        body, self._held = self._held, None
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers += headers
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _answer(self, exchange: Exchange, answer: Answer | None) -> None:
        """Write what was answered; None is a fault of ours that was not even refused."""
        if exchange.disconnected or self.transport.is_closing():
            return
        if answer is None:
            self.transport.close()
            return
        status, headers, body = answer
        lines = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        lines.append(b"x-request-id: %b\r\n" % exchange.id)
        lines += [b"%b: %b\r\n" % header for header in headers]
        goes_on = exchange.keep_alive
        self.transport.write(
            b"%b%b%b%b"
            % (STATUS_LINE[status], b"".join(lines), b"\r\n" if goes_on else b"connection: close\r\n\r\n", body)
        )
        exchange.response_complete = True
        if not goes_on:
            self.transport.close()
        self.on_response_complete()

    def on_response_complete(self) -> None:
        """An answer has been written: what was asked meanwhile is next, or the client may be silent for so long."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._heard, self._idle_since = False, self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_again_in(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Hang up on who has been silent for too long. One timer looks now and then: none is made for each request."""
        self.timeout_keep_alive_task = None
        if self._heard:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_again_in(left)
        else:
            self.transport.close()

    def _look_again_in(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        """The timer looks by itself whether it is still wanted."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, partial(_exchange, app, cycle, self._id(cycle.scope["headers"])))


async def _exchange(
    app: Application, cycle: RequestResponseCycle, request_id: bytes, scope: Scope, receive: Receive, send: Send
) -> None:
    """Let the application answer; hold the head of the answer back until its body comes."""
    CAUSE.set(request_id.decode())
    held: Event | None = None

    async def answer(event: Event) -> None:
        nonlocal held
        if event["type"] == "http.response.start":
            held = {**event, "headers": [(HEADER, request_id), *event["headers"]]}
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

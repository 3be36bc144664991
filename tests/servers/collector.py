"""A collector of traces: takes what OpenTelemetry's exporters send over HTTP, and says what it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from derailed.traces import TRACES, Source
from tests.journeys.server import until

PATH = "/v1/traces"


class Seen(NamedTuple):
    """One span."""

    service: str
    instance: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    began_ns: int
    ended_ns: int
    about: dict[str, Any]
    marks: tuple[str, ...]
    failed: bool


class Collector:
    """On a free port of the loopback address, as a context."""

    def __init__(self) -> None:
        self.status = 200
        """What it answers; what it does not answer with 200 it has not taken."""
        self.asked = 0
        self.takes = Event()
        """While this is not set, whoever sends something waits."""
        self.takes.set()
        self.bodies: list[bytes] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(collector.take(self.path, body))
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  it is called so
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take(self, path: str, body: bytes) -> int:
        """Somebody sends spans; the status of the answer."""
        self.asked += 1
        self.takes.wait()
        if path != PATH:
            return 404
        if self.status == 200:
            self.bodies.append(body)
        return self.status

    @property
    def spans(self) -> list[Seen]:
        """All that it was sent so far."""
        return [
            _seen(span, _about(told.resource.attributes))
            for body in list(self.bodies)
            for told in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in told.scope_spans
            for span in scope.spans
        ]

    @property
    def traces(self) -> dict[str, list[Seen]]:
        """The same, by trace, in the order in which they began."""
        found = defaultdict(list)
        for span in sorted(self.spans, key=lambda span: span.began_ns):
            found[span.trace].append(span)
        return dict(found)

    def until(self, trace: str, whole: Callable[[list[Seen]], bool]) -> list[Seen]:
        """The trace, as soon as it is whole: each process sends what it has once a second."""
        until(lambda: whole(self.traces.get(trace, [])), f"the trace is whole: {self.traces.get(trace)}")
        return self.traces[trace]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@asynccontextmanager
async def following(share: float, status: int = 200) -> AsyncIterator[Collector]:
    """This process follows so many requests, and the collector has what it saw when it is over."""
    with Collector() as collector:
        collector.status = status
        TRACES.open(collector.url, share, Source("derailed-test", "1.0", "here-1"))
        try:
            yield collector
        finally:
            await TRACES.close()


def _seen(span: Span, of: dict[str, Any]) -> Seen:
    return Seen(
        service=of["service.name"],
        instance=of["service.instance.id"],
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        about=_about(span.attributes),
        marks=tuple(event.name for event in span.events),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
    )


def _about(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}

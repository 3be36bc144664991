"""Traces: a share of all requests is followed through every process, to the last frame that comes of them.

Off, which it is where no collector is named, this is a look at `TRACES.on`, and what makes and sends spans is not even
loaded. What is followed says so in its cause (`telemetry.CAUSE`), which goes wherever it goes: for what is not, no span
is made.

A span never holds what people write, names, tokens or addresses. Spans leave from a thread of their own; what a
collector does not take in time is let go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping
from random import random
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

import structlog

from derailed.telemetry import CAUSE, followed, request_of, trace_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Span as Recorded

Kind = Literal["server", "client", "producer", "consumer"]
Attributes = Mapping[str, str | int | float | bool]

NEEDED: Final = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")
"""What an installation needs to send traces."""
_WAITING_MAX: Final = 4096
"""Spans that wait for the collector, some 2 KB each; then the oldest are let go."""
_SENT_AT_ONCE: Final = 512
_SENT_EVERY_MS: Final = 1000
_TAKEN_WITHIN_S: Final = 5
_ENDED_WITHIN_S: Final = 2.0
"""What was not sent by then, when the process ends, is not."""
_PATH: Final = "/v1/traces"
_traceparent: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?").fullmatch
_SAMPLED: Final = 1

_log: Final = structlog.stdlib.get_logger(__name__)


class Missing(Exception):
    """The packages that traces need are not installed."""


class Source(NamedTuple):
    """Who tells of it."""

    service: str
    version: str
    instance: str


class Span:
    """One step on the way. What is done next for its `cause` is part of it."""

    __slots__ = ("_of", "_recorded", "cause")

    def __init__(self, of: Traces, recorded: Recorded, request: str) -> None:
        where = recorded.get_span_context()
        self.cause = followed(request, f"{where.trace_id:032x}", f"{where.span_id:016x}")
        self._of = of
        self._recorded = recorded

    def name(self, name: str) -> None:
        """Call it otherwise: what it is was not known when it began."""
        self._recorded.update_name(name)

    def say(self, attributes: Attributes) -> None:
        """Add to what is known of it."""
        self._recorded.set_attributes(attributes)

    def mark(self, event: str) -> None:
        """Something happened on the way."""
        self._recorded.add_event(event)

    def end(self, error: str = "") -> None:
        """It is over. `error` is what kind of failure ended it, of a few kinds."""
        if error:
            self._fail(error)
        self._recorded.end()
        self._of.under_way -= 1

    def _fail(self, error: str) -> None:
        from opentelemetry.trace import StatusCode

        self._recorded.set_attribute("error.type", error)
        self._recorded.set_status(StatusCode.ERROR)


class Traces:
    """What this process follows. There is one: `TRACES`.

    Whoever has a step to tell of asks first whether `on` and, where much passes by, whether this is followed.
    """

    __slots__ = ("_provider", "_share", "_tracer", "on", "under_way")

    def __init__(self) -> None:
        self.on = False
        """Whether anything may be followed."""
        self.under_way = 0
        """Spans that have begun here and are not over."""
        self._share = 0.0
        self._provider: TracerProvider | None = None
        self._tracer: Any = None

    def open(self, url: str, share: float, source: Source) -> None:
        """Follow that share of the requests, and send what is seen to the collector. Raises Missing."""
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        except ImportError as error:
            raise Missing from error

        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)  # it says each time what `_Sender` says once
        service, version, instance = source
        resource = Resource.create(
            {"service.name": service, "service.version": version, "service.instance.id": instance}
        )
        sender = _Sender(OTLPSpanExporter(endpoint=endpoint(url), timeout=_TAKEN_WITHIN_S))
        provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        provider.add_span_processor(
            BatchSpanProcessor(
                sender,  # type: ignore[arg-type]  # one in all but its base class, which is not loaded where this is off
                max_queue_size=_WAITING_MAX,
                schedule_delay_millis=_SENT_EVERY_MS,
                max_export_batch_size=_SENT_AT_ONCE,
            )
        )
        self._provider, self._tracer = provider, provider.get_tracer("derailed", version)
        self._share, self.on = share, True

    async def close(self) -> None:
        """Send what waits, but not for long, and follow nothing more."""
        provider, self._provider, self.on = self._provider, None, False
        if provider is None:
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def end() -> None:
            provider.shutdown()
            with contextlib.suppress(RuntimeError):  # it took too long, and the loop is over
                loop.call_soon_threadsafe(ended.set)

        # Not one of the loop's threads, whose end would be waited for.
        Thread(target=end, name="traces", daemon=True).start()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _ENDED_WITHIN_S)

    def request(self, traceparent: bytes = b"") -> Span | None:
        """Begin to follow the request that is the cause now, if it is one of the share.

        `traceparent` is of whoever passed it on, if they are believed: then it is one if they say so.
        """
        found = _traceparent(traceparent) if traceparent else None
        if found is None or not int(found[1], 16) or not int(found[2], 16):
            return self._begin("server", "request", CAUSE.get(), None) if random() < self._share else None
        if not int(found[3], 16) & _SAMPLED:
            return None
        return self._begin("server", "request", CAUSE.get(), (found[1].decode(), found[2].decode()))

    def step(self, kind: Kind, name: str, cause: str, about: Attributes, began_ns: int | None = None) -> Span | None:
        """Begin a step of what that is the cause of, if it is followed. `began_ns`: since then, in Unix time."""
        where = trace_of(cause)
        if where is None or not self.on:
            return None
        return self._begin(kind, name, request_of(cause), where, about, began_ns)

    def _begin(
        self,
        kind: Kind,
        name: str,
        request: str,
        after: tuple[str, str] | None,
        about: Attributes | None = None,
        began_ns: int | None = None,
    ) -> Span:
        from opentelemetry.trace import (
            NonRecordingSpan,
            SpanContext,
            SpanKind,
            TraceFlags,
            set_span_in_context,
        )

        context = None
        if after is not None:
            trace, span = (int(number, 16) for number in after)
            before = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
            context = set_span_in_context(NonRecordingSpan(before))
        recorded = self._tracer.start_span(name, context, SpanKind[kind.upper()], about, start_time=began_ns)
        self.under_way += 1
        return Span(self, recorded, request)


TRACES: Final = Traces()


class _Sender:
    """Hands spans to the collector, in a thread; says once that it does not take them, and once that it does again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._fails = False

    def export(self, spans: Any) -> SpanExportResult:
        """See OpenTelemetry."""
        result = self._exporter.export(spans)
        fails = result.name != "SUCCESS"
        if fails and not self._fails:
            _log.warning("the collector takes no traces: they are let go until it does")
        elif self._fails and not fails:
            _log.info("the collector takes traces again")
        self._fails = fails
        return result

    def shutdown(self) -> None:
        """See OpenTelemetry."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """See OpenTelemetry."""
        return self._exporter.force_flush(timeout_millis)


def of_record(operation: Literal["append", "deliver"], topic: str, event: str) -> dict[str, str | float]:
    """What is said of a record on the bus: what is done with it, its topic, of which kind that is, what happened."""
    return {
        "messaging.operation.name": operation,
        "messaging.operation.type": "send" if operation == "append" else "process",
        "messaging.system": "derailed",
        "messaging.destination.name": topic,
        "messaging.destination.template": topic.partition(":")[0] + ":{id}",
        "derailed.event": event,
    }


def name_of(about: Attributes) -> str:
    """What a span that says this of a record is called."""
    return f"{about['messaging.operation.name']} {about['messaging.destination.template']}"


def endpoint(url: str) -> str:
    """Where spans are sent: a collector's address without a path means the usual one."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + _PATH


def traceparent_of(cause: str) -> str:
    """How others are told where it stands in its trace; empty: it is not followed."""
    where = trace_of(cause)
    return "" if where is None else f"00-{where[0]}-{where[1]}-01"


def cause_of(request: str, traceparent: str) -> str:
    """The cause that somebody of ours told."""
    found = _traceparent(traceparent.encode())
    return request if found is None else followed(request, found[1].decode(), found[2].decode())

"""Telemetry: what the process says of itself. Logs for people and machines, metrics for Prometheus.

Any shell may import it; a pure module may not.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar, copy_context
from itertools import accumulate
from typing import Any, Final, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Gauge, GCCollector, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

REGISTRY: Final = CollectorRegistry()
METRICS_TYPE: Final = CONTENT_TYPE_LATEST
Metric = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
Labels = TypeVar("Labels", bound=tuple[str, ...])
T = TypeVar("T")

CAUSE: Final[ContextVar[str]] = ContextVar("cause", default="")
"""What is done now is done for this: a request, whose id is in every line of the log, if there is one.

    REQUEST [" " TRACE "-" SPAN]

Behind its id stands, if it is followed (`traces.py`), the span that led here. Text that goes along: to the thread that
writes, beside a question to another process, and in a record. Kept stable: it is on disk.
"""
_well_formed: Final = re.compile(r"[!-~]{0,64}(?: [0-9a-f]{32}-[0-9a-f]{16})?").fullmatch
SESSION: Final[ContextVar[str]] = ContextVar("session", default="")
"""The handle of the session that something is done for, likewise."""

MOMENTS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds that something takes which somebody waits for."""
_LOOK_WITHIN_S: Final = 2.0
"""Prometheus waits for ten seconds; what can not be looked up by then is left out."""

_STALL_PROBE_S = 0.025  # often enough to meet a stall of 20 ms, rare enough to cost nothing

LOOP_STALL: Final = Histogram(
    "derailed_loop_stall_seconds",
    "How much later than due the event loop ran a timer.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0),
    registry=REGISTRY,
)


def request_of(cause: str) -> str:
    """The id of the request."""
    return cause.partition(" ")[0]


def is_followed(cause: str) -> bool:
    """Whether the request is."""
    return " " in cause


def trace_of(cause: str) -> tuple[str, str] | None:
    """The trace and the span in it, if the request is followed."""
    trace, _, span = cause.partition(" ")[2].partition("-")
    return (trace, span) if span else None


def heard(cause: str) -> str:
    """A cause that another process told, if it is one."""
    return cause if _well_formed(cause) else ""


def followed(request: str, trace: str, span: str) -> str:
    """The cause that a request is from that span on."""
    return f"{request} {trace}-{span}"


_looks: Final[list[Callable[[], Awaitable[None]]]] = []


class Spread:
    """A histogram for where it must cost next to nothing: a bisection and two additions."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float] = MOMENTS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class _Told(Collector):
    def __init__(self, tell: Callable[[], Iterable[Metric]]) -> None:
        self._tell = tell

    def collect(self) -> Iterable[Metric]:
        return self._tell()

    def describe(self) -> Iterable[Metric]:
        return ()  # else it would be asked when it is registered


async def metrics() -> bytes:
    """Everything measured, in Prometheus' text format."""
    await look()
    return generate_latest(REGISTRY)


async def look() -> None:
    """Have looked up what can not be told at once. What fails, or takes too long, is told as it was."""
    try:
        async with asyncio.timeout(_LOOK_WITHIN_S):
            await asyncio.gather(*(each() for each in _looks), return_exceptions=True)
    except TimeoutError:
        return


def show(name: str, text: str, value: Callable[[], float]) -> None:
    """Add a number that is looked up when somebody asks, and costs nothing until then. Once per process and name."""
    Gauge(f"derailed_{name}", text, registry=REGISTRY).set_function(value)


def tell(measures: Callable[[], Iterable[Metric]], ahead: Callable[[], Awaitable[None]] | None = None) -> None:
    """The same of many numbers. `ahead` is awaited before they are asked for."""
    REGISTRY.register(_Told(measures))
    if ahead is not None:
        _looks.append(ahead)


def gauge(name: str, text: str, value: float) -> Metric:
    """A number that goes up and down."""
    return GaugeMetricFamily(f"derailed_{name}", text, value=value)


def gauges(name: str, text: str, labels: Sequence[str], values: Mapping[Labels, float]) -> Metric:
    """One for each set of labels."""
    return _labelled(GaugeMetricFamily(f"derailed_{name}", text, labels=labels), values)


def counter(name: str, text: str, value: float) -> Metric:
    """A number that only grows; its name gets `_total`."""
    return CounterMetricFamily(f"derailed_{name}", text, value=value)


def counters(name: str, text: str, labels: Sequence[str], values: Mapping[Labels, float]) -> Metric:
    """One for each set of labels."""
    return _labelled(CounterMetricFamily(f"derailed_{name}", text, labels=labels), values)


def _labelled(family: CounterMetricFamily | GaugeMetricFamily, values: Mapping[Labels, float]) -> Metric:
    for labels, value in values.items():
        family.add_metric(labels, value)
    return family


def spread(name: str, text: str, of: Spread) -> Metric:
    """A histogram."""
    return spreads(name, text, (), {(): of})


def spreads(name: str, text: str, labels: Sequence[str], of: Mapping[Labels, Spread]) -> Metric:
    """One for each set of labels."""
    family = HistogramMetricFamily(f"derailed_{name}", text, labels=labels)
    for key, each in of.items():
        family.add_metric(key, list(_buckets(each)), each.sum)
    return family


def _buckets(of: Spread) -> Iterator[tuple[str, float]]:
    """Cumulative, as Prometheus has them."""
    bounds = (*map(str, map(float, of.bounds)), "+Inf")
    yield from zip(bounds, accumulate(of.counts), strict=True)


def apart(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Run it in a task that is of no request and of no session, whoever happens to start it."""
    context = copy_context()
    context.run(CAUSE.set, "")
    context.run(SESSION.set, "")
    return asyncio.get_running_loop().create_task(work, context=context)


async def watch_loop() -> None:
    """Measure how late the event loop is, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _STALL_PROBE_S
        await asyncio.sleep(_STALL_PROBE_S)
        LOOP_STALL.observe(max(0.0, loop.time() - due))


def watch_process() -> None:
    """Add the process's own CPU, memory, descriptors and garbage collection to the metrics. Once per process."""
    ProcessCollector(registry=REGISTRY)
    GCCollector(registry=REGISTRY)


def configure_logs(level: str, form: str = "auto", worker: int = 0) -> None:
    """Send every log line, ours and the libraries', to standard error. `auto`: for people on a terminal, else as JSON.

    Each tells the number of the worker, if this is one, and which request, with its trace if it is followed, or session
    it is about, if it is about one.
    """

    def sign(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if worker:
            event["worker"] = worker
        cause = CAUSE.get()
        trace = trace_of(cause)
        about = (
            ("request", request_of(cause)),
            ("trace", "" if trace is None else trace[0]),
            ("session", SESSION.get()),
        )
        for name, value in about:
            if value:
                event.setdefault(name, value)
        return event

    shared: list[structlog.typing.Processor] = [
        sign,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(form)],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)


def _renderers(form: str) -> list[structlog.typing.Processor]:
    is_terminal = sys.stderr.isatty()
    if form == "text" or (form == "auto" and is_terminal):
        # Without the values of local variables: passwords and tokens are among them.
        return [structlog.dev.ConsoleRenderer(colors=is_terminal, exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]

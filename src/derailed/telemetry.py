"""Telemetry: what the process says of itself. Logs for people and machines, metrics for Prometheus.

Any shell may import it; a pure module may not.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Gauge, GCCollector, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

REGISTRY: Final = CollectorRegistry()
METRICS_TYPE: Final = CONTENT_TYPE_LATEST

_STALL_PROBE_S = 0.025  # often enough to meet a stall of 20 ms, rare enough to cost nothing

LOOP_STALL: Final = Histogram(
    "derailed_loop_stall_seconds",
    "How much later than due the event loop ran a timer.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0),
    registry=REGISTRY,
)


def metrics() -> bytes:
    """Everything measured, in Prometheus' text format."""
    return generate_latest(REGISTRY)


def show(name: str, text: str, value: Callable[[], float]) -> None:
    """Add a number that is looked up when somebody asks, and costs nothing until then. Once per process and name."""
    Gauge(f"derailed_{name}", text, registry=REGISTRY).set_function(value)


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

    Each tells the number of the worker, if this is one.
    """

    def sign(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        if worker:
            event["worker"] = worker
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

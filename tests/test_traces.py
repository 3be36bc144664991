"""What is followed, and what becomes of it where the collector does not keep up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
import structlog

from derailed.telemetry import CAUSE
from derailed.traces import TRACES
from tests.journeys.server import until
from tests.servers.collector import following

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
MOST = 4096
"""Spans that may wait."""
BATCH = 512
"""Spans that are sent at once, as soon as there are so many."""


def live(story: Coroutine[Any, Any, None]) -> None:
    """Run it in a context of its own."""
    asyncio.run(story)


def parent(flags: str) -> bytes:
    """What a proxy says."""
    return f"00-{TRACE}-{SPAN}-{flags}".encode()


def test_nothing_is_followed_that_nobody_wants_followed() -> None:
    async def story() -> None:
        CAUSE.set("edge-4711")
        async with following(0.0) as collector:
            assert TRACES.request() is None
            assert TRACES.request(parent("00")) is None
            assert TRACES.step("client", "COMMIT", CAUSE.get(), {}) is None
        assert not TRACES.on
        assert TRACES.step("client", "COMMIT", f"edge-4711 {TRACE}-{SPAN}", {}) is None
        assert collector.asked == 0

    live(story())


def test_a_share_of_the_requests_is_followed_whatever_a_proxy_does_not_say() -> None:
    async def story() -> None:
        CAUSE.set("edge-4711")
        async with following(1.0) as collector:
            for nonsense in (b"", b"00-1-2-01", parent("01").replace(TRACE.encode(), b"0" * 32), parent("01")[1:]):
                span = TRACES.request(nonsense)
                assert span is not None
                step = TRACES.step("client", "COMMIT", span.cause, {"db.system.name": "sqlite"})
                assert step is not None
                assert TRACES.under_way == 2
                step.end("OSError")
                span.end()
            assert TRACES.request(parent("00")) is None
        assert TRACES.under_way == 0
        assert len(collector.traces) == 4
        for root, leaf in collector.traces.values():
            assert (root.parent, leaf.parent) == ("", root.id)
            assert (root.failed, leaf.failed, leaf.about["error.type"]) == (False, True, "OSError")
            assert (root.service, root.instance) == ("derailed-test", "here-1")

    live(story())


def test_a_trace_of_somebody_elses_is_gone_on_with() -> None:
    async def story() -> None:
        CAUSE.set("edge-4711")
        async with following(0.0) as collector:
            span = TRACES.request(parent("03"))
            assert span is not None
            assert span.cause.startswith(f"edge-4711 {TRACE}-")
            span.end()
        (seen,) = collector.spans
        assert (seen.trace, seen.parent) == (TRACE, SPAN)

    live(story())


def test_a_collector_that_takes_nothing_is_told_of_once() -> None:
    async def story() -> None:
        with structlog.testing.capture_logs() as lines:
            async with following(1.0, status=400) as collector:
                for count in (1, 2, 3):
                    many(BATCH)
                    until(lambda: collector.asked >= count, "spans are sent")  # noqa: B023  it is waited for here
                collector.status = 200
                many(BATCH)
        assert len(collector.spans) >= BATCH
        assert [(line["log_level"], line["event"]) for line in lines] == [
            ("warning", "the collector takes no traces: they are let go until it does"),
            ("info", "the collector takes traces again"),
        ]

    live(story())


def test_no_more_waits_for_a_slow_collector_than_there_is_room_for() -> None:
    async def story() -> None:
        async with following(1.0) as collector:
            collector.takes.clear()
            many(3 * MOST)
            collector.takes.set()
        assert MOST <= len(collector.spans) <= MOST + 3 * BATCH  # with what was on its way already

    live(story())


def many(count: int) -> None:
    """So many requests."""
    for _ in range(count):
        span = TRACES.request()
        assert span is not None
        span.end()


@pytest.mark.slow
def test_a_process_ends_though_the_collector_does_not_answer() -> None:
    async def story() -> None:
        async with following(1.0, status=503) as collector:
            many(3)
            until(lambda: collector.asked > 0, "spans are sent")
        assert not TRACES.on
        assert collector.spans == []

    live(story())


@pytest.fixture(autouse=True)
def _nothing_is_left() -> None:
    assert not TRACES.on

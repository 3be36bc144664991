"""Whether what is followed can be sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from derailed.doctor.checks import Check
from derailed.doctor.facts import Facts


def traces_missing(facts: Facts) -> Iterator[str]:
    """A collector of traces is named, and what sends them is not installed."""
    if facts.traces_missing:
        yield "DERAILED_TRACES_URL names a collector, and what sends traces is not installed: no process starts"


def collector_unreachable(facts: Facts) -> Iterator[str]:
    """The collector takes no traces."""
    if facts.collector:
        yield f"DERAILED_TRACES_URL: {facts.collector}"


CHECKS: Final = (
    Check(traces_missing, "pip install 'derailed[traces]', or leave DERAILED_TRACES_URL empty"),
    Check(collector_unreachable, "start it, and correct DERAILED_TRACES_URL; until then traces are let go"),
)

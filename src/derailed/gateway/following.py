"""Following a record through a node: from when it came here until the last frame that it makes is written."""

from __future__ import annotations

import time

from derailed.bus import Subscription
from derailed.gateway.traffic import Traffic
from derailed.telemetry import CAUSE
from derailed.traces import TRACES, Span, name_of, of_record
from derailed.wire.records import Record


class Following:
    """One a node. Only sessions that are live count: who waits gets the record later, with others."""

    def __init__(self, stream: Subscription, traffic: Traffic) -> None:
        self._stream = stream
        self._traffic = traffic
        self._sent = 0

    def begin(self, topic: str, record: Record) -> Span | None:
        """The record's turn has come, which is followed if its cause is; what is done now is part of that."""
        arrived, now = self._stream.arrived_ns, time.time_ns()
        about = of_record("deliver", topic, record.event)
        about["derailed.queue.seconds"] = (now - arrived) / 1e9 if arrived else 0.0
        span = TRACES.step("consumer", name_of(about), record.cause, about, arrived or now)
        if span is None:
            return None
        CAUSE.set(span.cause)
        self._sent = self._traffic.deliveries
        return span

    def end(self, span: Span) -> None:
        """All that it makes has been written, and nothing else meanwhile."""
        written(span, self._traffic.deliveries - self._sent)


def written(span: Span, deliveries: int) -> None:
    """The record has gone to so many sockets."""
    span.say({"derailed.deliveries": deliveries})
    span.end()

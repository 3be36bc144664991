"""One verb on its way to the database, as every driver queues it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from derailed.model.errors import Refusal, Unavailable
from derailed.store import Work
from derailed.telemetry import CAUSE, is_followed
from derailed.traces import TRACES

WAITING_MAX: Final = 4096
"""Verbs that may wait: a few tenths of a second of work. More are refused, because their callers would time out."""
GROUP_MAX: Final = 256
"""Verbs that one commit serves: beyond it the wait for the disk is paid off, and the first only waits longer."""
FORGET_WITHIN_S: Final = 0.05
"""Acknowledged outbox rows wait as long for a group to go with before they get a commit of their own."""
FORGET_MAX: Final = 1000
"""Outbox rows that one group deletes."""
SEARCH_WITHIN_S: Final = 3
"""A read that may take long is given up then: whoever waited is told to try again, or to ask for less."""
SEARCHES_WAITING_MAX: Final = 64
"""More of them are refused, because their callers would time out."""


class Write:
    """A work, and what is to be said to its caller once that is durable."""

    __slots__ = (
        "_cause", "_span", "alone", "error", "future", "result", "runs", "topic", "was_too_late", "work",
    )  # fmt: skip

    def __init__(self, work: Work[Any], topic: str, future: asyncio.Future[Any], system: str) -> None:
        """`system` is what the database is, as OpenTelemetry calls it."""
        self.work = work
        self.topic = topic
        self.future = future
        self.result: Any = None
        self.error: Exception | None = None
        self.alone = False
        self.was_too_late = False
        self.runs = 0
        self._cause = CAUSE.get()
        self._span = None
        if TRACES.on and is_followed(self._cause):
            about = {"db.system.name": system, "db.operation.name": "COMMIT"}
            self._span = TRACES.step("client", "COMMIT", self._cause, about)

    def begin(self) -> None:
        """Its turn has come: what is done now is done for what it was done for."""
        CAUSE.set(self._cause)
        if self._span is not None:
            self._span.mark("begun")

    def answer(self) -> None:
        """Say it, unless the caller went away; what it wrote stays."""
        if self._span is not None:
            failed = self.error is not None and not isinstance(self.error, Refusal)
            self._span.end(type(self.error).__name__ if failed else "")
            self._span = None
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)

    def refuse(self, error: Exception | None = None) -> None:
        """Nothing was written."""
        self.error = error or Unavailable()
        self.answer()

"""One request that is answered without an ASGI cycle: a coroutine that takes its steps where the request is read.

It has no task, which would cost as much as the steps: so what it awaits must be futures, and nothing that asks for
the current task, such as a timeout.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from derailed.api.answers import Answer
from derailed.telemetry import CAUSE

_log: Final = structlog.stdlib.get_logger(__name__)


class _Deaf:
    """An event that nobody waits for."""

    def set(self) -> None:
        """Nothing more is to be received: it came whole."""


class Exchange:
    """What uvicorn has a cycle for. It says on it that the client has gone, or that this is the last answer."""

    __slots__ = ("_answered", "_step", "disconnected", "id", "keep_alive", "response_complete")

    message_event: Final = _Deaf()

    def __init__(
        self,
        steps: Coroutine[Any, None, Answer],
        answered: Callable[[Exchange, Answer | None], None],
        request_id: bytes,
    ) -> None:
        self.id = request_id
        self._step = steps.send
        self._answered: Callable[[Exchange, Answer | None], None] | None = answered
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False

    def begin(self) -> None:
        """Take the first step, in a context of its own: those that follow are taken in copies of it."""
        CAUSE.set(self.id.decode())
        self.go_on()

    def go_on(self, _: object = None) -> None:
        """Take the next step."""
        try:
            awaited = self._step(None)
        except StopIteration as end:
            self._end(end.value)
        except BaseException as error:  # noqa: BLE001  also when the loop ends, and what was awaited is cancelled
            _log.error("request failed", exc_info=error)
            self._end(None)
        else:
            if awaited is None:
                asyncio.get_running_loop().call_soon(self.go_on)
            else:
                awaited._asyncio_future_blocking = False  # as a task says that it has seen it
                awaited.add_done_callback(self.go_on)

    def _end(self, answer: Answer | None) -> None:
        answered, self._answered = self._answered, None  # the connection holds us, and we let go of it
        assert answered is not None
        answered(self, answer)

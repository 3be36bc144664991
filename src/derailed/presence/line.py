"""A node's stream to one service, which keeps itself up: hello, reports in batches, and what the service says.

Both ends say something every second. Whoever hears nothing for longer than the lease hangs up and calls again, soon
and not all at the same moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final, Protocol

import grpc
import grpc.aio
import structlog

from derailed.generated import presence_pb2 as proto
from derailed.generated import presence_pb2_grpc
from derailed.presence.attendance import SAID_EVERY_S
from derailed.presence.tracker import LEASE_MS

_HEARD_WITHIN_S: Final = LEASE_MS / 1000
_REPORTS_AT_ONCE: Final = 100
"""Four milliseconds of the service's time; five times as many in a message made others wait three times as long."""
_GATHERED_S: Final = 0.02
"""Between two messages that are not full: one costs as much as twenty reports."""
_UNSENT: Final = 100_000
"""Reports that a service has not taken yet. With more it is told everything again, which is less."""
_AGAIN_FIRST_S: Final = 0.1
_AGAIN_AT_MOST_S: Final = 2.0
"""Far below the grace, within which everyone must have come again."""

_log: Final = structlog.stdlib.get_logger(__name__)


class Caller(Protocol):
    """Whose line it is."""

    def found(self, service: int) -> Iterator[proto.Report]:
        """The service answers. What it must know is sent as it is asked for, before anything that follows."""
        ...

    def hear(self, service: int, message: proto.FromService) -> None:
        """The service said this."""
        ...

    def lost(self, service: int) -> None:
        """It does not answer (any more)."""
        ...


class Line:
    """To one service."""

    def __init__(self, caller: Caller, service: int, node: str, channel: grpc.aio.Channel) -> None:
        self.up = False
        """Whether the service is there, as far as we know."""
        self.found = 0
        """How often it was found."""
        self.tried = False
        """Whether that is known."""
        self._caller = caller
        self._service = service
        self._node = node
        self._stub: Any = presence_pb2_grpc.PresenceStub(channel)
        self._known: Iterator[proto.Report] = iter(())
        self._unsent: deque[proto.Report] = deque()
        self._woken = asyncio.Event()

    def send(self, report: proto.Report) -> None:
        """Have the service know, if it is there: otherwise it will be told everything."""
        if self.up:
            self._unsent.append(report)
            self._woken.set()

    def also(self, reports: Iterator[proto.Report]) -> None:
        """Have the service know all these, each made when its turn comes."""
        if self.up:
            self._known = chain(self._known, reports)
            self._woken.set()

    async def run(self) -> None:
        """Call, and call again, until cancelled."""
        again_s = _AGAIN_FIRST_S
        while True:
            call = self._stub.Link()
            try:
                await self._talk(call)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError, EOFError, TimeoutError) as error:
                _log.debug("no line to a presence service", service=self._service, error=repr(error))
            finally:
                call.cancel()
            again_s = _AGAIN_FIRST_S if self.up else min(2 * again_s, _AGAIN_AT_MOST_S)
            self._hang_up()
            await asyncio.sleep(again_s * random.uniform(0.5, 1))

    async def _talk(self, call: Any) -> None:
        await call.write(proto.FromNode(node=self._node))
        await _heard(call)
        self.up = self.tried = True
        self.found += 1
        self._known = self._caller.found(self._service)
        speaking = asyncio.create_task(self._speak(call))
        try:
            while not speaking.done():
                self._caller.hear(self._service, await _heard(call))
            speaking.result()
        finally:
            speaking.cancel()

    async def _speak(self, call: Any) -> None:
        while len(self._unsent) <= _UNSENT:
            self._woken.clear()
            reports = list(self._batch())
            await call.write(proto.FromNode(reports=reports))
            if len(reports) < _REPORTS_AT_ONCE:
                await asyncio.sleep(_GATHERED_S)
                if not self._unsent:
                    await self._anything()

    def _batch(self) -> Iterator[proto.Report]:
        for _ in range(_REPORTS_AT_ONCE):
            report = next(self._known, None)
            if report is None and self._unsent:
                report = self._unsent.popleft()
            if report is None:
                return
            yield report

    async def _anything(self) -> None:
        """Wait until there is something to say, but not too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SAID_EVERY_S):
                await self._woken.wait()

    def _hang_up(self) -> None:
        news = self.up or not self.tried
        self.up, self.tried = False, True
        self._known = iter(())
        self._unsent.clear()
        if news:
            self._caller.lost(self._service)


async def _heard(call: Any) -> proto.FromService:
    async with asyncio.timeout(_HEARD_WITHIN_S):
        message = await call.read()
    if message is grpc.aio.EOF:
        raise EOFError("the service ended the stream")
    return message  # type: ignore[no-any-return]  # gRPC is not typed

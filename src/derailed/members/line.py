"""A node's stream to one service, which keeps itself up.

The service says something every second. Whoever hears nothing for four hangs up and calls again, soon and not all at
the same moment.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Iterable
from typing import Any, Final, Protocol

import grpc
import grpc.aio
import structlog

from derailed.generated import members_pb2 as proto
from derailed.generated import members_pb2_grpc

_HEARD_WITHIN_S: Final = 4.0
_REQUESTS_AT_ONCE: Final = 500
_UNSENT: Final = 100_000
"""Requests that a service has not taken yet. With more we hang up, and ask anew for what is still wanted."""
_AGAIN_FIRST_S: Final = 0.1
_AGAIN_AT_MOST_S: Final = 2.0

_log: Final = structlog.stdlib.get_logger(__name__)


class Caller(Protocol):
    """Whose line it is."""

    def found(self, service: int) -> Iterable[proto.Request]:
        """The service answers. It is asked for this before anything that follows."""
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
        self.tried = asyncio.Event()
        """That is known."""
        self._caller = caller
        self._service = service
        self._node = node
        self._stub: Any = members_pb2_grpc.MembersStub(channel)
        self._unsent: deque[proto.Request] = deque()
        self._woken = asyncio.Event()

    def send(self, request: proto.Request) -> None:
        """Ask the service, if it is there."""
        if self.up:
            self._unsent.append(request)
            self._woken.set()

    async def run(self) -> None:
        """Call, and call again, until cancelled."""
        again_s = _AGAIN_FIRST_S
        while True:
            call = self._stub.Link()
            try:
                await self._talk(call)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError, EOFError, TimeoutError) as error:
                _log.debug("no line to a service of members", service=self._service, error=repr(error))
            finally:
                call.cancel()
            again_s = _AGAIN_FIRST_S if self.up else min(2 * again_s, _AGAIN_AT_MOST_S)
            self._hang_up()
            await asyncio.sleep(again_s * random.uniform(0.5, 1))

    async def _talk(self, call: Any) -> None:
        await call.write(proto.FromNode(node=self._node))
        await _heard(call)
        self.up = True
        self.found += 1
        self._unsent.extend(self._caller.found(self._service))
        self.tried.set()
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
            if self._unsent:
                count = min(len(self._unsent), _REQUESTS_AT_ONCE)
                await call.write(proto.FromNode(requests=[self._unsent.popleft() for _ in range(count)]))
            else:
                await self._woken.wait()

    def _hang_up(self) -> None:
        news = self.up or not self.tried.is_set()
        self.up = False
        self._unsent.clear()
        self.tried.set()
        if news:
            self._caller.lost(self._service)


async def _heard(call: Any) -> proto.FromService:
    async with asyncio.timeout(_HEARD_WITHIN_S):
        message = await call.read()
    if message is grpc.aio.EOF:
        raise EOFError("the service ended the stream")
    return message  # type: ignore[no-any-return]  # gRPC is not typed

"""Questions that every service is asked at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import grpc
import grpc.aio

from derailed.generated import presence_pb2_grpc
from derailed.presence import Down
from derailed.presence.askers import asker, follow
from derailed.telemetry import CAUSE
from derailed.traces import TRACES

_ANSWER_WITHIN_S: Final = 1.0
_SPARED_S: Final = 1.0
"""How long a service that did not answer in time is asked nothing: otherwise whoever asks would wait for it again."""


class Services:
    """All of them, in the order in which everyone lists them."""

    def __init__(self, channels: Sequence[grpc.aio.Channel]) -> None:
        self._stubs: list[Any] = [presence_pb2_grpc.PresenceStub(channel) for channel in channels]
        self._spared_until = [0.0] * len(channels)

    async def ask(self, question: str, request: Any) -> list[Any]:
        """Every service's answer, None of one that is down. Raises Down when all are."""
        replies = await asyncio.gather(*(self._ask(service, question, request) for service in range(len(self._stubs))))
        if all(reply is None for reply in replies):
            raise Down("no presence service answers")
        return replies

    async def _ask(self, service: int, question: str, request: Any) -> Any | None:
        clock = asyncio.get_running_loop().time
        if clock() < self._spared_until[service]:
            return None
        cause, failed = CAUSE.get(), ""
        span = follow("client", f"derailed.presence.v1.Presence/{question}", cause) if TRACES.on else None
        try:
            ask = getattr(self._stubs[service], question)
            beside = asker(cause if span is None else span.cause)
            return await ask(request, timeout=_ANSWER_WITHIN_S, metadata=beside)
        except grpc.aio.AioRpcError as error:
            failed = error.code().name
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
                self._spared_until[service] = clock() + _SPARED_S
            return None
        finally:
            if span is not None:
                span.end(failed)

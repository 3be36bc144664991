"""On whose behalf a question is asked: the id of a request goes along, so that both logs have it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import grpc.aio
import structlog

from derailed.telemetry import REQUEST

_KEY: Final = "x-request-id"
_LONGEST: Final = 64

_log: Final = structlog.stdlib.get_logger(__name__)


def asker() -> tuple[tuple[str, str], ...] | None:
    """What is sent beside a question."""
    request = REQUEST.get()
    return ((_KEY, request),) if request else None


class Asked(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # gRPC is not typed
    """Takes it in, before the question is answered."""

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:
        """See gRPC."""
        for key, value in details.invocation_metadata or ():
            if key == _KEY and isinstance(value, str) and len(value) <= _LONGEST and value.isprintable():
                REQUEST.set(value)
        _log.debug("asked", question=details.method.rpartition("/")[2])
        return await continuation(details)

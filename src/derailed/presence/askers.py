"""On whose behalf a question is asked: the id of a request goes along, and its trace, so that both ends tell of it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc
import grpc.aio
import structlog

from derailed.telemetry import CAUSE, request_of
from derailed.traces import TRACES, Kind, Span, cause_of, traceparent_of

_KEY: Final = "x-request-id"
_TRACE: Final = "traceparent"
_well_formed: Final = re.compile("[!-~]{1,64}").fullmatch

_log: Final = structlog.stdlib.get_logger(__name__)


def asker(cause: str) -> tuple[tuple[str, str], ...] | None:
    """What is sent beside a question."""
    if not cause:
        return None
    told = ((_KEY, request_of(cause)),)
    trace = traceparent_of(cause)
    return (*told, (_TRACE, trace)) if trace else told


def follow(kind: Kind, question: str, cause: str) -> Span | None:
    """Begin a span of a question, if whoever asks is followed."""
    about = {"rpc.system.name": "grpc", "rpc.method": question}
    return TRACES.step(kind, question, cause, about)


class Asked(grpc.aio.ServerInterceptor):  # type: ignore[misc]  # gRPC is not typed
    """Takes it in, before the question is answered."""

    async def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]], details: grpc.HandlerCallDetails
    ) -> Any:
        """See gRPC."""
        told = {key: value for key, value in details.invocation_metadata or () if isinstance(value, str)}
        request = told.get(_KEY, "")
        if _well_formed(request):
            CAUSE.set(cause_of(request, told.get(_TRACE, "")))
        _log.debug("asked", question=details.method.rpartition("/")[2])
        handler = await continuation(details)
        span = follow("server", details.method.removeprefix("/"), CAUSE.get()) if TRACES.on else None
        return handler if span is None or handler is None or handler.unary_unary is None else _ending(handler, span)


def _ending(handler: Any, span: Span) -> Any:
    """The same handler, which ends the span with its answer."""

    async def answer(request: Any, context: Any) -> Any:
        error = "aborted"
        try:
            reply = await handler.unary_unary(request, context)
            error = ""
        finally:
            span.end(error)
        return reply

    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer
    )

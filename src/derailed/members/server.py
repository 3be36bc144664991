"""The service for nodes elsewhere: gRPC, with its standard health checking and reflection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from derailed.generated import members_pb2 as proto
from derailed.generated import members_pb2_grpc
from derailed.members import Members
from derailed.members.attendance import Attendance, TooMany

NAME: Final = "derailed.members.v1.Members"

_FIRST_WORD_WITHIN_S: Final = 5.0
_ENDED_WITHIN_S: Final = 2.0
_OPTIONS: Final = (
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 10_000),  # a node that dies without a word leaves its interests for so long
    ("grpc.keepalive_timeout_ms", 5_000),
)

_log: Final = structlog.stdlib.get_logger(__name__)


class MembersServer:
    """Serves what is kept here on one address until it is stopped."""

    def __init__(self, address: str, members: Members) -> None:
        """`address` is `host:port`, where port 0 is any free one, or `unix:path`."""
        self._service = _Service(members)
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(options=_OPTIONS)
        members_pb2_grpc.add_MembersServicer_to_server(self._service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([NAME, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        self.port: int = self._server.add_insecure_port(address)

    async def start(self) -> None:
        """Listen."""
        await self._server.start()
        for name in ("", NAME):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self) -> None:
        """Say that it ends, and end all streams."""
        await self._health.enter_graceful_shutdown()
        self._service.stopping.set()
        await self._server.stop(_ENDED_WITHIN_S)


class _Service(members_pb2_grpc.MembersServicer):
    def __init__(self, members: Members) -> None:
        self._members = members
        self.stopping = asyncio.Event()

    async def Link(self, said: AsyncIterator[proto.FromNode], context: Any) -> None:  # noqa: N802
        """See the proto."""
        first = await _first(said)
        if first is None or not first.node:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the first message must name the node")
            return
        attendance = Attendance(self._members.link(first.node), context.write)
        serving = asyncio.create_task(attendance.run(said))
        stopping = asyncio.create_task(self.stopping.wait())
        try:
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                serving.result()
        except (TimeoutError, TooMany) as error:
            _log.warning("a node is cut off", node=first.node, error=repr(error))
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too slow, or too many questions")
        finally:
            stopping.cancel()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def _first(said: AsyncIterator[proto.FromNode]) -> proto.FromNode | None:
    try:
        async with asyncio.timeout(_FIRST_WORD_WITHIN_S):
            return await anext(said, None)
    except TimeoutError:
        return None

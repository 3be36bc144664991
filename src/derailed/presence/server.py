"""The Presence Service for nodes elsewhere: gRPC, with its standard health checking and reflection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sized
from typing import Any, Final

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from derailed.generated import presence_pb2 as proto
from derailed.generated import presence_pb2_grpc
from derailed.presence import messages
from derailed.presence.askers import Asked
from derailed.presence.attendance import Attendance
from derailed.presence.keeper import Clock, Keeper
from derailed.presence.local import monotonic_ms
from derailed.presence.tracker import GRACE_MS, RESUME_WINDOW_S

NAME: Final = "derailed.presence.v1.Presence"

_NAME: Final = 255
_FIRST_WORD_WITHIN_S: Final = 5.0
_TAKEN_WITHIN_S: Final = 4.0
"""A node that does not take a message for so long is cut off: it comes again and is told everything."""
_ENDED_WITHIN_S: Final = 2.0
_USERS_IN_A_QUESTION: Final = 10_000
_GUILDS_IN_A_QUESTION: Final = 10_000

_log: Final = structlog.stdlib.get_logger(__name__)


class PresenceServer:
    """Listens on one address until it is stopped."""

    def __init__(
        self,
        address: str,
        pulse: Callable[[], bytes] = bytes,
        clock: Clock = monotonic_ms,
        settles_in_ms: int = GRACE_MS,
        resume_window_s: int = RESUME_WINDOW_S,
    ) -> None:
        """`address` is `host:port`, where port 0 is any free one, or `unix:path`. `pulse` says how the process is."""
        self._keeper = Keeper(clock, settles_in_ms, resume_window_s)
        self.census = self._keeper.census
        """How many are here."""
        self._service = _Service(self._keeper, pulse)
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(interceptors=[Asked()], options=[("grpc.so_reuseport", 0)])
        presence_pb2_grpc.add_PresenceServicer_to_server(self._service, self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection([NAME, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server)
        self.port: int = self._server.add_insecure_port(address)

    async def start(self) -> None:
        """Listen."""
        await self._server.start()
        for name in ("", NAME):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        self._keeper.attend()

    async def stop(self) -> None:
        """Say that it ends, end all streams, let what was asked be answered."""
        await self._health.enter_graceful_shutdown()
        self._service.stopping.set()
        await self._server.stop(_ENDED_WITHIN_S)
        self._keeper.close()


class _Service(presence_pb2_grpc.PresenceServicer):
    def __init__(self, keeper: Keeper, pulse: Callable[[], bytes]) -> None:
        self._keeper = keeper
        self._pulse = pulse
        self._attending: dict[str, Attendance] = {}
        self.stopping = asyncio.Event()

    async def Link(self, said: AsyncIterator[proto.FromNode], context: Any) -> None:  # noqa: N802
        """See the proto."""
        first = await _first(said)
        if first is None or not 0 < len(first.node) <= _NAME:
            await context.abort(
                grpc.StatusCode.INVALID_ARGUMENT, f"no name of 1 to {_NAME} characters in the first message"
            )
            return
        attendance = self._enter(first.node)
        ears = asyncio.create_task(_listen(attendance, said))
        end = asyncio.create_task(self._end(attendance))
        try:
            attendance.hear(first)
            async for message in attendance.messages():
                async with asyncio.timeout(_TAKEN_WITHIN_S):
                    await context.write(message)
            if ears.done():
                ears.result()
        except TimeoutError:
            _log.warning("a node does not listen and is cut off", node=first.node)
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "too slow")
        except messages.Nonsense as nonsense:
            _log.warning("a node says what no node says and is cut off", node=first.node, said=str(nonsense))
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(nonsense))
        finally:
            ears.cancel()
            end.cancel()
            attendance.leave()
            if self._attending.get(first.node) is attendance:
                del self._attending[first.node]

    def _enter(self, node: str) -> Attendance:
        if before := self._attending.get(node):
            before.leave()
        attendance = self._attending[node] = Attendance(self._keeper, node)
        return attendance

    async def _end(self, attendance: Attendance) -> None:
        await self.stopping.wait()
        attendance.leave()

    async def Count(self, request: proto.CountRequest, context: Any) -> proto.CountReply:  # noqa: N802
        """See the proto."""
        await _refuse_more_than(_GUILDS_IN_A_QUESTION, request.guild_ids, "guilds", context)
        return proto.CountReply(counts=[self._keeper.tracker.count(guild_id) for guild_id in request.guild_ids])

    async def Find(self, request: proto.FindRequest, context: Any) -> proto.FindReply:  # noqa: N802
        """See the proto."""
        await _refuse_more_than(_USERS_IN_A_QUESTION, request.user_ids, "users", context)
        found = self._keeper.tracker.of_users(request.guild_id, request.user_ids)
        return proto.FindReply(presences=map(messages.user_presence, found))

    async def Absent(self, request: proto.AbsentRequest, context: Any) -> proto.AbsentReply:  # noqa: N802
        """See the proto."""
        await _refuse_more_than(_USERS_IN_A_QUESTION, request.user_ids, "users", context)
        return proto.AbsentReply(user_ids=self._keeper.tracker.absent(request.user_ids))

    async def Pulse(self, request: proto.PulseRequest, context: Any) -> proto.PulseReply:  # noqa: N802
        """See the proto."""
        return proto.PulseReply(pulse=self._pulse())

    async def Away(self, request: proto.AwayRequest, context: Any) -> proto.AwayReply:  # noqa: N802
        """See the proto."""
        return proto.AwayReply(ms=self._keeper.tracker.away_ms(request.session_id, self._keeper.clock()))

    async def Recent(self, request: proto.RecentRequest, context: Any) -> proto.RecentReply:  # noqa: N802
        """See the proto."""
        await _refuse_more_than(_GUILDS_IN_A_QUESTION, request.guild_ids, "guilds", context)
        away_ms = request.away_ms if request.HasField("away_ms") else None
        await self._keeper.recall(away_ms)
        return messages.recent_reply(self._keeper.tracker.recent(away_ms, request.guild_ids, self._keeper.clock()))


async def _refuse_more_than(limit: int, ids: Sized, of_what: str, context: Any) -> None:
    if len(ids) > limit:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"more than {limit} {of_what}")


async def _first(said: AsyncIterator[proto.FromNode]) -> proto.FromNode | None:
    try:
        async with asyncio.timeout(_FIRST_WORD_WITHIN_S):
            return await anext(said, None)
    except (TimeoutError, DecodeError):
        return None


async def _listen(attendance: Attendance, said: AsyncIterator[proto.FromNode]) -> None:
    """Until the node says no more. Raises Nonsense."""
    try:
        async for message in said:
            attendance.hear(message)
    except DecodeError:
        raise messages.Nonsense("bytes that are no message") from None
    finally:
        attendance.leave()

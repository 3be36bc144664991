"""Asks the services that are named whether they serve, by gRPC's own health protocol."""

from __future__ import annotations

import asyncio

from derailed.doctor.facts import At
from derailed.doctor.probes import WITHIN_S
from derailed.settings import Settings


async def look(settings: Settings) -> tuple[At, ...]:
    """Those that do not."""
    named = [("DERAILED_PRESENCE_URL", each) for each in settings.presence_url]
    named += [("DERAILED_MEMBERS_URL", each) for each in settings.members_url]
    troubles = await asyncio.gather(*(serving(address) for _, address in named))
    seen = (At(variable, address, why) for (variable, address), why in zip(named, troubles, strict=True))
    return tuple(at for at in seen if at.seen)


async def serving(address: str) -> str:
    """Why nobody serves there; nothing when somebody does."""
    import grpc  # takes 100 ms, and most installations have no such service
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    async with grpc.aio.insecure_channel(address) as channel:
        asking = health_pb2_grpc.HealthStub(channel)
        try:
            answer = await asking.Check(health_pb2.HealthCheckRequest(), timeout=WITHIN_S)
        except grpc.aio.AioRpcError as error:
            return "no answer" if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED else error.code().name.lower()
    return "" if answer.status == health_pb2.HealthCheckResponse.SERVING else "it is stopping"

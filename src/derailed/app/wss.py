"""`derailed wss`: one node of the WebSocket Service. It reads the database and hears the bus."""

from __future__ import annotations

import structlog

from derailed.actions.sessions import Sessions
from derailed.actions.tokens import Tokens
from derailed.app import measures
from derailed.app.door import address_of, bind_shared, listen, nothing_here
from derailed.app.gateway import node
from derailed.app.parts import Parts, now_ms
from derailed.app.process import Process
from derailed.gateway.connection import protocol
from derailed.gateway.service import Service
from derailed.model.snowflakes import Snowflakes
from derailed.settings import Settings

_log = structlog.stdlib.get_logger(__name__)


async def serve(settings: Settings, *, is_worker: bool = False) -> None:
    """Run until it is told to stop; then send its clients to the other nodes, over some seconds.

    Workers share a port, and are not listened to before they are ready: clients go to those that are.
    """
    settings.require("wss", "database_url", "bus_url", "presence_url")
    take = bind_shared if is_worker else listen
    with take(settings.gateway_host, settings.gateway_port, "DERAILED_GATEWAY_PORT") as listener:
        async with Parts(settings, patient=True) as parts, Process(settings, "wss") as process:
            if not is_worker:
                door = process.open(listener)
                door.application = nothing_here
            _log.info("starting", address=address_of(listener, "ws"), node=parts.node)
            gateway = await process.unless_stopped(_gateway(parts, process))
            if gateway is None:
                return
            if is_worker:
                door = process.open(listener)
                door.application = nothing_here
            door.gateway = protocol(gateway)
            process.run(gateway.run())
            _log.info("ready")
            await process.begun()
            await process.unless_hurried(gateway.close(settings.drain_s))
        parts.prove_claim()


async def _gateway(parts: Parts, process: Process) -> Service:
    store = await parts.store()
    measures.of_store(store)
    claim = await parts.claim()
    if claim is not None:
        process.run(claim.hold(process.stop))
    bus = await parts.bus(None, store)
    process.readiness.needs("database", lambda: store.is_up, "can not be reached")
    process.readiness.needs("bus", lambda: bus.is_up, "can not be reached")
    context = parts.context(store, bus, Snowflakes(0))  # of which none is made
    process.run(process.pulsing.run(bus))
    tokens = Tokens(store, now_ms)
    process.run(tokens.run())
    sessions = Sessions(context, tokens)
    return await node(parts, process, store, bus, sessions, context.secret)

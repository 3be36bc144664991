"""`derailed members`: the Supreme Member Storage. It reads the database once a guild, and hears the rest on the bus."""

from __future__ import annotations

import structlog

from derailed.app import measures, pulse
from derailed.app.door import free
from derailed.app.parts import Parts
from derailed.app.process import Process
from derailed.members import Members
from derailed.members.local import LocalMembers
from derailed.members.server import MembersServer
from derailed.settings import Settings

_log = structlog.stdlib.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Run until it is told to stop; wait for what is not there yet."""
    settings.require("members", "database_url", "bus_url", "presence_url")
    where = free(settings.members_host, settings.members_port, "DERAILED_MEMBERS_PORT")
    async with Parts(settings, patient=True) as parts, Process(settings, "members") as process:
        members = await process.unless_stopped(_members(parts, process))
        if members is None:
            return
        server = MembersServer(where, members)
        await server.start()
        parts.push_async_callback(server.stop)
        _log.info("ready", port=server.port)
        await process.begun()
    parts.prove_claim()


async def _members(parts: Parts, process: Process) -> Members:
    store = await parts.store()
    measures.of_store(store)
    claim = await parts.claim()
    if claim is not None:
        process.run(claim.hold(process.stop))
    bus = await parts.bus(None, store)
    presences = parts.presences()
    process.readiness.needs("database", lambda: store.is_up, "can not be reached")
    process.readiness.needs("bus", lambda: bus.is_up, "can not be reached")
    members = LocalMembers(store, bus, presences)
    measures.of_services(presences, members)
    pulse.of_keeper(process.pulsing, members.keeper)
    process.run(process.pulsing.run(bus))
    parts.push_async_callback(members.close)
    return members

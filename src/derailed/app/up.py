"""`derailed up`: every part in one process, on one port and one data folder."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from derailed.api.origins import Addresses
from derailed.app.acting import Acting, answering
from derailed.app.door import address_of, listen
from derailed.app.gateway import node
from derailed.app.parts import Parts
from derailed.app.process import Process
from derailed.gateway.connection import protocol
from derailed.settings import Settings

_log = structlog.stdlib.get_logger(__name__)


async def serve(settings: Settings, started: Callable[[str], None]) -> None:
    """Run until it is told to stop. `started` hears the address, once it answers."""
    if settings.bus_url and not settings.presence_url:
        _log.warning("who is here is known to this process alone: others need DERAILED_PRESENCE_URL in common")
    with listen(settings.http_host, settings.http_port, "DERAILED_HTTP_PORT") as listener:
        async with Parts(settings) as parts, Process(settings, "up") as process:
            acting = await Acting.open(parts, parts.log(), process.stop, process.pulsing)
            acting.watched_by(process.readiness)
            sessions, secret = acting.verbs.sessions, acting.context.secret
            gateway = await node(parts, process, acting.store, acting.bus, sessions, secret)
            door = process.open(listener)
            addresses = Addresses(settings.public_url, settings.gateway_url)
            door.application, door.at_once = answering(settings, parts, acting, addresses)
            door.gateway = protocol(gateway)
            process.run(*acting.works, gateway.run())
            started(address_of(listener))
            await process.begun()
            await acting.drained()
            await gateway.close()
        parts.prove_claim()

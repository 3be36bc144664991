"""`derailed api`: the HTTP door alone. The Gateway is elsewhere; what happens reaches it over the bus."""

from __future__ import annotations

import structlog

from derailed.api.origins import Addresses
from derailed.app.acting import Acting, answering
from derailed.app.door import address_of, listen, no_gateway
from derailed.app.parts import Parts
from derailed.app.process import Process
from derailed.settings import Settings

_log = structlog.stdlib.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Run until it is told to stop; wait for what is not there yet."""
    settings.require("api", "database_url", "bus_url", "presence_url")
    with listen(settings.http_host, settings.http_port, "DERAILED_HTTP_PORT") as listener:
        async with Parts(settings, patient=True) as parts, Process(settings, "api") as process:
            door = process.open(listener)
            door.gateway = no_gateway
            _log.info("starting", address=address_of(listener))
            acting = await process.unless_stopped(Acting.open(parts, None, process.stop, process.pulsing))
            if acting is None:
                return
            acting.bus.connect()  # no topic is heard on it: it shows whether the bus is there while nothing happens
            acting.watched_by(process.readiness)
            presences = parts.presences()
            process.readiness.likes(
                "presence", lambda: presences.is_up, "no service answers: counts of who is here are 0"
            )
            addresses = Addresses(settings.public_url, settings.gateway_url, settings.gateway_port)
            door.application, door.at_once = answering(settings, parts, acting, addresses)
            process.run(*acting.works)
            _log.info("ready")
            await process.begun()
            await acting.drained()
        parts.prove_claim()

"""A node: the WebSocket Service with the two services that it asks, in this process or elsewhere."""

from __future__ import annotations

from derailed.actions.sessions import Sessions
from derailed.app import measures, pulse
from derailed.app.parts import Parts, now_ms
from derailed.app.process import Process
from derailed.bus import Bus
from derailed.gateway.service import Service
from derailed.store import Store


async def node(parts: Parts, process: Process, store: Store, bus: Bus, sessions: Sessions, secret: bytes) -> Service:
    """The service of this process."""
    from derailed.members.local import LocalMembers
    from derailed.presence.local import LocalPresences

    settings, readiness, pulsing = parts.settings, process.readiness, process.pulsing
    presences = parts.presences()
    members = parts.members(store, bus, presences)
    readiness.likes("presence", lambda: presences.is_up, "no service answers: nobody is seen to come or go")
    readiness.likes("members", lambda: members.is_up, "no service answers: read from the database, lists stand still")
    links = presences.link(parts.node), members.link(parts.node)
    address = settings.gateway_url or settings.public_url or None
    service = Service(bus, sessions, secret, *links, now_ms, address, await parts.rules())
    measures.of_gateway(service)
    measures.of_services(presences, members)
    pulse.of_gateway(pulsing, service)
    pulse.of_bus(pulsing, bus, settings.bus_kind, lambda: service.hub.cursor, lambda: service.lag_s)
    if isinstance(presences, LocalPresences):
        pulse.of_census(pulsing, presences.census)
    if isinstance(members, LocalMembers):
        pulse.of_keeper(pulsing, members.keeper)
    return service

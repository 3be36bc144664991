"""A node: the WebSocket Service with the two services that it asks, in this process or elsewhere."""

from __future__ import annotations

from derailed import telemetry
from derailed.actions.sessions import Sessions
from derailed.app.parts import Parts, now_ms
from derailed.app.readiness import Readiness
from derailed.bus import Bus
from derailed.gateway.service import Service
from derailed.store import Store


async def node(
    parts: Parts, readiness: Readiness, store: Store, bus: Bus, sessions: Sessions, secret: bytes
) -> Service:
    """The service of this process."""
    settings = parts.settings
    presences = parts.presences()
    members = parts.members(store, bus, presences)
    readiness.likes("presence", lambda: presences.is_up, "no service answers: nobody is seen to come or go")
    readiness.likes("members", lambda: members.is_up, "no service answers: read from the database, lists stand still")
    links = presences.link(parts.node), members.link(parts.node)
    address = settings.gateway_url or settings.public_url or None
    service = Service(bus, sessions, secret, *links, now_ms, address, await parts.rules())
    telemetry.show("gateway_sockets", "Sockets that are open.", service.sockets)
    telemetry.show("gateway_sessions", "Sessions that are on this node.", lambda: len(service.hub.registry))
    telemetry.show("gateway_topics", "Topics that its sessions follow.", lambda: len(service.hub.registry.topics))
    return service

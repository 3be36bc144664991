"""`derailed presence`: the Presence Service. It keeps everything in memory, and is told it again by the nodes."""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog

from derailed.app import measures, pulse
from derailed.app.door import free
from derailed.app.process import Process
from derailed.presence.server import PresenceServer
from derailed.settings import Settings
from derailed.wire.operator import encode

_log = structlog.stdlib.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Run until it is told to stop."""
    where = free(settings.presence_host, settings.presence_port, "DERAILED_PRESENCE_PORT")
    async with AsyncExitStack() as parts, Process(settings, "presence") as process:
        pulsing = process.pulsing
        server = PresenceServer(where, lambda: encode(pulsing.now()), resume_window_s=settings.resume_window_s)
        pulse.of_census(pulsing, server.census)
        measures.of_census(server.census)
        await server.start()
        parts.push_async_callback(server.stop)
        _log.info("ready", port=server.port)
        await process.begun()

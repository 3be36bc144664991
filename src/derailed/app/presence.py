"""`derailed presence`: the Presence Service. It keeps everything in memory, and is told it again by the nodes."""

from __future__ import annotations

import structlog

from derailed.app.parts import Parts
from derailed.app.process import Process
from derailed.app.trouble import CannotStart
from derailed.presence.server import PresenceServer
from derailed.settings import Settings, bracketed

_log = structlog.stdlib.get_logger(__name__)


async def serve(settings: Settings) -> None:
    """Run until it is told to stop."""
    where = f"{bracketed(settings.presence_host)}:{settings.presence_port}"
    async with Parts(settings) as parts, Process(settings) as process:
        try:
            server = PresenceServer(where, resume_window_s=settings.resume_window_s)
        except RuntimeError:  # which is how gRPC puts it
            raise CannotStart(f"DERAILED_PRESENCE_PORT: can not listen on {where}") from None
        await server.start()
        parts.push_async_callback(server.stop)
        _log.info("ready", port=server.port)
        await process.begun()

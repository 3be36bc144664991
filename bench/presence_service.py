"""The Presence Service that the bench measures. `python -m bench.presence_service PORT`"""

from __future__ import annotations

import asyncio
import sys

import uvloop

from derailed.presence.server import PresenceServer


async def main() -> None:
    """Until killed."""
    server = PresenceServer(f"127.0.0.1:{sys.argv[1]}", settles_in_ms=0)
    await server.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main())

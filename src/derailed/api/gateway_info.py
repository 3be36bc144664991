"""Where the Gateway is, and how many may come at once."""

from __future__ import annotations

from typing import Any

from litestar import get

from derailed.api.asking import ANYBODY, Asked, Who
from derailed.api.origins import origin

_LIMIT = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 16}
"""Libraries wait by this before they identify. Ours admits identifies at its own rate, so it need not hold them."""


@get("/gateway", opt=ANYBODY)
async def anyone(request: Asked) -> dict[str, str]:
    """The address."""
    return {"url": _url(request)}


@get("/gateway/bot")
async def for_bots(request: Asked, actor: Who) -> dict[str, Any]:
    """The address, and what a bot plans its start by."""
    return {"url": _url(request), "shards": 1, "session_start_limit": _LIMIT}


def _url(request: Asked) -> str:
    return f"ws{origin(request).removeprefix('http')}/gateway"


ROUTES = (anyone, for_bots)

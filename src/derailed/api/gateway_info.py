"""Where the Gateway is, and how many may come at once."""

from __future__ import annotations

from typing import Any

from litestar import get

from derailed.api.asking import ANYBODY, Asked, Who

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
    """As the operator says; else the very host that was asked, so that it is right behind any proxy."""
    public: str = request.app.state.public_url
    if public:
        return f"ws{public.removeprefix('http').rstrip('/')}/gateway"
    scheme = request.headers.get("x-forwarded-proto", request.scope["scheme"]).split(",")[0]  # the outermost proxy's
    host = request.headers.get("host") or "{}:{}".format(*(request.scope["server"] or ("127.0.0.1", 80)))
    return f"{'wss' if scheme == 'https' else 'ws'}://{host}/gateway"


ROUTES = (anyone, for_bots)

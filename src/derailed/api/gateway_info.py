"""Where the Gateway is, and how many may come at once."""

from __future__ import annotations

from litestar import get

from derailed.api.asking import ANYBODY, Asked, Who
from derailed.api.origins import origin
from derailed.wire.replies import BotGatewayReply, GatewayReply


@get("/gateway", opt=ANYBODY)
async def anyone(request: Asked) -> GatewayReply:
    """The address."""
    return GatewayReply(_url(request))


@get("/gateway/bot")
async def for_bots(request: Asked, actor: Who) -> BotGatewayReply:
    """The address, and what a bot plans its start by."""
    return BotGatewayReply(_url(request))


def _url(request: Asked) -> str:
    return f"ws{origin(request).removeprefix('http')}/gateway"


ROUTES = (anyone, for_bots)

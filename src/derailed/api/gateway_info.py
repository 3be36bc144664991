"""Where the Gateway is, and how many may come at once."""

from __future__ import annotations

from litestar import get

from derailed.api.asking import ANYBODY, Asked, Who
from derailed.api.origins import gateway
from derailed.wire.replies import BotGatewayReply, GatewayReply


@get("/gateway", opt=ANYBODY)
async def anyone(request: Asked) -> GatewayReply:
    """The address."""
    return GatewayReply(gateway(request))


@get("/gateway/bot")
async def for_bots(request: Asked, actor: Who) -> BotGatewayReply:
    """The address, and what a bot plans its start by."""
    return BotGatewayReply(gateway(request))


ROUTES = (anyone, for_bots)

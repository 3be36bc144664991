"""The route of those who run the instance."""

from __future__ import annotations

from litestar import get

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.wire.operator import Instance


@get("/operator", opt=refuses("missing_permissions"))
async def look(verbs: Ask, actor: Who) -> Instance:
    """How the instance is: its processes, what they do, the bus and the database. For its operators alone."""
    return await verbs.operators.look(actor)


ROUTES = (look,)

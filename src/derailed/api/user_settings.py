"""Routes of what people set for themselves."""

from __future__ import annotations

from litestar import get, patch
from litestar.params import JSONBody

from derailed.api.asking import Ask, Who
from derailed.api.declaring import refuses
from derailed.wire.user_settings import EditSettings, UserSettings


@get("/users/@me/settings", opt=refuses("not_for_bots"))
async def own(verbs: Ask, actor: Who) -> UserSettings:
    """One's own settings."""
    return await verbs.settings.own(actor)


@patch("/users/@me/settings", opt=refuses("not_for_bots"))
async def edit(verbs: Ask, actor: Who, data: JSONBody[EditSettings]) -> UserSettings:
    """Change some of them; all of them are answered."""
    return await verbs.settings.edit(actor, data)


ROUTES = (own, edit)

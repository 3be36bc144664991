"""Routes of harvests: the archive of what is one's own."""

from __future__ import annotations

from typing import Any, Final, cast

from litestar import Response, get, post
from litestar.response import Stream

from derailed.actions.harvests import Standing
from derailed.api.asking import Ask, Asked, Who
from derailed.api.declaring import gives, refuses
from derailed.api.origins import origin
from derailed.wire.harvests import HarvestShape, State
from derailed.wire.rest import timestamp

_ARCHIVE: Final = "/users/@me/harvest/archive"
_ZIP: Final = "application/zip"


@post("/users/@me/harvest", opt=refuses("not_for_bots"), status_code=200)
async def begin(verbs: Ask, actor: Who, request: Asked) -> HarvestShape:
    """Ask for an archive of all that is one's own."""
    return _shape(await verbs.harvests.begin(actor), request)


@get("/users/@me/harvest", opt=refuses("not_for_bots", "unknown_harvest"))
async def newest(verbs: Ask, actor: Who, request: Asked) -> HarvestShape:
    """How far the one is that was asked for last."""
    return _shape(await verbs.harvests.newest(actor), request)


@get(_ARCHIVE, opt=refuses("not_for_bots", "unknown_harvest") | gives(_ZIP))
async def archive(verbs: Ask, actor: Who) -> Response[None]:
    """The archive, as a zip of JSON, while it is there."""
    blob = await verbs.harvests.archive(actor)
    headers = {
        "content-length": str(blob.size),
        "content-disposition": 'attachment; filename="derailed.zip"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    whole: Any = Stream(blob.read(0, blob.size), media_type=_ZIP, headers=headers)
    return cast("Response[None]", whole)


def _shape(of: Standing, request: Asked) -> HarvestShape:
    return HarvestShape(
        harvest_id=str(of.id),
        user_id=str(of.user_id),
        state=of.state,
        created_at=timestamp(of.created_at),
        completed_at=None if of.finished_at is None else timestamp(of.finished_at),
        expires_at=None if of.expires_at is None else timestamp(of.expires_at),
        url=f"{origin(request)}/api/v10{_ARCHIVE}" if of.state is State.COMPLETED else None,
    )


ROUTES = (begin, newest, archive)

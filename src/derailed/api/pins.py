"""Routes of pins, in their new form and in the old one that some libraries still use."""

from __future__ import annotations

from typing import cast

import msgspec
from litestar import delete, get, put
from litestar.params import FromPath
from msgspec import Raw

from derailed.api.asking import Ask, Asked, Who
from derailed.api.declaring import queried, refuses
from derailed.api.pages import pins_asked
from derailed.wire.messages import MessageShape, PinShape, PinsQuery, PinsShape
from derailed.wire.rest import timestamp

_ONE = ["/channels/{channel_id:int}/messages/pins/{message_id:int}", "/channels/{channel_id:int}/pins/{message_id:int}"]


@get(
    "/channels/{channel_id:int}/messages/pins", opt=refuses("wrong_channel_type", "missing_access") | queried(PinsQuery)
)
async def page(verbs: Ask, actor: Who, channel_id: FromPath[int], request: Asked) -> PinsShape:
    """Up to `limit` (1–50, else 50) pinned messages, the latest first, that were pinned before the time `before`."""
    limit, before_ms = pins_asked(request.scope["query_string"])
    found, more = await verbs.pins.page(actor, channel_id, before_ms=before_ms, limit=limit)
    items = [PinShape(pinned_at=timestamp(pinned_at), message=Raw(message)) for pinned_at, message in found]
    return cast(PinsShape, Raw(msgspec.json.encode(PinsShape(items=items, has_more=more))))


@get("/channels/{channel_id:int}/pins", opt=refuses("wrong_channel_type", "missing_access"))
async def newest(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> list[MessageShape]:
    """The 50 messages that were pinned last."""
    found, _ = await verbs.pins.page(actor, channel_id)
    return cast("list[MessageShape]", Raw(b"[%b]" % b",".join(message for _, message in found)))


@put(
    _ONE,
    opt=refuses(
        "wrong_channel_type",
        "too_many_pins",
        "direct_refused",
        "missing_access",
        "system_message",
        "missing_permissions",
        "unknown_message",
    ),
    status_code=204,
)
async def pin(verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int]) -> None:
    """Pin a message."""
    await verbs.pins.pin(actor, channel_id, message_id)


@delete(
    _ONE,
    opt=refuses("wrong_channel_type", "direct_refused", "missing_access", "missing_permissions", "unknown_message"),
    status_code=204,
)
async def unpin(verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int]) -> None:
    """Unpin a message."""
    await verbs.pins.unpin(actor, channel_id, message_id)


ROUTES = (page, newest, pin, unpin)

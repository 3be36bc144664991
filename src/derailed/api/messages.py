"""Routes of messages. The verbs answer in JSON, which goes out as it is."""

from __future__ import annotations

from typing import cast

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody
from msgspec import Raw

from derailed.api.asking import Ask, Asked, Who
from derailed.api.declaring import queried, refuses
from derailed.api.forms import AskedWithFiles
from derailed.api.pages import asked
from derailed.wire.messages import BulkDelete, EditMessage, MessageShape, PageQuery, SendMessage


@get("/channels/{channel_id:int}/messages", opt=refuses("wrong_channel_type", "missing_access") | queried(PageQuery))
async def page(verbs: Ask, actor: Who, channel_id: FromPath[int], request: Asked) -> list[MessageShape]:
    """Up to `limit` (1–100, else 50) messages, newest first: the newest, or those before, after or around an id."""
    found = await verbs.messages.page(actor, channel_id, asked(request.scope["query_string"]))
    return cast("list[MessageShape]", Raw(found))


@get(
    "/channels/{channel_id:int}/messages/{message_id:int}",
    opt=refuses("wrong_channel_type", "missing_access", "missing_permissions"),
)
async def one(verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int]) -> MessageShape:
    """One message."""
    return _shown(await verbs.messages.get(actor, channel_id, message_id))


@post(
    "/channels/{channel_id:int}/messages",
    opt=refuses(
        "empty_message",
        "wrong_channel_type",
        "too_many_attachments",
        "direct_refused",
        "missing_access",
        "missing_permissions",
        "slow_mode",
    ),
    status_code=200,
    request_class=AskedWithFiles,
)
async def send(
    verbs: Ask, actor: Who, channel_id: FromPath[int], data: JSONBody[SendMessage], request: AskedWithFiles
) -> MessageShape:
    """Send a message, with up to ten files when the body is multipart."""
    return _shown(await verbs.messages.send(actor, channel_id, data, request.uploads()))


@patch(
    "/channels/{channel_id:int}/messages/{message_id:int}",
    opt=refuses(
        "empty_message",
        "wrong_channel_type",
        "too_many_attachments",
        "direct_refused",
        "missing_access",
        "system_message",
        "not_author",
        "missing_permissions",
    ),
    request_class=AskedWithFiles,
)
async def edit(
    verbs: Ask,
    actor: Who,
    channel_id: FromPath[int],
    message_id: FromPath[int],
    data: JSONBody[EditMessage],
    request: AskedWithFiles,
) -> MessageShape:
    """Change one's own message, or hide the embeds of another's."""
    return _shown(await verbs.messages.edit(actor, channel_id, message_id, data, request.uploads()))


@delete(
    "/channels/{channel_id:int}/messages/{message_id:int}",
    opt=refuses("wrong_channel_type", "direct_channel", "missing_access", "missing_permissions"),
    status_code=204,
)
async def end(verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int]) -> None:
    """Delete a message."""
    await verbs.messages.delete(actor, channel_id, message_id)


@post(
    "/channels/{channel_id:int}/messages/bulk-delete",
    opt=refuses(
        "bulk_count", "bulk_too_old", "wrong_channel_type", "direct_channel", "missing_access", "missing_permissions"
    ),
    status_code=204,
)
async def end_many(verbs: Ask, actor: Who, channel_id: FromPath[int], data: JSONBody[BulkDelete]) -> None:
    """Delete 2–100 messages that are younger than two weeks."""
    await verbs.messages.delete_many(actor, channel_id, data.messages)


@post(
    "/channels/{channel_id:int}/messages/{message_id:int}/crosspost",
    opt=refuses(
        "published_already",
        "wrong_channel_type",
        "direct_channel",
        "direct_refused",
        "missing_access",
        "missing_permissions",
    ),
    status_code=200,
)
async def crosspost(verbs: Ask, actor: Who, channel_id: FromPath[int], message_id: FromPath[int]) -> MessageShape:
    """Mark a message of an announcement channel as published. Nobody follows such channels here."""
    return _shown(await verbs.messages.publish(actor, channel_id, message_id))


@post(
    "/channels/{channel_id:int}/typing",
    opt=refuses("wrong_channel_type", "direct_refused", "missing_access", "missing_permissions"),
    status_code=204,
)
async def typing(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> None:
    """Say that one is typing, for the next ten seconds."""
    await verbs.messages.typing(actor, channel_id)


def _shown(reply: bytes) -> MessageShape:
    return cast(MessageShape, Raw(reply))  # already JSON; the type is what the documents tell


ROUTES = (page, one, send, edit, end, end_many, crosspost, typing)

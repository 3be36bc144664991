"""Routes of webhooks. Those with a token in their path need no other."""

from __future__ import annotations

from typing import cast

from litestar import Response, delete, get, patch, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Raw

from derailed.api.asking import ANYBODY, Ask, Who
from derailed.api.declaring import refuses
from derailed.api.forms import AskedWithFiles
from derailed.wire import webhooks as wire
from derailed.wire.messages import EditMessage, MessageShape
from derailed.wire.webhooks import CreateWebhook, EditWebhook, ExecuteWebhook, WebhookShape

_BY_TOKEN = "/webhooks/{webhook_id:int}/{token:str}"
_MESSAGE = _BY_TOKEN + "/messages/{message_id:int}"


@post(
    "/channels/{channel_id:int}/webhooks",
    opt=refuses("wrong_channel_type", "too_many_webhooks", "direct_channel", "missing_access", "missing_permissions"),
    status_code=200,
)
async def create(verbs: Ask, actor: Who, channel_id: FromPath[int], data: JSONBody[CreateWebhook]) -> WebhookShape:
    """Make a webhook."""
    return wire.webhook(*await verbs.webhooks.create(actor, channel_id, data))


@get("/channels/{channel_id:int}/webhooks", opt=refuses("direct_channel", "missing_access", "missing_permissions"))
async def of_channel(verbs: Ask, actor: Who, channel_id: FromPath[int]) -> list[WebhookShape]:
    """The webhooks of a channel."""
    return [wire.webhook(*each) for each in await verbs.webhooks.of_channel(actor, channel_id)]


@get("/guilds/{guild_id:int}/webhooks", opt=refuses("missing_permissions"))
async def of_guild(verbs: Ask, actor: Who, guild_id: FromPath[int]) -> list[WebhookShape]:
    """The webhooks of a guild, of the channels in which one may manage them."""
    return [wire.webhook(*each) for each in await verbs.webhooks.of_guild(actor, guild_id)]


@get("/webhooks/{webhook_id:int}", opt=refuses("missing_access", "missing_permissions", "unknown_channel"))
async def one(verbs: Ask, actor: Who, webhook_id: FromPath[int]) -> WebhookShape:
    """A webhook that one manages."""
    return wire.webhook(*await verbs.webhooks.get(actor, webhook_id))


@patch(
    "/webhooks/{webhook_id:int}",
    opt=refuses("too_many_webhooks", "wrong_channel_type", "missing_access", "missing_permissions", "unknown_channel"),
)
async def edit(verbs: Ask, actor: Who, webhook_id: FromPath[int], data: JSONBody[EditWebhook]) -> WebhookShape:
    """Change a webhook."""
    return wire.webhook(*await verbs.webhooks.edit(actor, webhook_id, data))


@delete(
    "/webhooks/{webhook_id:int}",
    opt=refuses("missing_access", "missing_permissions", "unknown_channel"),
    status_code=204,
)
async def end(verbs: Ask, actor: Who, webhook_id: FromPath[int]) -> None:
    """Delete a webhook. What it said stays."""
    await verbs.webhooks.delete(actor, webhook_id)


@get(_BY_TOKEN, opt=ANYBODY | refuses("webhook_token"))
async def one_by_token(verbs: Ask, webhook_id: FromPath[int], token: FromPath[str]) -> WebhookShape:
    """The webhook."""
    return wire.webhook(await verbs.webhooks.get_by_token(webhook_id, token))


@patch(_BY_TOKEN, opt=ANYBODY | refuses("webhook_token"))
async def edit_by_token(
    verbs: Ask, webhook_id: FromPath[int], token: FromPath[str], data: JSONBody[EditWebhook]
) -> WebhookShape:
    """Change the webhook, but for its channel."""
    return wire.webhook(await verbs.webhooks.edit_by_token(webhook_id, token, data))


@delete(_BY_TOKEN, opt=ANYBODY | refuses("webhook_token"), status_code=204)
async def end_by_token(verbs: Ask, webhook_id: FromPath[int], token: FromPath[str]) -> None:
    """Delete the webhook."""
    await verbs.webhooks.delete_by_token(webhook_id, token)


@post(
    _BY_TOKEN,
    opt=ANYBODY | refuses("empty_message", "too_many_attachments", "webhook_token", "unknown_guild"),
    status_code=200,
    responses={204: ResponseSpec(None, description="It was said.")},
    request_class=AskedWithFiles,
)
async def execute(
    verbs: Ask,
    webhook_id: FromPath[int],
    token: FromPath[str],
    data: JSONBody[ExecuteWebhook],
    request: AskedWithFiles,
    wait: FromQuery[bool] = False,
) -> Response[MessageShape | None]:
    """Say something; with `wait` the message, else 204."""
    reply = await verbs.webhook_messages.execute(webhook_id, token, data, request.uploads())
    return Response(_shown(reply)) if wait else Response(None, status_code=204)


@get(_MESSAGE, opt=ANYBODY | refuses("webhook_token", "unknown_guild"))
async def message(
    verbs: Ask, webhook_id: FromPath[int], token: FromPath[str], message_id: FromPath[int]
) -> MessageShape:
    """One of the webhook's messages."""
    return _shown(await verbs.webhook_messages.get(webhook_id, token, message_id))


@patch(
    _MESSAGE,
    opt=ANYBODY | refuses("too_many_attachments", "empty_message", "webhook_token", "system_message", "unknown_guild"),
    request_class=AskedWithFiles,
)
async def edit_message(
    verbs: Ask,
    webhook_id: FromPath[int],
    token: FromPath[str],
    message_id: FromPath[int],
    data: JSONBody[EditMessage],
    request: AskedWithFiles,
) -> MessageShape:
    """Change one of the webhook's messages."""
    return _shown(await verbs.webhook_messages.edit(webhook_id, token, message_id, data, request.uploads()))


@delete(_MESSAGE, opt=ANYBODY | refuses("webhook_token", "unknown_guild"), status_code=204)
async def end_message(verbs: Ask, webhook_id: FromPath[int], token: FromPath[str], message_id: FromPath[int]) -> None:
    """Delete one of the webhook's messages."""
    await verbs.webhook_messages.delete(webhook_id, token, message_id)


def _shown(reply: bytes) -> MessageShape:
    return cast(MessageShape, Raw(reply))  # already JSON; the type is what the documents tell


ROUTES = (
    create,
    of_channel,
    of_guild,
    one,
    edit,
    end,
    one_by_token,
    edit_by_token,
    end_by_token,
    execute,
    message,
    edit_message,
    end_message,
)

"""Webhooks on the wire, and what they send."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from derailed.model.user import User
from derailed.model.webhook import Webhook
from derailed.wire import limits, rest
from derailed.wire.messages import SendMessage, encode
from derailed.wire.requests import Snowflake, text
from derailed.wire.shapes import Id, UserShape

WebhookName = Annotated[str, text(*limits.WEBHOOK_NAME)]


class CreateWebhook(Struct, kw_only=True):
    """POST a webhook."""

    name: WebhookName
    avatar: str | None = None


class EditWebhook(Struct, kw_only=True):
    """PATCH a webhook. By its token it can not be moved to another channel."""

    name: WebhookName | UnsetType | None = UNSET
    avatar: str | UnsetType | None = UNSET
    channel_id: Snowflake | UnsetType | None = UNSET


class ExecuteWebhook(SendMessage):
    """POST to a webhook: a message, and what the webhook calls itself this time."""

    username: WebhookName | None = None
    avatar_url: str | None = None


class WebhookShape(Struct, kw_only=True):
    """A webhook. `user`, who made it, is left out for those who know no more than its token."""

    id: Id
    type: int = 1
    guild_id: Id
    channel_id: Id
    user: UserShape | UnsetType = UNSET
    name: str
    avatar: str | None
    token: str
    application_id: Id | None = None


class WebhookAuthor(UserShape, kw_only=True):
    """The author of a webhook's message."""

    discriminator: str = "0000"
    global_name: str | None = None
    bot: bool | UnsetType = True
    public_flags: int = 0


class WebhooksUpdate(Struct):
    """`d` of WEBHOOKS_UPDATE: in this channel there is another webhook, or one less, or one that has changed."""

    guild_id: Id
    channel_id: Id


def webhook(of: Webhook, maker: User | None = None) -> WebhookShape:
    """The webhook; `maker` is who made it, for those who may manage it."""
    return WebhookShape(
        id=str(of.id),
        guild_id=str(of.guild_id),
        channel_id=str(of.channel_id),
        user=UNSET if maker is None else rest.user(maker),
        name=of.name,
        avatar=of.avatar,
        token=of.token,
    )


def author(of: Webhook, username: str | None) -> bytes:
    """What the webhook calls itself, encoded."""
    return encode(WebhookAuthor(id=str(of.id), username=username or of.name, avatar=of.avatar))


def update(guild_id: int, channel_id: int) -> bytes:
    """WEBHOOKS_UPDATE."""
    return encode(WebhooksUpdate(str(guild_id), str(channel_id)))

"""Webhooks: make, list, change and remove them, by those who manage them or by their token.

A token is shown only to those who manage webhooks in its channel, and to whoever knows it already.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Final

from msgspec import UnsetType
from msgspec.structs import replace

from derailed.actions import images
from derailed.actions.access import Access
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.forms import Form
from derailed.actions.images import Image
from derailed.model import permissions
from derailed.model.errors import Forbidden, Invalid, Unauthenticated, Unknown
from derailed.model.guild import ChannelType
from derailed.model.user import Actor, User
from derailed.model.webhook import Webhook
from derailed.store import Connection, users, webhooks
from derailed.store.topics import Change
from derailed.wire import limits
from derailed.wire import webhooks as wire
from derailed.wire.audit import Action, ChangedKey, Entry, changed
from derailed.wire.records import Record, guild_topic
from derailed.wire.webhooks import CreateWebhook, EditWebhook

Made = tuple[Webhook, User | None]
"""A webhook, and who made it."""

_Offered = Image | UnsetType | None
_TOKEN_BYTES: Final = 48


class Webhooks:
    """The verbs of webhooks themselves; what they say: see `webhook_messages`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def create(self, actor: Actor, channel_id: int, body: CreateWebhook) -> Made:
        """A new webhook that speaks in the channel."""
        _check(body.name)
        avatar = await images.taken(self._context, "avatar", body.avatar, images.AVATAR)

        async def work(changes: Changes) -> Made:
            access = await changes.in_channel(actor, channel_id)
            access.require(permissions.MANAGE_WEBHOOKS)
            _require_speakable(access, channel_id)
            if len(await webhooks.of_channel(changes.tx, channel_id)) >= limits.WEBHOOKS:
                raise Invalid("too_many_webhooks")
            webhook = Webhook(
                id=self._context.new_id_in(changes.tx, guild_topic(access.guild.id)),
                guild_id=access.guild.id,
                channel_id=channel_id,
                user_id=actor.user_id,
                name=body.name.strip(),
                avatar=await images.replace(self._context, changes.tx, images.AVATAR, None, avatar),
                token=secrets.token_urlsafe(_TOKEN_BYTES),
            )
            await webhooks.insert(changes.tx, webhook)
            await _tell(changes, webhook.guild_id, channel_id)
            await _log(changes, actor, Action.WEBHOOK_CREATE, None, webhook)
            return webhook, await users.get(changes.tx, actor.user_id)

        async with images.held(self._context, avatar):
            return await change(self._context, work)

    async def of_channel(self, actor: Actor, channel_id: int) -> list[Made]:
        """Those of a channel in which one manages webhooks."""

        async def work(tx: Connection) -> list[Made]:
            now_ms = self._context.clock()
            access = await self._context.shapes.in_channel(tx, actor, channel_id, now_ms, lift=False)
            access.require(permissions.MANAGE_WEBHOOKS)
            return await _with_makers(tx, await webhooks.of_channel(tx, channel_id))

        return await self._context.store.read(work)

    async def of_guild(self, actor: Actor, guild_id: int) -> list[Made]:
        """Those of a guild in which one manages webhooks, but for channels in which one may not."""

        async def work(tx: Connection) -> list[Made]:
            now_ms = self._context.clock()
            access = await self._context.shapes.in_guild(tx, actor, guild_id, now_ms, lift=False)
            access.require(permissions.MANAGE_WEBHOOKS)
            found = await webhooks.of_guild(tx, guild_id)
            managed = [each for each in found if _held(access, each, now_ms) & permissions.MANAGE_WEBHOOKS]
            return await _with_makers(tx, managed)

        return await self._context.store.read(work)

    async def get(self, actor: Actor, webhook_id: int) -> Made:
        """One in a channel in which one manages webhooks."""

        async def work(tx: Connection) -> Made:
            now_ms = self._context.clock()
            webhook = await _existing(tx, webhook_id)
            where = (webhook.guild_id, webhook.channel_id)
            access = await self._context.shapes.of_guild(tx, actor, where, now_ms, lift=False)
            access.require(permissions.MANAGE_WEBHOOKS)
            return webhook, await _maker(tx, webhook)

        return await self._context.store.read(work)

    async def edit(self, actor: Actor, webhook_id: int, body: EditWebhook) -> Made:
        """Call it or show it otherwise, or let it speak in another channel of the guild."""
        avatar = await self._avatar(body)

        async def work(changes: Changes) -> Made:
            access, before = await _managed(changes, actor, webhook_id)
            target_id = body.channel_id or before.channel_id
            if target_id != before.channel_id:
                await _require_room(changes, access, before, target_id)
            after = replace(await self._edited(changes, before, body, avatar), channel_id=int(target_id))
            if after != before:
                await _write(changes, before, after)
                await _log(changes, actor, Action.WEBHOOK_UPDATE, before, after)
            return after, await _maker(changes.tx, after)

        async with images.held(self._context, avatar):
            return await change(self._context, work)

    async def delete(self, actor: Actor, webhook_id: int) -> None:
        """Remove it. What it said stays."""

        async def work(changes: Changes) -> None:
            _, webhook = await _managed(changes, actor, webhook_id)
            await self._remove(changes, webhook)
            await _log(changes, actor, Action.WEBHOOK_DELETE, webhook, None)

        await change(self._context, work)

    async def get_by_token(self, webhook_id: int, token: str) -> Webhook:
        """The webhook whose token that is. Raises Unknown("webhook"), Unauthenticated("webhook_token")."""
        return await self._context.store.read(lambda tx: proven(tx, webhook_id, token))

    async def edit_by_token(self, webhook_id: int, token: str, body: EditWebhook) -> Webhook:
        """Call it or show it otherwise."""
        await self.get_by_token(webhook_id, token)  # before its avatar is kept
        avatar = await self._avatar(body)

        async def work(changes: Changes) -> Webhook:
            before = await _held_by_token(changes, webhook_id, token)
            after = await self._edited(changes, before, body, avatar)
            if after != before:
                await _write(changes, before, after)
            return after

        async with images.held(self._context, avatar):
            return await change(self._context, work)

    async def delete_by_token(self, webhook_id: int, token: str) -> None:
        """Remove it. What it said stays."""

        async def work(changes: Changes) -> None:
            await self._remove(changes, await _held_by_token(changes, webhook_id, token))

        await change(self._context, work)

    async def _avatar(self, body: EditWebhook) -> _Offered:
        if isinstance(body.name, str):
            _check(body.name)
        return await images.taken(self._context, "avatar", body.avatar, images.AVATAR)

    async def _edited(self, changes: Changes, before: Webhook, body: EditWebhook, avatar: _Offered) -> Webhook:
        name = body.name.strip() if isinstance(body.name, str) else before.name
        shown = await images.replace(self._context, changes.tx, images.AVATAR, before.avatar, avatar)
        return replace(before, name=name, avatar=shown)

    async def _remove(self, changes: Changes, webhook: Webhook) -> None:
        await webhooks.delete(changes.tx, webhook.id)
        if webhook.avatar is not None:
            await images.retire(self._context, changes.tx, images.AVATAR, webhook.avatar)
        await _tell(changes, webhook.guild_id, webhook.channel_id)


async def proven(tx: Connection, webhook_id: int, token: str) -> Webhook:
    """The webhook, to whoever knows its token. Raises Unknown("webhook"), Unauthenticated("webhook_token")."""
    webhook = await _existing(tx, webhook_id)
    if not hmac.compare_digest(webhook.token.encode(), token.encode()):
        raise Unauthenticated("webhook_token")
    return webhook


async def _existing(tx: Connection, webhook_id: int) -> Webhook:
    webhook = await webhooks.get(tx, webhook_id)
    if webhook is None:
        raise Unknown("webhook")
    return webhook


async def _managed(changes: Changes, actor: Actor, webhook_id: int) -> tuple[Access, Webhook]:
    """The webhook, which is read again once nobody else can move or remove it."""
    found = await _existing(changes.tx, webhook_id)
    access = await changes.of_guild(actor, (found.guild_id, found.channel_id))
    webhook = await _existing(changes.tx, webhook_id)
    if not _held(access, webhook, changes.now_ms) & permissions.MANAGE_WEBHOOKS:
        raise Forbidden
    return access, webhook


async def _held_by_token(changes: Changes, webhook_id: int, token: str) -> Webhook:
    await changes.hold(guild_topic((await proven(changes.tx, webhook_id, token)).guild_id))
    return await proven(changes.tx, webhook_id, token)


async def _require_room(changes: Changes, access: Access, webhook: Webhook, channel_id: int) -> None:
    """Raise unless the webhook may be moved to that channel of its guild."""
    channel = access.guild.channels.get(channel_id)
    if channel is None or not access.sees(channel, changes.now_ms):
        raise Unknown("channel")
    if not _held(access, replace(webhook, channel_id=channel_id), changes.now_ms) & permissions.MANAGE_WEBHOOKS:
        raise Forbidden
    _require_speakable(access, channel_id)
    if len(await webhooks.of_channel(changes.tx, channel_id)) >= limits.WEBHOOKS:
        raise Invalid("too_many_webhooks")


def _held(access: Access, webhook: Webhook, now_ms: int) -> int:
    """What the actor may do in the webhook's channel."""
    return permissions.of_member(access.guild, access.member, access.guild.channels[webhook.channel_id], now_ms)


def _require_speakable(access: Access, channel_id: int) -> None:
    if access.guild.channels[channel_id].type == ChannelType.CATEGORY:
        raise Invalid("wrong_channel_type")


def _check(name: str) -> None:
    form = Form()
    form.text("name", name, *limits.WEBHOOK_NAME)
    form.finish()


async def _write(changes: Changes, before: Webhook, after: Webhook) -> None:
    await webhooks.update(changes.tx, after)
    for channel_id in dict.fromkeys((before.channel_id, after.channel_id)):
        await _tell(changes, after.guild_id, channel_id)


async def _tell(changes: Changes, guild_id: int, channel_id: int) -> None:
    data = wire.update(guild_id, channel_id)
    record = Record(event="WEBHOOKS_UPDATE", guild=guild_id, channel=channel_id, data=data)
    await changes.emit(guild_topic(guild_id), Change.NOTHING, record)


async def _log(changes: Changes, actor: Actor, action: Action, before: Webhook | None, after: Webhook | None) -> None:
    of = after or before
    assert of is not None
    await changes.audit(actor, of.guild_id, Entry(action, of.id, _difference(before, after)))


def _difference(before: Webhook | None, after: Webhook | None) -> tuple[ChangedKey, ...]:
    return changed(before and wire.webhook(before), after and wire.webhook(after))


async def _maker(tx: Connection, webhook: Webhook) -> User | None:
    return None if webhook.user_id is None else await users.get(tx, webhook.user_id)


async def _with_makers(tx: Connection, found: list[Webhook]) -> list[Made]:
    makers = await users.many(tx, {each.user_id for each in found if each.user_id is not None})
    return [(each, None if each.user_id is None else makers.get(each.user_id)) for each in found]

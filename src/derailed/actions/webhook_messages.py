"""What webhooks say: send, see, change and delete, by whoever knows the webhook's token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from derailed.actions import attachments, files, places, posting, rendering
from derailed.actions.access import Access
from derailed.actions.attachments import NO_FILES, Enclosed, Uploads
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.actions.drafts import require_whole
from derailed.actions.forms import Form, refuse
from derailed.actions.places import Place, message_in
from derailed.actions.posting import Speaker
from derailed.actions.webhooks import proven
from derailed.model import permissions
from derailed.model.errors import Unknown
from derailed.model.guild import Member
from derailed.model.message import Message
from derailed.model.webhook import Webhook
from derailed.store import Connection, topics
from derailed.store.topics import Versions
from derailed.wire import limits
from derailed.wire import webhooks as wire
from derailed.wire.messages import EditMessage
from derailed.wire.records import guild_topic
from derailed.wire.webhooks import ExecuteWebhook

_At = Callable[[str], Awaitable[Versions]]
"""How a verb comes to where the guild's topic stands: it looks, or it lifts it to change something."""


class WebhookMessages:
    """The verbs of webhooks' messages. All raise Unknown("webhook"), Unauthenticated("webhook_token")."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def execute(self, webhook_id: int, token: str, draft: ExecuteWebhook, uploads: Uploads = NO_FILES) -> bytes:
        """Say something; the message as JSON."""
        _check(draft)
        draft.nonce = draft.message_reference = None  # a webhook has nobody to send again, and answers nobody
        enclosed = await self._enclose(webhook_id, token, draft, uploads)

        async def work(tx: Connection) -> bytes:
            place, webhook = await self._enter(tx, webhook_id, token, partial(topics.lift, tx))
            require_whole(draft, enclosed)  # it may send anything
            speaker = Speaker(webhook.id, wire.author(webhook, (draft.username or "").strip()), webhook=True)
            _, reply = await posting.add(self._context, tx, place, speaker, draft, enclosed)
            return reply

        async with files.held(self._context, enclosed.keys):
            return await self._context.store.write(work)

    async def get(self, webhook_id: int, token: str, message_id: int) -> bytes:
        """One of its messages as JSON."""

        async def work(tx: Connection) -> bytes:
            place, webhook = await self._enter(tx, webhook_id, token, partial(topics.look, tx))
            return await rendering.one(tx, webhook.id, await _own(tx, place, webhook, message_id))

        return await self._context.store.read(work)

    async def edit(
        self, webhook_id: int, token: str, message_id: int, change: EditMessage, uploads: Uploads = NO_FILES
    ) -> bytes:
        """Change one of its messages; the message as JSON."""
        enclosed = await self._enclose(webhook_id, token, change, uploads)

        async def work(tx: Connection) -> bytes:
            place, webhook = await self._enter(tx, webhook_id, token, partial(topics.lift, tx))
            message = await _own(tx, place, webhook, message_id)
            return await rendering.one(tx, webhook.id, await posting.edit(tx, place, message, change, enclosed))

        async with files.held(self._context, enclosed.keys):
            return await self._context.store.write(work)

    async def delete(self, webhook_id: int, token: str, message_id: int) -> None:
        """Delete one of its messages."""

        async def work(changes: Changes) -> None:
            place, webhook = await self._enter(changes.tx, webhook_id, token, changes.hold)
            await posting.remove(changes, place, await _own(changes.tx, place, webhook, message_id))

        await change(self._context, work)

    async def _enclose(
        self, webhook_id: int, token: str, said: ExecuteWebhook | EditMessage, uploads: Uploads
    ) -> Enclosed:
        webhook = await self._context.store.read(lambda tx: proven(tx, webhook_id, token))
        return await attachments.enclose(self._context, webhook.channel_id, said.embeds, said.attachments, uploads)

    async def _enter(self, tx: Connection, webhook_id: int, token: str, at: _At) -> tuple[Place, Webhook]:
        """Where the webhook speaks, as a member without roles who may mention everyone."""
        versions = await at(guild_topic((await proven(tx, webhook_id, token)).guild_id))
        webhook = await proven(tx, webhook_id, token)  # again, as it may have been moved before the topic was locked
        guild = await self._context.shapes.guild(tx, webhook.guild_id, versions)
        channel = guild.channels[webhook.channel_id]
        member = Member(guild_id=guild.id, user_id=webhook.id, joined_at=0)
        access = Access(versions.rev, guild, member, permissions.OF_WEBHOOK, channel)
        return places.of(access, self._context.clock()), webhook


async def _own(tx: Connection, place: Place, webhook: Webhook, message_id: int) -> Message:
    message = await message_in(tx, place, message_id)
    if message.author_id != webhook.id:
        raise Unknown("message")
    return message


def _check(draft: ExecuteWebhook) -> None:
    form = Form()
    if draft.username is not None:
        form.text("username", draft.username, *limits.WEBHOOK_NAME)
    form.finish()
    if draft.avatar_url and not draft.avatar_url.lower().startswith(("http://", "https://")):
        raise refuse("avatar_url", "URL_TYPE_INVALID_SCHEME", "Scheme must be one of http://, https://.")

"""Putting a message into a channel, and changing it: kept, and told to all who may hear.

The same for whoever speaks: a member, or a webhook under the name that it gives itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import UNSET, Struct, structs

from derailed.actions import attachments, mentions, places, rendering
from derailed.actions.attachments import Enclosed
from derailed.actions.changes import Changes
from derailed.actions.context import Context
from derailed.actions.drafts import edit_body, new_body
from derailed.actions.forms import refuse
from derailed.actions.places import Place
from derailed.actions.rendering import Announcement, Parts
from derailed.model.errors import Forbidden
from derailed.model.message import SYSTEM, Message
from derailed.store import Connection, blobs, messages, read_states
from derailed.store import mentions as mentioned_rows
from derailed.store.mentions import Mention
from derailed.telemetry import CAUSE
from derailed.wire.messages import (
    Body,
    EditMessage,
    MessageDelete,
    SendMessage,
    SentReference,
    bare,
    body_of,
    encode,
    end_of,
)
from derailed.wire.records import Record


class Speaker(Struct, frozen=True):
    """Who says it, as JSON: an account with the membership beside it, or what a webhook calls itself."""

    id: int
    user: bytes
    beside: bytes | None = None
    webhook: bool = False


async def add(
    context: Context, tx: Connection, place: Place, speaker: Speaker, draft: SendMessage, enclosed: Enclosed
) -> tuple[Message, bytes]:
    """Add a message, under the revs that its topics were lifted to; the row, and the message as its sender gets it."""
    if place.conversation is not None and place.conversation.hidden_from:
        place = await places.reopened(context, tx, place)
    channel, content, reference = place.channel, draft.content or "", draft.message_reference
    answered = None if reference is None else await _answered(tx, place, reference)
    found = mentions.in_content(content, draft.allowed_mentions, place)
    replied = answered if answered is not None and mentions.answers(draft.allowed_mentions) else None
    wanted = mentions.with_author(found.users, replied)
    mentioned = await rendering.people(tx, channel.guild_id, wanted) if wanted else []
    message_id = context.new_id_in(tx, place.topic)
    body = new_body(message_id, channel, draft, enclosed, found, answered)
    if speaker.webhook:
        body.webhook_id = str(speaker.id)
    message = Message(
        channel_id=channel.id,
        id=message_id,
        author_id=speaker.id,
        reply_to=None if answered is None else answered.id,
        mentions=mentions.kept([user.id for user, _ in mentioned]) if mentioned else None,
        reacted=0,
        body=end_of(body),
        webhook_author=speaker.user if speaker.webhook else None,
    )
    messages.insert(tx, message)
    if mentioned or found.roles or found.everyone:
        called = [user.id for user, member in mentioned if not user.bot and (member or place.talks_with(user.id))]
        calls = mentions.calls(found, called, place.guild_id)
        mentioned_rows.insert(tx, Mention(message_id, channel.id, place.guild_id), speaker.id, calls)
    if enclosed.files:
        await attachments.keep(tx, channel.id, enclosed, place.now_ms)
    answer = None if answered is None else await rendering.answered(tx, answered)
    parts = Parts(speaker.user, speaker.beside, rendering.mentions_of(mentioned), draft.nonce, answer)
    told = rendering.announce(parts, channel, message.body, bare(body))
    await places.emit(tx, place, record("MESSAGE_CREATE", place, message, told))
    return message, told.reply


async def edit(tx: Connection, place: Place, message: Message, change: EditMessage, enclosed: Enclosed) -> Message:
    """Write the change into the message, under the rev that the topic was lifted to; what has become of it."""
    body = body_of(message.body)
    if body.type in SYSTEM:
        raise Forbidden("system_message")
    found, wanted = None, message.mentioned
    if change.content is not UNSET:
        found = mentions.in_content(change.content or "", change.allowed_mentions, place)
        answered = None if message.reply_to is None else await messages.get(tx, place.channel.id, message.reply_to)
        keeps = answered is not None and answered.author_id in wanted and mentions.answers(change.allowed_mentions)
        wanted = mentions.with_author(found.users, answered if keeps else None)
    edit_body(body, change, enclosed, found, place.now_ms)
    edited, told = await rewrite(tx, place, message, body, wanted)
    await attachments.keep(tx, place.channel.id, enclosed, place.now_ms)
    await blobs.doom(tx, set(message.files) - set(edited.files), 0)
    await places.emit(tx, place, told)
    return edited


async def rewrite(
    tx: Connection, place: Place, message: Message, body: Body, wanted: Iterable[int]
) -> tuple[Message, Record]:
    """Keep another body, which mentions those of `wanted` that exist; the row, and the record that tells of it."""
    mentioned = await rendering.people(tx, place.guild_id, wanted)
    edited = structs.replace(message, mentions=mentions.kept(user.id for user, _ in mentioned), body=end_of(body))
    await messages.update(tx, edited)
    answered = None if edited.reply_to is None else await messages.get(tx, place.channel.id, edited.reply_to)
    parts = await rendering.parts_of(tx, place.guild_id, edited, mentioned, answered)
    told = rendering.announce(parts, place.channel, edited.body, bare(body))
    return edited, record("MESSAGE_UPDATE", place, edited, told)


async def remove(changes: Changes, place: Place, message: Message) -> None:
    """Remove a message, and tell that it is gone."""
    await read_states.outlive(changes.tx, place.guild_id, message.channel_id, [message.id])
    await messages.remove(changes.tx, message.channel_id, [message.id])
    data = encode(MessageDelete(str(message.id), str(message.channel_id), place.guild_key))
    await places.tell(changes, place, record("MESSAGE_DELETE", place, message, Announcement(b"", data, None)))


def record(event: str, place: Place, message: Message, told: Announcement) -> Record:
    """The record of what happened to a message."""
    return Record(
        event=event,
        rev=place.told[0][1],
        id=message.id,
        time=place.now_ms,
        guild=place.guild_id,
        channel=message.channel_id,
        author=message.author_id,
        mentions=message.mentioned,
        data=told.data,
        stripped=told.stripped,
        cause=CAUSE.get(),
    )


async def _answered(tx: Connection, place: Place, reference: SentReference) -> Message | None:
    """The message that is answered, which must be in this very channel. Raises Invalid when it may not be missing."""
    elsewhere = reference.channel_id is not None and reference.channel_id != place.channel.id
    if reference.type or elsewhere:
        raise refuse(
            "message_reference",
            "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL",
            "Only a reply in the same channel can be sent",
        )
    answered = await messages.get(tx, place.channel.id, reference.message_id)
    if answered is None and reference.fail_if_not_exists is not False:
        raise refuse("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    if answered is not None and body_of(answered.body).type in SYSTEM:
        message = "Cannot reply to a system message"
        raise refuse("message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", message)
    return answered

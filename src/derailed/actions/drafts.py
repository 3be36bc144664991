"""From what somebody wants to say to what is kept: what is refused, and the body of a message."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import UNSET

from derailed.actions.attachments import Enclosed, arranged
from derailed.actions.forms import refuse
from derailed.actions.mentions import Mentions
from derailed.actions.places import Place
from derailed.model import permissions, snowflakes
from derailed.model.errors import Forbidden, Invalid
from derailed.model.guild import Channel
from derailed.model.message import Message, MessageFlag, MessageType
from derailed.wire.embeds import RICH, show_files
from derailed.wire.messages import MAX_NONCE, Body, EditMessage, Reference, SendMessage
from derailed.wire.rest import timestamp

# Plain numbers: an operation on an enum costs ten times as much, and every message would pay it.
_SUPPRESS_EMBEDS = int(MessageFlag.SUPPRESS_EMBEDS)
_SETTABLE = _SUPPRESS_EMBEDS | int(MessageFlag.SUPPRESS_NOTIFICATIONS)
_DEFAULT, _REPLY = int(MessageType.DEFAULT), int(MessageType.REPLY)


def require_sendable(place: Place, draft: SendMessage, enclosed: Enclosed) -> None:
    """Raise unless the actor may send this there, and it can be sent."""
    place.require_speaking()
    _require_enclosing(place, enclosed)
    if draft.message_reference is not None:
        # An answer shows what it answers to its author, who must be one who may read it.
        place.require_reading()
    require_whole(draft, enclosed)


def require_whole(draft: SendMessage, enclosed: Enclosed) -> None:
    """Raise unless it says something."""
    _check_nonce(draft.nonce)
    _require_something(draft.content, enclosed.embeds, enclosed.files)


def _require_enclosing(place: Place, enclosed: Enclosed) -> None:
    if enclosed.embeds:
        place.require_speaking(permissions.EMBED_LINKS)
    if enclosed.files:
        place.require_speaking(permissions.ATTACH_FILES)


def _check_nonce(nonce: int | str | None) -> None:
    if isinstance(nonce, int) and abs(nonce) >= 10**MAX_NONCE:
        raise refuse("nonce", "BASE_TYPE_BAD_LENGTH", f"Must be {MAX_NONCE} or fewer in length.")
    if isinstance(nonce, str) and "\0" in nonce:
        raise refuse("nonce", "STRING_TYPE_REGEX", "Must not contain the null character.")


def require_editable(place: Place, message: Message, change: EditMessage, enclosed: Enclosed) -> None:
    """Raise unless the actor wrote it, or changes only what a moderator may: the flags."""
    if message.author_id == place.actor_id:
        _require_enclosing(place, enclosed)
        return
    if (
        change.content is not UNSET
        or change.embeds is not UNSET
        or change.attachments is not UNSET
        or enclosed.files
        or not place.permissions & permissions.MANAGE_MESSAGES
    ):
        raise Forbidden("not_author")


def new_body(
    message_id: int,
    channel: Channel,
    draft: SendMessage,
    enclosed: Enclosed,
    found: Mentions,
    answered: Message | None,
) -> Body:
    """The body of a new message."""
    body = Body(
        id=str(message_id),
        type=_DEFAULT if answered is None else _REPLY,
        channel_id=str(channel.id),
        content=(draft.content or "").strip(),
        timestamp=timestamp(snowflakes.time_ms(message_id)),
        mention_everyone=found.everyone,
        mention_roles=[str(role_id) for role_id in found.roles],
        attachments=arranged((), draft.attachments or (), enclosed),
        embeds=enclosed.embeds,
        flags=(draft.flags or 0) & _SETTABLE,
    )
    if body.attachments:
        show_files(body.embeds, {each.filename: each.url for each in body.attachments})
    if answered is not None:
        body.message_reference = Reference(
            str(answered.id), str(channel.id), str(channel.guild_id) if channel.guild_id else UNSET
        )
    return body


def edit_body(body: Body, change: EditMessage, enclosed: Enclosed, found: Mentions | None, now_ms: int) -> None:
    """Write the change into the body; `found` are the mentions of new content. Raises when nothing is left of it."""
    if found is not None:
        content = (change.content or "").strip()
        if content != body.content:
            body.embeds = [embed for embed in body.embeds if embed.type == RICH]  # the others are of its old links
        body.content = content
        body.mention_everyone, body.mention_roles = found.everyone, [str(role_id) for role_id in found.roles]
    if change.attachments is not UNSET or enclosed.files:
        body.attachments = arranged(body.attachments, change.attachments, enclosed)
    if change.embeds is not UNSET:
        body.embeds = enclosed.embeds
        show_files(body.embeds, {each.filename: each.url for each in body.attachments})
    if change.flags is not UNSET:
        body.flags = body.flags & ~_SUPPRESS_EMBEDS | (change.flags or 0) & _SUPPRESS_EMBEDS
    if found is not None or change.embeds is not UNSET or change.attachments is not UNSET or enclosed.files:
        body.edited_timestamp = timestamp(now_ms)
    _require_something(body.content, body.embeds, body.attachments)


def _require_something(content: str | None, *enclosed: Collection[object]) -> None:
    if not any(enclosed) and (content is None or not content.strip()):
        raise Invalid("empty_message")

"""Conversations on the wire: each is shown without whoever reads it among its recipients."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from derailed.model.conversation import Shown
from derailed.model.user import User
from derailed.wire import rest
from derailed.wire.messages import encode
from derailed.wire.shapes import Id, Timestamp, UserShape


class ConversationShape(Struct, kw_only=True):
    """A DM (type 1) or a group (type 3). `recipients` are the others; name, icon and owner are a group's."""

    id: Id
    type: int
    last_message_id: Id | None
    last_pin_timestamp: Timestamp | UnsetType = UNSET
    flags: int = 0
    recipients: list[UserShape]
    name: str | UnsetType | None = UNSET
    icon: str | UnsetType | None = UNSET
    owner_id: Id | UnsetType | None = UNSET


class RecipientEvent(Struct, kw_only=True):
    """`d` of CHANNEL_RECIPIENT_ADD and CHANNEL_RECIPIENT_REMOVE."""

    channel_id: Id
    user: UserShape


def shape(of: Shown, reader_id: int) -> ConversationShape:
    """The conversation as one of its recipients sees it."""
    talk = of.conversation
    found = ConversationShape(
        id=str(talk.id),
        type=talk.type,
        last_message_id=None if of.last_message_id is None else str(of.last_message_id),
        last_pin_timestamp=UNSET if talk.last_pin_at is None else rest.timestamp(talk.last_pin_at),
        recipients=[rest.user(of.people[each]) for each in talk.recipients if each != reader_id],
    )
    if talk.is_group:
        found.name, found.icon = talk.name, talk.icon
        found.owner_id = None if talk.owner_id is None else str(talk.owner_id)
    return found


def seen_by(of: Shown, reader_id: int) -> bytes:
    """`d` of CHANNEL_CREATE, CHANNEL_UPDATE and CHANNEL_DELETE."""
    return encode(shape(of, reader_id))


def recipient(channel_id: int, account: User) -> bytes:
    """`d` of CHANNEL_RECIPIENT_ADD and CHANNEL_RECIPIENT_REMOVE."""
    return encode(RecipientEvent(channel_id=str(channel_id), user=rest.user(account)))

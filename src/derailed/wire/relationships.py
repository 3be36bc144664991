"""Relationships on the wire: what is asked for, what is shown, and the events to each side."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Struct

from derailed.model.relationship import Relationship, RelationshipType
from derailed.wire import limits, rest
from derailed.wire.records import Record
from derailed.wire.requests import text
from derailed.wire.shapes import Id, Timestamp, UserShape

ADDED: Final = "RELATIONSHIP_ADD"
UPDATED: Final = "RELATIONSHIP_UPDATE"
REMOVED: Final = "RELATIONSHIP_REMOVE"
OF_FRIENDS: Final = frozenset({ADDED, REMOVED})
"""Who is a friend may have changed with them."""


class AskByName(Struct, kw_only=True):
    """POST /users/@me/relationships. Nobody here has a discriminator."""

    username: str
    discriminator: int | str | None = None


class SetRelationship(Struct, kw_only=True):
    """PUT /users/@me/relationships/{id}: 2 blocks, 1 or nothing asks or accepts."""

    type: int | None = None


class EditRelationship(Struct, kw_only=True):
    """PATCH /users/@me/relationships/{id}"""

    nickname: Annotated[str, text(0, limits.FRIEND_NICKNAME)] | None = None


class RelationshipShape(Struct, kw_only=True):
    """What `user` is to oneself. `id` is theirs."""

    id: Id
    type: int
    nickname: str | None
    since: Timestamp
    user: UserShape


class RelationshipRemove(Struct, kw_only=True):
    """RELATIONSHIP_REMOVE: what it was."""

    id: Id
    type: int
    nickname: str | None


_encode: Final = msgspec.json.Encoder().encode
_decode_type: Final = msgspec.json.Decoder(SetRelationship).decode


def shape(of: Relationship) -> RelationshipShape:
    """As its side sees it."""
    return RelationshipShape(
        id=str(of.user.id),
        type=int(of.type),
        nickname=of.nickname,
        since=rest.timestamp(of.since),
        user=rest.user(of.user),
    )


def told(event: str, of: Relationship) -> Record:
    """The record of one side."""
    if event == REMOVED:
        shown: Struct = RelationshipRemove(id=str(of.user.id), type=int(of.type), nickname=of.nickname)
    else:
        shown = shape(of)
    return Record(event=event, id=of.user.id, data=_encode(shown))


def befriends(record: Record) -> bool:
    """Whether after one of these records its `id` is a friend."""
    return record.event != REMOVED and _decode_type(record.data).type == RelationshipType.FRIEND

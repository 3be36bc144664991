"""How members look on the wire, kept encoded: the author beside a message, the member beside a reaction."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from derailed.model.guild import Member
from derailed.model.user import User
from derailed.store import Connection, users
from derailed.wire import rest
from derailed.wire.messages import encode

_KEPT = 10_000


class Face(NamedTuple):
    """One member's JSON."""

    member: Member
    user: bytes
    beside: bytes
    """The membership without its `user`, for where the user stands beside it."""
    whole: bytes
    """The membership with its `user`."""


class Faces:
    """Members' JSON, never stale: a change of membership or name makes `Shapes` read another `Member` value."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], Face] = OrderedDict()

    async def of(self, tx: Connection, member: Member) -> Face:
        """The face of a member whom `Shapes` returned in this transaction."""
        key = (member.guild_id, member.user_id)
        kept = self._kept.get(key)
        if kept is not None and kept.member is member:
            return kept
        user = await users.get(tx, member.user_id)
        assert user is not None  # members are accounts
        face = face_of(member, user)
        self._kept[key] = face
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return face


def face_of(member: Member, user: User) -> Face:
    """The JSON of a member."""
    return Face(
        member,
        encode(rest.user(user)),
        encode(rest.member(member, None)),
        encode(rest.member(member, user)),
    )

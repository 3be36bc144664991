"""How actors look on the wire, members kept encoded: the author beside a message, the member beside a reaction."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from derailed.actions.places import Place
from derailed.model.guild import Member
from derailed.model.user import User
from derailed.store import Connection, users
from derailed.wire import rest
from derailed.wire.messages import encode

_KEPT = 10_000


class Face(NamedTuple):
    """One actor's JSON; in a conversation there is no membership."""

    user_id: int
    user: bytes
    beside: bytes | None = None
    """The membership without its `user`, for where the user stands beside it."""
    whole: bytes | None = None
    """The membership with its `user`."""


class Faces:
    """Members' JSON, never stale: a change of membership or name makes `Shapes` read another `Member` value."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], tuple[Member, Face]] = OrderedDict()

    async def of(self, tx: Connection, place: Place) -> Face:
        """The face of whoever acts in a place that was entered in this transaction."""
        member = place.member
        if member is None:
            return Face(place.actor_id, encode(rest.user(await _account(tx, place.actor_id))))
        key = (member.guild_id, member.user_id)
        kept = self._kept.get(key)
        if kept is not None and kept[0] is member:
            return kept[1]
        face = face_of(member, await _account(tx, member.user_id))
        self._kept[key] = member, face
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return face


async def _account(tx: Connection, user_id: int) -> User:
    user = await users.get(tx, user_id)
    assert user is not None  # whoever acts is an account
    return user


def face_of(member: Member, user: User) -> Face:
    """The JSON of a member."""
    return Face(
        member.user_id,
        encode(rest.user(user)),
        encode(rest.member(member, None)),
        encode(rest.member(member, user)),
    )

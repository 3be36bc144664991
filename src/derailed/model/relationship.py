"""What one account is to another."""

from __future__ import annotations

import enum

from msgspec import Struct

from derailed.model.user import User


class RelationshipType(enum.IntEnum):
    """Discord's numbers. A friendship and a request have two sides; of a block only who blocks knows."""

    FRIEND = 1
    BLOCKED = 2
    INCOMING = 3
    OUTGOING = 4


class Relationship(Struct, frozen=True):
    """What `user` is to whomever it belongs to."""

    user: User
    type: RelationshipType
    nickname: str | None
    since: int
    """When it was asked for, became a friendship or was blocked, Unix milliseconds."""

    @property
    def is_friendship(self) -> bool:
        """Whether they are friends."""
        return self.type is RelationshipType.FRIEND

    @property
    def is_block(self) -> bool:
        """Whether `user` is blocked."""
        return self.type is RelationshipType.BLOCKED

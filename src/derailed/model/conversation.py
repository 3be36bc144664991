"""A conversation: a channel of a few people, outside of any guild. Immutable values."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from derailed.model.guild import ChannelType
from derailed.model.user import User


class Conversation(Struct, frozen=True, kw_only=True):
    """A DM, which two people have for good, or a group, which people come into and leave."""

    id: int
    type: int
    recipients: tuple[int, ...]
    """Everyone in it, whoever reads this too, in the order in which they came."""
    hidden_from: tuple[int, ...] = ()
    """Who has closed it: the next message opens it again."""
    owner_id: int | None = None
    name: str | None = None
    icon: str | None = None
    last_pin_at: int | None = None

    @property
    def is_group(self) -> bool:
        """Whether people come and leave."""
        return self.type == ChannelType.GROUP_DM


class Shown(NamedTuple):
    """A conversation with what is shown of it: the accounts of those in it, and its newest message's id."""

    conversation: Conversation
    people: dict[int, User]
    last_message_id: int | None

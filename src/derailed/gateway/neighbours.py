"""What the hub asks of others, who are made with it and need it themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from derailed.gateway.recipient import Recipient
from derailed.wire.records import Record


class Outbox(Protocol):
    """What the hub asks of the verbs: whether records of these topics up to these revs are still on their way."""

    async def pending(self, revs: Mapping[str, int]) -> bool:
        """Whether the outbox still holds one."""
        ...


class Joiner(Protocol):
    """Brings a live session into a guild that it has joined."""

    async def join(self, recipient: Recipient, guild_id: int) -> None:
        """Read the guild's snapshot and release the session with its GUILD_CREATE."""
        ...


class Feeds(Protocol):
    """What sessions are told that is not in the log."""

    def catch_up(self, recipient: Recipient) -> None:
        """The session is live (again): tell it what it could not be told before."""
        ...

    def recheck(self, recipient: Recipient) -> None:
        """What the session may see has changed."""
        ...

    def heard(self, recipient: Recipient, record: Record) -> None:
        """Something has happened to its account that may change what it shows, or whom it hears of."""
        ...

    def moved(self, recipient: Recipient) -> None:
        """The session is in other guilds now."""
        ...

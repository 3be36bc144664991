"""Rules: what an operator adds to who hears what, in Lua: shadow bans, quiet hours, lists of words.

A rule is a filter library of the broker (`derailed.broker.filters`) whose `deliver` is asked, for each record that
people make and for each user of a node who would hear it, whether they may. It can only take away: who may hear a
record at all is for the Gateway to say, and it asks rules about those alone. What rules do not answer is withheld.

A node asks in its own process, whatever the bus: it must see every record itself, or it could not tell a gap.
`lua` is the implementation; without any rule it costs a look at one attribute.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from derailed.wire.records import Record

JUDGED: Final = frozenset(
    ("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE", "TYPING_START")
)
"""What people say and do. What a guild is like, everybody has to know alike."""

Users = Mapping[int, bool]
"""Ids of users, and whether they are bots."""


class Crowd(Protocol):
    """Users who hear the same topic."""

    def are(self, users: Users) -> None:
        """These, and nobody else."""
        ...

    async def barred(self, topic: str, record: Record) -> frozenset[int]:
        """Who of them may not hear it."""
        ...

    def close(self) -> None:
        """There is no such crowd any more."""
        ...


class Rules(Protocol):
    """All rules of this process."""

    @property
    def active(self) -> bool:
        """There are any. Else nothing need be asked."""
        ...

    def crowd(self) -> Crowd:
        """Nobody yet."""
        ...

    async def withheld(self, user_id: int, records: Sequence[tuple[str, Record]], *, bot: bool) -> list[bool]:
        """Which of these records, each with its topic, one user may not hear."""
        ...

    async def run(self) -> None:
        """Look for rules that come and go, until cancelled."""
        ...

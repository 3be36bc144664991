"""Revs: one dense sequence a topic, raised in the transaction that changes what the topic is about.

A driver keeps the topics of a group of verbs in memory and writes them once (`group`), so their table is
never touched by a statement of a verb.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from derailed.store import Connection


class Versions(Struct, frozen=True, gc=False):
    """Where a topic stands. `shape` and `members` are the last revs that changed what permissions rest on."""

    rev: int
    shape: int
    members: int
    last_id: int = 0
    """The newest snowflake that was drawn in it."""
    settled: bool = True
    """False in a write in whose group the shape or the members were changed: what is read now may yet be undone."""

    @property
    def row(self) -> tuple[int, int, int, int]:
        """As the table has it."""
        return self.rev, self.shape, self.members, self.last_id


class Change(enum.IntFlag):
    """What a rev changes beyond the record itself."""

    NOTHING = 0
    SHAPE = 1
    MEMBERS = 2


NEVER = Versions(0, 0, 0)


def look(tx: Connection, topic: str) -> Awaitable[Versions]:
    """Where the topic stands in this snapshot; all zero for one that nothing has happened in.

    In a write it is also locked: what is read after it can not change until the write is over.
    """
    return tx.look(topic)


def lift(tx: Connection, topic: str) -> Awaitable[Versions]:
    """Lock the topic and raise its rev: (the new rev, and the shape and members revs *before* this change).

    A verb of several topics lifts them in sorted order, so that two verbs never wait for each other in a ring.
    """
    return tx.lift(topic)


async def mark(tx: Connection, topic: str, change: Change) -> None:
    """Say that the topic's present rev changes the shape or the members. Called after what rests on them was read."""
    tx.mark(topic, change)


async def lower(tx: Connection, topic: str) -> None:
    """Take a `lift` back in its own transaction: there was nothing to change, and every rev has its record."""
    tx.lower(topic)


def draw(tx: Connection, topic: str, next_id: Callable[[int], int]) -> int:
    """An id for something new in a topic that this verb has lifted: `next_id` is given the last one and goes above it.

    So ids grow in commit order within a topic, whatever the clocks of several processes say.
    """
    return tx.draw(topic, next_id)


async def waiting(tx: Connection) -> dict[str, int]:
    """The lowest rev of each topic that the bus may not have yet: one walk over an outbox that is all but empty."""
    rows = await tx.fetch("SELECT topic, MIN(rev) FROM outbox GROUP BY topic")
    return {row[0]: row[1] for row in rows}

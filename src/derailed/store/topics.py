"""Revs: one dense sequence a topic, raised in the transaction that changes what the topic is about."""

from __future__ import annotations

import enum

from msgspec import Struct

from derailed.store import Connection


class Versions(Struct, frozen=True, gc=False):
    """Where a topic stands. `shape` and `members` are the last revs that changed what permissions rest on."""

    rev: int
    shape: int
    members: int


class Change(enum.IntFlag):
    """What a rev changes beyond the record itself."""

    NOTHING = 0
    SHAPE = 1
    MEMBERS = 2


NEVER = Versions(0, 0, 0)

_LOOK = "SELECT rev, shape_rev, members_rev FROM topics WHERE topic = $1"
_RAISE = """
INSERT INTO topics (topic, rev, shape_rev, members_rev) VALUES ($1, 1, 0, 0)
ON CONFLICT (topic) DO UPDATE SET rev = topics.rev + 1
RETURNING rev, shape_rev, members_rev
"""
_MARK = {
    Change.SHAPE: "UPDATE topics SET shape_rev = rev WHERE topic = $1",
    Change.MEMBERS: "UPDATE topics SET members_rev = rev WHERE topic = $1",
    Change.SHAPE | Change.MEMBERS: "UPDATE topics SET shape_rev = rev, members_rev = rev WHERE topic = $1",
}


async def look(tx: Connection, topic: str) -> Versions:
    """Where the topic stands in this snapshot; all zero for one that nothing has happened in."""
    row = await tx.fetchrow(_LOOK, topic)
    return NEVER if row is None else Versions(*row)


async def lift(tx: Connection, topic: str) -> Versions:
    """Lock the topic and raise its rev: (the new rev, and the shape and members revs *before* this change).

    A verb of several topics lifts them in sorted order, so that two verbs never wait for each other in a ring.
    """
    row = await tx.fetchrow(_RAISE, topic)
    assert row is not None
    return Versions(*row)


async def mark(tx: Connection, topic: str, change: Change) -> None:
    """Say that the topic's present rev changes the shape or the members. Called after what rests on them was read."""
    await tx.execute(_MARK[change], topic)


async def lower(tx: Connection, topic: str) -> None:
    """Take a `lift` back in its own transaction: there was nothing to change, and every rev has its record."""
    await tx.execute("UPDATE topics SET rev = rev - 1 WHERE topic = $1", topic)


async def waiting(tx: Connection) -> dict[str, int]:
    """The lowest rev of each topic that the bus may not have yet: one walk over an outbox that is all but empty."""
    rows = await tx.fetch("SELECT topic, MIN(rev) FROM outbox GROUP BY topic")
    return {row[0]: row[1] for row in rows}

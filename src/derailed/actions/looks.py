"""How somebody looks, told to all who have them among their relationships: a step at a time, for they may be many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from derailed.actions import chores
from derailed.actions.changes import Changes
from derailed.actions.chores import TellLooks
from derailed.actions.relationships import tell
from derailed.store import Connection, relationships
from derailed.wire.records import user_topic
from derailed.wire.relationships import UPDATED

_AT_ONCE: Final = 100
"""Two milliseconds, in which no one else writes."""


async def changed(changes: Changes, user_id: int) -> None:
    """The account looks different: whoever has it among theirs is to hear of it."""
    if await relationships.known_by(changes.tx, user_id, 0, 1):
        await chores.begin(changes, changes.context.new_id(), user_id, TellLooks())


async def next_to_tell(tx: Connection, user_id: int, chore: TellLooks) -> list[int]:
    """Who is told in the next step. The step holds their topics and the account's own, in sorted order."""
    return await relationships.known_by(tx, user_id, chore.user_id, _AT_ONCE)


async def step(changes: Changes, user_id: int, others: Sequence[int]) -> TellLooks | None:
    """Tell these, as it is now. Who has come to know the account since they were looked up has seen it so."""
    for other_id in sorted(others, key=user_topic):
        known = await relationships.get(changes.tx, other_id, user_id)
        if known is not None:
            await tell(changes, other_id, UPDATED, known)
    return TellLooks(others[-1]) if len(others) == _AT_ONCE else None

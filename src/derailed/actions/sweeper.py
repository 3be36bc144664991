"""The sweeper: finishes what verbs began and removes what deletions left behind, a little at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from derailed.actions import chores, deletions, farewell, files, looks, prune
from derailed.actions.changes import Changes, change
from derailed.actions.chores import Chore, DeleteMessages, EndAccount, EndGuild, Prune, TakeRole, TellLooks
from derailed.actions.context import Context
from derailed.model.errors import Unavailable
from derailed.store import Connection, remains
from derailed.store import chores as tables
from derailed.wire.records import guild_topic, user_topic

_BATCH: Final = 200
"""Messages of one transaction: about two milliseconds, in which no one else writes."""
_BREATH_S: Final = 0.02
_EVERY_S: Final = 1.0


class Sweeper:
    """One per process; several do no harm."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._last_chore = 0

    async def run(self) -> None:
        """Sweep for as long as the process lives."""
        while True:
            more = await self.sweep()
            await asyncio.sleep(_BREATH_S if more else _EVERY_S)

    async def sweep(self) -> bool:
        """Take one step of a chore, and remove one batch of each kind; whether to go on soon."""
        try:
            swept = [await self._do_chore(), await self._sweep_messages(), await files.sweep(self._context)]
            return any(swept)
        except Unavailable:
            return False  # there is more to write than can be written, or blobs are out of reach: nobody waits for this

    async def _do_chore(self) -> bool:
        """One step of the next chore: each has its turn, so that a long one does not keep the others waiting."""
        found = await self._context.store.read(lambda tx: tables.after(tx, self._last_chore))
        if found is None:
            wrapped, self._last_chore = self._last_chore > 0, 0
            return wrapped
        self._last_chore, of_id = found
        await change(self._context, lambda changes: _step(changes, found[0], of_id))
        return True

    async def _sweep_messages(self) -> bool:
        if await self._context.store.read(remains.channel) is None:
            return False
        await self._context.store.write(_sweep)
        return True


async def _step(changes: Changes, chore_id: int, of_id: int) -> None:
    """Take the chore a step further, unless another process has: the guild's or the account's topic is its lock."""
    chore = await chores.progress(changes, chore_id)
    others = await looks.next_to_tell(changes.tx, of_id, chore) if isinstance(chore, TellLooks) else []
    topics = map(user_topic, (of_id, *others)) if isinstance(chore, TellLooks) else [guild_topic(of_id)]
    for topic in sorted(topics):
        await changes.hold(topic)
    if chore is not None and await chores.progress(changes, chore_id) == chore:
        await chores.keep(changes, chore_id, await _further(changes, of_id, chore, others))


async def _further(changes: Changes, guild_id: int, chore: Chore, others: Sequence[int]) -> Chore | None:
    match chore:
        case TellLooks():
            return await looks.step(changes, guild_id, others)
        case EndGuild():
            return await deletions.end_guild(changes, guild_id, chore)
        case DeleteMessages():
            return await deletions.delete_messages(changes, guild_id, chore)
        case TakeRole():
            return await deletions.take_role(changes, guild_id, chore)
        case Prune():
            return await prune.step(changes, guild_id, chore)
        case EndAccount():
            return await farewell.end_account(changes, chore)


async def _sweep(tx: Connection) -> None:
    channel_id = await remains.channel(tx)
    if channel_id is not None and await remains.remove_some(tx, channel_id, _BATCH) < _BATCH:
        await remains.forget(tx, channel_id)

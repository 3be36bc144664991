"""Indexing: follows what was said, edited and deleted, a little at a time, so that it can be searched for.

Nobody who says something waits for it, or leaves it a word: it walks over the channels, and sees whether each is
indexed up to its newest message. What a database of before lacks is caught up with in the same way. A loop that is
late has something better to do.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Final, NamedTuple

from derailed.actions import message_terms
from derailed.actions.context import Context
from derailed.model.errors import Unavailable
from derailed.store import Connection, messages, search

_CHANNELS: Final = 200
"""Of one look: half a millisecond."""
_BATCH: Final = 50
"""Messages of one transaction: two milliseconds, in which no one else writes."""
_BATCHES: Final = 4
"""Of one round."""
_EVERY_S: Final = 1.0
_LATE_S: Final = 0.002
_SHARE: Final = 0.1
"""Of the loop's time, while much is behind: some 2,000 messages a second of an idle server."""


class _Round(NamedTuple):
    """What a look has found."""

    behind: list[int]
    reached: int
    """The channel to go on after; 0 is the beginning."""


class Indexing:
    """One per process; several do no harm."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._after = 0

    async def run(self) -> None:
        """Follow for as long as the process lives."""
        loop = asyncio.get_running_loop()
        late = False
        while True:
            begun = time.thread_time()
            more = await self.step()
            took = time.thread_time() - begun  # with what others did meanwhile: the busier they are, the longer we wait
            breath = min(took / _SHARE, _EVERY_S) if more and not late else _EVERY_S
            due = loop.time() + breath
            await asyncio.sleep(breath)
            late = loop.time() - due > _LATE_S

    async def step(self) -> bool:
        """Index some of what is behind, and let go of some of what has changed; whether much is left."""
        try:
            settled = await self._settle()
            found = await self._context.store.read(partial(_look, self._after))
            behind = found.behind
            for _ in range(_BATCHES):
                if behind:
                    behind = await self._context.store.write(partial(_index, behind))
            if not behind:
                self._after = found.reached
            return bool(behind) or settled == _BATCH
        except Unavailable:
            return False  # nobody waits for this

    async def finish(self) -> None:
        """Until nothing is behind."""
        while await self.step() or self._after or await self._context.store.read(_is_behind):
            pass

    async def _settle(self) -> int:
        channel_id = await self._context.store.read(search.touched_channel)
        if channel_id is None:
            return 0
        return await self._context.store.write(partial(_settle, channel_id))


async def _look(after: int, tx: Connection) -> _Round:
    standing = await search.walk(tx, after, _CHANNELS)
    behind = [each.channel_id for each in standing if each.indexed_id < each.newest_id]
    return _Round(behind, standing[-1].channel_id if len(standing) == _CHANNELS else 0)


async def _is_behind(tx: Connection) -> bool:
    return bool((await _look(0, tx)).behind) or await search.touched_channel(tx) is not None


async def _index(channel_ids: list[int], tx: Connection) -> list[int]:
    """Index the next messages of these channels, which ascend; those that may have more."""
    room = _BATCH
    for place, channel_id in enumerate(channel_ids):
        indexed_id = await search.claim(tx, channel_id)
        batch = await search.after(tx, channel_id, indexed_id, room)
        # Of a guild that was deleted and has come back, the index may hold some as they were.
        await search.drop(tx, [message.id for message in batch])
        for message in batch:
            terms = message_terms.of_message(message)
            if terms:
                search.add(tx, channel_id, message.id, terms)
        if batch:
            await search.reach(tx, channel_id, batch[-1].id)
        room -= len(batch)
        if not room:
            return channel_ids[place:]
    return []


async def _settle(channel_id: int, tx: Connection) -> int:
    """Let the index know some messages of the channel as they are now; how many those were."""
    indexed_id = await search.claim(tx, channel_id)
    touched = await search.touched(tx, channel_id, _BATCH)
    ids = [message_id for message_id, _ in touched]
    await search.drop(tx, ids)
    for message in (await messages.many(tx, channel_id, ids)).values():
        terms = message_terms.of_message(message) if message.id <= indexed_id else None
        if terms:
            search.add(tx, channel_id, message.id, terms)
    for message_id, times in touched:
        await search.settle(tx, message_id, times)
    if not indexed_id:
        await search.forget_channel(tx, channel_id)  # it is gone, or not begun
    return len(touched)

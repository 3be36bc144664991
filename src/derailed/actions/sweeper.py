"""The sweeper: removes what deletions left behind, a little at a time, while everything else goes on."""

from __future__ import annotations

import asyncio
from typing import Final

from derailed.model.errors import Unavailable
from derailed.store import Connection, Store, remains

_BATCH: Final = 200
"""Messages of one transaction: about two milliseconds, in which no one else writes."""
_BREATH_S: Final = 0.05
_EVERY_S: Final = 10.0


class Sweeper:
    """One per process; several do no harm."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def run(self) -> None:
        """Sweep for as long as the process lives."""
        while True:
            more = await self.sweep()
            await asyncio.sleep(_BREATH_S if more else _EVERY_S)

    async def sweep(self) -> bool:
        """Remove one batch; whether to go on soon."""
        if await self._store.read(remains.channel) is None:
            return False
        try:
            await self._store.write(_sweep)
        except Unavailable:
            return False  # there is more to write than can be written: nobody waits for this
        return True


async def _sweep(tx: Connection) -> None:
    channel_id = await remains.channel(tx)
    if channel_id is not None and await remains.remove_some(tx, channel_id, _BATCH) < _BATCH:
        await remains.forget(tx, channel_id)

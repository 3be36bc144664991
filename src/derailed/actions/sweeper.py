"""The sweeper: removes what deletions left behind, a little at a time, while everything else goes on."""

from __future__ import annotations

import asyncio
from typing import Final

from derailed.actions import files
from derailed.actions.context import Context
from derailed.model.errors import Unavailable
from derailed.store import Connection, remains

_BATCH: Final = 200
"""Messages of one transaction: about two milliseconds, in which no one else writes."""
_BREATH_S: Final = 0.05
_EVERY_S: Final = 10.0


class Sweeper:
    """One per process; several do no harm."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def run(self) -> None:
        """Sweep for as long as the process lives."""
        while True:
            more = await self.sweep()
            await asyncio.sleep(_BREATH_S if more else _EVERY_S)

    async def sweep(self) -> bool:
        """Remove one batch of each kind; whether to go on soon."""
        try:
            messages = await self._sweep_messages()
            return await files.sweep(self._context) or messages
        except Unavailable:
            return False  # there is more to write than can be written, or blobs are out of reach: nobody waits for this

    async def _sweep_messages(self) -> bool:
        if await self._context.store.read(remains.channel) is None:
            return False
        await self._context.store.write(_sweep)
        return True


async def _sweep(tx: Connection) -> None:
    channel_id = await remains.channel(tx)
    if channel_id is not None and await remains.remove_some(tx, channel_id, _BATCH) < _BATCH:
        await remains.forget(tx, channel_id)

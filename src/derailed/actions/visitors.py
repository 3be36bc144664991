"""Visitors: members who came by a temporary invite. They leave by going offline, unless they are given a role.

That they are visitors is kept with their membership, and who is offline is asked over and over, so it does not matter
which process dies when. While presence is down, or can not be certain, nobody leaves.
"""

from __future__ import annotations

import asyncio
from typing import Final

from derailed.actions import joining
from derailed.actions.changes import Changes, change
from derailed.actions.context import Context
from derailed.model.errors import Unavailable
from derailed.presence import Down, Presences
from derailed.store import guilds, members
from derailed.wire.records import guild_topic

STAYS_MS: Final = 60_000
"""A lost connection is no departure: libraries take up to a minute to come back, and so does a server."""
_EVERY_S: Final = 10.0
_LOOKED_AT: Final = 500
"""Visitors of one read and one question."""


class Visitors:
    """One per process that has presences to ask; several do no harm."""

    def __init__(self, context: Context, presences: Presences) -> None:
        self._context = context
        self._presences = presences
        self._absent: dict[tuple[int, int], int] = {}
        """Visitors who had no session when we last looked, and when we first saw that."""

    async def run(self) -> None:
        """Look for as long as the process lives."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """Let those leave who have been offline for long enough."""
        before, self._absent = self._absent, {}
        reached = 0, 0
        try:
            while page := await self._page(*reached):
                absent = set(await self._presences.absent(list({user_id for _, user_id in page})))
                for visitor in page:
                    if visitor[1] in absent:
                        await self._is_absent(visitor, before)
                reached = page[-1]
        except (Down, Unavailable):
            self._absent = {}  # who knows who was here meanwhile

    async def _page(self, guild_id: int, user_id: int) -> list[tuple[int, int]]:
        return await self._context.store.read(lambda tx: members.visitors(tx, guild_id, user_id, _LOOKED_AT))

    async def _is_absent(self, visitor: tuple[int, int], before: dict[tuple[int, int], int]) -> None:
        now_ms = self._context.clock()
        since_ms = before.get(visitor, now_ms)
        if now_ms - since_ms < STAYS_MS:
            self._absent[visitor] = since_ms
        else:
            await change(self._context, lambda changes: _leave(changes, *visitor))


async def _leave(changes: Changes, guild_id: int, user_id: int) -> None:
    """End the visit, unless they were given a role, or the guild, or came only now."""
    await changes.hold(guild_topic(guild_id))
    guild, pair = await guilds.shape(changes.tx, guild_id, 0), await members.get(changes.tx, guild_id, user_id)
    if guild is None or pair is None or guild.owner_id == user_id:
        return
    member, account = pair
    if member.temporary and changes.now_ms - member.joined_at >= STAYS_MS:
        await joining.exit_from(changes, guild, account)

"""Who has gone while no Presence Service knew of them.

One that starts has never heard of those who do not come back. A session that was away then holds them to be here, and
nobody can name them: so once everybody had the time to come back, it is told to be gone of whoever belongs to its guild
and is not here. That is a frame a member, so it is not told in a guild of more than `BELONGING_MAX`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from derailed.actions.sessions import Sessions
from derailed.gateway.recipient import Recipient
from derailed.presence import Down
from derailed.telemetry import apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from derailed.gateway.presence_feed import PresenceFeed

BACK_WITHIN_S: Final = 12.0
"""A node's lease or grace, and a little: who is not here by then has gone."""
BELONGING_MAX: Final = 1000
_AGAIN_S: Final = 1.0
_KEPT_S: Final = 10.0
"""Those who come back together ask the store once a guild."""


class Departed:
    """Of one hub."""

    def __init__(self, feed: PresenceFeed, sessions: Sessions) -> None:
        self._feed = feed
        self._sessions = sessions
        self._belonging: dict[int, asyncio.Task[frozenset[int]]] = {}

    async def tell(self, recipient: Recipient, guild_ids: Sequence[int]) -> None:
        """Tell a session that was resumed, in these guilds and, under its own id, of its friends."""
        await asyncio.sleep(BACK_WITHIN_S)
        while not recipient.ended():
            try:
                await self._feed.known(recipient, guild_ids)
            except Down:
                await asyncio.sleep(_AGAIN_S)
                continue
            for guild_id in guild_ids:
                belonging = await self._of(recipient, guild_id)
                if belonging and self._feed.asks(recipient, guild_id):
                    here = {presence.user_id for presence in self._feed.here(recipient, guild_id)}
                    if gone := belonging - here - {recipient.id.user_id}:
                        recipient.unseen.setdefault(guild_id, set()).update(gone)
            await self._feed.catch_up(recipient)
            return

    async def _of(self, recipient: Recipient, group_id: int) -> frozenset[int]:
        """Who belongs to the guild; to a session's own id, its friends."""
        if group_id == recipient.id.user_id:
            return recipient.friends
        asked = self._belonging.get(group_id)
        if asked is None:
            asked = self._belonging[group_id] = apart(self._sessions.belonging_to(group_id, BELONGING_MAX))
            asyncio.get_running_loop().call_later(_KEPT_S, self._belonging.pop, group_id, None)
        return await asyncio.shield(asked)

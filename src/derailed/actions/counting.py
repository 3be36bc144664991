"""How many are here: what answers mention in passing, and do without when nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derailed.actions.context import Context
from derailed.presence import Down


async def online(context: Context, guild_ids: Iterable[int]) -> Mapping[int, int]:
    """How many of each guild are not offline: 0 while presence is down, or where there is none at hand."""
    asked = dict.fromkeys(guild_ids, 0)
    if context.presences is None or not asked:
        return asked
    try:
        return await context.presences.counts(asked)
    except Down:
        return asked

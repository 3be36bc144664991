"""Finding members by the beginning of a name: page by page, so that even a huge guild holds nobody up."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from derailed.actions.context import Context
from derailed.store import Connection, members
from derailed.store.members import Pair

_LOOKED_AT: Final = 1000
"""Members of one read, of whom most do not match: a millisecond or two, after which others have their turn."""


async def matching(context: Context, guild_id: int, prefix: str, limit: int) -> list[Pair]:
    """Members whose username or nick begins with `prefix`, whatever its case, ascending by id."""
    found: list[Pair] = []
    reached: int | None = 0
    while reached is not None and len(found) < limit:
        part, reached = await context.store.read(partial(_part, guild_id, prefix, reached, limit - len(found)))
        found += part
        await asyncio.sleep(0)
    return found


async def _part(guild_id: int, prefix: str, after: int, limit: int, tx: Connection) -> tuple[list[Pair], int | None]:
    """Those of the next page of members, and where the page after it begins."""
    until = await members.at(tx, guild_id, after, _LOOKED_AT)
    return await members.matching(tx, guild_id, prefix, after, until, limit), until

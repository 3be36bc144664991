"""Who said what in a channel: what the deletion of somebody's messages goes by, as no index leads to them."""

from __future__ import annotations

from typing import cast

from derailed.store import Connection

_BETWEEN = "SELECT id, author_id FROM messages WHERE channel_id = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4"


async def between(tx: Connection, channel_id: int, after: int, until: int, limit: int) -> list[tuple[int, int]]:
    """Ids and authors of the messages above `after` and up to `until`, ascending."""
    return cast(list[tuple[int, int]], await tx.fetch(_BETWEEN, channel_id, after, until, limit))

"""Which messages are pinned in a channel, and since when. They go with their messages: see `messages.remove`."""

from __future__ import annotations

from typing import NamedTuple

from derailed.store import Connection

_INSERT = "INSERT INTO pins (channel_id, message_id, pinned_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
_DELETE = "DELETE FROM pins WHERE channel_id = $1 AND message_id = $2"
_PAGE = """
SELECT message_id, pinned_at FROM pins WHERE channel_id = $1 AND pinned_at < $2
ORDER BY pinned_at DESC, message_id DESC LIMIT $3
"""


class Pin(NamedTuple):
    """One pinned message. `pinned_at` is Unix milliseconds."""

    message_id: int
    pinned_at: int


async def page(tx: Connection, channel_id: int, before_ms: int, limit: int) -> list[Pin]:
    """What was pinned before that moment, the latest first."""
    return [Pin(*row) for row in await tx.fetch(_PAGE, channel_id, before_ms, limit)]


async def count(tx: Connection, channel_id: int) -> int:
    """How many there are."""
    row = await tx.fetchrow("SELECT COUNT(*) FROM pins WHERE channel_id = $1", channel_id)
    return 0 if row is None else int(row[0])


async def latest(tx: Connection, channel_id: int) -> int | None:
    """When the latest that is left was pinned."""
    row = await tx.fetchrow("SELECT MAX(pinned_at) FROM pins WHERE channel_id = $1", channel_id)
    return None if row is None else row[0]


async def add(tx: Connection, channel_id: int, pin: Pin) -> bool:
    """Pin a message; False when it was."""
    return await tx.execute(_INSERT, channel_id, *pin) == 1


async def remove(tx: Connection, channel_id: int, message_id: int) -> bool:
    """Unpin a message; False when it was not pinned."""
    return await tx.execute(_DELETE, channel_id, message_id) == 1


async def forget_channel(tx: Connection, channel_id: int) -> None:
    """The channel is gone."""
    await tx.execute("DELETE FROM pins WHERE channel_id = $1", channel_id)


async def set_latest(tx: Connection, channel_id: int, pinned_at: int | None) -> None:
    """Say in the channel's own row when something was last pinned. It stays when that message is deleted."""
    await tx.execute("UPDATE channels SET last_pin_at = $2 WHERE id = $1", channel_id, pinned_at)

"""When a member last spoke in a channel with slow mode."""

from __future__ import annotations

from derailed.store import Connection

_SET = """
INSERT INTO slow_mode (channel_id, user_id, sent_at) VALUES ($1, $2, $3)
ON CONFLICT (channel_id, user_id) DO UPDATE SET sent_at = excluded.sent_at
"""
# Two out for one in: the table shrinks to what is young, and no request pays for a long silence.
_SWEEP = """
DELETE FROM slow_mode WHERE (channel_id, user_id) IN
    (SELECT channel_id, user_id FROM slow_mode WHERE sent_at < $1 ORDER BY sent_at LIMIT 2)
"""


async def last(tx: Connection, channel_id: int, user_id: int) -> int | None:
    """When the member last spoke there, if that is not long ago."""
    row = await tx.fetchrow("SELECT sent_at FROM slow_mode WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)
    return None if row is None else int(row[0])


async def spoke(tx: Connection, channel_id: int, user_id: int, now_ms: int, *, since_ms: int) -> None:
    """The member has spoken; forget a few who did before `since_ms`."""
    await tx.execute(_SET, channel_id, user_id, now_ms)
    await tx.execute(_SWEEP, since_ms)

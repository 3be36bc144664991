"""What each account has set for itself, as JSON: the store knows nothing of what it means."""

from __future__ import annotations

from derailed.store import Connection

_PUT = """
INSERT INTO user_settings (user_id, body) VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET body = $2
"""


async def get(tx: Connection, user_id: int) -> bytes | None:
    """What was set; None for who never set anything."""
    row = await tx.fetchrow("SELECT body FROM user_settings WHERE user_id = $1", user_id)
    return None if row is None else bytes(row[0])


async def put(tx: Connection, user_id: int, body: bytes) -> None:
    """Keep it instead of what was set before."""
    await tx.execute(_PUT, user_id, body)

"""Notes: what one has written down about others. Nobody else ever reads them."""

from __future__ import annotations

from derailed.store import Connection

_PUT = """
INSERT INTO notes (user_id, other_id, note) VALUES ($1, $2, $3)
ON CONFLICT (user_id, other_id) DO UPDATE SET note = $3
"""


async def get(tx: Connection, user_id: int, other_id: int) -> str | None:
    """What the user has written down about the other."""
    row = await tx.fetchrow("SELECT note FROM notes WHERE user_id = $1 AND other_id = $2", user_id, other_id)
    return None if row is None else str(row[0])


async def of_user(tx: Connection, user_id: int) -> dict[int, str]:
    """All that the user has written down."""
    rows = await tx.fetch("SELECT other_id, note FROM notes WHERE user_id = $1 ORDER BY other_id", user_id)
    return {row[0]: row[1] for row in rows}


async def put(tx: Connection, user_id: int, other_id: int, note: str) -> None:
    """Keep it; what is empty is gone."""
    if note:
        await tx.execute(_PUT, user_id, other_id, note)
    else:
        await tx.execute("DELETE FROM notes WHERE user_id = $1 AND other_id = $2", user_id, other_id)

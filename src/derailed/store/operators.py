"""Accounts of those who run the instance."""

from __future__ import annotations

from derailed.store import Connection


async def add(tx: Connection, user_id: int) -> None:
    """This is one of them."""
    await tx.execute("INSERT INTO operators (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING", user_id)


async def remove(tx: Connection, user_id: int) -> None:
    """It is not any more."""
    await tx.execute("DELETE FROM operators WHERE user_id = $1", user_id)


async def holds(tx: Connection, user_id: int) -> bool:
    """Whether it is one."""
    return await tx.fetchrow("SELECT 1 FROM operators WHERE user_id = $1", user_id) is not None

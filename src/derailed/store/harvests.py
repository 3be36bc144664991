"""Harvests: archives that people have asked for of what is theirs. The archive itself is a blob."""

from __future__ import annotations

from typing import NamedTuple

from derailed.store import Connection

_NEWEST = "SELECT id, user_id, created_at, finished_at FROM harvests WHERE user_id = $1 ORDER BY id DESC LIMIT 1"
_NEXT = """
SELECT id, user_id, created_at, finished_at FROM harvests
WHERE finished_at IS NULL AND taken_until < $1 ORDER BY id LIMIT 1
"""
_TAKE = "UPDATE harvests SET taken_until = $3 WHERE id = $1 AND finished_at IS NULL AND taken_until < $2"
_FINISH = "UPDATE harvests SET finished_at = $2 WHERE id = $1 AND finished_at IS NULL"


class Harvest(NamedTuple):
    """One. Times are Unix milliseconds."""

    id: int
    user_id: int
    created_at: int
    finished_at: int | None

    @property
    def key(self) -> str:
        """The key of its archive."""
        return f"harvests/{self.id}"


async def newest(tx: Connection, user_id: int) -> Harvest | None:
    """What the account asked for last."""
    row = await tx.fetchrow(_NEWEST, user_id)
    return None if row is None else Harvest(*row)


async def insert(tx: Connection, harvest: Harvest) -> None:
    """Let it be made."""
    await tx.execute("INSERT INTO harvests (id, user_id, created_at) VALUES ($1, $2, $3)", *harvest[:3])


async def next_to_make(tx: Connection, now_ms: int) -> Harvest | None:
    """The next that is to be made and that nobody is at."""
    row = await tx.fetchrow(_NEXT, now_ms)
    return None if row is None else Harvest(*row)


async def take(tx: Connection, now_ms: int, until: int) -> Harvest | None:
    """The same, which is the caller's until then."""
    harvest = await next_to_make(tx, now_ms)
    if harvest is None or await tx.execute(_TAKE, harvest.id, now_ms, until) == 0:
        return None
    return harvest


async def hold(tx: Connection, harvest_id: int, until: int) -> None:
    """It is the caller's for longer."""
    await tx.execute("UPDATE harvests SET taken_until = $2 WHERE id = $1", harvest_id, until)


async def finish(tx: Connection, harvest_id: int, now_ms: int) -> bool:
    """It is made; False when the account is gone, or another process was faster."""
    return await tx.execute(_FINISH, harvest_id, now_ms) == 1


async def of_user(tx: Connection, user_id: int) -> list[Harvest]:
    """All of the account's."""
    rows = await tx.fetch("SELECT id, user_id, created_at, finished_at FROM harvests WHERE user_id = $1", user_id)
    return [Harvest(*row) for row in rows]


async def forget(tx: Connection, user_id: int) -> None:
    """The account has none any more."""
    await tx.execute("DELETE FROM harvests WHERE user_id = $1", user_id)

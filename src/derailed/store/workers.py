"""The numbers under which processes make ids: one each, leased until a time, and long at rest before its next owner.

The rest makes up for clocks that differ between machines, and for ids that ran ahead of their maker's clock.
"""

from __future__ import annotations

from typing import Final

from derailed.store import Connection

REST_MS: Final = 10 * 60_000
"""Clocks of machines that share a database may differ by half of this."""
NUMBERS: Final = 1024

_TAKE = """
INSERT INTO workers (number, owner, until) VALUES ($1, $2, $3)
ON CONFLICT (number) DO UPDATE SET owner = excluded.owner, until = excluded.until WHERE workers.until = $4
"""
_RENEW = "UPDATE workers SET until = $3 WHERE number = $1 AND owner = $2"


async def take(tx: Connection, owner: str, now: int, until: int) -> int | None:
    """A number that nobody has had, or else the one that rests longest. None when there is none, or it is gone."""
    leases = {row[0]: row[1] for row in await tx.fetch("SELECT number, until FROM workers")}
    free = next((number for number in range(NUMBERS) if number not in leases), None)
    number = min(leases, key=lambda each: leases[each]) if free is None else free
    last = leases.get(number, 0)
    if last + REST_MS > now:
        return None
    return number if await tx.execute(_TAKE, number, owner, until, last) else None


async def renew(tx: Connection, number: int, owner: str, until: int) -> bool:
    """Keep it, or with a time that is past give it up; False when it is another's by now."""
    return await tx.execute(_RENEW, number, owner, until) == 1

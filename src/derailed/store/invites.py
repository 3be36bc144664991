"""Invites: codes that let people join."""

from __future__ import annotations

from derailed.model.guild import Invite
from derailed.store import Connection, Row

_SELECT = """
SELECT code, guild_id, channel_id, inviter_id, created_at, max_age_s, max_uses, uses, temporary FROM invites
"""
_INSERT = """
INSERT INTO invites (code, guild_id, channel_id, inviter_id, created_at, max_age_s, max_uses, temporary)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_FORGET_OVER = """
DELETE FROM invites WHERE guild_id = $1 AND max_age_s > 0 AND created_at + max_age_s * 1000 <= $2
"""


def _from_row(row: Row) -> Invite:
    return Invite(
        code=row[0],
        guild_id=row[1],
        channel_id=row[2],
        inviter_id=row[3],
        created_at=row[4],
        max_age_s=row[5],
        max_uses=row[6],
        uses=row[7],
        temporary=bool(row[8]),
    )


async def get(tx: Connection, code: str) -> Invite | None:
    """The invite, also one that is over."""
    row = await tx.fetchrow(_SELECT + "WHERE code = $1", code)
    return None if row is None else _from_row(row)


async def of_guild(tx: Connection, guild_id: int) -> list[Invite]:
    """All invites of the guild, oldest first."""
    rows = await tx.fetch(_SELECT + "WHERE guild_id = $1 ORDER BY created_at, code", guild_id)
    return [_from_row(row) for row in rows]


async def insert(tx: Connection, invite: Invite) -> None:
    """Add the invite."""
    of = invite
    values = (of.created_at, of.max_age_s, of.max_uses, int(of.temporary))
    await tx.execute(_INSERT, of.code, of.guild_id, of.channel_id, of.inviter_id, *values)


async def count_use(tx: Connection, code: str) -> None:
    """Somebody joined by it."""
    await tx.execute("UPDATE invites SET uses = uses + 1 WHERE code = $1", code)


async def delete(tx: Connection, code: str) -> None:
    """Let it lead nowhere."""
    await tx.execute("DELETE FROM invites WHERE code = $1", code)


async def forget_over(tx: Connection, guild_id: int, now_ms: int) -> None:
    """Delete what has run out in the guild; done in passing, whenever another one is made."""
    await tx.execute(_FORGET_OVER, guild_id, now_ms)

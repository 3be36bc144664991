"""What proves who one is: the hash of each token that stands. No row, no token."""

from __future__ import annotations

from typing import NamedTuple

from derailed.model.user import Actor
from derailed.store import Connection

_BY_HASH = """
SELECT tokens.user_id, tokens.id, users.bot, users.seen_at FROM tokens JOIN users ON users.id = tokens.user_id
WHERE tokens.hash = $1
"""


class Bearer(NamedTuple):
    """Whom a token speaks for, and when the account was last seen."""

    actor: Actor
    seen_at: int


async def by_hash(tx: Connection, token_hash: bytes) -> Bearer | None:
    """Whom the token speaks for."""
    row = await tx.fetchrow(_BY_HASH, token_hash)
    return None if row is None else Bearer(Actor(row[0], row[1], bool(row[2])), row[3])


async def saw(tx: Connection, user_id: int, now_ms: int) -> None:
    """The account was seen."""
    await tx.execute("UPDATE users SET seen_at = $2 WHERE id = $1 AND seen_at < $2", user_id, now_ms)


async def stands(tx: Connection, user_id: int, token_id: int) -> bool:
    """Whether the token with this id has not been revoked."""
    sql = "SELECT 1 FROM tokens WHERE id = $1 AND user_id = $2"
    return await tx.fetchrow(sql, token_id, user_id) is not None


async def insert(tx: Connection, token_id: int, token_hash: bytes, user_id: int) -> None:
    """Let the token stand."""
    await tx.execute("INSERT INTO tokens (id, hash, user_id) VALUES ($1, $2, $3)", token_id, token_hash, user_id)


async def delete(tx: Connection, token_id: int) -> None:
    """Revoke one."""
    await tx.execute("DELETE FROM tokens WHERE id = $1", token_id)


async def delete_all(tx: Connection, user_id: int) -> None:
    """Revoke every token of the account."""
    await tx.execute("DELETE FROM tokens WHERE user_id = $1", user_id)

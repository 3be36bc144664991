"""What proves who one is: the hash of each token that stands. No row, no token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from derailed.model.clients import NOBODY, Client
from derailed.model.user import Actor
from derailed.store import Connection, lists

_BY_HASH = """
SELECT tokens.user_id, tokens.id, users.bot, users.seen_at, tokens.used_at
FROM tokens JOIN users ON users.id = tokens.user_id
WHERE tokens.hash = $1
"""
_SAW = lists.statements("UPDATE users SET seen_at = $1 WHERE id IN (%s) AND seen_at < $1", first=2)
_USED = lists.statements("UPDATE tokens SET used_at = $1 WHERE id IN (%s) AND used_at < $1", first=2)
_INSERT = "INSERT INTO tokens (id, hash, user_id, used_at, os, platform) VALUES ($1, $2, $3, $4, $5, $6)"


class Bearer(NamedTuple):
    """Whom a token speaks for, when the account was last seen, and when the token was last used."""

    actor: Actor
    seen_at: int
    used_at: int


class Kept(NamedTuple):
    """A token as its owner sees it. `hash` is not the token, nor anything that it could be made from."""

    id: int
    hash: bytes
    used_at: int
    client: Client


async def by_hash(tx: Connection, token_hash: bytes) -> Bearer | None:
    """Whom the token speaks for."""
    row = await tx.fetchrow(_BY_HASH, token_hash)
    return None if row is None else Bearer(Actor(row[0], row[1], bool(row[2])), row[3], row[4])


async def saw(tx: Connection, user_ids: Sequence[int], now_ms: int) -> None:
    """These accounts were seen. At most `lists.BULK`."""
    ids = lists.padded(user_ids)
    await tx.execute(_SAW[len(ids)], now_ms, *ids)


async def used(tx: Connection, token_ids: Sequence[int], now_ms: int) -> None:
    """These tokens were used. At most `lists.BULK`."""
    ids = lists.padded(token_ids)
    await tx.execute(_USED[len(ids)], now_ms, *ids)


async def of_user(tx: Connection, user_id: int) -> list[Kept]:
    """Those of the account that stand, the oldest first."""
    sql = "SELECT id, hash, used_at, os, platform FROM tokens WHERE user_id = $1 ORDER BY id"
    return [Kept(row[0], bytes(row[1]), row[2], Client(row[3], row[4])) for row in await tx.fetch(sql, user_id)]


async def insert(
    tx: Connection, token_id: int, token_hash: bytes, user_id: int, now_ms: int = 0, client: Client = NOBODY
) -> None:
    """Let the token stand, which was given to that client."""
    await tx.execute(_INSERT, token_id, token_hash, user_id, now_ms, *client)


async def delete(tx: Connection, token_id: int) -> None:
    """Revoke one."""
    await tx.execute("DELETE FROM tokens WHERE id = $1", token_id)


async def delete_all(tx: Connection, user_id: int) -> None:
    """Revoke every token of the account."""
    await tx.execute("DELETE FROM tokens WHERE user_id = $1", user_id)

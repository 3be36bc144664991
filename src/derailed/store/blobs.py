"""Blobs that are to go. A blob is here from before it is put until something refers to it, and again when nothing does.

So whatever dies on the way, each blob is either referred to or here, and nobody ever lists the blobs themselves.
"""

from __future__ import annotations

from collections.abc import Iterable

from derailed.store import Connection

_DOOM = """
INSERT INTO doomed_blobs (blob_key, due_at) VALUES ($1, $2)
ON CONFLICT (blob_key) DO UPDATE SET due_at = excluded.due_at
"""
_SPARE = "DELETE FROM doomed_blobs WHERE blob_key = $1 AND due_at > $2"
_DUE = "SELECT blob_key FROM doomed_blobs WHERE due_at <= $1 ORDER BY due_at LIMIT $2"


async def doom(tx: Connection, keys: Iterable[str], due_at: int) -> None:
    """Let these go at `due_at`, unless they are spared before."""
    for key in keys:
        await tx.execute(_DOOM, key, due_at)


async def spare(tx: Connection, key: str, after: int) -> bool:
    """Let it stay, because something refers to it now; False when it was to go at `after` or before."""
    return await tx.execute(_SPARE, key, after) == 1


async def due(tx: Connection, now_ms: int, limit: int) -> list[str]:
    """Some that are to go now."""
    return [row[0] for row in await tx.fetch(_DUE, now_ms, limit)]


async def forget(tx: Connection, keys: Iterable[str]) -> None:
    """They are gone."""
    for key in keys:
        await tx.execute("DELETE FROM doomed_blobs WHERE blob_key = $1", key)

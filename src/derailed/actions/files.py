"""Blobs as verbs use them: put before the transaction that refers to them, and gone when nothing does.

    await files.put(context, {key: content})     # durable, and doomed
    async with files.held(context, keys):        # given up when what follows is refused
        await change(context, work)              # in which `spare` says that something refers to them now

A blob that nothing came to refer to, because of a refusal or a crash, goes by itself (`sweep`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import BinaryIO, Final

from derailed.actions.context import Context
from derailed.actions.unchanged import Unchanged
from derailed.model.errors import Refusal, Unavailable
from derailed.store import Connection, blobs

_UPLOAD_MS: Final = 60 * 60 * 1000
"""An upload is given up when nothing refers to it for so long."""
_SLACK_MS: Final = 5 * 60 * 1000
"""No two processes' clocks are further apart: nothing is spared that another may be deleting."""
_SHOWN_MS: Final = 24 * 60 * 60 * 1000
"""For how long a picture that was replaced can still be fetched by those who have not heard."""
_BATCH: Final = 50


async def put(context: Context, contents: Mapping[str, BinaryIO]) -> None:
    """Keep these for now, each under a key that was never used before."""
    due_at = context.clock() + _UPLOAD_MS
    await context.store.write(lambda tx: blobs.doom(tx, contents, due_at))
    for key, content in contents.items():
        await context.blobs.put(key, content)


@asynccontextmanager
async def held(context: Context, keys: Collection[str]) -> AsyncIterator[None]:
    """While the transaction runs that refers to these uploads: when it refuses, they go at once."""
    try:
        yield
    except (Refusal, Unchanged):
        if keys:
            await context.store.write(lambda tx: blobs.doom(tx, keys, 0))
        raise


async def spare(tx: Connection, key: str, now_ms: int) -> None:
    """Something refers to the upload now. Raises Unavailable when that comes too late."""
    if not await blobs.spare(tx, key, now_ms + _SLACK_MS):
        raise Unavailable


async def retire(context: Context, tx: Connection, key: str) -> None:
    """Nothing refers to the blob any more, but it may be on screens."""
    await blobs.doom(tx, [key], context.clock() + _SHOWN_MS)


async def sweep(context: Context) -> bool:
    """Delete some of what is to go; whether to go on soon. Raises Unavailable."""
    now_ms = context.clock()
    keys = await context.store.read(lambda tx: blobs.due(tx, now_ms, _BATCH))
    for key in keys:
        await context.blobs.delete(key)
    if keys:
        await context.store.write(lambda tx: blobs.forget(tx, keys))
    return bool(keys)

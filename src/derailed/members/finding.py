"""Answers to questions: from memory, and of a large guild from the store where memory leaves members out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, TypeVar

from derailed.members import CHUNK, Chunk, Query, reading
from derailed.members.packing import pack, unpack
from derailed.members.roster import Roster
from derailed.store import Store

T = TypeVar("T")

_NAMES_AT_ONCE: Final = 2000


async def chunks(roster: Roster | None, store: Store, query: Query) -> AsyncIterator[Chunk]:
    """The answer. There may be no such guild."""
    if roster is None or roster.ended:
        yield Chunk(b"[]", not_found=query.user_ids)
    elif query.prefix is None:
        yield await _by_id(roster, store, query)
    elif not roster.large:
        ids = list(roster.entries) if not query.prefix else await _named(roster, query.prefix, query.limit)
        async for chunk in _in_memory(roster, ids[: query.limit or None], query.presences):
            yield chunk
    elif query.prefix:
        async for chunk in _named_in_store(roster, store, query):
            yield chunk
    else:
        async for chunk in _everyone_in_store(roster, store, query):
            yield chunk


async def _by_id(roster: Roster, store: Store, query: Query) -> Chunk:
    ids = list(dict.fromkeys(query.user_ids))[:CHUNK]
    missing = [user_id for user_id in ids if user_id not in roster.entries]
    found = roster.members_json(ids)
    if missing and roster.large:
        read = []
        for start in range(0, len(missing), reading.PAGE):
            read += (await reading.some(store, roster.guild.id, missing[start : start + reading.PAGE]))[1]
        there = {int(member.user.id) for member in read if member.user}
        missing = [user_id for user_id in missing if user_id not in there]
        found = _joined([found[1:-1], unpack(b",".join(map(pack, read)))])
    return Chunk(found, _presences(roster, ids, query.presences), tuple(missing))


async def _named(roster: Roster, prefix: str, limit: int) -> list[int]:
    ids: dict[int, None] = {}
    after = b""
    while keys := roster.named(prefix, after, _NAMES_AT_ONCE):
        ids |= dict.fromkeys(int.from_bytes(key[-8:]) for key in keys)
        if limit and len(ids) >= limit:
            break
        after = keys[-1]
        await asyncio.sleep(0)
    return list(ids)


async def _in_memory(roster: Roster, ids: Sequence[int], presences: bool) -> AsyncIterator[Chunk]:
    pages = _pages(ids)
    for index, page in enumerate(pages):
        there = roster.members_json(page)
        yield Chunk(there, _presences(roster, page, presences), index=index, count=len(pages))
        await asyncio.sleep(0)


async def _named_in_store(roster: Roster, store: Store, query: Query) -> AsyncIterator[Chunk]:
    assert query.prefix
    pages = _pages(await reading.named(store, roster.guild.id, query.prefix, query.limit))
    for index, page in enumerate(pages):
        json = b"[%b]" % unpack(b",".join(packed for _, packed in page))
        presences = _presences(roster, [user_id for user_id, _ in page], query.presences)
        yield Chunk(json, presences, index=index, count=len(pages))
        await asyncio.sleep(0)


async def _everyone_in_store(roster: Roster, store: Store, query: Query) -> AsyncIterator[Chunk]:
    """How many chunks there are is said with the first: so their borders are found before what is between them."""
    guild_id, limit = roster.guild.id, query.limit
    cuts = await reading.borders(store, guild_id, CHUNK)
    if limit:
        cuts = cuts[: -(-limit // CHUNK)]
    after = 0
    for index, until in enumerate(cuts):
        size = min(CHUNK, limit - index * CHUNK) if limit else CHUNK
        ids, json = await reading.between(store, guild_id, after, until, size)
        yield Chunk(json, _presences(roster, ids, query.presences), index=index, count=len(cuts))
        after = until or after


def _pages(found: Sequence[T]) -> list[Sequence[T]]:
    return [found[start : start + CHUNK] for start in range(0, len(found), CHUNK)] or [()]


def _presences(roster: Roster, ids: Sequence[int], wanted: bool) -> bytes:
    return roster.presences_json(ids) if wanted else b"[]"


def _joined(parts: Sequence[bytes]) -> bytes:
    return b"[%b]" % b",".join(part for part in parts if part)

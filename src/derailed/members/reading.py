"""What the store is asked for: a guild to begin with, and those whom memory leaves out, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import partial
from typing import Final, NamedTuple

from derailed.members.packing import pack, unpack
from derailed.model.guild import Guild
from derailed.store import Connection, Store, guilds, members, topics
from derailed.store.members import Pair
from derailed.wire import rest
from derailed.wire.records import guild_topic
from derailed.wire.shapes import MemberShape

PAGE: Final = 100
"""Members of one read: a millisecond or two, after which others have their turn."""
_LOOKED_AT: Final = 1000
"""Members that a search looks at in one read, most of whom do not match."""


class Beginning(NamedTuple):
    """A guild as of `rev`."""

    rev: int
    guild: Guild
    member_count: int


async def beginning(store: Store, guild_id: int) -> Beginning | None:
    """The guild's shape; None when there is none."""

    async def work(tx: Connection) -> Beginning | None:
        at = await topics.look(tx, guild_topic(guild_id))
        guild = await guilds.shape(tx, guild_id, at.shape)
        return None if guild is None else Beginning(at.rev, guild, await guilds.member_count(tx, guild_id))

    return await store.read(work)


async def everyone(store: Store, guild_id: int) -> AsyncIterator[list[MemberShape]]:
    """All its members, ascending by id."""
    after = 0
    while page := await store.read(partial(members.page, guild_id=guild_id, after=after, limit=PAGE)):
        yield _shapes(page)
        after = page[-1][1].id
        await asyncio.sleep(0)


async def some(store: Store, guild_id: int, user_ids: Sequence[int]) -> tuple[int, list[MemberShape]]:
    """Those of these, at most `PAGE`, who are members, and the rev of the guild's topic as of which they are."""

    async def work(tx: Connection) -> tuple[int, list[MemberShape]]:
        at = await topics.look(tx, guild_topic(guild_id))
        pairs = [await members.get(tx, guild_id, user_id) for user_id in user_ids]
        return at.rev, _shapes(pair for pair in pairs if pair is not None)

    return await store.read(work)


async def borders(store: Store, guild_id: int, size: int) -> list[int | None]:
    """Ids that cut the members into pages of `size`: the last of each page but the last, and None for that one."""
    cuts: list[int | None] = []
    after: int | None = 0
    while after is not None:
        after = await store.read(partial(members.at, guild_id=guild_id, after=after, count=size))
        cuts.append(after)
        await asyncio.sleep(0)
    return cuts


async def between(store: Store, guild_id: int, after: int, until: int | None, limit: int) -> tuple[list[int], bytes]:
    """The members above `after` and up to `until`: their ids, and a JSON array."""
    packed: list[bytes] = []
    ids: list[int] = []
    last: int | None = after
    while last is not None and len(ids) < limit:
        page = await store.read(
            partial(members.matching, guild_id=guild_id, prefix="", after=last, until=until, limit=PAGE)
        )
        ids += [user.id for _, user in page]
        packed += map(pack, _shapes(page))
        last = page[-1][1].id if len(page) == PAGE else None
        await asyncio.sleep(0)
    return ids[:limit], b"[%b]" % unpack(b",".join(packed[:limit]))


async def named(store: Store, guild_id: int, prefix: str, limit: int) -> list[tuple[int, bytes]]:
    """Members whose username or nick begins with `prefix`: id, and packed JSON. Ascending by id; `limit` 0 is all."""
    found: list[tuple[int, bytes]] = []
    reached: int | None = 0
    while reached is not None and not (limit and len(found) >= limit):
        pairs, reached = await store.read(partial(_named, guild_id, prefix, reached))
        found += [(user.id, pack(rest.member(member, user))) for member, user in pairs]
        await asyncio.sleep(0)
    return found[:limit] if limit else found


async def _named(guild_id: int, prefix: str, after: int, tx: Connection) -> tuple[list[Pair], int | None]:
    until = await members.at(tx, guild_id, after, _LOOKED_AT)
    return await members.matching(tx, guild_id, prefix, after, until, _LOOKED_AT), until


def _shapes(pairs: Iterable[Pair]) -> list[MemberShape]:
    return [rest.member(*pair) for pair in pairs]

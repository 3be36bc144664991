"""Copying one database into another, a batch of rows at a time in the order of their keys.

A batch is kept whole or not at all, so the highest key in the target says where to go on: a copy that was killed
is started again, and ends as if nothing had been. Until counts and checksums agree the target is marked as
unfinished, and no server starts on it. Nobody writes to the source meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

import msgspec

from derailed.store import Row
from derailed.store.migrate import UNFINISHED
from derailed.store.upkeep import Database, Table, Unusable, opening
from derailed.store.upkeep.migrating import missing

BATCH_ROWS: Final = 1000
"""A few megabytes at most in memory, and a wait for the disk that is paid off."""

_MARK: Final = "SELECT checksum FROM migrations WHERE number = $1"
_SET_MARK: Final = "INSERT INTO migrations (number, checksum, applied_at) VALUES ($1, $2, $3)"
_TAKE_MARK_AWAY: Final = "DELETE FROM migrations WHERE number = $1"
_USERS: Final = "SELECT COUNT(*) FROM workers WHERE until > $1"

_encode = msgspec.msgpack.Encoder().encode


class Sum(NamedTuple):
    """What a table holds: as many rows, and a checksum over them in the order of their keys."""

    rows: int
    checksum: str


class Progress(Protocol):
    """Who watches."""

    def begin(self, step: str, rows: int) -> None:
        """A step begins, which will go over so many rows."""
        ...

    def advance(self, rows: int) -> None:
        """So many more are done."""
        ...


async def copy(source: str, target: str, clock: Callable[[], int], progress: Progress) -> dict[str, Sum]:
    """Copy everything from one location to another; what each table holds now. Raises Unusable."""
    origin = await opening.open_database("FROM", source)
    try:
        if await missing(origin):
            raise Unusable("FROM: it is of an older version; bring it up to date with `derailed migrate` first")
        await origin.hold()
        await _refuse_users(origin, clock())
        copied = await _prepared(target, clock)
        try:
            await _refuse_users(copied, clock())
            return await _copy(origin, copied, clock(), progress)
        finally:
            await copied.close()
    finally:
        await origin.close()


async def _prepared(location: str, clock: Callable[[], int]) -> Database:
    """The target with every table, or with what an earlier start has copied."""
    if opening.exists(location):
        database = await opening.open_database("TO", location)
        try:
            await _refuse_strangers(database)
            if await _mark(database) is not None:
                return database
        except BaseException:
            await database.close()
            raise
        await database.close()
    await opening.bring_up_to_date("TO", location, clock)
    return await opening.open_database("TO", location)


async def _copy(source: Database, target: Database, now: int, progress: Progress) -> dict[str, Sum]:
    tables = await source.tables()
    if tables != await target.tables():
        raise Unusable("TO: the copy was begun by another version of Derailed; empty it and start again")
    counts = {table.name: await _count(source, table) for table in tables}
    if not await _is_whole(target, tables, counts):
        await _mark_unfinished(target, tables, await _fingerprint(source), now)
        await _copy_rows(source, target, tables, counts, progress)
        for name, number in (await source.sequences()).items():
            await target.continue_from(name, number)
    sums = await _compared(source, target, tables, counts, progress)
    await target.execute(_TAKE_MARK_AWAY, UNFINISHED)
    return sums


async def _copy_rows(
    source: Database, target: Database, tables: list[Table], counts: dict[str, int], progress: Progress
) -> None:
    progress.begin("copying", sum(counts.values()))
    for table in tables:
        progress.advance(await _count(target, table))
        highest = await target.fetch(table.last_key)
        async for rows in _pages(source, table, highest[0] if highest else None):
            await target.insert(table, rows)
            progress.advance(len(rows))


async def _compared(
    source: Database, target: Database, tables: list[Table], counts: dict[str, int], progress: Progress
) -> dict[str, Sum]:
    """What each table holds, the same on both sides. Raises Unusable."""
    progress.begin("checking", 2 * sum(counts.values()))
    sums: dict[str, Sum] = {}
    for table in tables:
        sums[table.name] = await _sum(source, table, progress.advance)
        if sums[table.name] != await _sum(target, table, progress.advance):
            raise Unusable(f"TO: its {table.name} are not those of FROM; empty it and start again")
    if await source.sequences() != await target.sequences():
        raise Unusable("TO: it does not count on where FROM does; empty it and start again")
    return sums


async def _refuse_users(database: Database, now: int) -> None:
    if (await database.fetch(_USERS, now))[0][0]:
        raise Unusable(
            f"{database.role}: a server uses it; stop it first (one that was killed is forgotten in a minute)"
        )


async def _refuse_strangers(database: Database) -> None:
    """A database that has tables and is not ours is somebody else's."""
    names = await database.names()
    if names and "migrations" not in names:
        raise Unusable(f"{database.role}: it holds something else (a table {min(names)})")


async def _is_whole(target: Database, tables: list[Table], counts: dict[str, int]) -> bool:
    """Whether it was copied before, to all appearances: whoever was killed at the very end is told so, too.

    Raises Unusable where it holds anything else.
    """
    if await _mark(target) is not None:
        return False
    found = {table.name: await _count(target, table) for table in tables}
    if any(found.values()) and found != counts:
        name = next(name for name, count in found.items() if count)
        raise Unusable(f"TO: it holds something already ({found[name]} rows in {name})")
    return any(found.values())


async def _mark(database: Database) -> str | None:
    if "migrations" not in await database.names():
        return None
    marks = await database.fetch(_MARK, UNFINISHED)
    return marks[0][0] if marks else None


async def _mark_unfinished(target: Database, tables: list[Table], fingerprint: str, now: int) -> None:
    mark = await _mark(target)
    if mark is None:
        await target.execute(_SET_MARK, UNFINISHED, fingerprint, now)
    elif mark != fingerprint:
        raise Unusable("TO: it is half of a copy of another database, or FROM has changed since; empty it")


async def _fingerprint(source: Database) -> str:
    """What a copy that goes on is recognised by: every verb of a server changes it."""
    topics = next(table for table in await source.tables() if table.name == "topics")
    revs = await _sum(source, topics, lambda rows: None)
    return f"{revs.checksum}-{sum((await source.sequences()).values())}"


async def _sum(database: Database, table: Table, advance: Callable[[int], None]) -> Sum:
    hasher, count = blake2b(digest_size=8), 0
    async for rows in _pages(database, table, None):
        for row in rows:
            hasher.update(_encode(row))
        count += len(rows)
        advance(len(rows))
    return Sum(count, hasher.hexdigest())


async def _pages(database: Database, table: Table, after: Row | None) -> AsyncIterator[Sequence[Row]]:
    while rows := await database.fetch(table.page(BATCH_ROWS, first=after is None), *(after or ())):
        yield rows
        after = table.key_of(rows[-1])


async def _count(database: Database, table: Table) -> int:
    count: int = (await database.fetch(table.size))[0][0]
    return count

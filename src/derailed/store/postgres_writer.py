"""The transaction in which a group of verbs writes to PostgreSQL.

Topics are locked by row until the group is committed. A group waits for a lock on behalf of its first verb only, and
a verb lifts its topics in sorted order: so no processes wait for each other in a ring. A later verb that finds a
topic taken, or one that has no row yet, raises Taken, and begins the next group.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import asyncpg  # type: ignore[import-untyped]

from derailed.store import OutboxRow, Row, T, Work
from derailed.store.group import Ahead, Batch, Group, Statement, Values
from derailed.store.postgres_line import Line, Statements, Watched, refusal
from derailed.store.topics import Change, Versions

_LOCK = "SELECT rev, shape_rev, members_rev, last_id FROM topics WHERE topic = $1 FOR UPDATE"
_LOCK_IF_FREE = _LOCK + " SKIP LOCKED"
_LOCK_ALL_FREE = """
SELECT topic, rev, shape_rev, members_rev, last_id FROM topics WHERE topic = ANY($1::text[]) FOR UPDATE SKIP LOCKED
"""
_MAKE = "INSERT INTO topics (topic, rev, shape_rev, members_rev) VALUES ($1, 0, 0, 0) ON CONFLICT (topic) DO NOTHING"
# Another process may be deleting the same rows: nobody waits for that.
_FORGET = """
DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id = ANY($1::bigint[]) FOR UPDATE SKIP LOCKED)
"""
_FORGET_AND_LOCK = f"""
WITH forgotten AS ({_FORGET})
{_LOCK_ALL_FREE.replace("$1", "$2")}
"""


class Taken(Exception):
    """Another process has a topic that the verb needs; or it needs something that a group which trusts has not got."""


class Broken(Exception):
    """The whole group is undone, or lost with the connection; the reason is the cause."""


class _Known(dict[str, Statement]):
    def __missing__(self, sql: str) -> Statement:
        self[sql] = statement = Statement.of(sql)
        return statement


_known = _Known()


class Transaction(Statements):
    """`derailed.store.Connection` of one group of verbs."""

    def __init__(self, line: Line, now: int) -> None:
        self._line = line
        self._db = line.db
        self._sealing = line.sealing
        self._group = Group()
        self._now = now
        self._is_first = True
        self._savepoints = 0
        self._trusted: Mapping[str, Versions] = {}
        self.found: dict[str, Versions] = {}
        """The topics that it began with, as the server had them."""

    def trust(self, left: Mapping[str, Versions]) -> None:
        """Go by how this process left these topics, and see at the end. Nothing else can be asked until then."""
        self._trusted = left
        for topic, versions in left.items():
            self._group.learn(topic, versions)

    @property
    def trusts(self) -> bool:
        """Whether it does."""
        return bool(self._trusted)

    @property
    def left(self) -> dict[str, Versions]:
        """The topics that it has changed, as they are after it."""
        return {row[0]: Versions(row[1], row[2], row[3], row[4]) for row in self._group.changed()}

    async def begin(self, forgotten: Sequence[int], wanted: Collection[str]) -> None:
        """Begin, delete outbox rows that the bus has acknowledged, and lock those of the wanted topics that are free.

        A group that begins with locks waits for no other: its first verb may find a topic taken, too.
        """
        if not self._db.is_in_transaction():  # the commit before may have begun it
            await self._db.execute("BEGIN")
        if wanted:
            for topic, *versions in await self._db.fetch(_FORGET_AND_LOCK, forgotten, wanted):
                self.found[topic] = self._group.learn(topic, Versions(*versions))
                self._is_first = False
        elif forgotten:
            await self._db.execute(_FORGET, forgotten)

    async def write(self, work: Work[T]) -> T:
        """Run one verb of the group. What it raises undoes what it wrote, no more, and rises. Raises Taken, Broken."""
        group = self._group
        before = self._savepoints
        group.begin_verb()
        try:
            return await Watched(work, self)
        except Exception as error:
            group.undo_verb()
            has_savepoint = self._savepoints > before
            if self._line.is_lost(error) or (
                isinstance(error, asyncpg.PostgresError) and not (has_savepoint and _is_of_the_verb(error))
            ):
                raise Broken from error
            if has_savepoint:
                await self._db.execute("ROLLBACK TO SAVEPOINT verb")
            raise refusal(error) from None
        finally:
            self._is_first = False

    async def seal(self) -> list[OutboxRow]:
        """Write what the group holds in memory; its outbox rows are returned."""
        return await self._sealing.seal(self._group, self._now)

    async def seal_as_left(self, forgotten: Sequence[int]) -> list[OutboxRow] | None:
        """Make a group that trusts durable; None if it was wrong to, and nothing is written."""
        return await self._sealing.seal_as_left(self._group, self._trusted, forgotten, self._now)

    async def commit(self, *, go_on: bool) -> None:
        """Make the group durable; `go_on` also begins the next."""
        await self._db.execute("COMMIT AND CHAIN" if go_on else "COMMIT")

    async def undo(self) -> None:
        """Forget the group, whatever state it is in."""
        await self._db.execute("ROLLBACK")

    async def fetch(self, sql: str, *values: object) -> list[Row]:
        """All rows."""
        self.is_asking = True
        try:
            await self._before(_known[sql], values)
            return [tuple(row) for row in await self._db.fetch(sql, *values)]
        finally:
            self.is_asking = False

    async def fetchrow(self, sql: str, *values: object) -> Row | None:
        """The first row, if there is one."""
        rows = await self.fetch(sql, *values)
        return rows[0] if rows else None

    async def execute(self, sql: str, *values: object) -> int:
        """Run it; the number of rows changed, with which the server ends what it says, unless it is about no rows."""
        self.is_asking = True
        try:
            await self._before(_known[sql], values)
            said: str = await self._db.execute(sql, *values)
            count = said.rpartition(" ")[2]
            return int(count) if count.isdigit() else 0
        finally:
            self.is_asking = False

    def put(self, sql: str, *values: object) -> None:
        """Hold it back, to be written with others."""
        if self._trusted and not self._sealing.can_hold(sql):
            raise Taken
        self._group.put(sql, values)

    async def look(self, topic: str) -> Versions:
        """Where the topic stands, until the group is over."""
        return self._group.knows(topic) or await self._lock(topic)

    async def lift(self, topic: str) -> Versions:
        """Raise its rev."""
        if self._group.knows(topic) is None:
            await self._lock(topic)
        return self._group.lift(topic)

    def mark(self, topic: str, change: Change) -> None:
        """Its rev of now changes the shape or the members."""
        self._group.mark(topic, change)

    def lower(self, topic: str) -> None:
        """Take a `lift` back."""
        self._group.lower(topic)

    def draw(self, topic: str, next_id: Callable[[int], int]) -> int:
        """An id above all that were drawn in the topic."""
        return self._group.draw(topic, next_id)

    async def emit(self, topic: str, rev: int, payload: bytes) -> None:
        """Put one record of this verb into the outbox."""
        self._group.emit(topic, rev, payload)

    async def _lock(self, topic: str) -> Versions:
        if self._trusted:
            raise Taken
        self.is_asking = True
        try:
            row = await self._db.fetchrow(_LOCK if self._is_first else _LOCK_IF_FREE, topic)
            if row is None and self._is_first:
                await self._db.execute(_MAKE, topic)  # waits for another process that is making it
                row = await self._db.fetchrow(_LOCK, topic)
        finally:
            self.is_asking = False
        if row is None:
            raise Taken
        return self._group.learn(topic, Versions(*row))

    async def _before(self, statement: Statement, values: Values) -> None:
        if self._trusted:
            raise Taken
        ahead = self._group.ahead(statement, values)
        if ahead is not None:
            await self._write_ahead(ahead)

    async def _write_ahead(self, ahead: Ahead) -> None:
        await self._write_all(ahead.earlier)
        if ahead.savepoint:
            await self._db.execute("RELEASE SAVEPOINT verb; SAVEPOINT verb" if self._savepoints else "SAVEPOINT verb")
            self._savepoints += 1
        await self._write_all(ahead.own)

    async def _write_all(self, batches: Iterable[Batch]) -> None:
        for sql, rows in batches:
            await self._sealing.write(sql, rows)


def _is_of_the_verb(error: asyncpg.PostgresError) -> bool:
    """Whether it says something about the verb alone, and not about who else is at work, or how the server is."""
    others = (
        asyncpg.TransactionRollbackError,
        asyncpg.LockNotAvailableError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
    )
    return not isinstance(error, others)

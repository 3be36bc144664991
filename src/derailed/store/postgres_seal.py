"""What a group of verbs held in memory, written by one statement: a round trip for each table would cost more.

Rows come as an array a column. The ids of the outbox are drawn in the same statement, under the locks that the group
has held since before its verbs ran; or that the statement takes first, and then sees whether the topics are as they
were left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import asyncpg  # type: ignore[import-untyped]

from derailed.store import OutboxRow
from derailed.store.group import Batch, Group
from derailed.store.topics import Versions

_plain = re.compile(r"\s*INSERT INTO (\w+)\s*\(([^()]*)\)\s*VALUES\s*\(([^()]*)\)\s*").fullmatch
_parameter = re.compile(r"\$(\d+)")

_TOPICS: Final = """
UPDATE topics SET rev = new.rev, shape_rev = new.shape_rev, members_rev = new.members_rev, last_id = new.last_id
FROM unnest({0}::text[], {1}::bigint[], {2}::bigint[], {3}::bigint[], {4}::bigint[])
    AS new (topic, rev, shape_rev, members_rev, last_id)
WHERE topics.topic = new.topic AND {5}
"""
# Ids follow each other, so that no other process's rows stand among a verb's: where they do not, nothing is told yet.
_OUTBOX: Final = """
drawn AS MATERIALIZED (
    SELECT MIN(id) AS first, MAX(id) AS last
    FROM (SELECT nextval('outbox_id_seq') AS id FROM generate_series(1, cardinality({0}::bigint[])) WHERE {5}) AS each
), told AS (
    INSERT INTO outbox (id, verb, topic, rev, payload, created_at)
    SELECT first + place - 1, first + verb, topic, rev, payload, {4}::bigint
    FROM drawn, unnest({0}::bigint[], {1}::text[], {2}::bigint[], {3}::bytea[])
        WITH ORDINALITY AS row (verb, topic, rev, payload, place)
    WHERE last - first = cardinality({0}::bigint[]) - 1
)
SELECT first, last, {6} FROM drawn
"""
_LOCKED: Final = """
locked AS MATERIALIZED (
    SELECT count(*) = cardinality($1::text[]) AS as_left FROM (
        SELECT 1 FROM topics JOIN unnest($1::text[], $2::bigint[]) AS known (topic, rev)
            ON topics.topic = known.topic AND topics.rev = known.rev
        FOR UPDATE OF topics SKIP LOCKED
    ) AS each
), forgotten AS (
    DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id = ANY($3::bigint[]) FOR UPDATE SKIP LOCKED)
)
"""
_ARE_LOCKED: Final = "(SELECT as_left FROM locked)"
_FOLLOW: Final = "last - first = cardinality({0}::bigint[]) - 1"
# It commits by itself, so it has to fail where it can not be whole: nothing is told where ids do not follow each other.
_FOLLOW_OR_FAIL: Final = f"CASE WHEN last IS NULL THEN FALSE WHEN {_FOLLOW} THEN TRUE ELSE 1 / (last - last) = 0 END"


def _outbox(first: int, where: str = "TRUE", follow: str = _FOLLOW) -> str:
    places = _places(first, 5)
    return _OUTBOX.format(*places, where, follow.format(places[0]))


class _Arrays(NamedTuple):
    """An INSERT of many rows, given as arrays."""

    head: str
    selected: str
    types: Sequence[str]

    def sql(self, first: int, where: str = "TRUE") -> str:
        """With its parameters counted from there."""
        arrays = ", ".join(f"${first + place}::{kind}[]" for place, kind in enumerate(self.types))
        names = ", ".join(f"v{place}" for place in range(1, 1 + len(self.types)))
        return f"{self.head} SELECT {self.selected} FROM unnest({arrays}) AS held ({names}) WHERE {where}"


class Sealing:
    """Knows the statements of one connection."""

    def __init__(self, db: asyncpg.Connection) -> None:
        self._db = db
        self._arrays: dict[str, _Arrays | None] = {}
        self._sealing: dict[tuple[bool, tuple[str, ...]], str] = {}

    async def seal(self, group: Group, now: int) -> list[OutboxRow]:
        """Write what the group holds; its outbox rows are returned."""
        held: list[Batch] = []
        for batch in group.seal():
            if await self._as_arrays(batch[0]) is None:
                await self._db.executemany(*batch)
            else:
                held.append(batch)
        changed, told = group.changed(), group.emitted
        ids = None
        if changed and told:
            columns = [column for _, rows in held for column in _columns(rows)]
            sql = self._statement(tuple(sql for sql, _ in held))
            ids = await self._drawn(sql, [*columns, *_columns(changed), *_columns(told), now])
        else:
            await self._separately(held, changed)
        while told and ids is None:
            ids = await self._drawn(f"WITH {_outbox(1)}", [*_columns(told), now])
        return group.rows(ids or (), now)

    async def seal_as_left(
        self, group: Group, left: Mapping[str, Versions], forgotten: Sequence[int], now: int
    ) -> list[OutboxRow] | None:
        """Lock the topics, write what the group holds and commit, if they are as they were left; else None."""
        held, changed, told = group.seal(), group.changed(), group.emitted
        if not (changed and told):
            return None
        columns = [column for _, rows in held for column in _columns(rows)]
        revs = [versions.rev for versions in left.values()]
        values = [list(left), revs, forgotten, *columns, *_columns(changed), *_columns(told), now]
        try:
            ids = await self._drawn(self._statement(tuple(sql for sql, _ in held), as_left=True), values)
        except asyncpg.DivisionByZeroError:
            return None
        return None if ids is None else group.rows(ids, now)

    def can_hold(self, sql: str) -> bool:
        """Whether the one statement can write that INSERT, as is known once it has been held."""
        return self._arrays.get(sql) is not None

    async def _drawn(self, sql: str, values: Sequence[object]) -> Sequence[int] | None:
        """The ids under which the rows went to the outbox; None, if they did not."""
        first, last, are_told = await self._db.fetchrow(sql, *values)
        return range(first, last + 1) if are_told else None

    async def write(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a held INSERT for these rows now."""
        arrays = None if len(rows) == 1 else await self._as_arrays(sql)
        if arrays is not None:
            await self._db.execute(arrays.sql(1), *_columns(rows))
        elif len(rows) == 1:
            await self._db.execute(sql, *rows[0])
        else:
            await self._db.executemany(sql, rows)

    async def _separately(self, held: Sequence[Batch], changed: Sequence[Sequence[object]]) -> None:
        for sql, rows in held:
            await self.write(sql, rows)
        if changed:
            await self._db.execute(_TOPICS.format(*_places(1, 5), "TRUE"), *_columns(changed))

    async def _as_arrays(self, sql: str) -> _Arrays | None:
        """The same for many rows, if it is a plain INSERT: one that meets rows that are there may meet its own."""
        if sql not in self._arrays:
            found = _plain(sql)
            self._arrays[sql] = None
            if found is not None and "$" in found[3]:
                prepared = await self._db.prepare(sql)
                types = [kind.name for kind in prepared.get_parameters()]
                head = f"INSERT INTO {found[1]} ({found[2]})"
                self._arrays[sql] = _Arrays(head, _parameter.sub(r"v\1", found[3]), types)
        return self._arrays[sql]

    def _statement(self, held: tuple[str, ...], *, as_left: bool = False) -> str:
        """The one that writes these, the topics and the outbox."""
        sql = self._sealing.get((as_left, held))
        if sql is None:
            where = _ARE_LOCKED if as_left else "TRUE"
            parts, first = ([_LOCKED], 4) if as_left else ([], 1)
            for number, each in enumerate(held):
                arrays = self._arrays[each]
                assert arrays is not None
                parts.append(f"held_{number} AS ({arrays.sql(first, where)})")
                first += len(arrays.types)
            parts.append(f"moved AS ({_TOPICS.format(*_places(first, 5), where)})")
            parts.append(_outbox(first + 5, where, _FOLLOW_OR_FAIL if as_left else _FOLLOW))
            sql = self._sealing[as_left, held] = "WITH " + ", ".join(parts)
        return sql


def _places(first: int, count: int) -> list[str]:
    return [f"${place}" for place in range(first, first + count)]


def _columns(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]

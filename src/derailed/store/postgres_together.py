"""One statement for what many reads of a snapshot ask alike: their values are the rows of a table in it.

So a thousand who come back at once are looked up by a handful of queries, and no verb need know of another for that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Sequence
from typing import Any, Final

import asyncpg  # type: ignore[import-untyped]

from derailed.store import Row

Values = tuple[object, ...]

_PARAMETER: Final = re.compile(r"\$(\d+)")


class Question:
    """What a work awaits: a statement and its values."""

    __slots__ = ("sql", "values")

    def __init__(self, sql: str, values: Values) -> None:
        self.sql = sql
        self.values = values

    def __await__(self) -> Generator[Question, list[Row], list[Row]]:
        """Whoever takes the work's steps finds the answer."""
        return (yield self)


class Together:
    """Asks questions, and knows of each statement how it is asked for many at once."""

    def __init__(self) -> None:
        self._joined: dict[str, str] = {}

    async def ask(self, db: asyncpg.Connection, sql: str, asked: Collection[Values]) -> dict[Values, list[Row]]:
        """The rows for each of these values."""
        joined = "" if len(asked) == 1 else await self._join(db, sql)
        if not joined:
            return {values: [tuple(row) for row in await db.fetch(sql, *values)] for values in asked}
        numbered = list(asked)
        found: dict[Values, list[Row]] = {values: [] for values in numbered}
        for row in await db.fetch(joined, *map(list, zip(*numbered, strict=True))):
            number, *columns = row
            found[numbered[number - 1]].append(tuple(columns))
        return found

    async def _join(self, db: asyncpg.Connection, sql: str) -> str:
        """The statement for many; empty when it has a parameter that is a list already, or none."""
        joined = self._joined.get(sql)
        if joined is None:
            types = (await db.prepare(sql)).get_parameters()
            lists = not types or any(each.kind == "array" for each in types)
            joined = self._joined[sql] = "" if lists else _of_many(sql, types)
        return joined


def _of_many(sql: str, types: Sequence[Any]) -> str:
    """Each number's rows stay in the statement's own order: it is run for one after the other."""
    arrays = ", ".join(f"${number}::{each.schema}.{each.name}[]" for number, each in enumerate(types, start=1))
    names = ", ".join(f"p{number}" for number in range(1, len(types) + 1))
    single = _PARAMETER.sub(r"asked.p\1", sql)
    return (
        f"SELECT asked.number, answered.* FROM unnest({arrays}) WITH ORDINALITY AS asked ({names}, number) "
        f"CROSS JOIN LATERAL ({single}) AS answered"
    )

"""A PostgreSQL database as upkeep sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

import asyncpg  # type: ignore[import-untyped]

from derailed.store import Row
from derailed.store.upkeep import ABOUT_ITSELF, Table, Unusable, reason

_HELD_WITHIN_S: Final = 3
"""The database's own vacuum is in the way of this lock too, and leaves when somebody waits for a second."""
_CONNECT_WITHIN_S: Final = 10

_NAMES: Final = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
_COLUMNS: Final = """
    SELECT attname::text FROM pg_attribute
    WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_KEY: Final = """
    SELECT attname::text FROM pg_index
    CROSS JOIN unnest(indkey) WITH ORDINALITY AS part (attnum, place)
    JOIN pg_attribute ON attrelid = indrelid AND pg_attribute.attnum = part.attnum
    WHERE indrelid = $1::text::regclass AND indisprimary ORDER BY place
"""
_SEQUENCES: Final = """
    SELECT table_name::text, pg_sequence_last_value(pg_get_serial_sequence(table_name, column_name)::regclass)
    FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'
"""
_CONTINUE: Final = """
    SELECT setval(pg_get_serial_sequence(table_name, column_name), $2)
    FROM information_schema.columns
    WHERE table_schema = current_schema() AND is_identity = 'YES' AND table_name = $1
"""


class PostgresDatabase:
    """`derailed.store.upkeep.Database` on a server."""

    def __init__(self, role: str, connection: Any) -> None:
        self.role = role
        self._connection = connection

    @classmethod
    async def open(cls, role: str, url: str) -> Self:
        """Connect. Raises Unusable, which never shows the password."""
        try:
            return cls(role, await asyncpg.connect(url, timeout=_CONNECT_WITHIN_S))
        except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Unusable(f"{role}: can not connect ({reason(error)})") from None

    async def names(self) -> set[str]:
        """See `Database.names`."""
        return {name for (name,) in await self.fetch(_NAMES)}

    async def tables(self) -> list[Table]:
        """See `Database.tables`."""
        return [await self._table(name) for name in sorted(await self.names() - ABOUT_ITSELF)]

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """See `Database.fetch`."""
        with self._lost_is_unusable():
            return [tuple(row) for row in await self._connection.fetch(sql, *values)]

    async def execute(self, sql: str, *values: object) -> None:
        """See `Database.execute`."""
        with self._lost_is_unusable():
            await self._connection.execute(sql, *values)

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """See `Database.insert`."""
        try:
            with self._lost_is_unusable():
                await self._connection.copy_records_to_table(table.name, records=rows, columns=table.columns)
        except (asyncpg.PostgresError, ValueError) as error:
            key = ", ".join(map(str, table.key_of(rows[0])))
            where = f"{table.name} at or after ({key})"
            raise Unusable(f"{self.role}: it does not take a row of {where}: {reason(error)}") from None

    async def hold(self) -> None:
        """See `Database.hold`."""
        tables = ", ".join(sorted(await self.names()))
        await self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await self.execute(f"SET LOCAL lock_timeout = '{_HELD_WITHIN_S}s'")
        try:
            await self.execute(f"LOCK TABLE {tables} IN SHARE MODE")
        except asyncpg.LockNotAvailableError:
            raise Unusable(f"{self.role}: another process is writing to it") from None

    async def sequences(self) -> Mapping[str, int]:
        """See `Database.sequences`."""
        return {table: last for table, last in await self.fetch(_SEQUENCES) if last}

    async def continue_from(self, table: str, number: int) -> None:
        """See `Database.continue_from`."""
        await self.execute(_CONTINUE, table, number)

    async def close(self) -> None:
        """See `Database.close`."""
        await self._connection.close(timeout=_CONNECT_WITHIN_S)

    @contextlib.contextmanager
    def _lost_is_unusable(self) -> Iterator[None]:
        try:
            yield
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.OperatorInterventionError) as error:
            raise Unusable(f"{self.role}: the connection is lost ({reason(error)})") from None

    async def _table(self, name: str) -> Table:
        columns = await self.fetch(_COLUMNS, name)
        key = await self.fetch(_KEY, name)
        return Table(name, tuple(column for (column,) in columns), tuple(column for (column,) in key))

"""Upkeep: what an operator does with a whole database, which is to bring it up to date and to copy it.

It sees tables, keys and rows, and not what they mean: what a migration adds is copied without a word here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from derailed.store import Row


class Unusable(Exception):
    """A database that can not serve for what was asked; says why, in one line that begins with its role."""


def reason(error: BaseException) -> str:
    """Why, in one line: what servers add in further lines is for their own operators."""
    return str(error).partition("\n")[0] or type(error).__name__


class Table(NamedTuple):
    """What makes two tables the same."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """The columns of its primary key, in order."""

    def page(self, rows: int, *, first: bool) -> str:
        """Selects so many rows in the order of the key: the first ones, or those after a key."""
        key = ", ".join(self.key)
        after = ", ".join(f"${number}" for number in range(1, len(self.key) + 1))
        where = "" if first else f" WHERE ({key}) > ({after})"
        return f"SELECT {', '.join(self.columns)} FROM {self.name}{where} ORDER BY {key} LIMIT {rows}"

    @property
    def last_key(self) -> str:
        """Selects the highest key."""
        order = ", ".join(f"{column} DESC" for column in self.key)
        return f"SELECT {', '.join(self.key)} FROM {self.name} ORDER BY {order} LIMIT 1"

    @property
    def size(self) -> str:
        """Selects the number of rows."""
        return f"SELECT COUNT(*) FROM {self.name}"

    def key_of(self, row: Row) -> Row:
        """The key in one of its rows."""
        return tuple(row[self.columns.index(column)] for column in self.key)


class Database(Protocol):
    """One database as upkeep sees it, on a connection of its own."""

    role: str
    """What the operator calls it, as errors do: FROM, TO, or a setting's name."""

    async def names(self) -> set[str]:
        """The tables that are there, of whomever they are."""
        ...

    async def tables(self) -> list[Table]:
        """The tables that hold what people made, by name: all but those that are about the database itself."""
        ...

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """All rows."""
        ...

    async def execute(self, sql: str, *values: object) -> None:
        """Run it; durable when it returns."""
        ...

    async def insert(self, table: Table, rows: Sequence[Row]) -> None:
        """Add all of them or none; durable when it returns. Raises Unusable for what this database can not hold."""
        ...

    async def hold(self) -> None:
        """Let nobody write until it is closed, and read what is there now. Raises Unusable where someone does write."""
        ...

    async def sequences(self) -> Mapping[str, int]:
        """The last number that each identity column gave out, by table; without those that gave out none."""
        ...

    async def continue_from(self, table: str, number: int) -> None:
        """Let the table's identity column go on after this number."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


ABOUT_ITSELF = frozenset({"migrations", "search_index", "search_progress", "search_stale"})
"""Tables that are about the database itself. They are never copied: a server that finds none makes its index anew."""

"""Transfer: a guild as one file, and back into a guild, here or on another instance.

`layout` is what stands in the file, `archive` writes and reads it, `exporting` fills it from the store while people
talk, `checking` reads all of it before anything is believed, `naming` chooses ids, `importing` puts it into a store.
What is imported can not be seen before it is whole. docs/export.md describes the file, for programs of others too.
"""

from __future__ import annotations

from typing import Protocol


class BadArchive(Exception):
    """A file that is not what it should be; says what is wrong, in one line."""


class Busy(Exception):
    """It can not be done now; says why, in one line."""


class Progress(Protocol):
    """Who watches."""

    def begin(self, step: str, rows: int, unit: str = "rows") -> None:
        """A step begins, which will go over so many."""
        ...

    def advance(self, rows: int) -> None:
        """So many more are done."""
        ...

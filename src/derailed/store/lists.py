"""Lists of ids as parameters: of two lengths only, so that each statement is prepared once."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

BULK: Final = 100
"""The most that one list holds."""
_SIZES: Final = (1, BULK)


def statements(sql: str, first: int) -> dict[int, str]:
    """The statement by the length of its list, whose parameters stand where `%s` is and begin with `$first`."""
    return {size: sql % ", ".join(f"${first + number}" for number in range(size)) for size in _SIZES}


def padded(ids: Collection[int]) -> tuple[int, ...]:
    """The ids as a list of one of the lengths, filled up with 0, which nothing has as its id."""
    assert 0 < len(ids) <= BULK
    size = 1 if len(ids) == 1 else BULK
    return (*ids, *(0,) * (size - len(ids)))

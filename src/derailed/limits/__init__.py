"""Limits: how often somebody may do something, counted in fixed windows.

A window opens with the first thing that is counted in it and is over after its length; nothing is counted twice and
nothing is read before it is written, so no two callers get the same last place. A call that takes from several
budgets takes from all of them or from none.

`local` counts in this process, `shared` on a server of the Redis protocol, for several processes at once.
`tests/contracts/test_limits.py` holds both to this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Budget(NamedTuple):
    """What may be spent under this key: `limit` in each window."""

    key: str
    limit: int
    window_ms: int


class Taken(NamedTuple):
    """One budget after a call. `allowed`: there was something left of it; what remains is never below zero."""

    allowed: bool
    remaining: int
    reset_ms: int
    """When its window is over, in Unix milliseconds: the same for all that is counted in that window."""
    reset_after_ms: int


class Limits(Protocol):
    """Something that counts."""

    async def take(self, budgets: Sequence[Budget]) -> list[Taken]:
        """Take one from each budget, or from none when one of them has nothing left."""
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...

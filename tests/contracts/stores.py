"""Every driver, by name, as the tests open it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from derailed.store import Store
from derailed.store.sqlite import SqliteStore

NOW = 1_700_000_000_000


def sqlite(folder: Path) -> Store:
    """The embedded one."""
    return SqliteStore.open(folder / "store.db", lambda: NOW)


OPENERS: dict[str, Callable[[Path], Store]] = {"sqlite": sqlite}
